/* UTF-8 and UTF-16, strict: no overlong forms, no lone surrogates, nothing above U+10FFFF. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Bytes of the character at text[0], with its code point; 0 when none begins there (or len is 0). */
size_t lima_utf8_char(const char *text, size_t len, uint32_t *ret_char);
bool lima_utf8_valid(const char *text, size_t len);
/* Length of the longest prefix of text[0..len) with at most `max` bytes that does not cut a character. */
size_t lima_utf8_cut(const char *text, size_t len, size_t max);
/* Both allocate the result with a terminating zero unit, which *ret_len does not count. INVALID_ARGUMENT with
 * the position of the first bad byte or unit. */
bool lima_utf8_to_utf16(const char *text, size_t len, uint16_t **ret_units, size_t *ret_len, lima_err *err);
bool lima_utf16_to_utf8(const uint16_t *units, size_t len, char **ret_text, size_t *ret_len, lima_err *err);
