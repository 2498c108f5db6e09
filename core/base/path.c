/* A path is seen as a root ("/", "C:\", "\\server\share", or nothing) and what follows it. */
#include "base/path.h"

#include <string.h>

#include "base/mem.h"

static bool has_drive(const char *path)
{
    char letter = (char)(path[0] | 0x20);
    return letter >= 'a' && letter <= 'z' && path[1] == ':';
}

static bool is_windows(const char *path)
{
    return has_drive(path) || (path[0] == '\\' && path[1] == '\\');
}

static bool is_separator(char c, bool windows)
{
    return c == '/' || (windows && c == '\\');
}

static size_t component_end(const char *path, size_t pos, bool windows)
{
    while (path[pos] && !is_separator(path[pos], windows))
        pos++;
    return pos;
}

/* Length of the part that has no parent. */
static size_t root_len(const char *path)
{
    if (has_drive(path))
        return is_separator(path[2], true) ? 3 : 2;
    if (!is_windows(path))
        return path[0] == '/';
    size_t end = component_end(path, 2, true); /* the server, or '?' */
    if (path[end])
        end = component_end(path, end + 1, true); /* the share, or "C:" after \\?\ */
    return end + (path[end] && path[end - 1] == ':');
}

/* Length without trailing separators, but never less than the root. */
static size_t trimmed_len(const char *path, size_t len)
{
    bool windows = is_windows(path);
    size_t root = root_len(path);
    while (len > root && is_separator(path[len - 1], windows))
        len--;
    return len;
}

/* Where the last component begins in the first `len` bytes. */
static size_t base_start(const char *path, size_t len)
{
    bool windows = is_windows(path);
    size_t root = root_len(path), start = len;
    while (start > root && !is_separator(path[start - 1], windows))
        start--;
    return start;
}

static void use_backslashes(char *path)
{
    for (; *path; path++)
        if (*path == '/')
            *path = '\\';
}

static char *copy_part(const char *path, size_t start, size_t len)
{
    char *part = lima_mem_strndup(path + start, len);
    if (is_windows(path))
        use_backslashes(part);
    return part;
}

bool lima_path_is_absolute(const char *path)
{
    if (has_drive(path))
        return is_separator(path[2], true);
    return path[0] == '/' || is_windows(path);
}

char *lima_path_join(const char *dir, const char *name)
{
    size_t len = trimmed_len(dir, strlen(dir));
    if (lima_path_is_absolute(name) || len == 0)
        return copy_part(name, 0, strlen(name));
    bool windows = is_windows(dir);
    while (is_separator(*name, windows))
        name++;
    if (!*name)
        return copy_part(dir, 0, len);
    const char *separator = is_separator(dir[len - 1], windows) ? "" : windows ? "\\" : "/";
    char *path = lima_mem_printf("%.*s%s%s", (int)len, dir, separator, name);
    if (windows)
        use_backslashes(path);
    return path;
}

char *lima_path_dir(const char *path)
{
    size_t start = base_start(path, trimmed_len(path, strlen(path)));
    if (start == 0)
        return lima_mem_strdup(".");
    return copy_part(path, 0, trimmed_len(path, start));
}

char *lima_path_base(const char *path)
{
    size_t len = trimmed_len(path, strlen(path));
    size_t start = base_start(path, len);
    if (start == len)
        start = 0; /* nothing but a root */
    return copy_part(path, start, len - start);
}
