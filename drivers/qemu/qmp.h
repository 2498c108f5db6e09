/* A client of QMP, the JSON line protocol by which QEMU is controlled (source: QEMU's documents qmp-spec
 * and qemu-qmp-ref).
 *
 * QEMU serves one client at a time: a second one is connected but not greeted. Users inside this driver
 * therefore take turns (vm.h: lima_qemu_vm_qmp); against users outside there are deadlines. One thread at a
 * time per client. After a failure other than an answer of QEMU's the connection is out of step and every
 * later call fails: close it. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "data/json.h"
#include "os/clock.h"
#include "os/stream.h"
#include "os/thread.h"

enum {
    QEMU_QMP_LINE_MAX = 4 * 1024 * 1024, /* bytes of one message; longer: DATA_LOSS */
    QEMU_QMP_CALL_MS = 10000,            /* enough for any command that answers at once, on a loaded host */
};

typedef struct qemu_qmp qemu_qmp;

/* Connects, reads the greeting, enters command mode. NOT_FOUND or UNAVAILABLE: nobody listens there.
 * DEADLINE_EXCEEDED: QEMU is busy with another client, or hangs. DATA_LOSS: what answers there does not
 * speak QMP. */
bool lima_qemu_qmp_open(const char *path, lima_deadline deadline, lima_wake *wake, qemu_qmp **ret,
                        lima_err *err);
/* The same over a connected stream, which belongs to the client from then on, also on failure. */
bool lima_qemu_qmp_adopt(lima_stream *stream, const char *name, lima_deadline deadline, lima_wake *wake,
                         qemu_qmp **ret, lima_err *err);
void lima_qemu_qmp_close(qemu_qmp *qmp); /* NULL does nothing */

/* Runs one command. `arguments` may be NULL. `ret_answer` (owned, may be NULL) is the value of "return".
 * When QEMU refuses, the error has QEMU's own text: UNIMPLEMENTED for a command it does not know, NOT_FOUND
 * for a device, else UNKNOWN. UNAVAILABLE: QEMU has gone. Events that come meanwhile are dropped. */
bool lima_qemu_qmp_call(qemu_qmp *qmp, const char *command, const lima_json *arguments,
                        lima_deadline deadline, lima_wake *wake, lima_json **ret_answer, lima_err *err);
