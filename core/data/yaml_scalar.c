/* The rules were found by asking goccy/go-yaml 1.19 about each form; data/yaml.h states them. Numbers are
 * turned into JSON's spelling digit for digit, without going through a floating-point type. */
#include "yaml_scalar.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "json_value.h"

static const char DECIMAL[] = "0123456789";

static bool is_one_of(const char *text, const char *const words[])
{
    while (*words)
        if (strcmp(text, *words++) == 0)
            return true;
    return false;
}

/* Moves *digits past 0b, 0o or 0x. A leading 0 alone means octal, too. */
static unsigned take_base(const char **digits)
{
    if (**digits != '0')
        return 10;
    char letter = (*digits)[1];
    unsigned base = letter == 'b' ? 2 : letter == 'x' ? 16 : 8;
    if (base != 8 || letter == 'o')
        *digits += 2;
    return base;
}

static bool read_magnitude(const char *digits, uint64_t *ret)
{
    static const char DIGITS[] = "0123456789abcdef0123456789ABCDEF";
    unsigned base = take_base(&digits);
    uint64_t magnitude = 0;
    if (!*digits)
        return false;
    for (; *digits; digits++) {
        const char *found = strchr(DIGITS, *digits);
        uint64_t digit = found ? (uint64_t)(found - DIGITS) % 16 : 16;
        if (digit >= base || magnitude > (UINT64_MAX - digit) / base)
            return false;
        magnitude = magnitude * base + digit;
    }
    *ret = magnitude;
    return true;
}

/* The JSON spelling of an integer, or NULL. */
static char *spell_integer(bool negative, const char *digits)
{
    uint64_t magnitude;
    if (!read_magnitude(digits, &magnitude) || (negative && magnitude > (uint64_t)INT64_MAX + 1))
        return NULL;
    return lima_mem_printf("%s%llu", negative && magnitude ? "-" : "", (unsigned long long)magnitude);
}

static bool is_exponent(const char *text)
{
    if (*text != 'e' && *text != 'E')
        return false;
    text += 1 + (text[1] == '+' || text[1] == '-');
    return *text && !text[strspn(text, DECIMAL)];
}

/* The JSON spelling of a number with a '.', or NULL: no leading zeros, a digit on both sides of the point. */
static char *spell_float(bool negative, const char *digits)
{
    size_t whole = strspn(digits, DECIMAL);
    if (digits[whole] != '.')
        return NULL;
    const char *fraction = digits + whole + 1;
    size_t decimals = strspn(fraction, DECIMAL);
    const char *rest = fraction + decimals;
    if (whole + decimals == 0 || (*rest && !is_exponent(rest)))
        return NULL;
    for (; whole > 1 && *digits == '0'; whole--)
        digits++;
    return lima_mem_printf("%s%.*s.%.*s%s", negative ? "-" : "", whole ? (int)whole : 1, whole ? digits : "0",
                           decimals ? (int)decimals : 1, decimals ? fraction : "0", rest);
}

static char *without_underscores(const char *text)
{
    char *copy = lima_mem_strdup(text), *out = copy;
    for (; *text; text++)
        if (*text != '_')
            *out++ = *text;
    *out = '\0';
    return copy;
}

/* NULL: not a number. */
static json_t *resolve_number(const char *text)
{
    if (!*text || !strchr("+-.0123456789", *text))
        return NULL;
    char *plain = without_underscores(text);
    bool negative = *plain == '-';
    const char *digits = plain + (negative || *plain == '+');
    char *spelled = spell_integer(negative, digits);
    if (!spelled)
        spelled = spell_float(negative, digits);
    json_t *number = spelled ? lima_json_number_new(spelled, strlen(spelled)) : NULL;
    free(spelled);
    free(plain);
    return number;
}

json_t *lima_yaml_resolve(const char *text)
{
    static const char *const NULLS[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const TRUES[] = {"true", "True", "TRUE", NULL};
    static const char *const FALSES[] = {"false", "False", "FALSE", NULL};
    static const char *const NOT_JSON[] = {".inf",  ".Inf", ".INF", "-.inf", "-.Inf",
                                           "-.INF", ".nan", ".NaN", ".NAN",  NULL};
    if (is_one_of(text, NULLS))
        return json_null();
    if (is_one_of(text, TRUES))
        return json_true();
    if (is_one_of(text, FALSES))
        return json_false();
    if (is_one_of(text, NOT_JSON))
        return NULL;
    json_t *number = resolve_number(text);
    return number ? number : lima_json_string_new(text, strlen(text));
}
