/* The command line of a driver program (facts: lima-driver-contract 2). Pure. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "driver/driver.h"

typedef enum lima_options_mode {
    LIMA_MODE_ANNOUNCE = 0, /* no arguments */
    LIMA_MODE_INST_DIR,     /* --inst-dir DIR, -inst-dir DIR, and both with '=' */
    LIMA_MODE_STDIO,        /* --stdio, with or without --inst-dir */
    LIMA_MODE_PRE_DRIVER_ACTION,
    LIMA_MODE_INSPECT_STATUS,
    LIMA_MODE_PREP,
    LIMA_MODE_HELP,
    LIMA_MODE_VERSION, /* --version, with or without --json */
} lima_options_mode;

typedef struct lima_options {
    lima_options_mode mode;
    const char *inst_dir; /* from argv; NULL: none */
    bool json;
} lima_options;

/* INVALID_ARGUMENT naming the argument. */
bool lima_options_parse(int argc, char *const *argv, lima_options *ret, lima_err *err);
/* The driver's name, owned: that of the program file without "lima-driver-" and ".exe", as limactl takes it;
 * for a file called otherwise, the driver's own. */
char *lima_options_name(const char *program, const lima_driver *driver);
/* For --help and --version; owned. */
char *lima_options_help(const char *name, const lima_driver *driver);
const char *lima_options_version_text(const lima_driver *driver); /* its own, or the library's */
char *lima_options_version(const char *name, const lima_driver *driver, bool json);
