/* Bytes on the socket, HTTP/2 or not: the server takes them, says what it has to say, and is done with the
 * connection in time. */
#include <stdint.h>
#include <stdlib.h>

#include "base/log.h"
#include "rpc/reflection.h"
#include "rpc/server.h"
#include "scripted.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DONE_MS = 20000 };

static lima_server *serve(void)
{
    static const lima_service *const services[] = {&lima_reflection_service, NULL};
    static lima_server *server;
    lima_err err = {0};
    if (server)
        return server;
    lima_log_set_level(LIMA_LOG_ERROR);
    scripted_reset();
    lima_server_config config = {.contract = LIMA_CONTRACT_ANY, .services = services};
    config.controls = lima_controls_new(&scripted_bare_driver, "fuzz", "1", "/nonexistent");
    if (!lima_server_new(&config, &server, &err))
        abort();
    return server;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char bytes[4096];
    size_t len = 1;
    lima_err err = {0};
    lima_stream *ours = NULL, *theirs = NULL;
    lima_deadline until = lima_clock_in(DONE_MS);
    if (!lima_stream_pair(&ours, &theirs, &err))
        abort();
    lima_server_add(serve(), theirs);
    lima_stream_write(ours, data, size, until, NULL, NULL);
    lima_stream_end_write(ours);
    while (len && lima_stream_read(ours, bytes, sizeof bytes, until, NULL, &len, &err))
        ;
    if (len && err.code != LIMA_CODE_UNAVAILABLE)
        abort(); /* the connection hangs */
    lima_stream_close(ours);
    return 0;
}
