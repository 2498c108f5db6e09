/* Command lines of wsl.exe, as argument vectors (facts: wsl.md 1.3 to 1.5). Every name is checked: wsl.exe
 * cuts its global options at blanks without looking at quotes, so nothing that needs quoting may stand there.
 * INVALID_ARGUMENT: a name or path that cannot be passed. OUT_OF_RANGE: over WSL2_COMMAND_LINE_MAX.
 * `ret` must be empty ({0}); it is untouched on failure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"

enum {
    WSL2_COMMAND_LINE_MAX = 32000, /* UTF-16 units, quoting counted as the worst case; Windows has 32767 */
    WSL2_NAME_MAX = 256,
};

/* "lima-" and the instance's name, as Lima's own driver has it. Owned. */
char *lima_wsl2_distro_name(const char *instance);
/* [A-Za-z0-9._-]{1,256}, not "Legacy". */
bool lima_wsl2_name_check(const char *distro, lima_err *err);
bool lima_wsl2_name_valid(const char *text);

/* Environment for every run, "NAME=value" or "NAME" to remove (lima_process_desc.env_add): UTF-8 output,
 * and nothing of the user's crosses into the guest. NULL-terminated, static. */
const char *const *lima_wsl2_environment(void);

typedef enum wsl2_format { WSL2_FORMAT_TAR = 0, WSL2_FORMAT_TAR_GZ, WSL2_FORMAT_VHD } wsl2_format;

void lima_wsl2_argv_version(const char *exe, lima_strv *ret);
void lima_wsl2_argv_list(const char *exe, bool running, lima_strv *ret); /* --list [--running] --quiet */
/* Always --version 2. `file` "-": from standard input. `vhd`: the file is a disk, to be copied. */
bool lima_wsl2_argv_import(const char *exe, const char *distro, const char *dir, const char *file, bool vhd,
                           lima_strv *ret, lima_err *err);
bool lima_wsl2_argv_import_in_place(const char *exe, const char *distro, const char *disk, lima_strv *ret,
                                    lima_err *err);
/* `with_format` false: old WSL without --format (tar only; --vhd for disks). `file` "-": to standard output.
 */
bool lima_wsl2_argv_export(const char *exe, const char *distro, const char *file, wsl2_format format,
                           bool with_format, lima_strv *ret, lima_err *err);
bool lima_wsl2_argv_unregister(const char *exe, const char *distro, lima_strv *ret, lima_err *err);
bool lima_wsl2_argv_terminate(const char *exe, const char *distro, lima_strv *ret, lima_err *err);
/* Sizes in bytes; passed in whole MiB, rounded up. */
bool lima_wsl2_argv_resize(const char *exe, const char *distro, uint64_t bytes, lima_strv *ret,
                           lima_err *err);
bool lima_wsl2_argv_move(const char *exe, const char *distro, const char *dir, lima_strv *ret, lima_err *err);

/* -d DISTRO -u USER --cd / --exec COMMAND…: `command` is NULL-terminated, with a program's absolute path. */
bool lima_wsl2_argv_exec(const char *exe, const char *distro, const char *user, const char *const *command,
                         lima_strv *ret, lima_err *err);
/* The same as root with /bin/sh -c SCRIPT; `args` (NULL-terminated, may be NULL) become $1, $2, … */
bool lima_wsl2_argv_sh(const char *exe, const char *distro, const char *script, const char *const *args,
                       lima_strv *ret, lima_err *err);
/* The same with the script on standard input: /bin/sh -s */
bool lima_wsl2_argv_sh_stdin(const char *exe, const char *distro, lima_strv *ret, lima_err *err);
