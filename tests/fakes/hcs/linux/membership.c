/* win/membership.h on the folder LIMA_TEST_MEMBERS:
 *
 *   group/SID     is in the group       noted/SID    holds the name
 *   denied        if there: changing anything is refused
 *   fail-add      if there: adding fails
 *
 * The accounts are PC\tester, who runs this, PC\other and PC\third. */
#include "win/membership.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strv.h"
#include "os/file.h"
#include "os/host.h"

enum { NAME_BYTES = 512, ENTRIES = 64 };

static const struct {
    const char *name, *sid;
} users[] = {{"PC\\tester", "S-1-5-21-1-2-3-1001"},
             {"PC\\other", "S-1-5-21-1-2-3-1002"},
             {"PC\\third", "S-1-5-21-1-2-3-1003"}};

/* Owned. */
static char *place(const char *folder, const char *name)
{
    char *root = lima_env_get("LIMA_TEST_MEMBERS");

    if (!root)
        abort(); /* this test is not to come here */
    char *dir = lima_path_join(root, folder),
         *path = *name ? lima_path_join(dir, name) : lima_mem_strdup(dir);
    free(dir);
    free(root);
    return path;
}

static bool is_there(const char *folder, const char *name)
{
    lima_file_info info = {0};
    char *path = place(folder, name);
    bool there = lima_file_stat(path, false, &info, NULL) && info.kind != LIMA_FILE_NONE;

    free(path);
    return there;
}

static bool may_change(lima_err *err)
{
    return !is_there("denied", "") || lima_err_set(err, LIMA_CODE_PERMISSION_DENIED, "Access is denied (5)");
}

static bool put(const char *folder, const char *name, const char *text, lima_err *err)
{
    char *dir = place(folder, ""), *path = lima_path_join(dir, name);
    bool ok = may_change(err) && lima_dir_make(dir, LIMA_FILE_PRIVATE, err)
              && lima_file_write(path, text, strlen(text), LIMA_FILE_PRIVATE, err);

    free(path);
    free(dir);
    return ok;
}

static bool drop(const char *folder, const char *name, lima_err *err)
{
    char *path = place(folder, name);
    bool ok = may_change(err) && lima_file_remove(path, err);

    free(path);
    return ok;
}

/* ---- accounts ---- */

bool lima_account_find(const char *name, lima_account *ret, lima_err *err)
{
    for (size_t i = 0; i < sizeof users / sizeof *users; i++) {
        bool whole = name && !strcmp(name, users[i].name),
             bare = name && !strcmp(name, strchr(users[i].name, '\\') + 1);
        if (name ? whole || bare : i == 0) {
            *ret =
                (lima_account){.name = lima_mem_strdup(users[i].name), .sid = lima_mem_strdup(users[i].sid)};
            return true;
        }
    }
    return lima_err_set(err, LIMA_CODE_NOT_FOUND, "no user '%s' is known here", name);
}

/* ---- the group ---- */

bool lima_membership_look(const char *sid, bool *ret, lima_err *err)
{
    (void)err;
    *ret = is_there("group", sid);
    return true;
}

bool lima_membership_add(const char *sid, lima_err *err)
{
    if (!is_there("noted", sid))
        abort(); /* undo would not know of it */
    if (is_there("group", sid))
        return lima_err_set(err, LIMA_CODE_ALREADY_EXISTS, "%s is in Hyper-V Administrators already", sid);
    if (is_there("fail-add", ""))
        return lima_err_set(err, LIMA_CODE_UNAVAILABLE, "add %s: the service does not answer", sid);
    return put("group", sid, "", err);
}

bool lima_membership_remove(const char *sid, lima_err *err)
{
    if (!is_there("group", sid))
        return lima_err_set(err, LIMA_CODE_NOT_FOUND, "%s is not in Hyper-V Administrators", sid);
    return drop("group", sid, err);
}

/* ---- notes ---- */

bool lima_membership_note(const lima_account *account, lima_err *err)
{
    return put("noted", account->sid, account->name, err);
}

bool lima_membership_forget(const char *sid, lima_err *err)
{
    return !is_there("noted", sid) || drop("noted", sid, err);
}

bool lima_membership_noted(lima_accounts *ret, lima_err *err)
{
    lima_strv names = {0};
    lima_accounts list = {0};
    char *dir = place("noted", "");
    bool ok = !is_there("noted", "") || lima_dir_list(dir, ENTRIES, &names, err);

    for (size_t i = 0; ok && i < names.len; i++) {
        lima_buf text = LIMA_BUF(NAME_BYTES);
        char *path = lima_path_join(dir, names.items[i]);
        ok = lima_file_read(path, &text, err);
        list.items = lima_mem_resize(list.items, list.len + 1, sizeof *list.items);
        list.items[list.len++] = (lima_account){.name = lima_mem_strdup(lima_buf_str(&text)),
                                                .sid = lima_mem_strdup(names.items[i])};
        lima_buf_free(&text);
        free(path);
    }
    lima_strv_free(&names);
    free(dir);
    if (ok)
        *ret = list;
    else
        lima_accounts_free(&list);
    return ok;
}
