/* The inside of lima_ctl_args, for the parser and completion. */
#pragma once

#include "command.h"

enum { LIMA_CTL_FLAGS_MAX = 32 }; /* of the program and one command together */

struct lima_ctl_value {
    const lima_ctl_flag *flag;
    const char *text; /* borrowed from argv or the table; NULL: not set */
    uint64_t number;  /* of BOOL, NUMBER, SIZE, DURATION */
    bool given;
};

struct lima_ctl_args {
    const lima_ctl_program *program;
    const lima_ctl_command *command;
    bool help;
    lima_wake *wake;
    struct lima_ctl_value values[LIMA_CTL_FLAGS_MAX];
    size_t count;
    lima_strv operands, rest;
};

/* NULL: none of that name. */
const lima_ctl_command *lima_ctl_find_command(const lima_ctl_program *program, const char *name);
