/* Firmware that the configuration names by URL (firmware.images): fetched once into the instance folder. */
#pragma once

#include "driver/instance.h"
#include "os/thread.h"

enum { QEMU_FIRMWARE_FETCH_MS = 120000, QEMU_FIRMWARE_BYTES_MAX = 128 * 1024 * 1024 };

/* Fetches INSTDIR/qemu-efi-code.fd with the host's `curl` when firmware.images names a URL and the file is
 * not there, and checks its digest. A failure is logged, and the other places of firmware.h are tried, as
 * Lima does. */
void lima_qemu_firmware_fetch(const lima_instance *inst, lima_wake *wake);
