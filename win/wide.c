/* The conversions are those of core/base/utf.h; here they get the types of Windows, and paths their form. */
#include "wide.h"

#include <windows.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf.h"
#include "path.h"
#include "win_err.h"

_Static_assert(sizeof(wchar_t) == sizeof(uint16_t), "Windows texts are UTF-16");

bool lima_wide_from_utf8(const char *text, wchar_t **ret, lima_err *err)
{
    uint16_t *units;
    size_t len;

    if (!lima_utf8_to_utf16(text, strlen(text), &units, &len, err))
        return false;
    *ret = (wchar_t *)units;
    return true;
}

bool lima_wide_to_utf8_len(const wchar_t *text, size_t len, char **ret, lima_err *err)
{
    size_t bytes;

    return lima_utf16_to_utf8((const uint16_t *)text, len, ret, &bytes, err);
}

bool lima_wide_to_utf8(const wchar_t *text, char **ret, lima_err *err)
{
    return lima_wide_to_utf8_len(text, wcslen(text), ret, err);
}

static bool is_lone(const wchar_t *text, size_t len, size_t at)
{
    if (IS_HIGH_SURROGATE(text[at]))
        return at + 1 >= len || !IS_LOW_SURROGATE(text[at + 1]);
    return IS_LOW_SURROGATE(text[at]) && (at == 0 || !IS_HIGH_SURROGATE(text[at - 1]));
}

char *lima_wide_to_text(const wchar_t *text, size_t len)
{
    wchar_t *copy = lima_mem_zalloc(len + 1, sizeof *copy);
    char *ret = NULL;

    for (size_t i = 0; i < len; i++)
        copy[i] = is_lone(text, len, i) ? 0xFFFD : text[i];
    bool ok = lima_wide_to_utf8_len(copy, len, &ret, NULL);
    free(copy);
    return ok ? ret : lima_mem_strdup("");
}

/* The current folder; only relative paths ask for it. */
static bool current_dir(const char *path, char **ret, lima_err *err)
{
    wchar_t *name = NULL;
    DWORD size = 0, len = 256;

    while (len >= size) { /* another thread may change the folder for a longer one */
        size = len + 1;
        name = lima_mem_resize(name, size, sizeof *name);
        len = GetCurrentDirectoryW(size, name);
    }
    bool ok = len > 0 ? lima_wide_to_path(name, ret, err)
                      : lima_win_fail(err, GetLastError(), "'%s': current folder", path);
    free(name);
    return ok;
}

static bool is_relative(const char *path)
{
    return path[0] && path[0] != '\\' && path[0] != '/' && path[1] != ':';
}

static bool checked_path(const char *path, char **ret, lima_err *err)
{
    char *here = NULL;

    if (is_relative(path) && !current_dir(path, &here, err))
        return false;
    bool ok = lima_win_path(path, here, ret, err);
    free(here);
    return ok;
}

bool lima_wide_path(const char *path, wchar_t **ret, lima_err *err)
{
    char *checked = NULL;
    bool ok = checked_path(path, &checked, err) && lima_wide_from_utf8(checked, ret, err);

    free(checked);
    return ok;
}

bool lima_wide_path_plain(const char *path, wchar_t **ret, lima_err *err)
{
    char *checked = NULL, *plain = NULL;

    if (!checked_path(path, &checked, err))
        return false;
    plain = lima_win_path_plain(checked);
    bool ok = lima_wide_from_utf8(plain, ret, err);
    free(plain);
    free(checked);
    return ok;
}

bool lima_wide_to_path(const wchar_t *path, char **ret, lima_err *err)
{
    char *whole = NULL;

    if (!lima_wide_to_utf8(path, &whole, err))
        return false;
    *ret = lima_win_path_plain(whole);
    free(whole);
    return true;
}
