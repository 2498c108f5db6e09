/* Calls to the double's back end from a native program, as its DLLs make them (../hcssim/wire.py): what
 * hcs.c, hcn.c and virtdisk.c are written with. The connection is made by the first call, one per kind, and
 * stays. Thread-safe. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "os/clock.h"
#include "os/thread.h"

typedef enum call_kind { CALL_HCS = 0, CALL_HCN, CALL_VIRTDISK, CALL_KINDS } call_kind;

typedef struct call call;

/* What happens when a call ends after its caller has stopped waiting; on a thread of the connection, without
 * locks. */
typedef void call_late(void *context, uint32_t number);

call *call_new(call_kind kind, const char *name);
void call_text(call *one, const char *name, const char *value); /* NULL is left out */
void call_number(call *one, const char *name, uint64_t value);
/* Before it is run: `late` may be told how it ended. */
void call_set_late(call *one, call_late *late, void *context);
/* Sends it and waits, for its return, or (tracked) for the end of its operation. True: it has ended:
 * call_code and call_field tell how; free it. False: DEADLINE_EXCEEDED or CANCELLED; it goes on, and is no
 * longer the caller's. */
bool call_run(call *one, bool tracked, lima_deadline deadline, lima_wake *wake, lima_err *err);
/* Sends it and lets it go. */
void call_send(call *one);

uint32_t call_code(const call *one);
const char *call_field(const call *one, const char *name); /* NULL: no such field. Borrowed */
uint64_t call_field_number(const call *one, const char *name);
void call_free(call *one); /* NULL does nothing */

/* Events of compute systems, and (handle 0) the end of the back end; on a thread of the connection. */
typedef void call_event(uint64_t handle, uint32_t type, const char *data);
void call_on_event(call_event *event);
