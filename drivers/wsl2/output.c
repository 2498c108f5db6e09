/* Line by line. A line is UTF-16LE when the bytes up to its end hold a zero (UTF-8 text has none, and the CR
 * LF of UTF-16 has two), or when they are no UTF-8 but would be plausible East Asian UTF-16. Its end is then
 * the next unit 0x000A, else the next byte 0x0A. No encoding is carried from line to line, but a line that
 * was cut off, and shows neither, is taken for what the line before was. */
#include "wsl2/output.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "base/utf.h"

enum {
    TEXT_MAX = 64 * 1024 * 1024, /* a bound for the buffer; callers limit what they read */
    CHAR_BOM = 0xfeff,
    CHAR_BAD = 0xfffd,
    EAST_ASIAN_SHARE = 4, /* at least one in so many low bytes is over 0x7f */
};

static void add_char(lima_buf *into, uint32_t c)
{
    if (c == 0 || c == '\r' || c == CHAR_BOM)
        return;
    if (c < 0x80)
        lima_buf_add(into, &(char){(char)c}, 1);
    else if (c < 0x800)
        lima_buf_add(into, (char[]){(char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f))}, 2);
    else if (c < 0x10000)
        lima_buf_add(
            into, (char[]){(char)(0xe0 | c >> 12), (char)(0x80 | (c >> 6 & 0x3f)), (char)(0x80 | (c & 0x3f))},
            3);
    else
        lima_buf_add(into,
                     (char[]){(char)(0xf0 | c >> 18), (char)(0x80 | (c >> 12 & 0x3f)),
                              (char)(0x80 | (c >> 6 & 0x3f)), (char)(0x80 | (c & 0x3f))},
                     4);
}

static uint32_t unit_at(const uint8_t *bytes, size_t at)
{
    return (uint32_t)(bytes[at] | bytes[at + 1] << 8);
}

/* An odd byte at the end was cut in half, and is dropped. */
static void add_utf16(lima_buf *into, const uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at + 1 < len; at += 2) {
        uint32_t c = unit_at(bytes, at);
        bool high = c >= 0xd800 && c < 0xdc00;
        uint32_t low = high && at + 3 < len ? unit_at(bytes, at + 2) : 0;
        if (low >= 0xdc00 && low < 0xe000) {
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
            at += 2;
        } else if (c >= 0xd800 && c < 0xe000) {
            c = CHAR_BAD;
        }
        add_char(into, c);
    }
}

static void add_utf8(lima_buf *into, const uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        uint32_t c = 0;
        size_t used = lima_utf8_char((const char *)bytes + at, len - at, &c);
        add_char(into, used ? c : CHAR_BAD);
        at += used ? used : 1;
    }
}

/* A unit of a block that East Asian texts use; punctuation and Latin letters among them are counted apart. */
static bool is_east_asian(uint8_t low, uint8_t high)
{
    bool punctuation = high == 0x20 && low >= 0x10 && low <= 0x27;
    return punctuation || (high >= 0x30 && high <= 0x9f) || (high >= 0xac && high <= 0xd7) || high == 0xff;
}

/* Of bytes that may begin with a unit like U+4E0A, whose low byte is a line feed: every unit in a block that
 * East Asian texts use, and Latin units among them, or low bytes as spread as theirs are. Western text in an
 * 8-bit encoding has line ends and blanks in both places, and mostly ASCII. */
static bool looks_east_asian(const uint8_t *bytes, size_t len)
{
    size_t units = len / 2, over = 0, latin = 0;
    for (size_t i = 0; i < units; i++) {
        uint8_t low = bytes[2 * i], high = bytes[2 * i + 1];
        bool is_latin = high == 0 && low != 0;
        if (!is_latin && !is_east_asian(low, high))
            return false;
        latin += is_latin;
        over += !is_latin && low >= 0x80;
    }
    return latin > 0 || (units > 0 && over * EAST_ASIAN_SHARE >= units);
}

/* Bytes from `bytes` to the end of the line, its end included, if the line is UTF-8. */
static size_t utf8_line(const uint8_t *bytes, size_t len)
{
    const uint8_t *end = memchr(bytes, '\n', len);
    return end ? (size_t)(end - bytes) + 1 : len;
}

static size_t utf16_line(const uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at + 1 < len; at += 2)
        if (unit_at(bytes, at) == '\n')
            return at + 2;
    return len;
}

/* `before`: what the line before was, for a rest that shows nothing. */
static bool is_utf16(const uint8_t *bytes, size_t len, bool before)
{
    if (len >= 2 && unit_at(bytes, 0) == CHAR_BOM)
        return true;
    size_t line = utf8_line(bytes, len);
    bool ended = bytes[line - 1] == '\n';
    size_t text = ended ? line - 1 : line;
    if (memchr(bytes, 0, text) || (text == 0 && len > line && bytes[line] == 0))
        return true;
    size_t wide = utf16_line(bytes, len);
    if (text > 0 && lima_utf8_valid((const char *)bytes, text))
        return !ended && before && looks_east_asian(bytes, wide);
    return looks_east_asian(bytes, wide) || (!ended && before && len < 2);
}

char *lima_wsl2_output_text(const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    lima_buf text = LIMA_BUF(TEXT_MAX);
    bool wide = false;
    while (len > 0) {
        wide = is_utf16(at, len, wide);
        size_t line = wide ? utf16_line(at, len) : utf8_line(at, len);
        if (wide)
            add_utf16(&text, at, line);
        else
            add_utf8(&text, at, line);
        at += line;
        len -= line;
    }
    return lima_buf_take(&text);
}

/* Bytes of the white space character at text, no-break spaces and BOM included; 0: none there. */
static size_t space_at(const char *text)
{
    static const char *const wide[] = {"\xc2\xa0", "\xe2\x80\xaf", "\xe3\x80\x80", "\xef\xbb\xbf"};
    if (*text == ' ' || (*text >= '\t' && *text <= '\r'))
        return 1;
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
        if (lima_str_has_prefix(text, wide[i]))
            return strlen(wide[i]);
    return 0;
}

/* The part of text[0..len) without white space at its ends. */
static const char *trimmed(const char *text, size_t len, size_t *ret_len)
{
    size_t begin = 0, end = 0;
    while (begin < len && space_at(text + begin))
        begin += space_at(text + begin);
    for (size_t at = begin; at < len;) {
        size_t space = space_at(text + at);
        at += space ? space : 1;
        if (!space)
            end = at;
    }
    *ret_len = end > begin ? end - begin : 0;
    return text + begin;
}

void lima_wsl2_output_lines(const char *text, lima_strv *ret_lines)
{
    while (*text) {
        size_t line = strcspn(text, "\n"), len = 0;
        const char *words = trimmed(text, line, &len);
        if (len)
            lima_strv_addf(ret_lines, "%.*s", (int)len, words);
        text += line + (text[line] == '\n');
    }
}

static const char *after_warning_mark(const char *line)
{
    return lima_str_has_prefix(line, "wsl: ") ? line + 5 : NULL;
}

void lima_wsl2_output_warnings(const char *text, lima_strv *ret_warnings)
{
    lima_strv lines = {0};
    lima_wsl2_output_lines(text, &lines);
    for (size_t i = 0; i < lines.len; i++)
        if (after_warning_mark(lines.items[i]))
            lima_strv_add(ret_warnings, after_warning_mark(lines.items[i]));
    lima_strv_free(&lines);
}

char *lima_wsl2_output_one_line(const char *text, size_t max)
{
    lima_strv lines = {0}, kept = {0};
    lima_wsl2_output_lines(text, &lines);
    for (size_t i = 0; i < lines.len; i++)
        if (!after_warning_mark(lines.items[i]))
            lima_strv_add(&kept, lines.items[i]);
    char *joined = lima_strv_join(&kept, "; ");
    if (strlen(joined) > max) {
        size_t cut = lima_utf8_cut(joined, strlen(joined), max > 3 ? max - 3 : 0);
        memcpy(joined + cut, "...", max > 3 ? 4 : 1);
        joined[max > 3 ? cut + 3 : 0] = '\0';
    }
    lima_strv_free(&lines);
    lima_strv_free(&kept);
    return joined;
}
