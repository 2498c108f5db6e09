/* Everything QEMU's command line needs, resolved: what stands between the instance and the argument list.
 *
 * Flow of a start: features (probes) → choose → firmware → image_info of each disk → inputs →
 * lima_qemu_settings_from_instance → lima_qemu_argv. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"
#include "driver/driver.h"
#include "driver/instance.h"
#include "qemu/choose.h"
#include "qemu/help_text.h"
#include "qemu/mounts.h"
#include "qemu/networks.h"

enum { QEMU_DISKS_MAX = 24, QEMU_SOCKET_PATH_MAX = 107 }; /* 24 additional disks: vdb to vdy */

typedef struct qemu_disk {
    char *path;   /* owned */
    char *format; /* owned; "qcow2", "raw", …, from image_info, never probed by QEMU */
} qemu_disk;

/* What the caller has found out. Strings and lists are borrowed. */
typedef struct qemu_inputs {
    const qemu_host *host;
    const char *machine_id; /* lima_host.machine_id */
    const char *home;       /* for "~" in mounts */
    /* of lima_qemu_program_words; the first replaced by the real path if wanted */
    const lima_strv *program_words;
    const qemu_features *features;
    const qemu_choice *choice;
    const lima_strv *user_v2;       /* of lima_qemu_user_v2_names */
    const char *firmware;           /* of lima_qemu_firmware_choose; NULL: none */
    const char *disk, *disk_format; /* boot disk; NULL: none */
    /* absolute paths of INSTDIR's files; NULL where there is none */
    const char *iso, *kernel, *initrd, *cidata;
    /* content of INSTDIR/kernel.cmdline; white space at its ends is dropped; NULL: none */
    const char *cmdline;
    const qemu_disk *extra_disks; /* additionalDisks in order */
    size_t extra_disk_count;
} qemu_inputs;

typedef struct qemu_settings {
    lima_strv program_words; /* program and extra words of QEMU_SYSTEM_* */
    char *arch;              /* all strings owned; NULL: absent, unless said */
    char *accel, *cpu;
    uint64_t memory_mib;
    uint32_t cpus;
    char *firmware, *kernel, *initrd, *cmdline;
    qemu_disk disk; /* path NULL: none */
    char *iso;
    qemu_disk *extra_disks; /* owned */
    size_t extra_disk_count;
    char *cidata;
    qemu_nics nics;
    const char *reconnect; /* static; option of STREAM interfaces: "" or ",reconnect-ms=500" */
    qemu_mounts mounts;
    char *display;                        /* never NULL: "none", "gtk", "vnc", … */
    char *vnc;                            /* with display "vnc": "127.0.0.1:0,to=9" as QEMU takes it */
    char *audio_device, *audio_interface; /* NULL: no sound */
    char *tpm_socket;                     /* NULL: no TPM */
    /* ga.sock on hosts whose limactl reaches the agent through a virtio port */
    char *agent_socket;
    char *qmp_socket, *pid_file, *name; /* never NULL */
    char *serial_dir;                   /* INSTDIR: serial*.sock and serial*.log */
} qemu_settings;

/* Names of the files in INSTDIR that the VM and its helpers make: to be removed before a start.
 * NULL-terminated, static. */
const char *const *lima_qemu_stale_files(void);

/* INVALID_ARGUMENT naming the key; a socket path longer than QEMU takes; no SSH port. Allocated settings need
 * lima_qemu_settings_free. */
bool lima_qemu_settings_from_instance(const lima_instance *inst, lima_generation generation,
                                      const qemu_inputs *inputs, qemu_settings *ret, lima_err *err);
void lima_qemu_settings_free(qemu_settings *settings);
