/* Details of the attribution are informative and may be missing, so they come first where they say something,
 * and ExitType decides where they do not. Of a crash log the line that names the panic is quoted: what
 * follows it are registers. */
#include "hyperv/exit_reason.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/utf.h"
#include "data/json.h"

enum { ATTRIBUTIONS_MAX = 64, QUOTE_MAX = 200 };

static const struct {
    const char *text;
} kinds[] = {
    [HYPERV_EXIT_UNKNOWN] = {"it ended, and Windows does not say why"},
    [HYPERV_EXIT_SHUT_DOWN] = {"the guest shut down"},
    [HYPERV_EXIT_REBOOT] = {"the guest rebooted, which ends a VM of this kind"},
    [HYPERV_EXIT_TERMINATED] = {"it was forced off"},
    [HYPERV_EXIT_GUEST_CRASH] = {"the guest's kernel crashed"},
    [HYPERV_EXIT_START_FAILED] = {"it could not be started: its firmware found nothing to boot, or a device "
                                  "failed"},
    [HYPERV_EXIT_RESTORE_FAILED] =
        {"its saved state could not be restored: it is of another Windows build, or a "
         "disk has changed since"},
    [HYPERV_EXIT_SERVICE] = {"the Host Compute Service or the VM's process failed"},
};

static const struct detail {
    const char *object, *word;
    hyperv_exit_kind kind;
} details[] = {
    {"WorkerExit", "GuestCrash", HYPERV_EXIT_GUEST_CRASH},
    {"WorkerExit", "TripleFault", HYPERV_EXIT_GUEST_CRASH},
    {"WorkerExit", "RestoreStartFailure", HYPERV_EXIT_RESTORE_FAILED},
    {"WorkerExit", "ColdStartFailure", HYPERV_EXIT_START_FAILED},
    {"WorkerExit", "Reset", HYPERV_EXIT_REBOOT},
    {"WorkerExit", "PowerOff", HYPERV_EXIT_SHUT_DOWN},
    {"SystemExit", "HcsApiFatalError", HYPERV_EXIT_SERVICE},
    {"SystemExit", "UnexpectedExit", HYPERV_EXIT_SERVICE},
    {"SystemExit", "ServiceStop", HYPERV_EXIT_SERVICE},
    {"SystemExit", "Terminate", HYPERV_EXIT_TERMINATED},
    {"SystemExit", "Shutdown", HYPERV_EXIT_SHUT_DOWN},
};

static bool has_detail(const lima_json *exited, const struct detail *detail)
{
    size_t count = lima_json_count(exited, "Attribution");
    for (size_t i = 0; i < count && i < ATTRIBUTIONS_MAX; i++)
        if (lima_str_eq(lima_json_str(exited, "", "Attribution[%zu].%s.Detail", i, detail->object),
                        detail->word))
            return true;
    return false;
}

static hyperv_exit_kind kind_of(const lima_json *exited)
{
    const char *type = lima_json_str(exited, "", "ExitType");

    for (size_t i = 0; i < sizeof details / sizeof details[0]; i++)
        if (has_detail(exited, &details[i]))
            return details[i].kind;
    if (lima_str_eq(type, "GracefulExit"))
        return HYPERV_EXIT_SHUT_DOWN;
    if (lima_str_eq(type, "ForcedExit"))
        return HYPERV_EXIT_TERMINATED;
    return lima_str_eq(type, "UnexpectedExit") ? HYPERV_EXIT_SERVICE : HYPERV_EXIT_UNKNOWN;
}

static size_t line_len(const char *line)
{
    return strcspn(line, "\r\n");
}

/* The line with the panic; else the last one that is not empty. "" for an empty log. */
static const char *last_words(const char *log)
{
    static const char *const marks[] = {"Kernel panic", "Oops", "BUG:"};
    const char *found = NULL, *last = "";

    for (size_t i = 0; i < sizeof marks / sizeof marks[0] && !found; i++)
        found = strstr(log, marks[i]);
    for (const char *line = log; !found && *line; line += line_len(line) + (line[line_len(line)] != '\0'))
        if (line_len(line))
            last = line;
    return found ? found : last;
}

/* Appends ": WORDS" as far as there is room; the guest wrote them, so that control bytes become blanks. */
static void quote(const char *words, char text[HYPERV_EXIT_TEXT_MAX])
{
    size_t len = lima_utf8_cut(words, line_len(words), QUOTE_MAX), at = strlen(text);

    if (!len)
        return;
    memcpy(text + at, ": ", 2);
    memcpy(text + at + 2, words, len);
    text[at + 2 + len] = '\0';
    for (char *c = text + at; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
}

bool lima_hyperv_exit_is_orderly(hyperv_exit_kind kind)
{
    return kind == HYPERV_EXIT_SHUT_DOWN || kind == HYPERV_EXIT_REBOOT;
}

static lima_json *parsed(const char *text)
{
    lima_json *json = NULL;
    if (text)
        lima_json_parse(text, strlen(text), &json, NULL);
    return json;
}

void lima_hyperv_exit_read(const char *exited, const char *crashed, hyperv_exit *ret)
{
    lima_json *exit = parsed(exited), *crash = parsed(crashed);
    hyperv_exit made = {.kind = kind_of(exit), .status = (uint32_t)lima_json_int(exit, 0, "Status")};

    if (crashed && !lima_hyperv_exit_is_orderly(made.kind))
        made.kind = HYPERV_EXIT_GUEST_CRASH;
    size_t len = (size_t)snprintf(made.text, sizeof made.text, "%s", kinds[made.kind].text);
    if (made.status && !lima_hyperv_exit_is_orderly(made.kind))
        snprintf(made.text + len, sizeof made.text - len, " (0x%08x)", made.status);
    if (made.kind == HYPERV_EXIT_GUEST_CRASH)
        quote(last_words(lima_json_str(crash, "", "CrashLog")), made.text);
    *ret = made;
    lima_json_free(exit);
    lima_json_free(crash);
}
