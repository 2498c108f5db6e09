/* One key after the other is put into the text: where it stands already, else at the end of its section, else
 * in a new section at the end. So every other byte stays where it was. */
#include "wsl2/wslconf.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "wsl2/ini.h"

/* Where a key goes. Offsets into the file. */
typedef struct place {
    bool has_key, has_section;
    ini_line key;       /* the last one */
    size_t section_end; /* behind the last line of the section that holds something */
} place;

static place find_place(const char *text, size_t len, const wsl2_conf_key *wanted)
{
    place found = {0};
    ini_reader reader = {.text = text, .len = len};
    ini_line line;
    while (lima_wsl2_ini_next(&reader, &line)) {
        if (!lima_wsl2_ini_is(reader.section, wanted->section) || line.kind == INI_OTHER)
            continue;
        found.has_section = true;
        found.section_end = line.end;
        if (line.kind == INI_KEY && lima_wsl2_ini_is(line.name, wanted->key)) {
            found.has_key = true;
            found.key = line;
        }
    }
    return found;
}

static const char *line_end_of(const char *text, size_t len)
{
    const char *end = memchr(text, '\n', len);
    return end && end > text && end[-1] == '\r' ? "\r\n" : "\n";
}

static void add_key(lima_buf *into, const wsl2_conf_key *wanted, const char *line_end)
{
    lima_buf_addf(into, "%s=%s%s", wanted->key, wanted->value, line_end);
}

/* Everything up to `at`, ended by a line end. */
static void add_head(lima_buf *into, const lima_buf *from, size_t at, const char *line_end)
{
    lima_buf_add(into, from->data, at);
    if (at > 0 && from->data[at - 1] != '\n')
        lima_buf_add_str(into, line_end);
}

/* The comment behind a value, without its line end; empty when there is none. */
static ini_text comment_behind(const lima_buf *from, const ini_line *key, size_t value_end)
{
    const char *at = from->data + value_end, *end = from->data + key->end;
    while (at < end && *at != '#')
        at++;
    while (end > at && (end[-1] == '\n' || end[-1] == '\r'))
        end--;
    return (ini_text){at, (size_t)(end - at)};
}

/* A comment behind the value gets a line of its own before it: not every reader of these files knows comments
 * there. */
static void replace_value(lima_buf *into, const lima_buf *from, const ini_line *key, const char *value,
                          const char *line_end)
{
    size_t begin = key->value.len
                       ? (size_t)(key->value.begin - from->data)
                       : (size_t)((const char *)memchr(key->name.begin, '=', key->end) - from->data) + 1;
    ini_text comment = comment_behind(from, key, begin + key->value.len);
    lima_buf_add(into, from->data, key->begin);
    if (comment.len) {
        lima_buf_add(into, comment.begin, comment.len);
        lima_buf_add_str(into, line_end);
    }
    lima_buf_add(into, from->data + key->begin, begin - key->begin);
    lima_buf_add_str(into, value);
    lima_buf_add_str(into, line_end);
    lima_buf_add(into, from->data + key->end, from->len - key->end);
}

static bool has_value(const ini_line *key, const char *value)
{
    char *now = lima_wsl2_ini_value(key->value);
    bool same = lima_str_eq(now, value);
    free(now);
    return same;
}

/* False: the text has it already, and *into stays empty. */
static bool put_key(const lima_buf *from, const wsl2_conf_key *wanted, lima_buf *into)
{
    const char *text = lima_buf_str(from);
    const char *line_end = line_end_of(text, from->len);
    place found = find_place(text, from->len, wanted);
    if (found.has_key) {
        if (!wanted->force || has_value(&found.key, wanted->value))
            return false;
        replace_value(into, from, &found.key, wanted->value, line_end);
    } else if (found.has_section) {
        add_head(into, from, found.section_end, line_end);
        add_key(into, wanted, line_end);
        lima_buf_add(into, text + found.section_end, from->len - found.section_end);
    } else {
        add_head(into, from, from->len, line_end);
        lima_buf_addf(into, "[%s]%s", wanted->section, line_end);
        add_key(into, wanted, line_end);
    }
    return true;
}

static bool check_keys(const wsl2_conf_key *keys, size_t count, lima_err *err)
{
    for (size_t i = 0; i < count; i++)
        if (strpbrk(keys[i].value, "\r\n") || strpbrk(keys[i].key, "\r\n=")
            || strpbrk(keys[i].section, "\r\n]"))
            return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "wsl.conf: key '%.60s' cannot be written",
                                keys[i].key);
    return true;
}

static bool check_text(const char *text, size_t len, lima_err *err)
{
    if (len > WSL2_CONF_MAX)
        return lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "/etc/wsl.conf of the guest is longer than %d bytes",
                            WSL2_CONF_MAX);
    if (len && memchr(text, 0, len))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "/etc/wsl.conf of the guest is no text file; remove or correct it");
    return true;
}

bool lima_wsl2_wslconf_merge(const char *text, size_t len, const wsl2_conf_key *keys, size_t count,
                             char **ret, bool *ret_changed, lima_err *err)
{
    if (!check_text(text, len, err) || !check_keys(keys, count, err))
        return false;
    lima_buf now = LIMA_BUF(2 * WSL2_CONF_MAX);
    bool changed = false;
    lima_buf_add(&now, text, len);
    for (size_t i = 0; i < count; i++) {
        lima_buf next = LIMA_BUF(2 * WSL2_CONF_MAX);
        if (put_key(&now, &keys[i], &next)) {
            lima_buf_free(&now);
            now = next;
            changed = true;
        }
    }
    if (now.full) {
        lima_buf_free(&now);
        return lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "/etc/wsl.conf of the guest would become too long");
    }
    *ret = lima_buf_take(&now);
    *ret_changed = changed;
    return true;
}

/* The host name is the instance's, also after a clone; the rest is a default that the image may overrule. */
size_t lima_wsl2_wslconf_wanted(const char *hostname, bool has_systemd, wsl2_conf_key ret[WSL2_CONF_KEYS])
{
    size_t count = 0;
    ret[count++] = (wsl2_conf_key){"network", "hostname", hostname, true};
    ret[count++] = (wsl2_conf_key){"automount", "options", "\"metadata\"", false};
    ret[count++] = (wsl2_conf_key){"interop", "appendWindowsPath", "false", false};
    ret[count++] = (wsl2_conf_key){"general", "guiApplications", "false", false};
    if (has_systemd)
        ret[count++] = (wsl2_conf_key){"boot", "systemd", "true", false};
    return count;
}

static bool read_bool(const char *text, size_t len, const char *section, const char *key, bool dflt)
{
    char *value = lima_wsl2_ini_get(text, len, section, key, NULL);
    bool on = value && (lima_str_eq_nocase(value, "true") || lima_str_eq(value, "1"));
    bool off = value && (lima_str_eq_nocase(value, "false") || lima_str_eq(value, "0"));
    free(value);
    return on || (dflt && !off);
}

void lima_wsl2_wslconf_read(const char *text, size_t len, wsl2_conf *ret)
{
    *ret = (wsl2_conf){
        .systemd = read_bool(text, len, "boot", "systemd", false),
        .automount = read_bool(text, len, "automount", "enabled", true),
        .interop = read_bool(text, len, "interop", "enabled", true),
        .automount_root = "/mnt/",
    };
    char *root = lima_wsl2_ini_get(text, len, "automount", "root", NULL);
    if (root && *root == '/' && strlen(root) < sizeof ret->automount_root)
        memcpy(ret->automount_root, root, strlen(root) + 1);
    free(root);
}
