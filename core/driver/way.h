/* A way for bytes: a socket, or the standard handles of a child process; and carrying bytes between two of
 * them until both have ended. */
#pragma once

#include "os/process.h"
#include "os/stream.h"
#include "os/thread.h"

/* {0} is closed. */
typedef struct lima_way {
    lima_stream *in, *out; /* read from, written to; the same for a socket */
    lima_process *child;   /* owns both, when not NULL */
} lima_way;

lima_way lima_way_of(lima_stream *socket); /* takes it over */
lima_way lima_way_of_child(
    lima_process *child);           /* takes it over; its input and output are LIMA_PROCESS_PIPE */
void lima_way_close(lima_way *way); /* ends the child, too; {0} does nothing */

/* Carries bytes both ways; an end that says no more is told to the other one. Returns when both have
 * ended, one of them failed (then it has raised the wake), or somebody else has raised it. Closes neither. */
void lima_way_join(const lima_way *a, const lima_way *b, lima_wake *wake);
