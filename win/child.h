/* What the process modules of win/ share. */
#pragma once

#include <winsock2.h>

#include "os/process.h"

struct lima_process {
    HANDLE handle;
    HANDLE job; /* all that it starts, but for what leaves the group; NULL: it stays in ours */
    lima_process_id id;
    lima_stream *streams[3];
};

/* What a process that we end exits with (STATUS_CONTROL_C_EXIT): Windows uses it for programs ended by
 * Ctrl-C. */
#define LIMA_WIN_ENDED 0xC000013Au

lima_process_id lima_win_identify(HANDLE process);
/* Whether it has ended, and how. */
bool lima_win_peek_exit(HANDLE process, lima_process_exit *ret);
/* Asks a program of this project to end (process_role.c). False: that process does not listen. */
bool lima_win_ask(lima_process_id id);

/* What LIMA_PROCESS_SERVER promises of standard errors (process_stderr.c). Once. */
void lima_win_release_stderr(void);

/* The environment of a child: ours, with `add` over it (lima_process_desc). Owned, as CreateProcess takes
 * it. */
bool lima_win_env(const char *const *add, wchar_t **ret, lima_err *err);
