/* The agent's parts. */
#pragma once

#include <winsock2.h>

#include <windows.h>

#include <stdbool.h>
#include <stdint.h>

#include "front_link_win.h"

/* A COM port of a VM that has just been started: joins the named pipe `name` (\\.\pipe\…) with the TCP port
 * of this host, until the TCP side ends. True: somebody serves the pipe, and we are its client, until one of
 * the two ends (facts 3.8, 1). False: nobody did; the pipe is served here now, and clients may come and go
 * (facts 3.8, 2). */
bool agent_pipe(const char *name, uint16_t port);
