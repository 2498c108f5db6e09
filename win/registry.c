/* Subkeys first, then values, each by its number until there are no more: a key that changes meanwhile may
 * show twice what moved, never end the reading. A value is asked for its name, and then by name for its
 * content; one that went in between is left out. */
#include "registry.h"

#include <windows.h>

#include <stdlib.h>

#include "base/mem.h"
#include "registry_value.h"
#include "wide.h"
#include "win_err.h"

enum {
    KEY_NAME_MAX = 256,     /* units, NUL included: a limit of the registry */
    VALUE_NAME_MAX = 16384, /* the same */
};

typedef struct open_key {
    HKEY handle;
    const char *root, *path; /* for errors */
} open_key;

static bool fail(const open_key *key, LSTATUS failed, lima_err *err)
{
    return lima_win_fail(err, (DWORD)failed, "registry key '%s\\%s'", key->root, key->path);
}

static bool too_many(const open_key *key, const char *what, unsigned max, lima_err *err)
{
    return lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "registry key '%s\\%s': more than %u %s", key->root,
                        key->path, max, what);
}

static bool read_subkeys(const open_key *key, lima_strv *names, lima_err *err)
{
    for (DWORD i = 0;; i++) {
        wchar_t name[KEY_NAME_MAX];
        DWORD len = KEY_NAME_MAX;
        char *text;
        LSTATUS failed = RegEnumKeyExW(key->handle, i, name, &len, NULL, NULL, NULL, NULL);
        if (failed == ERROR_NO_MORE_ITEMS)
            return true;
        if (failed)
            return fail(key, failed, err);
        if (i >= LIMA_REGISTRY_SUBKEYS_MAX)
            return too_many(key, "subkeys", LIMA_REGISTRY_SUBKEYS_MAX, err);
        if (lima_wide_to_utf8_len(name, len, &text, NULL)) {
            lima_strv_add(names, text);
            free(text);
        }
    }
}

/* False: it has gone. */
static bool read_content(HKEY handle, const wchar_t *name, BYTE *bytes, lima_registry_value *value)
{
    DWORD type = REG_NONE, len = LIMA_REGISTRY_DATA_MAX;
    LSTATUS failed = RegQueryValueExW(handle, name, NULL, &type, bytes, &len);

    if (!failed)
        lima_win_registry_parse(type, bytes, len, value);
    return failed != ERROR_FILE_NOT_FOUND; /* one that is too long, or closed to us, is there all the same */
}

static void add_value(const open_key *key, const wchar_t *name, BYTE *bytes, lima_registry_key *into)
{
    lima_registry_value value = {0};

    if (!lima_wide_to_utf8(name, &value.name, NULL))
        return;
    if (!read_content(key->handle, name, bytes, &value)) {
        free(value.name);
        return;
    }
    into->values = lima_mem_resize(into->values, into->count + 1, sizeof *into->values);
    into->values[into->count++] = value;
}

static bool read_values(const open_key *key, lima_registry_key *into, lima_err *err)
{
    wchar_t *name = lima_mem_zalloc(VALUE_NAME_MAX, sizeof *name);
    BYTE *bytes = lima_mem_zalloc(1, LIMA_REGISTRY_DATA_MAX);
    LSTATUS failed = 0;

    for (DWORD i = 0; !failed && i <= LIMA_REGISTRY_VALUES_MAX; i++) {
        DWORD len = VALUE_NAME_MAX;
        failed = RegEnumValueW(key->handle, i, name, &len, NULL, NULL, NULL, NULL);
        if (!failed)
            add_value(key, name, bytes, into);
    }
    free(bytes);
    free(name);
    if (!failed)
        return too_many(key, "values", LIMA_REGISTRY_VALUES_MAX, err);
    return failed == ERROR_NO_MORE_ITEMS || fail(key, failed, err);
}

bool lima_registry_read(lima_registry_root root, const char *path, lima_registry_key *ret, lima_err *err)
{
    bool user = root == LIMA_REGISTRY_USER;
    open_key key = {.root = user ? "HKEY_CURRENT_USER" : "HKEY_LOCAL_MACHINE", .path = path};
    lima_registry_key found = {0};
    wchar_t *name;

    if (!lima_wide_from_utf8(path, &name, err))
        return lima_err_wrap(err, "registry key '%s\\%s'", key.root, path);
    LSTATUS failed = RegOpenKeyExW(user ? HKEY_CURRENT_USER : HKEY_LOCAL_MACHINE, name, 0,
                                   KEY_READ | KEY_WOW64_64KEY, &key.handle);
    free(name);
    if (failed)
        return fail(&key, failed, err);
    bool ok = read_subkeys(&key, &found.subkeys, err) && read_values(&key, &found, err);
    RegCloseKey(key.handle);
    if (!ok) {
        lima_registry_free(&found);
        return false;
    }
    lima_strv_sort(&found.subkeys);
    *ret = found;
    return true;
}
