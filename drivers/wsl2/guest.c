/* One walk over lines "lima KEY VALUE". A key that comes twice keeps its first value, but for lists. */
#include "wsl2/guest.h"

#include <stdlib.h>
#include <string.h>

#include "base/guid.h"
#include "base/ipv4.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf.h"

static const char mark[] = "lima ";

/* Printable text only: it goes into messages and logs. */
static void copy_clean(char *into, size_t max, const char *text, size_t len)
{
    size_t used = lima_utf8_cut(text, len, max - 1);
    bool valid = lima_utf8_valid(text, used);
    for (size_t i = 0; i < used; i++) {
        unsigned char c = (unsigned char)text[i];
        into[i] = c < 0x20 || c == 0x7f || (c >= 0x80 && !valid) ? '?' : text[i];
    }
    into[used] = '\0';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\r' || c == '\t';
}

/* If the line is word, and the end or a blank: what follows, trimmed. */
static const char *value_of(const char *line, size_t len, const char *word, size_t *ret_len)
{
    size_t word_len = strlen(word);
    if (len < word_len || memcmp(line, word, word_len) != 0 || (len > word_len && !is_blank(line[word_len])))
        return NULL;
    const char *value = line + word_len;
    const char *end = line + len;
    while (value < end && is_blank(*value))
        value++;
    while (end > value && is_blank(end[-1]))
        end--;
    *ret_len = (size_t)(end - value);
    return value;
}

/* Into a field of WSL2_GUEST_TEXT_MAX. */
static void set_text(char *into, const char *value, size_t len)
{
    if (!*into)
        copy_clean(into, WSL2_GUEST_TEXT_MAX, value, len);
}

static bool is_value(const char *value, size_t len, const char *word)
{
    return len == strlen(word) && memcmp(value, word, len) == 0;
}

static void take_systemd(wsl2_guest *guest, const char *value, size_t len)
{
    guest->systemd_runs = guest->systemd_runs || is_value(value, len, "runs");
    guest->has_systemd = guest->has_systemd || guest->systemd_runs || is_value(value, len, "installed");
}

static void take_tool(wsl2_guest *guest, const char *value, size_t len)
{
    guest->has_sshd = guest->has_sshd || is_value(value, len, "sshd");
    guest->has_tar = guest->has_tar || is_value(value, len, "tar");
    guest->has_sudo = guest->has_sudo || is_value(value, len, "sudo");
    guest->has_bash = guest->has_bash || is_value(value, len, "bash");
}

static void take_network(wsl2_guest *guest, const char *value, size_t len)
{
    char word[32];
    copy_clean(word, sizeof word, value, len);
    if (guest->network == WSL2_NETWORK_UNKNOWN)
        guest->network = lima_wsl2_network_parse(word);
}

static void take_vm(wsl2_guest *guest, const char *value, size_t len)
{
    char id[64];
    copy_clean(id, sizeof id, value, len);
    if (!*guest->vm_id)
        lima_guid_parse(id, guest->vm_id);
}

static void set_ipv4(char *into, const char *value, size_t len)
{
    char text[64];
    uint32_t address = 0;
    copy_clean(text, sizeof text, value, len);
    if (!*into && lima_ipv4_parse(text, &address))
        lima_ipv4_print(address, into);
}

/* "C:\" is "/mnt/c/" or "/mnt/c": one form. */
static void take_drive(wsl2_guest *guest, const char *value, size_t len)
{
    while (len > 1 && value[len - 1] == '/')
        len--;
    if (len && *value == '/')
        set_text(guest->drive_root, value, len);
}

static void take_user(wsl2_guest *guest, const char *value, size_t len)
{
    char number[16];
    copy_clean(number, sizeof number, value, len);
    if (!guest->has_user)
        guest->has_user = lima_parse_u32(number, &guest->user_uid, NULL);
}

/* Four hex digits, as the kernel prints ports. */
static void take_port(wsl2_guest *guest, const char *value, size_t len)
{
    char digits[8];
    copy_clean(digits, sizeof digits, value, len);
    if (len != 4 || strspn(digits, "0123456789abcdefABCDEF") != 4)
        return;
    uint16_t port = (uint16_t)strtoul(digits, NULL, 16);
    if (guest->port_count < WSL2_GUEST_PORTS_MAX && !lima_wsl2_guest_port_used(guest, port))
        guest->ports[guest->port_count++] = port;
}

static void take_end(wsl2_guest *guest, const char *value, size_t len)
{
    (void)value;
    guest->answered = guest->answered || len == 0;
}

/* One of both. */
typedef struct guest_key {
    const char *word;
    void (*take)(wsl2_guest *guest, const char *value, size_t len);
    void (*set)(char *into, const char *value, size_t len);
    size_t field; /* for set: where in wsl2_guest */
} guest_key;

static void take_line(wsl2_guest *guest, const char *line, size_t len)
{
    static const guest_key keys[] = {
        {.word = "systemd", .take = take_systemd},
        {.word = "has", .take = take_tool},
        {.word = "network", .take = take_network},
        {.word = "vm", .take = take_vm},
        {.word = "drive", .take = take_drive},
        {.word = "user-uid", .take = take_user},
        {.word = "listen", .take = take_port},
        {.word = "end", .take = take_end},
        {.word = "address", .set = set_ipv4, .field = offsetof(wsl2_guest, address)},
        {.word = "gateway", .set = set_ipv4, .field = offsetof(wsl2_guest, gateway)},
        {.word = "arch", .set = set_text, .field = offsetof(wsl2_guest, arch)},
        {.word = "os", .set = set_text, .field = offsetof(wsl2_guest, os_id)},
        {.word = "uid-owner", .set = set_text, .field = offsetof(wsl2_guest, uid_owner)},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        size_t value_len = 0;
        const char *value = value_of(line, len, keys[i].word, &value_len);
        if (value && keys[i].take)
            keys[i].take(guest, value, value_len);
        else if (value)
            keys[i].set((char *)guest + keys[i].field, value, value_len);
    }
}

static bool has_mark(const char *line, size_t len)
{
    return len >= sizeof mark - 1 && memcmp(line, mark, sizeof mark - 1) == 0;
}

void lima_wsl2_guest_parse(const char *output, size_t len, wsl2_guest *ret)
{
    *ret = (wsl2_guest){0};
    while (len > 0) {
        const char *end = memchr(output, '\n', len);
        size_t line = end ? (size_t)(end - output) : len;
        if (has_mark(output, line))
            take_line(ret, output + sizeof mark - 1, line - (sizeof mark - 1));
        size_t used = line + (end != NULL);
        output += used;
        len -= used;
    }
}

bool lima_wsl2_guest_port_used(const wsl2_guest *guest, uint16_t port)
{
    for (size_t i = 0; i < guest->port_count; i++)
        if (guest->ports[i] == port)
            return true;
    return false;
}

static bool take_number(const char *value, size_t len, uint32_t *ret)
{
    char number[16];
    copy_clean(number, sizeof number, value, len);
    return lima_parse_u32(number, ret, NULL);
}

typedef struct line_key {
    const char *words;
    wsl2_word word;
    enum { VALUE_NONE = 0, VALUE_NUMBER, VALUE_TEXT } value;
} line_key;

void lima_wsl2_guest_line(const char *line, size_t len, wsl2_line *ret)
{
    static const line_key keys[] = {
        {"keeper", WSL2_WORD_KEEPER, VALUE_NUMBER},
        {"sshd ready", WSL2_WORD_SSHD_READY, VALUE_NONE},
        {"sshd failed", WSL2_WORD_SSHD_FAILED, VALUE_TEXT},
        {"pong", WSL2_WORD_PONG, VALUE_NUMBER},
        {"stopped", WSL2_WORD_STOPPED, VALUE_NONE},
        {"boot", WSL2_WORD_BOOT, VALUE_NUMBER},
        {"log", WSL2_WORD_LOG, VALUE_TEXT},
        {"limit", WSL2_WORD_LIMIT, VALUE_TEXT},
    };
    *ret = (wsl2_line){0};
    for (size_t i = 0; has_mark(line, len) && i < sizeof keys / sizeof keys[0]; i++) {
        size_t value_len = 0;
        const char *value =
            value_of(line + sizeof mark - 1, len - (sizeof mark - 1), keys[i].words, &value_len);
        bool fits = value
                    && (keys[i].value == VALUE_TEXT || (keys[i].value == VALUE_NONE && value_len == 0)
                        || (keys[i].value == VALUE_NUMBER && take_number(value, value_len, &ret->number)));
        if (fits) {
            ret->word = keys[i].word;
            copy_clean(ret->text, sizeof ret->text, value, value_len);
        }
    }
}
