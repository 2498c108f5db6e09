/* INSTDIR\cidata, which limactl writes anew before each start, as a tar archive into the guest: no drive
 * has to be mounted there, no path translated, and the modes are right. */
#pragma once

#include "base/err.h"
#include "os/stream.h"
#include "os/thread.h"

/* A wsl2_feed (wsl_exe.h); `arg` is the folder's path (const char *). Files only root can read. */
bool lima_wsl2_cidata_feed(void *arg, lima_stream *into, lima_wake *wake, lima_err *err);
