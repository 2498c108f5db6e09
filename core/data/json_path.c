/* Paths are formatted here and not by vsnprintf, because what a value inserted by %s may mean depends on
 * where it stands: between quotes of the format it is a literal piece of a key, elsewhere it is path text.
 * So each byte of the formatted path remembers where it came from, and a quote is closed only by a quote
 * of the same origin. Conversions: %s %.*s %d %i %u with l, ll, z, and %%; anything else is a programming
 * mistake. */
#include "json_path.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "json_value.h"

enum { INDEX_DIGITS_MAX = 9 };

typedef enum origin { FROM_FORMAT = 'f', FROM_VALUE = 'v' } origin;

typedef struct tagged {
    lima_buf text;
    lima_buf origins; /* one byte per byte of text */
} tagged;

typedef struct arguments {
    va_list list; /* in a struct, because a va_list parameter cannot be passed on by address */
} arguments;

static void add(tagged *out, origin from, const char *text, size_t len)
{
    lima_buf_add(&out->text, text, len);
    for (size_t i = 0; i < len; i++)
        lima_buf_add(&out->origins, &(char){(char)from}, 1);
}

static void add_text(tagged *out, const char *text, int precision)
{
    assert(text);
    const char *end = precision >= 0 ? memchr(text, '\0', (size_t)precision) : text + strlen(text);
    add(out, FROM_VALUE, text, end ? (size_t)(end - text) : (size_t)precision);
}

static void add_number(tagged *out, const char *size, bool is_signed, arguments *args)
{
    char digits[24];
    bool is_long = strcmp(size, "l") == 0, is_size = strcmp(size, "z") == 0, is_int = !*size;
    long long number;
    if (is_signed)
        number = is_int    ? va_arg(args->list, int)
                 : is_long ? va_arg(args->list, long)
                 : is_size ? va_arg(args->list, ptrdiff_t)
                           : va_arg(args->list, long long);
    else
        number = (long long)(is_int    ? va_arg(args->list, unsigned)
                             : is_long ? va_arg(args->list, unsigned long)
                             : is_size ? va_arg(args->list, size_t)
                                       : va_arg(args->list, unsigned long long));
    int len = is_signed ? snprintf(digits, sizeof digits, "%lld", number)
                        : snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    add(out, FROM_VALUE, digits, (size_t)len);
}

/* `spec` is behind the '%'; gives the place behind the conversion. */
static const char *add_conversion(tagged *out, const char *spec, arguments *args)
{
    int precision = -1;
    if (spec[0] == '.' && spec[1] == '*') {
        precision = va_arg(args->list, int);
        spec += 2;
    }
    char size[3] = "";
    size_t size_len = strspn(spec, "lz");
    assert(size_len < sizeof size);
    memcpy(size, spec, size_len);
    spec += size_len;
    assert(*spec && strchr("%sdiu", *spec));
    if (*spec == '%')
        add(out, FROM_FORMAT, "%", 1);
    else if (*spec == 's')
        add_text(out, va_arg(args->list, const char *), precision);
    else
        add_number(out, size, *spec != 'u', args);
    return spec + 1;
}

static tagged format(const char *fmt, va_list list)
{
    tagged out = {LIMA_BUF(SIZE_MAX - 1), LIMA_BUF(SIZE_MAX - 1)};
    arguments args;
    va_copy(args.list, list);
    while (*fmt) {
        size_t plain = strcspn(fmt, "%");
        add(&out, FROM_FORMAT, fmt, plain);
        fmt += plain;
        if (*fmt)
            fmt = add_conversion(&out, fmt + 1, &args);
    }
    va_end(args.list);
    return out;
}

static void add_step(json_path *path, const char *key, size_t key_len, size_t index)
{
    path->steps = lima_mem_resize(path->steps, path->len + 1, sizeof *path->steps);
    path->steps[path->len++] = (json_step){.key = key ? lima_json_clean(key, key_len) : NULL, .index = index};
}

static bool ends_step(char c)
{
    return c == '.' || c == '[' || c == '\0';
}

/* Each take_… is given the place where its step begins, and gives the place behind it, or 0 if it is
 * malformed. */
static size_t take_quoted(json_path *path, const tagged *from, size_t pos)
{
    const char *text = path->text, *origins = lima_buf_str(&from->origins);
    for (size_t end = pos + 1; text[end]; end++) {
        if (text[end] != '"' || origins[end] != origins[pos] || !ends_step(text[end + 1]))
            continue;
        add_step(path, text + pos + 1, end - pos - 1, 0);
        return end + 1;
    }
    return 0;
}

static size_t take_bare(json_path *path, size_t pos)
{
    size_t len = strcspn(path->text + pos, ".[]");
    if (!len)
        return 0;
    add_step(path, path->text + pos, len, 0);
    return pos + len;
}

static size_t take_index(json_path *path, size_t pos)
{
    size_t digits = strspn(path->text + pos + 1, "0123456789"), end = pos + 1 + digits;
    if (!digits || digits > INDEX_DIGITS_MAX || path->text[end] != ']')
        return 0;
    add_step(path, NULL, 0, strtoul(path->text + pos + 1, NULL, 10));
    return end + 1;
}

static size_t take_step(json_path *path, const tagged *from, size_t pos)
{
    const char *text = path->text;
    if (text[pos] == '[')
        return take_index(path, pos);
    if (pos > 0 && text[pos++] != '.')
        return 0;
    return text[pos] == '"' ? take_quoted(path, from, pos) : take_bare(path, pos);
}

json_path json_path_make(const char *fmt, va_list args)
{
    tagged formatted = format(fmt, args);
    json_path path = {.text = lima_buf_take(&formatted.text), .well_formed = true};
    for (size_t pos = 0; path.well_formed && path.text[pos];) {
        pos = take_step(&path, &formatted, pos);
        path.well_formed = pos > 0;
    }
    lima_buf_free(&formatted.origins);
    return path;
}

void json_path_free(json_path *path)
{
    for (size_t i = 0; i < path->len; i++)
        free(path->steps[i].key);
    free(path->steps);
    free(path->text);
    *path = (json_path){0};
}
