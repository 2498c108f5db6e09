/* The front end of wsl.exe in two halves: front.c carries out what the back end says, front_posix.c and front_win.c
 * are what it needs of the system. One call of wsl per process, so nothing is freed at the end. */
#pragma once

#include "front_link.h"

/* carries out what the back end says; the exit code it gave */
uint32_t front_call(void);
/* a process that hangs until the back end ends: the conhost of a call that hangs */
void front_hang(void);

/* The system's half. */
bool plat_write(int stream, const void *bytes, size_t len); /* 1 or 2 */
long plat_read_input(void *into, size_t len);               /* 0 at the end */
bool plat_thread(void (*work)(void));
void plat_grandchild(void);  /* a child of our own that calls front_hang() */
void plat_start_agent(void); /* Windows: the agent of this prefix */
