/* This machine, this user, this program: facts that do not change while the process lives. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

typedef struct lima_host {
    const char *os;         /* "linux", "darwin", "windows" */
    const char *arch;       /* Lima's names: "x86_64", "aarch64", "riscv64", …; "unknown" */
    uint32_t cpus;          /* online processors, at least 1 */
    uint64_t memory;        /* bytes of physical memory; 0 when it cannot be told */
    const char *machine_id; /* what Lima mixes into MAC addresses: macOS IOPlatformUUID; else /etc/machine-id,
                             * /var/lib/dbus/machine-id, the host name, trimmed (facts: lima-driver-contract
                             * 4.2) */
    const char *program;    /* this program's own file, absolute, links resolved; "" when it cannot be told */
    const char *home;       /* the user's home folder */
    const char *temp;       /* the folder for temporary files */
    const char *user;       /* the user's login name */
    uint32_t uid;           /* the user's number; 0 where the host has none */
    bool terminal[3];       /* whether standard input, output, errors are a terminal */
} lima_host;

/* Collected at the first call. Thread-safe; lives until the process ends. */
const lima_host *lima_host_get(void);

/* The value of an environment variable as an owned UTF-8 string, or NULL when unset. */
char *lima_env_get(const char *name);

/* A TCP port on 127.0.0.1 that is free now (someone else may take it before you do). RESOURCE_EXHAUSTED. */
bool lima_host_free_port(uint16_t *ret_port, lima_err *err);
