/* Where UEFI firmware may lie, and which file to take (facts: lima-driver-contract 6.1.4). */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/strv.h"
#include "driver/instance.h"

/* The copy in the instance folder that wins over all others, also where a downloaded one belongs. */
#define QEMU_FIRMWARE_FILE "qemu-efi-code.fd"

/* Whether this guest gets firmware at all: not with firmware.legacyBIOS on x86_64. On aarch64 that key means
 * nothing: *ret_ignored is then set (may be NULL), and the caller warns. */
bool lima_qemu_firmware_wanted(const lima_instance *inst, bool *ret_ignored);

/* The files to look at, best first: INSTDIR's copy, local files of firmware.images, the user's, those beside
 * the program, the distribution's. `program` is QEMU's real absolute path ("" unknown), `home` the user's
 * home folder ("" unknown). */
void lima_qemu_firmware_candidates(const lima_instance *inst, const char *program, const char *home,
                                   lima_strv *ret);

/* The URL (and digest, "" when none) of the first firmware.images entry for this guest that is not a local
 * file, borrowed from the instance; NULL when there is none. To be fetched to INSTDIR/qemu-efi-code.fd when
 * that does not exist. */
const char *lima_qemu_firmware_url(const lima_instance *inst, const char **ret_digest);

/* Looks through the candidates with `exists`. *ret (owned) is NULL when the guest wants no firmware, or when
 * none was found and a kernel is given, which boots without. NOT_FOUND with the places looked at and what to
 * do. */
bool lima_qemu_firmware_choose(const lima_instance *inst, const lima_strv *candidates, bool has_kernel,
                               bool (*exists)(void *arg, const char *path), void *arg, char **ret,
                               lima_err *err);
