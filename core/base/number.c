/* Numbers, sizes and versions in texts: the lima_parse_… half of str.h. Own digit loops: strtoul and
 * friends take signs, white space and locales. Sizes are computed in whole numbers, so that fractions are
 * exact. */
#include "base/str.h"

#include <string.h>

enum { QUOTED_MAX = 64 }; /* bytes of the user's text that an error repeats */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool bad(const char *text, const char *wanted, lima_err *err)
{
    return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'%.*s' is not %s", QUOTED_MAX, text, wanted);
}

static bool too_large(const char *text, uint64_t max, lima_err *err)
{
    return lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "'%.*s' is too large: the most is %llu", QUOTED_MAX,
                        text, (unsigned long long)max);
}

/* Reads digits, at least one, and moves *text past them; *ret_fits tells whether the number is at most
 * max. */
static bool take_digits(const char **text, uint64_t max, uint64_t *ret, bool *ret_fits)
{
    const char *pos = *text;
    uint64_t number = 0;
    bool fits = true;
    for (; is_digit(*pos); pos++) {
        uint64_t digit = (uint64_t)(*pos - '0');
        fits = fits && number <= (max - digit) / 10;
        number = fits ? number * 10 + digit : 0;
    }
    if (pos == *text)
        return false;
    *text = pos;
    *ret = number;
    *ret_fits = fits;
    return true;
}

static bool parse_unsigned(const char *text, const char *digits, uint64_t max, uint64_t *ret, lima_err *err)
{
    uint64_t number;
    bool fits;
    if (!take_digits(&digits, max, &number, &fits) || *digits)
        return bad(text, "a whole number", err);
    if (!fits)
        return too_large(text, max, err);
    *ret = number;
    return true;
}

bool lima_parse_u64(const char *text, uint64_t *ret, lima_err *err)
{
    return parse_unsigned(text, text, UINT64_MAX, ret, err);
}

bool lima_parse_u32(const char *text, uint32_t *ret, lima_err *err)
{
    uint64_t number;
    if (!parse_unsigned(text, text, UINT32_MAX, &number, err))
        return false;
    *ret = (uint32_t)number;
    return true;
}

bool lima_parse_i64(const char *text, int64_t *ret, lima_err *err)
{
    uint64_t number;
    if (*text != '-') {
        if (!parse_unsigned(text, text, INT64_MAX, &number, err))
            return false;
        *ret = (int64_t)number;
        return true;
    }
    if (!parse_unsigned(text, text + 1, (uint64_t)INT64_MAX + 1, &number, err))
        return false;
    *ret = number > INT64_MAX ? INT64_MIN : -(int64_t)number;
    return true;
}

/* The power of two that a unit stands for: b, or one of k m g t p, alone or with b or ib; nothing is
 * bytes. -1: no unit. */
static int unit_shift(const char *unit)
{
    static const char LETTERS[] = "kmgtp";
    if (!*unit || lima_str_eq_nocase(unit, "b"))
        return 0;
    for (int i = 0; LETTERS[i]; i++) {
        const char letter[] = {LETTERS[i], '\0'}, with_b[] = {LETTERS[i], 'b', '\0'},
                   with_ib[] = {LETTERS[i], 'i', 'b', '\0'};
        if (lima_str_eq_nocase(unit, letter) || lima_str_eq_nocase(unit, with_b)
            || lima_str_eq_nocase(unit, with_ib))
            return 10 * (i + 1);
    }
    return -1;
}

/* Whole part of 0.DIGITS * 2^shift, by doubling the decimal digits `shift` times. A multiple of 2^-50, the
 * finest there is with shift <= 50, has at most 50 decimals: digits behind them never matter. */
static uint64_t scaled_fraction(const char *digits, size_t count, int shift)
{
    char decimal[50];
    count = count < sizeof decimal ? count : sizeof decimal;
    memcpy(decimal, digits, count);
    uint64_t whole = 0;
    for (int round = 0; round < shift; round++) {
        int carry = 0;
        for (size_t i = count; i-- > 0;) {
            int doubled = 2 * (decimal[i] - '0') + carry;
            carry = doubled >= 10;
            decimal[i] = (char)('0' + doubled % 10);
        }
        whole = whole << 1 | (unsigned)carry;
    }
    return whole;
}

bool lima_parse_size(const char *text, uint64_t *ret, lima_err *err)
{
    static const char WANTED[] = "a size such as 4GiB, 512MiB or 1.5g";
    const char *pos = text;
    uint64_t whole = 0;
    bool fits = true;
    bool any = take_digits(&pos, INT64_MAX, &whole, &fits);
    const char *fraction = *pos == '.' ? pos + 1 : pos;
    for (pos = fraction; is_digit(*pos); pos++)
        any = true;
    size_t decimals = (size_t)(pos - fraction);
    if (any && *pos == ' ')
        pos++;
    int shift = unit_shift(pos);
    if (!any || shift < 0)
        return bad(text, WANTED, err);
    if (!fits || whole > (uint64_t)INT64_MAX >> shift)
        return too_large(text, INT64_MAX, err);
    *ret = (whole << shift) + scaled_fraction(fraction, decimals, shift);
    return true;
}

static bool take_u32(const char **pos, uint32_t *ret, bool *all_fit)
{
    uint64_t number;
    bool fits;
    if (!take_digits(pos, UINT32_MAX, &number, &fits))
        return false;
    *all_fit = *all_fit && fits;
    *ret = (uint32_t)number;
    return true;
}

/* Start of the first "digits.digits", or NULL. */
static const char *find_version(const char *text)
{
    const char *pos = text;
    while (*pos) {
        const char *start = pos;
        while (is_digit(*pos))
            pos++;
        if (pos > start && pos[0] == '.' && is_digit(pos[1]))
            return start;
        if (*pos)
            pos++;
    }
    return NULL;
}

bool lima_parse_version(const char *text, lima_version *ret, lima_err *err)
{
    const char *pos = find_version(text);
    if (!pos)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'%.*s' holds no version number", QUOTED_MAX,
                            text);
    lima_version version = {0};
    bool fit = true;
    take_u32(&pos, &version.major, &fit);
    pos++;
    take_u32(&pos, &version.minor, &fit);
    if (*pos == '.') {
        pos++;
        take_u32(&pos, &version.patch, &fit);
    }
    if (!fit)
        return too_large(text, UINT32_MAX, err);
    *ret = version;
    return true;
}

static int compare(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

int lima_version_cmp(lima_version a, lima_version b)
{
    int order = compare(a.major, b.major);
    if (!order)
        order = compare(a.minor, b.minor);
    return order ? order : compare(a.patch, b.patch);
}
