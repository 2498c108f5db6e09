/* Base64 (RFC 4648, section 4). Like Go's standard decoder, line breaks are skipped anywhere, and
 * left-over bits of the last character are not looked at. */
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *lima_base64_encode(const void *bytes, size_t len)
{
    const uint8_t *in = bytes;
    char *text = lima_mem_zalloc(len / 3 + 2, 4), *out = text;
    for (size_t pos = 0; pos < len; pos += 3) {
        size_t have = len - pos < 3 ? len - pos : 3;
        uint32_t bits = (uint32_t)in[pos] << 16;
        if (have > 1)
            bits |= (uint32_t)in[pos + 1] << 8;
        if (have > 2)
            bits |= in[pos + 2];
        for (size_t i = 0; i < 4; i++)
            *out++ = i <= have ? ALPHABET[bits >> (18 - 6 * i) & 0x3F] : '=';
    }
    return text;
}

typedef struct decoder {
    uint8_t *out;
    size_t len;
    uint32_t bits;
    unsigned sextets; /* of the current group of four */
    unsigned pads;
} decoder;

static void flush_group(decoder *d)
{
    for (unsigned i = 0; i + d->pads < 3; i++)
        d->out[d->len++] = (uint8_t)(d->bits >> (16 - 8 * i));
    d->bits = 0;
    d->sextets = 0;
}

/* After a padded group nothing may come; a pad stands only in the last two places, and nothing but a pad
 * behind it. */
static bool decode_char(decoder *d, char c)
{
    const char *found = c ? strchr(ALPHABET, c) : NULL;
    if (c == '=' ? d->sextets < 2 : !found || d->pads)
        return false;
    d->pads += c == '=';
    d->bits = d->bits << 6 | (found ? (uint32_t)(found - ALPHABET) : 0);
    if (++d->sextets == 4)
        flush_group(d);
    return true;
}

bool lima_base64_decode(const char *text, size_t text_len, uint8_t **ret_bytes, size_t *ret_len,
                        lima_err *err)
{
    decoder d = {.out = lima_mem_zalloc(text_len / 4 + 1, 3)};
    for (size_t pos = 0; pos < text_len; pos++) {
        if (text[pos] != '\r' && text[pos] != '\n' && !decode_char(&d, text[pos])) {
            free(d.out);
            return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                                "not base64: unexpected byte 0x%02X at offset %zu",
                                (unsigned)(unsigned char)text[pos], pos);
        }
    }
    if (d.sextets) {
        free(d.out);
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "not base64: the text ends within a group of four");
    }
    *ret_bytes = d.out;
    *ret_len = d.len;
    return true;
}
