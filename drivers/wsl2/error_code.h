/* Why wsl.exe failed: from the untranslated code in its output to cause, next step and our own code
 * (facts: wsl.md 1.2, 2.5 to 2.7). Words around the code are never read. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* What a caller may do about it. */
typedef enum wsl2_trouble {
    WSL2_TROUBLE_OTHER = 0,    /* report it */
    WSL2_TROUBLE_NOT_CREATED,  /* no distribution of that name */
    WSL2_TROUBLE_NO_DEFAULT,   /* no distribution at all */
    WSL2_TROUBLE_NOT_ENABLED,  /* WSL2, virtualization or a Windows feature is off */
    WSL2_TROUBLE_POLICY,       /* an administrator forbids it */
    WSL2_TROUBLE_BUSY,         /* retryable: in use, or another operation on it is under way */
    WSL2_TROUBLE_TAKEN,        /* name, folder or file exists already */
    WSL2_TROUBLE_DISK_MISSING, /* registered, but its disk file is gone */
    WSL2_TROUBLE_DISK_BROKEN,  /* the file system in it is damaged */
    WSL2_TROUBLE_DISK_FULL,
    WSL2_TROUBLE_IMAGE,    /* the archive cannot be used */
    WSL2_TROUBLE_SETTINGS, /* the user's .wslconfig or the guest's settings */
    WSL2_TROUBLE_VM,       /* the utility VM of all distributions failed or does not answer */
    WSL2_TROUBLE_OLD,      /* this WSL is too old for it */
} wsl2_trouble;

typedef struct wsl2_error_row {
    const char *symbol;  /* last path element: "WSL_E_DISTRO_NOT_FOUND" */
    const char *context; /* only below this path element ("HCS"); NULL: anywhere */
    uint32_t value;      /* HRESULT; 0: not known */
    lima_code code;
    wsl2_trouble trouble;
    bool retryable;    /* the same call may succeed in a few seconds */
    const char *cause; /* a clause: "the disk file is missing" */
    const char *next;  /* what to do: "run `wsl --update`" */
} wsl2_error_row;

enum { WSL2_CODE_MAX = 256, WSL2_SYMBOL_MAX = 80 };

typedef struct wsl2_error_code {
    char whole[WSL2_CODE_MAX];    /* as printed: "Wsl/Service/CreateInstance/MountVhd/0x80070020" */
    char symbol[WSL2_SYMBOL_MAX]; /* last path element; for a known hex value its symbol */
    uint32_t value;               /* HRESULT, 0 when not known */
    const wsl2_error_row *row;    /* static; NULL: unknown to us */
} wsl2_error_code;

/* The last code in decoded text (lima_wsl2_output_text). False: there is none. */
bool lima_wsl2_error_code_find(const char *text, wsl2_error_code *ret);
/* The table, for tests and the doctor: rows[0] to rows[count - 1], count returned. */
size_t lima_wsl2_error_rows(const wsl2_error_row **ret);

typedef enum wsl2_who {
    WSL2_WHO_COMMAND = 0, /* the guest's */
    WSL2_WHO_WSL,
    WSL2_WHO_UNKNOWN,
} wsl2_who;

/* Whose failure an exit status is. wsl.exe's own is -1, which POSIX hosts show as 255; a command in the guest may end
 * with 255, too (ssh does): then only a code in the output tells. */
wsl2_who lima_wsl2_who_failed(int exit_code, bool has_code);

/* How one run of wsl.exe ended, for an error. Texts are decoded; may be NULL. */
typedef struct wsl2_failure {
    const char *what;      /* object and action: "distribution 'lima-dev': import" */
    const char *exit_text; /* lima_process_exit.text */
    int exit_code;
    const char *out, *err_out;
} wsl2_failure;

/* Fills err: what, cause, what wsl.exe said, the code whole, next step. The code of a known symbol is its
 * row's; unknown ones are UNKNOWN, quoted whole. Never a bare number. os_code is the HRESULT. `ret_trouble`
 * and `ret_retryable` may be NULL. Always returns false. */
bool lima_wsl2_failed(const wsl2_failure *failure, wsl2_trouble *ret_trouble, bool *ret_retryable,
                      lima_err *err);
