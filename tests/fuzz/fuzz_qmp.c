/* What a program at the other end of QEMU's control socket can say: the client gets the bytes as they are,
 * split where the socket splits them. Whatever they are, each call ends, and ends before its deadline,
 * because the peer has hung up. */
#include <stddef.h>
#include <stdint.h>

#include "data/json.h"
#include "os/clock.h"
#include "os/stream.h"
#include "qemu/qmp.h"
#include "qemu/snapshot.h"

enum {
    SCRIPT_MAX = 64 * 1024,
    CALL_MS = 5000
}; /* the script must fit into the socket's buffer: nobody reads meanwhile */

static lima_stream *say(const uint8_t *data, size_t size, lima_stream **ret_peer)
{
    lima_stream *ours = NULL;

    if (!lima_stream_pair(&ours, ret_peer, NULL))
        return NULL;
    if (lima_stream_write(*ret_peer, data, size, lima_clock_in(CALL_MS), NULL, NULL))
        lima_stream_end_write(*ret_peer);
    return ours;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lima_stream *peer = NULL;
    qemu_qmp *qmp = NULL;
    lima_json *answer = NULL;
    lima_snapshot_list list = {0};
    lima_stream *ours = size <= SCRIPT_MAX ? say(data, size, &peer) : NULL;

    if (!ours)
        return 0;
    if (lima_qemu_qmp_adopt(ours, "fuzz", lima_clock_in(CALL_MS), NULL, &qmp, NULL)) {
        lima_qemu_qmp_call(qmp, "query-name", NULL, lima_clock_in(CALL_MS), NULL, &answer, NULL);
        lima_qemu_live_list(qmp, &list, NULL);
    }
    lima_snapshot_list_free(&list);
    lima_json_free(answer);
    lima_qemu_qmp_close(qmp);
    lima_stream_close(peer);
    return 0;
}
