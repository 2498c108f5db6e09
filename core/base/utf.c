/* The legal byte sequences are those of the Unicode Standard, table 3-7 (well-formed UTF-8). */
#include "base/utf.h"

#include <stdlib.h>

#include "base/mem.h"

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

size_t lima_utf8_char(const char *text, size_t len, uint32_t *ret_char)
{
    static const uint32_t SMALLEST[] = {0, 0, 0x80, 0x800, 0x10000};
    if (len == 0)
        return 0;
    const unsigned char *bytes = (const unsigned char *)text;
    if (bytes[0] < 0x80) {
        *ret_char = bytes[0];
        return 1;
    }
    size_t size = bytes[0] >= 0xF0 ? 4 : bytes[0] >= 0xE0 ? 3 : 2;
    if (bytes[0] < 0xC2 || bytes[0] > 0xF4 || size > len)
        return 0;
    uint32_t value = bytes[0] & (0x7Fu >> size);
    for (size_t i = 1; i < size; i++) {
        if (!is_continuation(bytes[i]))
            return 0;
        value = value << 6 | (bytes[i] & 0x3F);
    }
    if (value < SMALLEST[size] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return 0;
    *ret_char = value;
    return size;
}

bool lima_utf8_valid(const char *text, size_t len)
{
    uint32_t character;
    for (size_t pos = 0, step; pos < len; pos += step) {
        step = lima_utf8_char(text + pos, len - pos, &character);
        if (!step)
            return false;
    }
    return true;
}

size_t lima_utf8_cut(const char *text, size_t len, size_t max)
{
    if (len <= max)
        return len;
    size_t cut = max;
    while (cut > 0 && max - cut < 3 && is_continuation((unsigned char)text[cut]))
        cut--;
    return is_continuation((unsigned char)text[cut]) ? max : cut; /* not UTF-8: nothing to keep whole */
}

static size_t put_utf16(uint32_t character, uint16_t *out)
{
    if (character < 0x10000) {
        out[0] = (uint16_t)character;
        return 1;
    }
    out[0] = (uint16_t)(0xD800 + ((character - 0x10000) >> 10));
    out[1] = (uint16_t)(0xDC00 + ((character - 0x10000) & 0x3FF));
    return 2;
}

bool lima_utf8_to_utf16(const char *text, size_t len, uint16_t **ret_units, size_t *ret_len, lima_err *err)
{
    uint16_t *units = lima_mem_zalloc(len + 1, sizeof *units); /* never more units than bytes */
    size_t count = 0;
    for (size_t pos = 0, step; pos < len; pos += step) {
        uint32_t character;
        step = lima_utf8_char(text + pos, len - pos, &character);
        if (!step) {
            free(units);
            return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                                "the text is not UTF-8: byte 0x%02X at offset %zu",
                                (unsigned)(unsigned char)text[pos], pos);
        }
        count += put_utf16(character, units + count);
    }
    *ret_units = units;
    *ret_len = count;
    return true;
}

static size_t put_utf8(uint32_t character, char *out)
{
    size_t size = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    static const unsigned char LEAD[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = size; i-- > 1; character >>= 6)
        out[i] = (char)(0x80 | (character & 0x3F));
    out[0] = (char)(LEAD[size] | character);
    return size;
}

/* Units of the character at units[0], 0 for a lone surrogate. */
static size_t get_utf16(const uint16_t *units, size_t len, uint32_t *ret_char)
{
    uint32_t first = units[0];
    *ret_char = first;
    if (first < 0xD800 || first > 0xDFFF)
        return 1;
    if (first > 0xDBFF || len < 2 || units[1] < 0xDC00 || units[1] > 0xDFFF)
        return 0;
    *ret_char = 0x10000 + ((first - 0xD800) << 10) + (units[1] - 0xDC00u);
    return 2;
}

bool lima_utf16_to_utf8(const uint16_t *units, size_t len, char **ret_text, size_t *ret_len, lima_err *err)
{
    char *text = lima_mem_resize(NULL, len + 1, 3); /* at most 3 bytes per unit */
    size_t count = 0;
    for (size_t pos = 0, step; pos < len; pos += step) {
        uint32_t character;
        step = get_utf16(units + pos, len - pos, &character);
        if (!step) {
            free(text);
            return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                                "the text is not UTF-16: lone surrogate 0x%04X at unit %zu",
                                (unsigned)units[pos], pos);
        }
        count += put_utf8(character, text + count);
    }
    text[count] = '\0';
    *ret_text = text;
    *ret_len = count;
    return true;
}
