/* A socket for a library that wants one, where there are two one-way streams (standard input and output):
 * two threads carry the bytes. The end of one side is passed on to the other. */
#pragma once

#include "os/stream.h"

typedef struct lima_pump lima_pump;

/* What comes from `from` is read from *ret_socket (the caller's), what is written there goes to `to`. Both
 * streams are borrowed until the pump has ended. */
bool lima_pump_start(lima_stream *from, lima_stream *to, lima_stream **ret_socket, lima_pump **ret,
                     lima_err *err);
/* True: both directions have reached their ends; false: the deadline has passed. */
bool lima_pump_wait(lima_pump *pump, lima_deadline deadline);
/* Waits, at most until the deadline, until both directions have reached their ends, then stops what is
 * left. NULL does nothing. */
void lima_pump_end(lima_pump *pump, lima_deadline deadline);
