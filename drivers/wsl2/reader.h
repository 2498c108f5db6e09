/* A thread that reads one stream to its end. A wsl.exe child has two outputs, and a wait of core/os is for
 * one stream: so each gets its reader. */
#pragma once

#include "base/err.h"
#include "os/clock.h"
#include "os/stream.h"

/* Gets what was read, in the reader's thread; at most 64 KiB at once. len 0: that was the last call. */
typedef void wsl2_got(void *arg, const char *bytes, size_t len);

typedef struct wsl2_reader wsl2_reader;

/* `from` and `arg` must live until lima_wsl2_reader_end. */
bool lima_wsl2_reader_start(lima_stream *from, wsl2_got *got, void *arg, wsl2_reader **ret, lima_err *err);
/* Waits for the stream's end, but not beyond `until`: a grandchild may hold the other end open for ever.
 * NULL does nothing. */
void lima_wsl2_reader_end(wsl2_reader *reader, lima_deadline until);

enum { WSL2_LINE_MAX = 8192 }; /* a longer line is cut into several */

/* Makes lines of what is read: give lima_wsl2_lines_got as `got` and this as its `arg`. {0} but for the
 * first three. */
typedef struct wsl2_lines {
    void (*line)(void *arg, const char *line, size_t len); /* without its end; the last one may lack an end */
    void (*ended)(void *arg);                              /* no more lines; may be NULL */
    void *arg;
    char *part; /* owned: of the line that has not ended yet */
    size_t len;
} wsl2_lines;
void lima_wsl2_lines_got(void *lines, const char *bytes, size_t len); /* frees with the last call */
