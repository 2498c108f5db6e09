/* The guest's /etc/wsl.conf (facts: wsl.md 5.3): reading what matters to us, and merging our keys into a file
 * that is the user's. Comments, unknown sections, order and line ends stay. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { WSL2_CONF_MAX = 256 * 1024 };

typedef struct wsl2_conf_key {
    const char *section, *key, *value; /* section and key compare without case */
    bool force;                        /* else a value that is there stays */
} wsl2_conf_key;

/* The merged file in *ret (owned). *ret_changed false: it has all of it already, and *ret equals the input.
 * A key that stands several times gets its last one changed, which is the one that counts. OUT_OF_RANGE over
 * WSL2_CONF_MAX; INVALID_ARGUMENT for a file that holds NUL, or a key or value with a line break. */
bool lima_wsl2_wslconf_merge(const char *text, size_t len, const wsl2_conf_key *keys, size_t count,
                             char **ret, bool *ret_changed, lima_err *err);

/* What we want in there: systemd where the guest has it, hostname, metadata on drives, no Windows PATH, no
 * WSLg (facts 5.6). `hostname` is borrowed by the keys. Returns the number of keys. */
enum { WSL2_CONF_KEYS = 5 };
size_t lima_wsl2_wslconf_wanted(const char *hostname, bool has_systemd, wsl2_conf_key ret[WSL2_CONF_KEYS]);

/* Effective values, defaults filled in. */
typedef struct wsl2_conf {
    bool systemd, automount, interop;
    char automount_root[256]; /* "/mnt/" */
} wsl2_conf;
void lima_wsl2_wslconf_read(const char *text, size_t len, wsl2_conf *ret);
