/* Nothing but names is accepted as a list: a wsl.exe that answers with a sentence and exit status 0 must not
 * look like one that says "nothing runs". */
#include "wsl2/listing.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "wsl2/argv.h"
#include "wsl2/output.h"

static bool is_name(const char *line, const lima_strv *known)
{
    return lima_wsl2_name_valid(line) || (known && lima_wsl2_listing_has(known, line));
}

static bool check_lines(const lima_strv *lines, const lima_strv *known, lima_err *err)
{
    if (lines->len > WSL2_LIST_MAX)
        return lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "wsl.exe lists over %d distributions",
                            WSL2_LIST_MAX);
    for (size_t i = 0; i < lines->len; i++)
        if (!is_name(lines->items[i], known))
            return lima_err_set(err, LIMA_CODE_UNKNOWN,
                                "wsl.exe was asked for a list of distributions and said \"%.300s\" instead",
                                lines->items[i]);
    return true;
}

bool lima_wsl2_listing_names(const void *bytes, size_t len, const lima_strv *known, lima_strv *ret_names,
                             lima_err *err)
{
    char *text = lima_wsl2_output_text(bytes, len);
    lima_strv lines = {0};
    lima_wsl2_output_lines(text, &lines);
    bool ok = check_lines(&lines, known, err);
    if (ok)
        lima_strv_add_all(ret_names, &lines);
    lima_strv_free(&lines);
    free(text);
    return ok;
}

bool lima_wsl2_listing_has(const lima_strv *names, const char *name)
{
    for (size_t i = 0; i < names->len; i++)
        if (lima_str_eq_nocase(names->items[i], name))
            return true;
    return false;
}

/* digits(.digits){1,3} at text; the number of parts, 0 when there are fewer than two or one is too long. */
static size_t parts_at(const char *text, wsl2_version *ret)
{
    size_t count = 0;
    wsl2_version version = {0};
    while (count < 4) {
        size_t digits = strspn(text, "0123456789");
        if (digits == 0 || digits > 9)
            break;
        version.part[count++] = (uint32_t)strtoul(text, NULL, 10);
        text += digits;
        if (*text != '.')
            break;
        text++;
    }
    if (count >= 2)
        *ret = version;
    return count >= 2 ? count : 0;
}

static bool find_version(const char *text, wsl2_version *ret)
{
    while (*(text += strcspn(text, "0123456789"))) {
        if (parts_at(text, ret))
            return true;
        text += strspn(text, "0123456789.");
    }
    return false;
}

bool lima_wsl2_version_parse(const void *bytes, size_t len, wsl2_version *ret, lima_err *err)
{
    char *text = lima_wsl2_output_text(bytes, len);
    lima_strv lines = {0};
    lima_wsl2_output_lines(text, &lines);
    bool found = lines.len && find_version(lines.items[0], ret);
    lima_strv_free(&lines);
    free(text);
    return found
           || lima_err_set(err, LIMA_CODE_NOT_FOUND,
                           "wsl.exe does not tell its version: this is the WSL that came with Windows; "
                           "run `wsl --update`");
}

int lima_wsl2_version_cmp(wsl2_version a, wsl2_version b)
{
    for (size_t i = 0; i < 4; i++)
        if (a.part[i] != b.part[i])
            return a.part[i] < b.part[i] ? -1 : 1;
    return 0;
}
