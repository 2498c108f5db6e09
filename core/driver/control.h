/* One instance under control of one driver table: the order of its callbacks, and the life of its VM. Knows
 * no gRPC.
 *
 * State-changing calls run one after the other, in the order they came; one whose client has gone leaves the
 * queue. Start's call lives as long as the VM: it is the session. What is true of the VM is asked from the
 * driver each time, never remembered, but for one fact: whether this process has a session.
 *
 * A call belongs to the thread that runs it; lima_call_cancel and the lima_control_… functions that take a
 * control are for any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "driver/driver.h"
#include "driver/instance.h"

enum {
    /* State-changing calls waiting on one instance; one more is RESOURCE_EXHAUSTED. */
    LIMA_CONTROL_QUEUE_MAX = 32,
    /* Stop: the guest's time to shut down. limactl waits 190 s for all of it. */
    LIMA_CONTROL_STOP_GRACE_MS = 120000,
    /* The same when a VM's Start client has gone, and for a VM found running at Start. */
    LIMA_CONTROL_ORPHAN_GRACE_MS = 60000,
    /* The same when the process is about to end: what is left of its last seconds forces the VM off. */
    LIMA_CONTROL_HURRY_GRACE_MS = 3000,
    /* Start: time for another driver process of this instance to let go of its VM. */
    LIMA_CONTROL_LOCK_MS = 10000,
    LIMA_CONTROL_TAG_MAX = 128, /* bytes of a snapshot tag */
};

typedef struct lima_control lima_control;

/* `driver` and `name` (the driver's file name part: "qemu") must outlive it. The instance is taken over. */
lima_control *lima_control_new(const lima_driver *driver, const char *name, lima_instance *inst);
void lima_control_ref(lima_control *control);
void lima_control_unref(lima_control *control); /* the last one frees; NULL does nothing */
/* For calls from now on. Takes it over. */
void lima_control_set_instance(lima_control *control, lima_instance *inst);
lima_instance *lima_control_instance(lima_control *control); /* an owned copy */
/* This process has started its VM, and the VM has not been seen to end. */
bool lima_control_has_session(lima_control *control);
/* The process is about to end. Calls of clients may still finish, but a VM whose Start client has gone or
 * goes now is forced off after LIMA_CONTROL_HURRY_GRACE_MS: nobody would see to it afterwards. */
void lima_control_hurry(lima_control *control);
/* The process ends: raises the wake of every call, now and later ones. Sessions end, their VMs are left as
 * they are, but with `stop_vms` they are forced off (the instance folder is gone: nobody could ever reach
 * them again). */
void lima_control_end(lima_control *control, bool stop_vms);

/* ---- calls ---- */
lima_call *lima_call_new(lima_control *control, lima_generation generation);
void lima_call_cancel(lima_call *call); /* the client has cancelled or gone */
void lima_call_free(lima_call *call);

/* One message of Start's stream. Called in the thread of lima_control_start. */
typedef void lima_start_send(void *arg, bool success, const char *error);

/* Starts the VM and returns when it has ended, or cannot be started, or this process ends. Says what happened
 * by messages as the client's generation reads them, at least one; false when the VM never ran. A VM that
 * runs without a session (left by a driver that has died) is shut down first. When the client has gone the VM
 * is asked to shut down and forced off after LIMA_CONTROL_ORPHAN_GRACE_MS. FAILED_PRECONDITION: it runs
 * already, here or under another driver process. */
bool lima_control_start(lima_call *call, lima_start_send *send, void *arg, lima_err *err);
/* Cancels a start that is under way, then stops. CANCELLED also when a Delete comes. */
bool lima_control_stop(lima_call *call, lima_err *err);
/* A VM that still runs is forced off first, as limactl's own delete does: a start, or a graceful shutdown
 * that is under way, is not waited for. Other calls are, which have their own limits; the log says so. */
bool lima_control_remove(lima_call *call, lima_err *err);

bool lima_control_validate(lima_call *call, lima_err *err);
bool lima_control_create(lima_call *call, lima_err *err);
bool lima_control_create_disk(lima_call *call, lima_err *err);
bool lima_control_setup_ssh(lima_call *call, lima_err *err);
bool lima_control_ssh_address(lima_call *call, char **ret, lima_err *err);
bool lima_control_agent_connect(lima_call *call, lima_err *err); /* succeeds without the group */
/* UNIMPLEMENTED without the group, as below. */
bool lima_control_change_password(lima_call *call, const char *password, lima_err *err);
bool lima_control_display_connection(lima_call *call, char **ret, lima_err *err);
bool lima_control_snapshot_create(lima_call *call, const char *tag, lima_err *err);
bool lima_control_snapshot_apply(lima_call *call, const char *tag, lima_err *err);
bool lima_control_snapshot_remove(lima_call *call, const char *tag, lima_err *err);
bool lima_control_snapshot_list(lima_call *call, lima_snapshot_list *ret, lima_err *err);
/* Keys as the client's generation wants them, pairwise with the texts; none for Windows guests. */
void lima_control_boot_scripts(lima_call *call, lima_strv *ret_keys, lima_strv *ret_texts);
