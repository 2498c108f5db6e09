/* Text into values, in two steps. The scanner here checks the whole grammar (RFC 8259), the limits and the
 * UTF-8, so that every error has the exact position, and rewrites what jansson would not give back
 * (json_value.h): numbers and strings that look like rewritten numbers. Then jansson builds the tree from the
 * rewritten text, or from the original when nothing had to be rewritten, which is the usual case.
 *
 * * Stricter than Go's encoding/json in two points that Go's own output never meets: a lone surrogate
 * escape is refused instead of replaced, and so is U+0000 in a key. */
#include <string.h>

#include "base/utf.h"
#include "json_value.h"
#include "text_position.h"

typedef struct scanner {
    const char *text;
    size_t len;
    size_t pos;
    size_t copied; /* text up to here is in `out`, if anything is */
    lima_buf out;  /* the rewritten text; empty while it is the original */
    unsigned depth;
    unsigned values;
    lima_err *err;
} scanner;

static bool scan_value(scanner *s);

LIMA_PRINTF(4, 5) static bool fail(scanner *s, size_t at, lima_code code, const char *fmt, ...)
{
    text_position where = text_position_of(s->text, at);
    va_list args;
    va_start(args, fmt);
    lima_err_vset(s->err, code, 0, fmt, args);
    va_end(args);
    return lima_err_wrap(s->err, "line %zu, column %zu (byte %zu)", where.line, where.column, at);
}

/* The scanner stands at something that may not be here. */
static bool unexpected(scanner *s, const char *wanted)
{
    if (s->pos == s->len)
        return fail(s, s->pos, LIMA_CODE_INVALID_ARGUMENT, "expected %s, but the text ends", wanted);
    unsigned char c = (unsigned char)s->text[s->pos];
    if (c > ' ' && c < 0x7F)
        return fail(s, s->pos, LIMA_CODE_INVALID_ARGUMENT, "expected %s, found '%c'", wanted, c);
    return fail(s, s->pos, LIMA_CODE_INVALID_ARGUMENT, "expected %s, found the byte 0x%02X", wanted,
                (unsigned)c);
}

static void skip_space(scanner *s)
{
    while (s->pos < s->len && s->text[s->pos] && strchr(" \t\r\n", s->text[s->pos]))
        s->pos++;
}

static bool at(const scanner *s, char c)
{
    return s->pos < s->len && s->text[s->pos] == c;
}

static bool accept(scanner *s, char c)
{
    if (!at(s, c))
        return false;
    s->pos++;
    return true;
}

/* Puts the text before s->pos, then `piece`, into the rewritten text; goes on copying from `next`. */
static void rewrite(scanner *s, const char *piece, size_t next)
{
    lima_buf_add(&s->out, s->text + s->copied, s->pos - s->copied);
    lima_buf_add_str(&s->out, piece);
    s->copied = next;
}

static bool scan_hex(scanner *s, uint32_t *ret_unit)
{
    static const char DIGITS[] = "0123456789abcdef0123456789ABCDEF";
    *ret_unit = 0;
    for (int i = 0; i < 4; i++) {
        char c = s->pos < s->len ? s->text[s->pos] : '\0';
        const char *digit = c ? strchr(DIGITS, c) : NULL;
        if (!digit)
            return unexpected(s, "four hexadecimal digits after \\u");
        *ret_unit = *ret_unit << 4 | (uint32_t)(digit - DIGITS) % 16;
        s->pos++;
    }
    return true;
}

static bool scan_unicode_escape(scanner *s, size_t start, bool is_key)
{
    uint32_t unit, low = 0;
    if (!scan_hex(s, &unit))
        return false;
    if (unit == 0 && is_key)
        return fail(s, start, LIMA_CODE_INVALID_ARGUMENT, "a key with U+0000 is not supported");
    if (unit < 0xD800 || unit > 0xDFFF)
        return true;
    bool paired = unit < 0xDC00 && accept(s, '\\') && accept(s, 'u');
    if (paired && !scan_hex(s, &low))
        return false;
    if (low < 0xDC00 || low > 0xDFFF)
        return fail(s, start, LIMA_CODE_INVALID_ARGUMENT, "half of a surrogate pair: \\u%04x",
                    (unsigned)unit);
    return true;
}

static bool scan_escape(scanner *s, bool is_key)
{
    size_t start = s->pos++;
    if (accept(s, 'u'))
        return scan_unicode_escape(s, start, is_key);
    char c = s->pos < s->len ? s->text[s->pos] : '\0';
    if (!c || !strchr("\"\\/bfnrt", c))
        return unexpected(s, "one of \" \\ / b f n r t u after a backslash");
    s->pos++;
    return true;
}

static bool scan_plain_char(scanner *s)
{
    uint32_t character;
    size_t step = lima_utf8_char(s->text + s->pos, s->len - s->pos, &character);
    unsigned byte = (unsigned char)s->text[s->pos];
    if (!step)
        return fail(s, s->pos, LIMA_CODE_INVALID_ARGUMENT, "the byte 0x%02X is not UTF-8", byte);
    if (character < 0x20)
        return fail(s, s->pos, LIMA_CODE_INVALID_ARGUMENT,
                    "a string holds the control byte 0x%02X; it must be written as \\u%04x", byte, byte);
    s->pos += step;
    return true;
}

static bool scan_string(scanner *s, bool is_key)
{
    size_t start = s->pos;
    if (!accept(s, '"'))
        return unexpected(s, is_key ? "a key in double quotes" : "a value");
    size_t mark = strlen(LIMA_JSON_MARK_ESCAPED);
    if (!is_key && s->len - s->pos >= mark && memcmp(s->text + s->pos, LIMA_JSON_MARK_ESCAPED, mark) == 0)
        rewrite(s, LIMA_JSON_MARK_ESCAPED "s", s->pos);
    while (s->pos < s->len && !at(s, '"')) {
        if (!(at(s, '\\') ? scan_escape(s, is_key) : scan_plain_char(s)))
            return false;
    }
    if (!accept(s, '"'))
        return fail(s, start, LIMA_CODE_INVALID_ARGUMENT, "the string that begins here is not closed");
    return true;
}

static bool scan_digits(scanner *s)
{
    size_t start = s->pos;
    while (s->pos < s->len && s->text[s->pos] >= '0' && s->text[s->pos] <= '9')
        s->pos++;
    return s->pos > start || unexpected(s, "a digit");
}

static bool scan_number(scanner *s)
{
    size_t start = s->pos;
    accept(s, '-');
    if (!accept(s, '0') && !scan_digits(s))
        return false;
    if (accept(s, '.') && !scan_digits(s))
        return false;
    if (accept(s, 'e') || accept(s, 'E')) {
        if (!accept(s, '+'))
            accept(s, '-');
        if (!scan_digits(s))
            return false;
    }
    if (!lima_json_number_is_exact(s->text + start, s->pos - start)) {
        size_t end = s->pos;
        s->pos = start;
        rewrite(s, "\"" LIMA_JSON_MARK_ESCAPED "n", start);
        s->pos = end;
        rewrite(s, "\"", end);
    }
    return true;
}

static bool scan_word(scanner *s, const char *word)
{
    size_t start = s->pos;
    while (*word)
        if (!accept(s, *word++)) {
            s->pos = start;
            return unexpected(s, "a value");
        }
    return true;
}

static bool scan_member(scanner *s)
{
    skip_space(s);
    if (!scan_string(s, true))
        return false;
    skip_space(s);
    return accept(s, ':') ? scan_value(s) : unexpected(s, "':'");
}

static bool scan_container(scanner *s, bool is_object)
{
    char close = is_object ? '}' : ']';
    if (++s->depth > LIMA_JSON_DEPTH_MAX)
        return fail(s, s->pos, LIMA_CODE_OUT_OF_RANGE, "more than %d levels", LIMA_JSON_DEPTH_MAX);
    s->pos++;
    skip_space(s);
    bool more = !at(s, close);
    while (more) {
        if (!(is_object ? scan_member(s) : scan_value(s)))
            return false;
        skip_space(s);
        more = accept(s, ',');
    }
    if (!accept(s, close))
        return unexpected(s, is_object ? "',' or '}'" : "',' or ']'");
    s->depth--;
    return true;
}

static bool scan_value(scanner *s)
{
    skip_space(s);
    if (++s->values > LIMA_JSON_VALUES_MAX)
        return fail(s, s->pos, LIMA_CODE_OUT_OF_RANGE, "more than %d values", LIMA_JSON_VALUES_MAX);
    if (s->pos == s->len)
        return unexpected(s, "a value");
    char c = s->text[s->pos];
    if (c == '{' || c == '[')
        return scan_container(s, c == '{');
    if (c == '-' || (c >= '0' && c <= '9'))
        return scan_number(s);
    if (c == 't' || c == 'f' || c == 'n')
        return scan_word(s, c == 't' ? "true" : c == 'f' ? "false" : "null");
    return scan_string(s, false);
}

static bool build(scanner *s, lima_json **ret)
{
    const char *text = s->text;
    size_t len = s->pos;
    if (s->copied) {
        rewrite(s, "", s->pos);
        text = s->out.data;
        len = s->out.len;
    }
    json_error_t error;
    json_t *root = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (!root)
        return lima_err_set(s->err, LIMA_CODE_INTERNAL, "the JSON library refuses a checked text: %s",
                            error.text);
    *ret = lima_json_wrap(root);
    return true;
}

static bool parse(const char *text, size_t len, bool whole, lima_json **ret, size_t *ret_used, lima_err *err)
{
    if (len > LIMA_JSON_BYTES_MAX)
        return lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "the JSON text has %zu bytes, the most is %d", len,
                            LIMA_JSON_BYTES_MAX);
    /* A mark and its quotes are less than 16 bytes. */
    scanner s = {
        .text = text, .len = len, .err = err, .out = LIMA_BUF(len + 16 * (size_t)LIMA_JSON_VALUES_MAX)};
    bool ok = scan_value(&s);
    size_t used = s.pos;
    if (ok && whole) {
        skip_space(&s);
        ok = s.pos == len || unexpected(&s, "nothing after the value");
    }
    ok = ok && build(&s, ret);
    if (ok && ret_used)
        *ret_used = used;
    lima_buf_free(&s.out);
    return ok;
}

bool lima_json_parse(const char *text, size_t len, lima_json **ret, lima_err *err)
{
    return parse(text, len, true, ret, NULL, err);
}

bool lima_json_parse_first(const char *text, size_t len, lima_json **ret, size_t *ret_used, lima_err *err)
{
    return parse(text, len, false, ret, ret_used, err);
}
