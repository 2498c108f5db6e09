/* What a stand-in's front end and its back end say to each other (standin/protocol.py), in C: one connection
 * per program or library to the back end whose folder the environment variable FRONT_STATE names.
 * front_link.c is the protocol; front_link_win.c, or a program's own file on Linux, is what it needs of the
 * system. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The environment variable that names the back end's folder, and the back end's name. */
#ifndef FRONT_STATE
#define FRONT_STATE "WSLSIM_STATE"
#endif
#ifndef FRONT_DAEMON
#define FRONT_DAEMON "wslsimd"
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

uint32_t front_number(const unsigned char *from); /* four bytes of a frame */
void front_field(front_text *text, const char *name, const char *value);
void front_mistake(const char *words) __attribute__((noreturn));
bool front_connect(void); /* with the hello; a mistake ends the process */
bool front_send(char kind, const void *bytes, size_t len);
/* the next frame, up to FRONT_FRAME_MAX bytes; false: the connection has ended */
bool front_receive(char *ret_kind, void *into, uint32_t *ret_len);

/* The system's half. */
void plat_hello(front_text *hello);             /* arg or cmdline, cwd, env.*, drive.*, self */
bool plat_read_daemon(char *into, size_t room); /* the file FRONT_STATE/daemon */
bool plat_connect(uint16_t port);               /* the one connection */
bool plat_send(const void *bytes, size_t len);
bool plat_receive(void *into, size_t len); /* all of it */
void plat_complain(const char *words);
