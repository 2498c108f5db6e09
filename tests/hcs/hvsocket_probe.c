/* hcs_hvsocket_probe connect|listen VM PORT: one stream by win/hvsocket.h; says a line, hears one, prints
 * it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "os/clock.h"
#include "win/hvsocket.h"

enum { PATIENCE = 60000 };

static int failed(const lima_err *err)
{
    printf("code %d, number %d\n", (int)err->code, err->os_code);
    return 1;
}

static bool open_stream(char **words, lima_hvsocket_listener **listener, lima_stream **stream, lima_err *err)
{
    uint32_t port = (uint32_t)strtoul(words[3], NULL, 10);
    if (strcmp(words[1], "connect") == 0)
        return lima_hvsocket_connect(words[2], port, lima_clock_in(PATIENCE), NULL, stream, err);
    if (!lima_hvsocket_listen(words[2], port, listener, err))
        return false;
    printf("listening\n");
    fflush(stdout);
    return lima_hvsocket_accept(*listener, lima_clock_in(PATIENCE), NULL, stream, err);
}

int main(int count, char **words)
{
    char line[64] = "";
    size_t got = 0;
    lima_err err = {0};
    lima_hvsocket_listener *listener = NULL;
    lima_stream *stream = NULL;
    if (count != 4)
        return 2;
    bool ok = open_stream(words, &listener, &stream, &err)
              && lima_stream_write(stream, "from the host\n", 14, lima_clock_in(PATIENCE), NULL, &err)
              && lima_stream_read(stream, line, sizeof line - 1, lima_clock_in(PATIENCE), NULL, &got, &err);
    lima_stream_close(stream);
    lima_hvsocket_close(listener);
    if (!ok)
        return failed(&err);
    printf("heard: %s", line);
    return 0;
}
