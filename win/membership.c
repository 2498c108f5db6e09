/* How it works: netapi32's calls for local groups, by SID; they need no COM and no program. One value for
 * each account in a key of our own: its name is the SID, its text the account's name. A key that has become
 * empty goes.
 *
 * Deliberately not here: groups of a domain, and any other group than this one. */
#include "membership.h"

#include <windows.h>

#include <sddl.h>
#include <stdlib.h>
#include <wchar.h>

#include "account.h"
#include "base/mem.h"
#include "base/str.h"
#include "dll.h"
#include "private.h"
#include "registry.h"
#include "wide.h"
#include "win_err.h"

#define NOTES_KEY "SOFTWARE\\Lima-drivers\\hyperv\\members"
static const wchar_t *const key_names[] = {/* innermost first */
                                           L"SOFTWARE\\Lima-drivers\\hyperv\\members",
                                           L"SOFTWARE\\Lima-drivers\\hyperv", L"SOFTWARE\\Lima-drivers"};

/* ---- accounts ---- */

static char *account_name(PSID sid)
{
    wchar_t name[LIMA_WIN_NAME_UNITS], domain[LIMA_WIN_NAME_UNITS];
    DWORD name_len = LIMA_WIN_NAME_UNITS, domain_len = LIMA_WIN_NAME_UNITS;
    SID_NAME_USE use;

    if (!LookupAccountSidW(NULL, sid, name, &name_len, domain, &domain_len, &use))
        return lima_mem_strdup("");
    char *user = lima_wide_to_text(name, name_len), *place = lima_wide_to_text(domain, domain_len);
    char *whole = lima_mem_printf("%s%s%s", place, *place ? "\\" : "", user);
    free(place);
    free(user);
    return whole;
}

static bool find_by_name(const char *name, lima_win_any_sid *ret, lima_err *err)
{
    wchar_t *wide, domain[LIMA_WIN_NAME_UNITS];
    DWORD size = sizeof *ret, domain_len = LIMA_WIN_NAME_UNITS;
    SID_NAME_USE use = SidTypeUnknown;

    if (!lima_wide_from_utf8(name, &wide, err))
        return false;
    bool found = LookupAccountNameW(NULL, wide, &ret->sid, &size, domain, &domain_len, &use);
    DWORD failed = found ? 0 : GetLastError();
    free(wide);
    if (failed == ERROR_NONE_MAPPED || (found && use != SidTypeUser))
        return lima_err_set(err, LIMA_CODE_NOT_FOUND,
                            "no user '%s' is known here; write COMPUTER\\name or DOMAIN\\name", name);
    return found || lima_win_fail(err, failed, "look up user '%s'", name);
}

bool lima_account_find(const char *name, lima_account *ret, lima_err *err)
{
    lima_win_any_sid named;
    PSID sid = name ? &named : lima_win_user_sid();

    if (name && !find_by_name(name, &named, err))
        return false;
    if (!sid)
        return lima_err_set(err, LIMA_CODE_UNAVAILABLE, "Windows does not tell which user this is");
    *ret = (lima_account){.name = account_name(sid), .sid = lima_win_sid_text(sid)};
    return true;
}

/* ---- the group ---- */

/* What a call needs. `user` is Windows' to free. */
typedef struct member {
    lima_win_any_sid group;
    wchar_t *group_name;
    PSID user;
} member;

static void release(member *m)
{
    LocalFree(m->user);
    free(m->group_name);
}

static bool prepare(const char *sid, member *ret, lima_err *err)
{
    wchar_t *wide = NULL;

    *ret = (member){0};
    if (!lima_wide_from_utf8(sid, &wide, err))
        return false;
    /* it also takes two-letter names of groups */
    bool ok = (lima_str_has_prefix(sid, "S-1-") && ConvertStringSidToSidW(wide, &ret->user))
              || lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'%s' is no SID", sid);
    free(wide);
    char *name = ok && lima_win_builtin_sid(LIMA_WIN_HYPERV_ADMINISTRATORS, &ret->group)
                     ? lima_win_group_name(&ret->group)
                     : lima_mem_strdup("");
    if (ok && !*name)
        ok = lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                          "this Windows has no group Hyper-V Administrators (S-1-5-32-578)");
    ok = ok && lima_wide_from_utf8(name, &ret->group_name, err);
    free(name);
    if (!ok)
        release(ret);
    return ok;
}

bool lima_membership_look(const char *sid, bool *ret, lima_err *err)
{
    member m;
    bool found = false;

    if (!prepare(sid, &m, err))
        return false;
    DWORD failed = lima_win_group_has(&m.group, m.user, &found);
    release(&m);
    if (failed)
        return lima_win_fail(err, failed, "list the members of Hyper-V Administrators");
    *ret = found;
    return true;
}

/* NetLocalGroupAddMembers or NetLocalGroupDelMembers. */
static bool change(const char *function, const char *sid, DWORD *ret_failed, lima_err *err)
{
    typedef DWORD(WINAPI * change_fn)(PCWSTR, PCWSTR, DWORD, BYTE *, DWORD);
    change_fn call = (change_fn)lima_win_dll_system(L"netapi32.dll", function);
    member m;

    if (!prepare(sid, &m, err))
        return false;
    *ret_failed = call ? call(NULL, m.group_name, 0, (BYTE *)&m.user, 1) : ERROR_PROC_NOT_FOUND;
    release(&m);
    return true;
}

bool lima_membership_add(const char *sid, lima_err *err)
{
    DWORD failed;

    if (!change("NetLocalGroupAddMembers", sid, &failed, err))
        return false;
    if (failed == ERROR_MEMBER_IN_ALIAS)
        return lima_err_set(err, LIMA_CODE_ALREADY_EXISTS, "%s is in Hyper-V Administrators already", sid);
    return !failed || lima_win_fail(err, failed, "add %s to Hyper-V Administrators", sid);
}

bool lima_membership_remove(const char *sid, lima_err *err)
{
    DWORD failed;

    if (!change("NetLocalGroupDelMembers", sid, &failed, err))
        return false;
    if (failed == ERROR_MEMBER_NOT_IN_ALIAS || failed == ERROR_NO_SUCH_MEMBER)
        return lima_err_set(err, LIMA_CODE_NOT_FOUND, "%s is not in Hyper-V Administrators", sid);
    return !failed || lima_win_fail(err, failed, "remove %s from Hyper-V Administrators", sid);
}

/* ---- notes ---- */

static bool fail_note(LSTATUS failed, lima_err *err)
{
    return lima_win_fail(err, (DWORD)failed, "registry key 'HKEY_LOCAL_MACHINE\\%s'", NOTES_KEY);
}

static LSTATUS write_note(const wchar_t *sid, const wchar_t *name)
{
    HKEY key;
    LSTATUS failed = RegCreateKeyExW(HKEY_LOCAL_MACHINE, key_names[0], 0, NULL, 0,
                                     KEY_SET_VALUE | KEY_WOW64_64KEY, NULL, &key, NULL);

    if (failed)
        return failed;
    failed =
        RegSetValueExW(key, sid, 0, REG_SZ, (const BYTE *)name, (DWORD)((wcslen(name) + 1) * sizeof *name));
    if (!failed)
        failed = RegFlushKey(key);
    RegCloseKey(key);
    return failed;
}

bool lima_membership_note(const lima_account *account, lima_err *err)
{
    wchar_t *sid = NULL, *name = NULL;
    bool ok = lima_wide_from_utf8(account->sid, &sid, err) && lima_wide_from_utf8(account->name, &name, err);
    LSTATUS failed = ok ? write_note(sid, name) : 0;

    free(sid);
    free(name);
    return ok && (!failed || fail_note(failed, err));
}

/* Only what is empty: RegDeleteKeyEx takes values along. */
static void tidy(void)
{
    for (size_t i = 0; i < sizeof key_names / sizeof *key_names; i++) {
        DWORD keys = 1, values = 1;
        HKEY key;
        if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, key_names[i], 0, KEY_READ | KEY_WOW64_64KEY, &key))
            continue;
        RegQueryInfoKeyW(key, NULL, NULL, NULL, &keys, NULL, NULL, &values, NULL, NULL, NULL, NULL);
        RegCloseKey(key);
        if (!keys && !values)
            RegDeleteKeyExW(HKEY_LOCAL_MACHINE, key_names[i], KEY_WOW64_64KEY, 0);
    }
}

static LSTATUS erase_note(const wchar_t *sid)
{
    HKEY key;
    LSTATUS failed =
        RegOpenKeyExW(HKEY_LOCAL_MACHINE, key_names[0], 0, KEY_SET_VALUE | KEY_WOW64_64KEY, &key);

    if (failed)
        return failed;
    failed = RegDeleteValueW(key, sid);
    if (!failed)
        failed = RegFlushKey(key);
    RegCloseKey(key);
    return failed;
}

bool lima_membership_forget(const char *sid, lima_err *err)
{
    wchar_t *wide;

    if (!lima_wide_from_utf8(sid, &wide, err))
        return false;
    LSTATUS failed = erase_note(wide);
    free(wide);
    if (failed && failed != ERROR_FILE_NOT_FOUND)
        return fail_note(failed, err);
    tidy();
    return true;
}

bool lima_membership_noted(lima_accounts *ret, lima_err *err)
{
    lima_registry_key key = {0};
    lima_err why = {0};
    lima_accounts list = {0};

    if (!lima_registry_read(LIMA_REGISTRY_MACHINE, NOTES_KEY, &key, &why)) {
        if (why.code != LIMA_CODE_NOT_FOUND)
            return lima_err_set(err, why.code, "%s", why.text);
        *ret = list;
        return true;
    }
    for (size_t i = 0; i < key.count; i++) {
        const lima_registry_value *value = &key.values[i];
        if (value->kind != LIMA_REGISTRY_TEXT || !lima_str_has_prefix(value->name, "S-1-"))
            continue; /* not ours */
        list.items = lima_mem_resize(list.items, list.len + 1, sizeof *list.items);
        list.items[list.len++] =
            (lima_account){.name = lima_mem_strdup(value->text), .sid = lima_mem_strdup(value->name)};
    }
    lima_registry_free(&key);
    *ret = list;
    return true;
}
