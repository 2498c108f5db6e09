/* What a stream says, byte for byte, and that it has ended; for tests that hold one end. */
#ifndef STREAM_CHECK_H
#define STREAM_CHECK_H

#include "lima_test.h"

#include <string.h>

#include "os/clock.h"
#include "os/stream.h"

enum { STREAM_CHECK_MS = 60000 /* far more than needed on a loaded machine */ };

/* Exactly `text` comes next. */
static inline void assert_stream_says(lima_stream *from, const char *text)
{
    char bytes[64] = "";
    size_t len = 0;
    lima_err err = {0};

    assert_true(strlen(text) < sizeof bytes);
    for (size_t done = 0; done < strlen(text); done += len) {
        if (!lima_stream_read(from, bytes + done, strlen(text) - done, lima_clock_in(STREAM_CHECK_MS), NULL,
                              &len, &err))
            fail_msg("'%s' was to come: %s", text, err.text);
        assert_true(len > 0);
    }
    assert_string_equal(bytes, text);
}

/* The peer has ended its side, or has gone. */
static inline void assert_stream_over(lima_stream *from)
{
    char byte;
    size_t len = 0;
    lima_err err = {0};

    if (lima_stream_read(from, &byte, 1, lima_clock_in(STREAM_CHECK_MS), NULL, &len, &err))
        assert_int_equal(len, 0);
    else
        assert_int_equal(err.code, LIMA_CODE_UNAVAILABLE);
}

#endif
