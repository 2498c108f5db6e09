/* The document from which HCS makes a VM (facts: hyperv-hcs 3), from a plain struct: what to boot, processors
 * and memory, disks, network adapters, sockets, console, shares.
 *
 * Nothing here looks at files or at Windows; what Windows can do comes as hyperv_host. A wish that this
 * Windows cannot grant is refused if the VM would be another one without it (its kernel, its TPM), and left
 * out, with a sentence for the log, if it only works less well. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "data/json.h"
#include "hyperv/schema.h"

/* Who made a compute system: ours are found by it again. */
#define HYPERV_OWNER "lima-hyperv"
/* Names of the SCSI controllers. A guest tells its disks apart by their LUN on the first one. */
#define HYPERV_DISKS "disks"
#define HYPERV_CDS "cds"

enum {
    HYPERV_EXTRA_DISKS_MAX = 24, /* additionalDisks: vdb to vdy in Lima's words, LUN 1 to 24 here */
    HYPERV_NICS_MAX = 8,
    HYPERV_PORTS_MAX = 64,
    HYPERV_SHARES_MAX = 256,
    HYPERV_DOCUMENT_MAX = 1024 * 1024, /* bytes of one that is read back */
};

typedef enum hyperv_boot {
    HYPERV_BOOT_DISK = 0, /* UEFI, from the main disk */
    HYPERV_BOOT_ISO,      /* UEFI, from `iso`; a disk may be there as well */
    HYPERV_BOOT_KERNEL,   /* a Linux kernel without firmware; x86-64 only */
} hyperv_boot;

typedef enum hyperv_secure_boot {
    HYPERV_SECURE_BOOT_OFF = 0,
    HYPERV_SECURE_BOOT_LINUX,   /* Microsoft's UEFI certificate authority: shim */
    HYPERV_SECURE_BOOT_WINDOWS, /* loaders of Windows only */
} hyperv_secure_boot;

typedef struct hyperv_nic {
    const char *endpoint; /* GUID of the HCN endpoint */
    const char *mac;      /* of the endpoint; with ':' or '-' */
} hyperv_nic;

typedef struct hyperv_share {
    const char *name; /* the guest asks for it */
    const char *path; /* folder of the host */
    uint32_t port;    /* vsock port on which Windows serves it */
    bool read_only;
} hyperv_share;

/* Strings and arrays are borrowed; NULL: absent. Paths are absolute Windows paths. {0} is a VM without
 * anything, which is refused. */
typedef struct hyperv_vm {
    hyperv_boot boot;
    hyperv_secure_boot secure_boot;      /* not with a kernel */
    const char *kernel, *initrd;         /* BOOT_KERNEL */
    const char *cmdline;                 /* BOOT_KERNEL; NULL: "" */
    uint32_t cpus;                       /* at least 1 */
    uint64_t memory_mib;                 /* rounded down to an even number; at least 2 */
    bool overcommit;                     /* from the page file, too, and charged when touched */
    bool nested;                         /* the guest may run VMs */
    bool tpm;                            /* needs guest_state */
    bool stop_on_reset;                  /* a reboot of the guest ends the VM */
    bool survives;                       /* the end of the process that made it */
    const char *guest_state, *run_state; /* .vmgs and .vmrs */
    const char *disk;                    /* main disk */
    const char *const *extra_disks;      /* in the order of the configuration */
    size_t extra_disk_count;
    const char *iso, *cidata; /* CDs */
    const char *console_pipe; /* \\.\pipe\NAME: what the guest and its firmware write to COM1 */
    const hyperv_nic *nics;
    size_t nic_count;
    const char *owner_sid; /* "S-1-5-21-…": who may use the VM's sockets, besides SYSTEM */
    const uint32_t *ports; /* vsock ports of the host's side */
    size_t port_count;
    bool plan9; /* shares of Windows' own server, now or later; such a VM cannot be saved */
    const hyperv_share *shares;
    size_t share_count;
    const char *process_suffix; /* its name in the task manager: vmmemSUFFIX */
    const char *restore;        /* a saved state to go on from */
} hyperv_vm;

/* What this Windows can do. */
typedef struct hyperv_host {
    uint32_t schemas; /* lima_hyperv_schema_parse */
    hyperv_nesting nesting;
    bool tpm; /* virtual TPMs: Windows 11 24H2 with the Hyper-V feature */
} hyperv_host;

/* *ret: one line of JSON, owned. `ret_left_out` gets a sentence for each wish that was left out. Failures
 * name the wish: INVALID_ARGUMENT, UNIMPLEMENTED (this Windows cannot), FAILED_PRECONDITION (it is turned
 * off). */
bool lima_hyperv_document(const hyperv_vm *vm, const hyperv_host *host, char **ret, lima_strv *ret_left_out,
                          lima_err *err);

/* Whether a VM made from this document takes part in a graceful shutdown by Windows; otherwise it has to be
 * asked by SSH. */
bool lima_hyperv_document_has_shutdown(const char *document, size_t len);
/* A clause on why a VM of this document cannot be saved with its memory; NULL: it can. */
const char *lima_hyperv_document_why_not_saved(const char *document, size_t len);
/* Whether two VMs have the same network adapters, which is what one may go on with from the memory of the other:
 * an adapter stands for an endpoint of this computer, which is there or is not. */
bool lima_hyperv_document_same_adapters(const lima_buf *one, const lima_buf *other);
/* The document of a VM that was saved, to go on from `state`. Refuses what this driver has not made:
 * DATA_LOSS. *ret is owned. */
bool lima_hyperv_document_restore(const char *document, size_t len, const char *state, char **ret,
                                  lima_err *err);

/* "00000016-facb-11e6-bd58-64006a7986d3" for port 22. */
enum { HYPERV_SERVICE_SIZE = 37 };
void lima_hyperv_service(uint32_t port, char ret[HYPERV_SERVICE_SIZE]);
/* As HCS and HCN want it, "52-55-55-0A-0B-0C", from either form. */
enum { HYPERV_MAC_SIZE = 18 };
bool lima_hyperv_mac(const char *mac, char ret[HYPERV_MAC_SIZE]);
