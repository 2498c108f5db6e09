/* A way for bytes into the guest: a socket, or the standard handles of a wsl.exe child; and carrying bytes
 * between two ends until both have ended. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/strv.h"
#include "os/process.h"
#include "os/stream.h"
#include "os/thread.h"

/* {0} is closed. */
typedef struct wsl2_pipe {
    lima_stream *in, *out; /* read from, written to; the same for a socket */
    lima_process *child;   /* owns both, when not NULL */
} wsl2_pipe;

wsl2_pipe lima_wsl2_pipe_of(lima_stream *socket); /* takes it over */
/* Runs argv (of argv.h); what it says on its standard error is dropped. */
bool lima_wsl2_pipe_run(const lima_strv *argv, wsl2_pipe *ret, lima_err *err);
void lima_wsl2_pipe_close(wsl2_pipe *pipe); /* ends the child, too */

/* Carries bytes both ways; an end that says no more is told to the other one. Returns when both have
 * ended, one of them failed (then it has raised the wake), or somebody else has raised it. */
void lima_wsl2_pipe_join(const wsl2_pipe *a, const wsl2_pipe *b, lima_wake *wake);
