/* Reading keys of the Windows registry, whole and bounded. Never writes.
 *
 * Plain C: tests on other hosts implement it on files (tests/fakes/wsl). Names and texts are UTF-8; names
 * compare without regard to ASCII case. Keys are read as they are found, half-written ones included: a value
 * that is not there, or of another type, or no text in UTF-16, reads as missing through the look-up
 * functions. Thread-safe.
 *
 * The registry has no snapshot: what others write meanwhile may show in part. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"

typedef enum lima_registry_root {
    LIMA_REGISTRY_USER = 0, /* HKEY_CURRENT_USER */
    LIMA_REGISTRY_MACHINE,  /* HKEY_LOCAL_MACHINE, as 64-bit programs see it */
} lima_registry_root;

enum {
    LIMA_REGISTRY_SUBKEYS_MAX = 4096,
    LIMA_REGISTRY_VALUES_MAX = 512,
    LIMA_REGISTRY_DATA_MAX = 64 * 1024, /* bytes of one value; a longer one is of kind OTHER */
};

typedef enum lima_registry_kind {
    LIMA_REGISTRY_OTHER = 0, /* a type not listed here, too long, or not what its type says: no content */
    LIMA_REGISTRY_TEXT,      /* REG_SZ; REG_EXPAND_SZ as it is written, not expanded */
    LIMA_REGISTRY_NUMBER,    /* REG_DWORD */
    LIMA_REGISTRY_LIST,      /* REG_MULTI_SZ */
} lima_registry_kind;

typedef struct lima_registry_value {
    char *name; /* "" is the default value */
    lima_registry_kind kind;
    char *text;      /* TEXT; else NULL */
    uint32_t number; /* NUMBER */
    lima_strv list;  /* LIST */
} lima_registry_value;

typedef struct lima_registry_key {
    lima_strv subkeys; /* names, sorted; without those that are no Unicode */
    lima_registry_value *values;
    size_t count;
} lima_registry_key;

/* `path` below the root, with backslashes. NOT_FOUND: no such key; PERMISSION_DENIED; OUT_OF_RANGE: more
 * subkeys or values than the limits above. A key that is deleted meanwhile is NOT_FOUND. */
bool lima_registry_read(lima_registry_root root, const char *path, lima_registry_key *ret, lima_err *err);
void lima_registry_free(lima_registry_key *key); /* {0} and NULL do nothing */

/* The value of that name and type; NULL or false if there is none. Borrowed from `key`. */
const char *lima_registry_text(const lima_registry_key *key, const char *name);
bool lima_registry_number(const lima_registry_key *key, const char *name, uint32_t *ret);
const lima_strv *lima_registry_list(const lima_registry_key *key, const char *name);
