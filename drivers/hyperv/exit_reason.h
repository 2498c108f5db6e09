/* Why a VM ended, from the documents of HCS events to one sentence (facts: hyperv-hcs 2.3). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HYPERV_EXIT_TEXT_MAX = 512 };

typedef enum hyperv_exit_kind {
    HYPERV_EXIT_UNKNOWN = 0,
    HYPERV_EXIT_SHUT_DOWN,    /* the guest, by itself or when asked */
    HYPERV_EXIT_REBOOT,       /* the guest wanted to; the document ends the VM then */
    HYPERV_EXIT_TERMINATED,   /* somebody forced it off */
    HYPERV_EXIT_GUEST_CRASH,  /* panic, triple fault */
    HYPERV_EXIT_START_FAILED, /* it never ran */
    HYPERV_EXIT_RESTORE_FAILED,
    HYPERV_EXIT_SERVICE, /* the Host Compute Service, or the VM's process, failed */
} hyperv_exit_kind;

typedef struct hyperv_exit {
    hyperv_exit_kind kind;
    uint32_t status;                 /* HRESULT; 0: none */
    char text[HYPERV_EXIT_TEXT_MAX]; /* a clause: "the guest's kernel crashed: Kernel panic - …" */
} hyperv_exit;

/* In order, as the instance's own wish: not to be reported as a failure. */
bool lima_hyperv_exit_is_orderly(hyperv_exit_kind kind);
/* `exited`: data of SystemExited; `crashed`: data of the last SystemCrashReport; NULL: none came. Documents
 * that cannot be read are as good as none. */
void lima_hyperv_exit_read(const char *exited, const char *crashed, hyperv_exit *ret);
