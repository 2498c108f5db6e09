#include "wsl2/reader.h"

#include <stdlib.h>

#include "base/mem.h"
#include "os/thread.h"

enum { CHUNK_BYTES = 64 * 1024 };

struct wsl2_reader {
    lima_stream *from;
    wsl2_got *got;
    void *arg;
    lima_thread *thread;
    lima_wake *stop, *done;
};

static void run(void *arg)
{
    wsl2_reader *reader = arg;
    char *chunk = lima_mem_zalloc(CHUNK_BYTES, 1);
    size_t len = 0;

    while (lima_stream_read(reader->from, chunk, CHUNK_BYTES, LIMA_DEADLINE_NEVER, reader->stop, &len, NULL)
           && len)
        reader->got(reader->arg, chunk, len);
    free(chunk);
    reader->got(reader->arg, NULL, 0);
    lima_wake_raise(reader->done);
}

static void release(wsl2_reader *reader)
{
    lima_wake_free(reader->stop);
    lima_wake_free(reader->done);
    free(reader);
}

bool lima_wsl2_reader_start(lima_stream *from, wsl2_got *got, void *arg, wsl2_reader **ret, lima_err *err)
{
    wsl2_reader *reader = lima_mem_zalloc(1, sizeof *reader);

    *reader =
        (wsl2_reader){.from = from, .got = got, .arg = arg, .stop = lima_wake_new(), .done = lima_wake_new()};
    if (!lima_thread_start("wsl2-reader", run, reader, &reader->thread, err)) {
        release(reader);
        return false;
    }
    *ret = reader;
    return true;
}

void lima_wsl2_reader_end(wsl2_reader *reader, lima_deadline until)
{
    if (!reader)
        return;
    lima_wake_wait(reader->done, until);
    lima_wake_raise(reader->stop);
    lima_thread_join(reader->thread);
    release(reader);
}

/* ---- lines ---- */

static void give_line(wsl2_lines *lines)
{
    if (lines->len && lines->part[lines->len - 1] == '\r')
        lines->len--;
    lines->line(lines->arg, lines->part, lines->len);
    lines->len = 0;
}

static void end_lines(wsl2_lines *lines)
{
    if (lines->len)
        give_line(lines);
    free(lines->part);
    lines->part = NULL;
    if (lines->ended)
        lines->ended(lines->arg);
}

static void add_byte(wsl2_lines *lines, char byte)
{
    if (byte == '\n') {
        give_line(lines);
        return;
    }
    lines->part[lines->len++] = byte;
    if (lines->len == WSL2_LINE_MAX)
        give_line(lines);
}

void lima_wsl2_lines_got(void *arg, const char *bytes, size_t len)
{
    wsl2_lines *lines = arg;

    if (!lines->part)
        lines->part = lima_mem_zalloc(WSL2_LINE_MAX, 1);
    for (size_t i = 0; i < len; i++)
        add_byte(lines, bytes[i]);
    if (len == 0)
        end_lines(lines);
}
