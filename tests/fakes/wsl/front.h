/* The front end's two halves: front.c speaks the protocol (wslsim/protocol.py), front_posix.c and
 * front_win.c are what it needs of the system. One call of wsl per process, so nothing is freed at the
 * end. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The environment variable that names the back end's folder; fakes/relay is the same front end with
 * another one. */
#ifndef FRONT_STATE
#define FRONT_STATE "WSLSIM_STATE"
#endif

enum {
    FRONT_FRAME_MAX = 1 << 20,
    FRONT_MISTAKE = 254, /* exit code: no back end, which is the test's mistake */
};

typedef struct front_text { /* grows; a NUL ends each field */
    char *at;
    size_t len, room;
} front_text;

extern const char *front_kind; /* what the hello says: a call, an agent, or hang */

void front_field(front_text *text, const char *name, const char *value);
void front_mistake(const char *words) __attribute__((noreturn));
bool front_connect(void); /* with the hello; a mistake ends the process */
bool front_send(char kind, const void *bytes, size_t len);
/* the next frame, up to FRONT_FRAME_MAX bytes; false: the connection has ended */
bool front_receive(char *ret_kind, void *into, uint32_t *ret_len);
/* carries out what the back end says; the exit code it gave */
uint32_t front_call(void);
/* a process that hangs until the back end ends: the conhost of a call that hangs */
void front_hang(void);

/* The system's half. */
void plat_hello(front_text *hello);             /* arg or cmdline, cwd, env.*, drive.*, self */
bool plat_read_daemon(char *into, size_t room); /* the file FRONT_STATE/daemon */
bool plat_connect(uint16_t port);               /* the one connection */
bool plat_send(const void *bytes, size_t len);
bool plat_receive(void *into, size_t len);                  /* all of it */
bool plat_write(int stream, const void *bytes, size_t len); /* 1 or 2 */
long plat_read_input(void *into, size_t len);               /* 0 at the end */
bool plat_thread(void (*work)(void));
void plat_grandchild(void);  /* a child of our own that calls front_hang() */
void plat_start_agent(void); /* Windows: the agent of this prefix */
void plat_complain(const char *words);
