/* Strings: comparison, numbers, sizes, words. No locale: ASCII rules whatever the user's settings. Inputs are
 * NUL-terminated UTF-8. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"

bool lima_str_eq(const char *a, const char *b); /* NULL equals only NULL */
bool lima_str_eq_nocase(const char *a, const char *b);
bool lima_str_empty(const char *text); /* NULL or "" */
bool lima_str_has_prefix(const char *text, const char *prefix);
bool lima_str_has_suffix(const char *text, const char *suffix);
void lima_str_trim(char *text); /* white space at both ends, in place */

/* Whole-string decimal numbers: no sign (but lima_parse_i64), no white space, no leftovers. INVALID_ARGUMENT,
 * OUT_OF_RANGE. */
bool lima_parse_u32(const char *text, uint32_t *ret, lima_err *err);
bool lima_parse_u64(const char *text, uint64_t *ret, lima_err *err);
bool lima_parse_i64(const char *text, int64_t *ret, lima_err *err);

/* Sizes in bytes as Lima configurations write them: "4GiB", "512MiB", "1g", "100 GB", "1.5GiB", plain bytes.
 * All units are powers of 1024, as in the Go units library's RAMInBytes that limactl uses. INVALID_ARGUMENT,
 * OUT_OF_RANGE. */
bool lima_parse_size(const char *text, uint64_t *ret, lima_err *err);

/* Splits a command line into words as a POSIX shell does: quotes, backslash; no expansion. An open quote or a
 * backslash at the end is INVALID_ARGUMENT. */
bool lima_str_split_words(const char *text, lima_strv *ret_words, lima_err *err);
/* Splits at every `separator`; empty fields are kept. */
void lima_str_split(const char *text, char separator, lima_strv *ret_fields);

/* Numbers of a version: "QEMU emulator version 7.2.22 (Debian …)" gives 7, 2, 22. Finds the first
 * digits-dot-digits; missing ones are 0. None: INVALID_ARGUMENT. */
typedef struct lima_version {
    uint32_t major, minor, patch;
} lima_version;
bool lima_parse_version(const char *text, lima_version *ret, lima_err *err);
int lima_version_cmp(lima_version a, lima_version b); /* <0, 0, >0 */

/* Base64 of RFC 4648 with padding. Decoding refuses missing padding and foreign bytes but ignores CR and LF,
 * as limactl does: INVALID_ARGUMENT. Results are owned. */
char *lima_base64_encode(const void *bytes, size_t len);
bool lima_base64_decode(const char *text, size_t text_len, uint8_t **ret_bytes, size_t *ret_len,
                        lima_err *err);
