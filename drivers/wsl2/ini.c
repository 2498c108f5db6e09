/* Lines that are neither a section nor a key (empty, comments, nonsense) are INI_OTHER, and nobody's error.
 */
#include "wsl2/ini.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f' || c == '\0';
}

static ini_text trimmed(const char *begin, size_t len)
{
    while (len && is_blank(begin[0])) {
        begin++;
        len--;
    }
    while (len && is_blank(begin[len - 1]))
        len--;
    return (ini_text){begin, len};
}

/* Length without a comment: '#' counts outside of quotes. */
static size_t without_comment(const char *text, size_t len)
{
    bool quoted = false;
    for (size_t i = 0; i < len; i++) {
        if (quoted && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (text[i] == '#' && !quoted)
            return i;
    }
    return len;
}

static void classify(ini_reader *reader, ini_text line, ini_line *ret)
{
    if (line.len == 0 || *line.begin == '#')
        return;
    const char *equals = memchr(line.begin, '=', line.len);
    if (*line.begin == '[') {
        const char *close = memchr(line.begin, ']', line.len);
        ret->kind = close ? INI_SECTION : INI_OTHER;
        if (close)
            ret->name = reader->section = trimmed(line.begin + 1, (size_t)(close - line.begin) - 1);
    } else if (equals) {
        const char *end = line.begin + line.len;
        ret->kind = INI_KEY;
        ret->name = trimmed(line.begin, (size_t)(equals - line.begin));
        ret->value = trimmed(equals + 1, without_comment(equals + 1, (size_t)(end - equals) - 1));
    }
}

bool lima_wsl2_ini_next(ini_reader *reader, ini_line *ret)
{
    if (reader->at >= reader->len)
        return false;
    const char *text = reader->text + reader->at;
    size_t left = reader->len - reader->at;
    const char *end = memchr(text, '\n', left);
    size_t len = end ? (size_t)(end - text) : left;
    *ret =
        (ini_line){.begin = reader->at, .end = reader->at + len + (end != NULL), .number = ++reader->number};
    bool mark = reader->at == 0 && len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;
    classify(reader, trimmed(text + (mark ? 3 : 0), len - (mark ? 3 : 0)), ret);
    reader->at = ret->end;
    return true;
}

bool lima_wsl2_ini_is(ini_text text, const char *word)
{
    char *copy = lima_mem_strndup(text.len ? text.begin : "", text.len);
    bool same = lima_str_eq_nocase(copy, word);
    free(copy);
    return same;
}

char *lima_wsl2_ini_value(ini_text value)
{
    bool quoted = value.len >= 2 && value.begin[0] == '"' && value.begin[value.len - 1] == '"';
    char *plain = lima_mem_strndup(quoted      ? value.begin + 1
                                   : value.len ? value.begin
                                               : "",
                                   value.len - (quoted ? 2 : 0));
    char *to = plain;
    for (const char *from = plain; *from; from++) {
        if (from[0] == '\\' && (from[1] == '\\' || from[1] == '"'))
            from++;
        *to++ = *from;
    }
    *to = '\0';
    return plain;
}

char *lima_wsl2_ini_get(const char *text, size_t len, const char *section, const char *key,
                        size_t *ret_number)
{
    ini_reader reader = {.text = text, .len = len};
    ini_line line;
    char *found = NULL;
    while (lima_wsl2_ini_next(&reader, &line)) {
        if (line.kind != INI_KEY || !lima_wsl2_ini_is(line.name, key)
            || !lima_wsl2_ini_is(reader.section, section))
            continue;
        free(found);
        found = lima_wsl2_ini_value(line.value);
        if (ret_number)
            *ret_number = line.number;
    }
    return found;
}
