/* The driver table: all that someone writes to make a Lima VM driver.
 *
 * Fill one `static const lima_driver`, call lima_driver_main from main, name the program lima-driver-NAME.
 * The library does the rest: the gRPC service, both process contracts of limactl 2.x, status inspection, the
 * Start stream, ordering, life cycle (facts: lima-driver-contract 2, 3). drivers/example is a complete
 * driver.
 *
 * Calls. State-changing callbacks (create … remove, snapshots) of one instance never run at the same time as
 * each other. `wait` runs beside all of them; configure, validate, info, inspect, ssh_address, display and
 * guest agent callbacks may run at any time, in any thread. A callback that may take long passes
 * lima_call_wake(call) to its waits, or looks at lima_call_cancelled, and returns CANCELLED when the client
 * has gone. Failures: fill err with object, cause, next step; limactl prints the text to the user. A NULL
 * callback succeeds and does nothing unless noted. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"
#include "driver/instance.h"
#include "os/thread.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which limactl calls. Unknown newer ones count as the newest. */
typedef enum lima_generation {
    LIMA_GENERATION_2_0_0 = 0, /* 2.0.0 to 2.0.2: a Start message with success means "ended" */
    LIMA_GENERATION_2_0_3,     /* opening message on Start, as all later ones */
    LIMA_GENERATION_2_1,       /* boot script keys "boot.Linux/NAME", mount tags by SHA-256 */
    LIMA_GENERATION_2_2,       /* --inst-dir, Configure answers the configuration */
} lima_generation;

/* One running call. Valid until the callback returns. */
typedef struct lima_call lima_call;
const lima_instance *lima_call_instance(const lima_call *call); /* as last configured */
lima_generation lima_call_generation(const lima_call *call);
/* lima_driver.state_size zeroed bytes, one block per instance for the life of this process; {0} after a
 * restart of the driver: whatever must outlive it is asked from the VM, or read from the instance folder.
 * Callbacks that run at the same time share it. */
void *lima_call_state(const lima_call *call);
/* Raised when the client cancelled or has gone, or the driver is told to end. */
lima_wake *lima_call_wake(const lima_call *call);
bool lima_call_cancelled(const lima_call *call);

typedef struct lima_driver_info {
    uint32_t vsock_port;     /* the guest agent listens on this vsock port; 0: no */
    const char *virtio_port; /* … or on /dev/virtio-ports/THIS; NULL: no */
    bool dynamic_ssh_address, static_ssh_port, skip_socket_forwarding, no_cloud_init, rosetta_enabled,
        rosetta_binfmt;
    /* NULL-terminated; others are converted to raw by limactl 2.2+. NULL: all are taken. */
    const char *const *image_formats;
} lima_driver_info;

typedef enum lima_vm_state {
    LIMA_VM_STOPPED = 0,
    LIMA_VM_RUNNING,
    LIMA_VM_BROKEN,        /* cannot be told or is in between; `text` says why */
    LIMA_VM_UNINITIALIZED, /* known to exist for limactl only */
} lima_vm_state;

typedef struct lima_vm_status {
    lima_vm_state state;
    uint32_t pid;         /* the VM's process, for `limactl stop -f`; 0: none or not ours */
    uint16_t ssh_port;    /* 0: as configured */
    char ssh_address[64]; /* "": as configured */
    char text[256];       /* why, for BROKEN */
} lima_vm_status;

typedef struct lima_boot_script {
    const char *name; /* at most 30 bytes, e.g. "05-mounts.sh"; not one of Lima's own names */
    const char *text; /* begins with #!, runs as root in the guest */
    /* In the place of `text`, where it is another one for each instance. Owned; NULL: this instance needs none. */
    char *(*make)(const lima_instance *inst);
} lima_boot_script;

typedef struct lima_snapshot {
    char *id; /* owned, as `tag`; "" when there is none */
    char *tag;
    uint64_t vm_size;     /* bytes of machine state; 0 for a disk-only snapshot */
    int64_t created;      /* seconds since 1970-01-01 UTC; 0 unknown */
    uint64_t vm_clock_ms; /* guest's running time at the snapshot */
    /* Of drivers whose snapshots form a tree; NULL for others. */
    char *parent;       /* owned; the tag it stands on; "" for the first ones */
    char *kind;         /* owned; a word: "disk", "live" */
    uint64_t disk_size; /* bytes */
} lima_snapshot;

typedef struct lima_snapshot_list {
    lima_snapshot *items; /* owned */
    size_t len;
} lima_snapshot_list;
void lima_snapshot_list_add(lima_snapshot_list *list, const lima_snapshot *item); /* copies the strings */
void lima_snapshot_list_free(lima_snapshot_list *list);

/* Snapshots, of a running VM with its memory or of a stopped one. Tags were checked before: 1 to 128 bytes of
 * [A-Za-z0-9._-], first one a letter or digit. */
typedef struct lima_driver_snapshots {
    /* ALREADY_EXISTS when the tag is taken. */
    bool (*create)(lima_call *call, const char *tag, lima_err *err);
    /* NOT_FOUND for an unknown tag, also below. */
    bool (*apply)(lima_call *call, const char *tag, lima_err *err);
    bool (*remove)(lima_call *call, const char *tag, lima_err *err);
    bool (*list)(lima_call *call, lima_snapshot_list *ret, lima_err *err);
} lima_driver_snapshots;

/* A VNC display. */
typedef struct lima_driver_display {
    bool (*change_password)(lima_call *call, const char *password, lima_err *err);
    bool (*connection)(lima_call *call, char **ret_port, lima_err *err); /* owned: TCP port as text */
} lima_driver_display;

/* A way to the guest agent that does not go through SSH. Absent: limactl forwards its socket over SSH. */
typedef struct lima_driver_guest_agent {
    bool (*connect)(lima_call *call, lima_err *err); /* afterwards INSTDIR/ga.sock accepts connections */
} lima_driver_guest_agent;

/* What an administrator has to give once before a user's first VM: `limadrv prep`. Without an instance and
 * without a server; one call in a process. `into` is an object, for people and scripts. */
typedef struct lima_driver_preparation {
    /* "ready": this user can run VMs here; "facts": an array of {"name","value"}, whatever there is to know;
     * "next": the one step that helps, "" when ready. Changes nothing, and works for everybody. */
    bool (*look)(lima_json *into, lima_err *err);
    /* For `user` (NULL: who runs this): "done", an array of sentences, empty when there was nothing to do.
     * PERMISSION_DENIED. */
    bool (*prepare)(const char *user, lima_json *into, lima_err *err);
    /* Takes back what `prepare` has done, for all users, and nothing else. "done" as above; fine a second
     * time. */
    bool (*undo)(lima_json *into, lima_err *err);
} lima_driver_preparation;

typedef struct lima_driver {
    const char *name;    /* the vmType this driver fills in where none is set, e.g. "qemu"; must be set */
    const char *summary; /* one line for --help; must be set */
    const char *version; /* for --version; NULL: the library's */
    size_t state_size;   /* bytes of lima_call_state */
    void (*state_free)(void *state); /* what the block owns, at the end of the process; a running VM stays */

    /* ---- without a VM; may run at any time ---- */
    /* *ret is zeroed before; asked at the start (NULL) and with each Configure. */
    void (*info)(const lima_instance *inst_or_null, lima_driver_info *ret);
    /* Fills defaults into inst->doc; vmType and mountType ("reverse-sshfs") are filled by the library if
     * still missing. */
    bool (*configure)(lima_instance *inst, lima_err *err);
    bool (*validate)(const lima_instance *inst, lima_err *err);
    /* From the hypervisor, now, within 5 s; must be set. */
    bool (*inspect)(const lima_instance *inst, lima_vm_status *ret, lima_err *err);

    /* ---- the life of a VM, in order ---- */
    bool (*create)(lima_call *call, lima_err *err); /* once, and again before every start */
    /* Before every start: does nothing when the disk is there. */
    bool (*create_disk)(lima_call *call, lima_err *err);
    /* Number of scripts at *ret, which stay valid. */
    size_t (*boot_scripts)(const lima_instance *inst, const lima_boot_script **ret);
    /* Returns when the VM runs; must be set. The library has seen to it that none of this instance runs. */
    bool (*start)(lima_call *call, lima_err *err);
    /* Blocks until the VM of `start` is gone: true when it ended in order, false with the reason when it
     * failed, or CANCELLED when lima_call_wake was raised. Must be set. */
    bool (*wait)(lima_call *call, lima_err *err);
    bool (*setup_ssh)(lima_call *call, lima_err *err); /* after start: until the way to SSH exists */
    bool (*ssh_address)(lima_call *call, char **ret, lima_err *err); /* owned; NULL callback: "127.0.0.1" */
    /* Asks the guest to shut down, forces it after grace_ms (0: at once), returns when the VM is gone; fine
     * when none runs. Also for a VM that an earlier process of this driver has started. Must be set. */
    bool (*stop)(lima_call *call, uint32_t grace_ms, lima_err *err);
    /* limactl removes the instance folder after it; nothing else may stay. */
    bool (*remove)(lima_call *call, lima_err *err);

    /* ---- groups; NULL: not supported, and the service says so ---- */
    const lima_driver_snapshots *snapshots;
    const lima_driver_display *display;
    const lima_driver_guest_agent *guest_agent;
    const lima_driver_preparation *preparation;
} lima_driver;

/* The whole program: command line, server, clean end. Returns the exit code. */
int lima_driver_main(int argc, char **argv, const lima_driver *driver);

#ifdef __cplusplus
}
#endif
