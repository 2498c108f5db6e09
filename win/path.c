/* A path becomes its root ("\\?\C:\" or "\\?\UNC\server\share") and a list of checked components; "." and
 * ".." are resolved in the list.
 *
 * Resolving ".." by text is what Windows itself does before it looks at any link, so nothing changes by it.
 * Everything goes behind "\\?\": there Windows takes a name as it stands, so what it would silently change or
 * understand otherwise has to be refused here. Names are compared as ASCII; no table of the file system's
 * case rules is needed for that. */
#include "path.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"
#include "base/utf.h"

static bool is_separator(char c)
{
    return c == '\\' || c == '/';
}

static bool is_drive(const char *text)
{
    char letter = (char)(text[0] | 0x20);
    return letter >= 'a' && letter <= 'z' && text[1] == ':';
}

static bool refuse(lima_err *err, const char *path, const char *why)
{
    return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'%s': %s", path, why);
}

static size_t component_len(const char *text)
{
    size_t len = 0;

    while (text[len] && !is_separator(text[len]))
        len++;
    return len;
}

static size_t separators(const char *text)
{
    size_t count = 0;

    while (is_separator(text[count]))
        count++;
    return count;
}

/* ---- components ---- */

static size_t utf16_len(const char *text, size_t len)
{
    size_t units = 0;
    uint32_t character;

    for (size_t pos = 0; pos < len; pos += lima_utf8_char(text + pos, len - pos, &character))
        units += (unsigned char)text[pos] >= 0xF0 ? 2 : 1;
    return units;
}

static bool starts_with_nocase(const char *text, size_t len, const char *word)
{
    size_t size = strlen(word);
    char *head = len >= size ? lima_mem_strndup(text, size) : NULL;
    bool equal = head && lima_str_eq_nocase(head, word);

    free(head);
    return equal;
}

/* "com1" … "lpt9", and the digits ¹ ² ³ that some code pages hold besides. */
static bool is_port(const char *stem, size_t len)
{
    if (!starts_with_nocase(stem, len, "com") && !starts_with_nocase(stem, len, "lpt"))
        return false;
    const char *digit = stem + 3;
    if (len == 4)
        return *digit >= '0' && *digit <= '9';
    return len == 5
           && (!memcmp(digit, "\xc2\xb9", 2) || !memcmp(digit, "\xc2\xb2", 2)
               || !memcmp(digit, "\xc2\xb3", 2));
}

/* Windows looks at what is before the first dot, spaces at its end aside. */
static bool is_device(const char *name, size_t len)
{
    static const char *const words[] = {"con", "prn", "aux", "nul", "conin$", "conout$"};
    const char *dot = memchr(name, '.', len);
    size_t stem = dot ? (size_t)(dot - name) : len;

    while (stem > 0 && name[stem - 1] == ' ')
        stem--;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (stem == strlen(words[i]) && starts_with_nocase(name, stem, words[i]))
            return true;
    return is_port(name, stem);
}

static bool has_forbidden_char(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] < 0x20 || strchr("<>:\"|?*", name[i]))
            return true;
    return false;
}

static bool check_component(const char *path, const char *name, size_t len, lima_err *err)
{
    if (has_forbidden_char(name, len))
        return refuse(err, path, "a control character or one of < > : \" | ? * in a name; rename it");
    if (name[len - 1] == '.' || name[len - 1] == ' ')
        return refuse(err, path,
                      "a name that ends in a dot or a space, which Windows does not keep; rename it");
    if (is_device(name, len))
        return refuse(err, path, "a name that Windows keeps for a device (con, nul, com1, …); rename it");
    if (utf16_len(name, len) > LIMA_WIN_NAME_MAX)
        return refuse(err, path, "a name of more than 255 characters");
    return true;
}

static bool is_dots(const char *name, size_t len)
{
    return len <= 2 && name[0] == '.' && name[len - 1] == '.';
}

static void drop_last(lima_strv *names)
{
    if (names->len == 0)
        return; /* above the root is the root */
    free(names->items[--names->len]);
    names->items[names->len] = NULL;
}

/* Adds the components of `rest`, checked. `path` is for the error. */
static bool add_components(const char *path, const char *rest, lima_strv *names, lima_err *err)
{
    for (rest += separators(rest); *rest; rest += separators(rest)) {
        size_t len = component_len(rest);
        if (is_dots(rest, len)) {
            if (len == 2)
                drop_last(names);
        } else if (!check_component(path, rest, len, err)) {
            return false;
        } else {
            char *name = lima_mem_strndup(rest, len);
            lima_strv_add(names, name);
            free(name);
        }
        rest += len;
    }
    return true;
}

/* ---- roots ---- */

/* "server\share…" after the two backslashes, or after "\\?\UNC\". */
static bool parse_server(const char *path, const char *at, char **ret_root, const char **ret_rest,
                         lima_err *err)
{
    size_t server = component_len(at);
    const char *name = at + server + separators(at + server);
    size_t share = component_len(name);

    if (server == 0 || share == 0 || is_dots(at, server) || is_dots(name, share))
        return refuse(err, path, "no server and share after the two backslashes");
    if ((share == 4 && starts_with_nocase(name, share, "pipe"))
        || (share == 8 && starts_with_nocase(name, share, "mailslot")))
        return refuse(err, path, "a pipe or mail slot, not a file");
    if (has_forbidden_char(at, server) || !check_component(path, name, share, err))
        return refuse(err, path, "a character that no server or share has in its name");
    *ret_root = lima_mem_printf("\\\\?\\UNC\\%.*s\\%.*s", (int)server, at, (int)share, name);
    *ret_rest = name + share;
    return true;
}

static bool parse_drive(const char *path, const char *at, char **ret_root, const char **ret_rest,
                        lima_err *err)
{
    if (!is_separator(at[2]))
        return refuse(err, path,
                      "depends on the current folder of a drive; write it with a backslash after the colon");
    *ret_root = lima_mem_printf("\\\\?\\%c:", at[0]);
    *ret_rest = at + 3;
    return true;
}

/* "\\?\…" and "\\.\…": only what is a file path in other words. */
static bool parse_device(const char *path, char **ret_root, const char **ret_rest, lima_err *err)
{
    const char *at = path + 4;

    if (path[2] == '?' && is_drive(at))
        return parse_drive(path, at, ret_root, ret_rest, err);
    if (path[2] == '?' && starts_with_nocase(at, strlen(at), "UNC") && is_separator(at[3]))
        return parse_server(path, at + 4, ret_root, ret_rest, err);
    return refuse(err, path, "a path to a device, not to a file");
}

/* The root of an absolute path, without a separator at its end. */
static bool parse_root(const char *path, char **ret_root, const char **ret_rest, lima_err *err)
{
    if (is_drive(path))
        return parse_drive(path, path, ret_root, ret_rest, err);
    if (!is_separator(path[0]))
        return refuse(err, path, "not an absolute path");
    if (!is_separator(path[1]))
        return path[1] == '?' && path[2] == '?'
                   ? refuse(err, path, "a path to a device, not to a file")
                   : refuse(err, path, "names no drive; write it from the drive on, as in C:\\folder");
    if ((path[2] == '?' || path[2] == '.') && is_separator(path[3]))
        return parse_device(path, ret_root, ret_rest, err);
    return parse_server(path, path + 2, ret_root, ret_rest, err);
}

/* ---- all together ---- */

static bool is_relative(const char *path)
{
    return !is_separator(path[0]) && !is_drive(path);
}

static bool join(const char *path, const char *root, const lima_strv *names, char **ret, lima_err *err)
{
    char *below = lima_strv_join(names, "\\");
    bool bare_drive = names->len == 0 && root[strlen(root) - 1] == ':';
    char *whole = lima_mem_printf("%s%s%s", root, names->len > 0 || bare_drive ? "\\" : "", below);

    free(below);
    if (utf16_len(whole, strlen(whole)) > LIMA_WIN_PATH_MAX) {
        free(whole);
        return refuse(err, path, "longer than Windows takes (32000 characters)");
    }
    *ret = whole;
    return true;
}

bool lima_win_path(const char *path, const char *here, char **ret, lima_err *err)
{
    lima_strv names = {0};
    char *root = NULL;
    const char *rest = path;

    if (lima_str_empty(path))
        return refuse(err, "", "a path without a name");
    if (!lima_utf8_valid(path, strlen(path)))
        return refuse(err, path, "bytes that are not UTF-8");
    bool relative = is_relative(path);
    bool ok = parse_root(relative ? here : path, &root, &rest, err)
              && add_components(relative ? here : path, rest, &names, err)
              && (!relative || add_components(path, path, &names, err)) && join(path, root, &names, ret, err);
    lima_strv_free(&names);
    free(root);
    return ok;
}

char *lima_win_path_plain(const char *path)
{
    if (!lima_str_has_prefix(path, "\\\\?\\"))
        return lima_mem_strdup(path);
    if (is_drive(path + 4))
        return lima_mem_strdup(path + 4);
    if (starts_with_nocase(path + 4, strlen(path + 4), "UNC\\"))
        return lima_mem_printf("\\\\%s", path + 8);
    return lima_mem_strdup(path);
}
