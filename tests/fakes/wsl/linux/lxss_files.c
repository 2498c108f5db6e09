/* win/registry.h on the files of the stand-in (wslsim/state.py): a key is a folder, a value a file whose
 * first line is the type. The key Lxss of the user lies in <state>/lxss, all others below
 * <state>/registry/HKCU and HKLM. Names compare without regard to case, as in Windows. Nothing is cached:
 * what others change shows in the next call. */
#include "win/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "os/file.h"
#include "state_folder.h"

#define LXSS "Software\\Microsoft\\Windows\\CurrentVersion\\Lxss"

static bool is_dir(const char *path)
{
    lima_file_info info;
    return lima_file_stat(path, true, &info, NULL) && info.kind == LIMA_FILE_DIR;
}

/* The entry of `folder` that is `name` but for case; `name` itself if there is none. */
static char *spelled(const char *folder, const char *name)
{
    lima_strv names = {0};
    char *path = NULL;
    if (lima_dir_list(folder, LIMA_REGISTRY_SUBKEYS_MAX, &names, NULL)) {
        for (size_t i = 0; i < names.len && !path; i++) {
            if (lima_str_eq_nocase(names.items[i], name))
                path = lima_path_join(folder, names.items[i]);
        }
    }
    lima_strv_free(&names);
    return path ? path : lima_path_join(folder, name);
}

/* Below `base` by a path with backslashes. Takes `base`. */
static char *walk(char *base, const char *rest)
{
    lima_strv parts = {0};
    lima_str_split(rest, '\\', &parts);
    for (size_t i = 0; i < parts.len; i++) {
        if (lima_str_empty(parts.items[i]))
            continue;
        char *next = spelled(base, parts.items[i]);
        free(base);
        base = next;
    }
    lima_strv_free(&parts);
    return base;
}

static bool is_lxss(lima_registry_root root, const char *path)
{
    size_t len = strlen(LXSS);
    char *head = lima_mem_strndup(path, len);
    bool found =
        root == LIMA_REGISTRY_USER && lima_str_eq_nocase(head, LXSS) && (!path[len] || path[len] == '\\');
    free(head);
    return found;
}

static char *folder_of(lima_registry_root root, const char *path, lima_err *err)
{
    if (is_lxss(root, path)) {
        char *lxss = state_folder_path("lxss", err);
        return lxss ? walk(lxss, path + strlen(LXSS)) : NULL;
    }
    char *base = state_folder_path(root == LIMA_REGISTRY_USER ? "registry/HKCU" : "registry/HKLM", err);
    return base ? walk(base, path) : NULL;
}

static void fill_value(lima_registry_value *value, char *text)
{
    char *content = strchr(text, '\n');
    if (!content)
        return;
    *content++ = '\0';
    if (lima_str_eq(text, "SZ")) {
        value->kind = LIMA_REGISTRY_TEXT;
        value->text = lima_mem_strdup(content);
    } else if (lima_str_eq(text, "DWORD") && lima_parse_u32(content, &value->number, NULL)) {
        value->kind = LIMA_REGISTRY_NUMBER;
    } else if (lima_str_eq(text, "MULTI_SZ")) {
        value->kind = LIMA_REGISTRY_LIST;
        lima_str_split(content, '\n', &value->list);
    }
}

static void add_value(lima_registry_key *key, const char *path, const char *name)
{
    lima_buf text = LIMA_BUF(LIMA_REGISTRY_DATA_MAX);
    if (lima_file_read(path, &text, NULL)) { /* else it has gone meanwhile */
        key->values = lima_mem_resize(key->values, key->count + 1, sizeof *key->values);
        lima_registry_value *value = &key->values[key->count++];
        *value = (lima_registry_value){.name = lima_mem_strdup(name)};
        lima_buf_add(&text, "", 1);
        fill_value(value, text.data);
    }
    lima_buf_free(&text);
}

static void add_entry(lima_registry_key *key, const char *folder, const char *name)
{
    char *path = lima_path_join(folder, name);
    if (is_dir(path))
        lima_strv_add(&key->subkeys, name);
    else
        add_value(key, path, name);
    free(path);
}

bool lima_registry_read(lima_registry_root root, const char *path, lima_registry_key *ret, lima_err *err)
{
    char *folder = folder_of(root, path, err);
    lima_strv names = {0};
    bool ok = folder && lima_dir_list(folder, LIMA_REGISTRY_SUBKEYS_MAX, &names, err);
    if (ok) {
        lima_registry_key key = {0};
        for (size_t i = 0; i < names.len; i++)
            add_entry(&key, folder, names.items[i]);
        *ret = key;
    }
    lima_strv_free(&names);
    free(folder);
    return ok;
}
