/* A growing byte buffer with a hard limit given at creation.
 *
 * {0} is valid and empty, and has limit 0: nothing can be added. Make one with LIMA_BUF(max). The first
 * addition that would pass the limit fails, keeps the content, and sets `full`, which stays set until
 * lima_buf_clear: a builder may add many pieces and look at `full` once. While `full` is set, later additions
 * fail too, so the content never has a hole. The content is always followed by a NUL that `len` does not
 * count. Not thread-safe. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

typedef struct lima_buf {
    char *data;   /* owned; NULL while nothing was added */
    size_t len;   /* bytes used */
    size_t cap;   /* bytes allocated */
    size_t limit; /* most bytes `len` may reach */
    bool full;    /* an addition was refused */
} lima_buf;

#define LIMA_BUF(max) ((lima_buf){.limit = (max)})

bool lima_buf_add(lima_buf *buf, const void *bytes, size_t len);
/* As much of it as fits; if that is not all, `full` is set. */
void lima_buf_add_some(lima_buf *buf, const void *bytes, size_t len);
bool lima_buf_add_str(lima_buf *buf, const char *text);
bool lima_buf_addf(lima_buf *buf, const char *fmt, ...) LIMA_PRINTF(2, 3);
/* Room for `len` more bytes at data + len; the caller writes there and then adds to buf->len. NULL past the
 * limit. */
char *lima_buf_reserve(lima_buf *buf, size_t len);
void lima_buf_consume(lima_buf *buf, size_t len); /* drops bytes at the front; len <= buf->len */
void lima_buf_clear(lima_buf *buf);               /* empties, keeps memory and limit */
void lima_buf_free(lima_buf *buf);                /* back to an empty buffer of the same limit */
const char *lima_buf_str(const lima_buf *buf);    /* never NULL; valid until the next change */
/* the content as an owned string, never NULL; leaves buf empty */
char *lima_buf_take(lima_buf *buf);
