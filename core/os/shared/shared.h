/* What posix/ and win/ would otherwise both write: the parts of core/os that need no system. Only these two may
 * include it (tests/arch); it is no part of the contract. Threads: as the function of core/os that calls it. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "os/clock.h"
#include "os/process.h"

/* Up to len bytes, len > 0; *ret_len 0 at the end. */
typedef bool lima_shared_reader(void *from, char *into, size_t len, size_t *ret_len, lima_err *err);

/* Appends all there is until the end. OUT_OF_RANGE: more than `into` takes. On failure it is as it was. */
bool lima_shared_read_all(lima_shared_reader *read, void *from, const char *path, lima_buf *into,
                          lima_err *err);

/* Both systems count offsets in 63 bits. OUT_OF_RANGE. */
bool lima_shared_check_range(const char *path, uint64_t offset, size_t len, lima_err *err);

/* Whether a socket's path fits into an address with room for `max` bytes besides the final zero. INVALID_ARGUMENT. */
bool lima_shared_check_address(const char *path, size_t max, lima_err *err);

/* Where a socket is to be: nothing yet, or a socket. ALREADY_EXISTS. */
bool lima_shared_check_place(const char *path, lima_err *err);

/* Gives sweep_one the path of each entry of dir whose name is the prefix and `letters` more. Best effort: of a
 * folder that cannot be listed, or holds more than thousands, nothing. */
void lima_shared_sweep(const char *dir, const char *prefix, size_t letters,
                       void (*sweep_one)(const char *path));

/* A warning about the socket in the log, at most once a second: the peers that cause it must not be able to fill the
 * disk. *quiet_until: 0 at first. */
void lima_shared_complain(lima_deadline *quiet_until, const char *path, const char *what);

/* What no system can start. INVALID_ARGUMENT. */
bool lima_shared_check_process(const lima_process_desc *desc, lima_err *err);

/* The variable's value if it is an absolute path, owned; else NULL. */
char *lima_shared_absolute_env(const char *name);

/* The object of an error, formatted into `size` bytes, whole characters: what is too long loses its end. */
void lima_shared_object(char *into, size_t size, const char *fmt, va_list args);
