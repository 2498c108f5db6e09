/* Memory grows by doubling, never past limit + 1 (the NUL). `full` is sticky: an addition after a refused
 * one would leave a hole. */
#include "base/buf.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { FIRST_CAP = 64 };

/* Room for len + 1 more bytes; the caller has checked that len fits below the limit. */
static void grow(lima_buf *buf, size_t len)
{
    size_t need = buf->len + len + 1;
    if (need <= buf->cap)
        return;
    size_t cap = buf->cap ? buf->cap : FIRST_CAP;
    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    if (cap - 1 > buf->limit)
        cap = buf->limit + 1;
    buf->data = lima_mem_resize(buf->data, cap, 1);
    buf->cap = cap;
}

char *lima_buf_reserve(lima_buf *buf, size_t len)
{
    bool room = buf->limit >= buf->len && len <= buf->limit - buf->len && len < SIZE_MAX - buf->len;
    if (buf->full || !room) {
        buf->full = true;
        return NULL;
    }
    grow(buf, len);
    buf->data[buf->len] = '\0';
    return buf->data + buf->len;
}

bool lima_buf_add(lima_buf *buf, const void *bytes, size_t len)
{
    char *room = lima_buf_reserve(buf, len);
    if (!room)
        return false;
    if (len)
        memcpy(room, bytes, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
    return true;
}

void lima_buf_add_some(lima_buf *buf, const void *bytes, size_t len)
{
    size_t room = buf->limit - buf->len;

    if (lima_buf_add(buf, bytes, len < room ? len : room) && len > room)
        buf->full = true;
}

bool lima_buf_add_str(lima_buf *buf, const char *text)
{
    return lima_buf_add(buf, text, strlen(text));
}

bool lima_buf_addf(lima_buf *buf, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = lima_mem_vprintf(fmt, args);
    va_end(args);
    bool ok = lima_buf_add_str(buf, text);
    free(text);
    return ok;
}

void lima_buf_consume(lima_buf *buf, size_t len)
{
    assert(len <= buf->len);
    if (!len)
        return;
    memmove(buf->data, buf->data + len, buf->len - len);
    buf->len -= len;
    buf->data[buf->len] = '\0';
}

void lima_buf_clear(lima_buf *buf)
{
    buf->len = 0;
    buf->full = false;
    if (buf->data)
        buf->data[0] = '\0';
}

void lima_buf_free(lima_buf *buf)
{
    free(buf->data);
    *buf = LIMA_BUF(buf->limit);
}

const char *lima_buf_str(const lima_buf *buf)
{
    return buf->data ? buf->data : "";
}

char *lima_buf_take(lima_buf *buf)
{
    char *text = buf->data ? buf->data : lima_mem_strdup("");
    *buf = (lima_buf){.limit = buf->limit, .full = buf->full};
    return text;
}
