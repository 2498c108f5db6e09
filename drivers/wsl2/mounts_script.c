/* The functions are in guest/mounts.sh; here come the calls, each value in single quotes. */
#include "wsl2/mounts_script.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "guest_mounts.h"

enum { SCRIPT_MAX = 8 * 1024 * 1024 }; /* LIMA_WINDOWS_MOUNTS_MAX times two paths, each byte a quote */

static void add_quoted(lima_buf *into, const char *text)
{
    lima_buf_add_str(into, " '");
    for (; *text; text++)
        lima_buf_add_str(into, *text == '\'' ? "'\\''" : (const char[]){*text, '\0'});
    lima_buf_add_str(into, "'");
}

char *lima_wsl2_mounts_script(const lima_windows_mounts *mounts, uint32_t uid, uint32_t gid)
{
    lima_buf script = LIMA_BUF(SCRIPT_MAX);
    lima_buf_add_str(&script, guest_mounts);
    for (size_t i = 0; i < mounts->len; i++) {
        const lima_windows_mount *mount = &mounts->items[i];
        lima_buf_addf(&script, "share %zu", i);
        add_quoted(&script, mount->location);
        add_quoted(&script, mount->point);
        lima_buf_addf(&script, " %s %u %u\n", mount->writable ? "rw" : "ro", uid, gid);
    }
    lima_buf_add_str(&script, "exit 0\n");
    return lima_buf_take(&script);
}

bool lima_wsl2_mounts_result(const char *line, size_t *ret_index, bool *ret_ok, const char **ret_why)
{
    static const char mark[] = "lima mount ";
    if (!lima_str_has_prefix(line, mark))
        return false;
    const char *number = line + sizeof mark - 1;
    size_t digits = strspn(number, "0123456789");
    const char *word = number + digits;
    bool ok = lima_str_eq(word, " ok");
    bool failed = lima_str_has_prefix(word, " failed");
    if (digits == 0 || digits > 4 || (!ok && !failed))
        return false;
    *ret_index = (size_t)strtoul(number, NULL, 10);
    *ret_ok = ok;
    *ret_why = failed ? word + strlen(" failed") + (word[strlen(" failed")] == ' ') : "";
    return true;
}
