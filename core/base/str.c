#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool lima_str_eq(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool lima_str_eq_nocase(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

bool lima_str_empty(const char *text)
{
    return !text || !*text;
}

bool lima_str_has_prefix(const char *text, const char *prefix)
{
    return text && strncmp(text, prefix, strlen(prefix)) == 0;
}

bool lima_str_has_suffix(const char *text, const char *suffix)
{
    size_t len = text ? strlen(text) : 0, end = strlen(suffix);
    return text && len >= end && strcmp(text + len - end, suffix) == 0;
}

void lima_str_trim(char *text)
{
    size_t start = 0, end = strlen(text);
    while (is_space(text[start]))
        start++;
    while (end > start && is_space(text[end - 1]))
        end--;
    memmove(text, text + start, end - start);
    text[end - start] = '\0';
}

void lima_str_split(const char *text, char separator, lima_strv *ret_fields)
{
    lima_strv fields = {0};
    for (;;) {
        const char *end = strchr(text, separator);
        size_t len = end ? (size_t)(end - text) : strlen(text);
        lima_strv_addf(&fields, "%.*s", (int)len, text);
        if (!end || !*end)
            break;
        text = end + 1;
    }
    *ret_fields = fields;
}
