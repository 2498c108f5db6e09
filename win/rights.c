/* Groups and elevation come from the token. A group the account has joined since is only in the computer's
 * own list of members, which is asked for direct members: what comes through a domain's groups would have to
 * be asked of the domain, and that may take long.
 *
 * secur32 is loaded here only: other programs would pay for it at every start. */
#include "rights.h"

#include <windows.h>

#include <stdlib.h>
#include <wchar.h>

#include "account.h"
#include "base/mem.h"
#include "dll.h"
#include "private.h"
#include "rights_machine.h"
#include "wide.h"
#include "win_err.h"

enum { NAME_SAM_COMPATIBLE = 2 };

static char *user_name(void)
{
    typedef BOOLEAN(WINAPI * name_fn)(int, PWSTR, ULONG *);
    name_fn get = (name_fn)lima_win_dll_system(L"secur32.dll", "GetUserNameExW");
    wchar_t name[LIMA_WIN_NAME_UNITS];
    ULONG len = LIMA_WIN_NAME_UNITS;

    if (!get || !get(NAME_SAM_COMPATIBLE, name, &len))
        return lima_mem_strdup("");
    return lima_wide_to_text(name, wcsnlen(name, LIMA_WIN_NAME_UNITS));
}

/* ---- membership ---- */

static bool is_deny_only(HANDLE token, PSID sid)
{
    DWORD size = 0;
    bool found = false;

    GetTokenInformation(token, TokenGroups, NULL, 0, &size);
    TOKEN_GROUPS *groups = lima_mem_zalloc(1, size ? size : sizeof *groups);
    if (size && GetTokenInformation(token, TokenGroups, groups, size, &size))
        for (DWORD i = 0; i < groups->GroupCount && !found; i++)
            found = EqualSid(groups->Groups[i].Sid, sid)
                    && groups->Groups[i].Attributes & SE_GROUP_USE_FOR_DENY_ONLY;
    free(groups);
    return found;
}

static bool account_is_member(PSID group)
{
    bool found = false;

    return lima_win_user_sid() && !lima_win_group_has(group, lima_win_user_sid(), &found) && found;
}

static lima_rights_member membership(HANDLE token, PSID group)
{
    BOOL enabled = FALSE;

    if (CheckTokenMembership(NULL, group, &enabled) && enabled)
        return LIMA_RIGHTS_MEMBER;
    if (is_deny_only(token, group))
        return LIMA_RIGHTS_FILTERED;
    return account_is_member(group) ? LIMA_RIGHTS_NEXT_LOGON : LIMA_RIGHTS_NOT_MEMBER;
}

static void look_at_token(HANDLE token, lima_rights *into)
{
    TOKEN_ELEVATION elevation = {0};
    DWORD size = sizeof elevation;
    lima_win_any_sid group;

    if (GetTokenInformation(token, TokenElevation, &elevation, sizeof elevation, &size))
        into->elevated = elevation.TokenIsElevated;
    if (lima_win_builtin_sid(DOMAIN_ALIAS_RID_ADMINS, &group))
        into->administrators = membership(token, &group);
    if (lima_win_builtin_sid(LIMA_WIN_HYPERV_ADMINISTRATORS, &group)) {
        into->hyperv = membership(token, &group);
        into->hyperv_group = lima_win_group_name(&group);
    }
}

bool lima_rights_look(lima_rights *ret, lima_err *err)
{
    lima_rights found = {0};
    HANDLE token;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return lima_win_fail(err, GetLastError(), "read this program's rights");
    look_at_token(token, &found);
    CloseHandle(token);
    found.user = user_name();
    found.user_sid = lima_win_sid_text(lima_win_user_sid());
    if (!found.hyperv_group)
        found.hyperv_group = lima_mem_strdup("");
    lima_win_rights_machine(&found);
    *ret = found;
    return true;
}
