/* The place of a server in its instance folder: who of several may serve there, and whether everything of it
 * is still in place.
 *
 *   NAME.drv.lock   held while we serve; ours
 *   NAME.drv.sock   where limactl looks for us; the listener's
 *   NAME.drv.pid    limactl writes it, and may remove it */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "base/err.h"
#include "os/clock.h"
#include "os/file.h"

enum {
    LIMA_PLACE_WAIT_MS = 9000, /* for a server that is about to leave; limactl gives a new one 10 s */
    /* A superfluous server stays so long, for limactl to find the other one before it sees this one end. */
    LIMA_PLACE_LINGER_MS = 1000,
};

typedef struct lima_place {
    char *dir, *lock_path, *socket_path, *pid_path; /* owned */
    _Atomic(lima_file_lock *) lock;
    uint32_t pid; /* ours */
    bool pid_seen;
} lima_place;

/* Makes this process the only server. True with *ret_other: another one is accepting already, and there is no
 * place for us. UNAVAILABLE: another one holds the place but does not accept. */
bool lima_place_take(const char *dir, const char *name, lima_place *ret, bool *ret_other, lima_err *err);
bool lima_place_folder_gone(const lima_place *place);
/* Remembers that it has seen our pid in the file; from then on: whether it is missing or holds another
 * one. */
bool lima_place_pid_lost(lima_place *place);
/* Removes the lock file and has nothing of the folder open any more; the rest of `place` stays. From any
 * thread, again and again. */
void lima_place_unlock(lima_place *place);
void lima_place_leave(lima_place *place); /* unlocks as well; {0} is fine */
