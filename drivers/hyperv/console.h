/* What the guest and its firmware write to COM1, in INSTDIR\serial.log from the first byte on. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "driver/instance.h"

#define HYPERV_CONSOLE_FILE "serial.log"
enum { HYPERV_CONSOLE_BYTES_MAX = 64 * 1024 * 1024 }; /* what comes later is read and dropped */

typedef struct hyperv_console hyperv_console;

/* \\.\pipe\NAME for the VM; owned. */
char *lima_hyperv_console_pipe(const char *vm_id);
/* Before the VM starts, whose worker connects then; the log begins anew. */
bool lima_hyperv_console_open(const lima_instance *inst, const char *pipe, hyperv_console **ret,
                              lima_err *err);
/* What has come so far is in the file. NULL does nothing. */
void lima_hyperv_console_close(hyperv_console *console);
