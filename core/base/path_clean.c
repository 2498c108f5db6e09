/* One spelling for each path, so that two of them can be compared. Text only: links and short names of
 * Windows are for those who can look. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"

static const char *without_prefix(const char *path, char **ret_unc)
{
    *ret_unc = NULL;
    if (strncmp(path, "\\\\?\\", 4) != 0)
        return path;
    path += 4;
    if (strlen(path) >= 4 && lima_str_eq_nocase((char[]){path[0], path[1], path[2], path[3], 0}, "UNC\\")) {
        *ret_unc = lima_mem_printf("\\\\%s", path + 4);
        return *ret_unc;
    }
    return path;
}

static bool is_separator(char c, bool windows)
{
    return c == '/' || (windows && c == '\\');
}

/* Separators at the end go, but one that makes "/" or "C:\" a root. */
static void drop_end(char *path, bool windows)
{
    size_t len = strlen(path);
    size_t root = windows ? 3 : 1;
    while (len > root && is_separator(path[len - 1], windows))
        path[--len] = '\0';
}

char *lima_path_clean(const char *path)
{
    char *unc = NULL;
    char *clean = lima_mem_strdup(without_prefix(path, &unc));
    bool windows = clean[0] != '/';
    for (char *c = clean; windows && *c; c++)
        if (*c == '/')
            *c = '\\';
    drop_end(clean, windows);
    free(unc);
    return clean;
}

bool lima_path_same(const char *a, const char *b)
{
    char *clean_a = lima_path_clean(a), *clean_b = lima_path_clean(b);
    bool windows = clean_a[0] != '/';
    bool same = windows ? lima_str_eq_nocase(clean_a, clean_b) : lima_str_eq(clean_a, clean_b);
    free(clean_a);
    free(clean_b);
    return same;
}
