/* netapi32 is loaded here only: other programs would pay for it at every start. */
#include "account.h"

#include <sddl.h>
#include <stdlib.h>
#include <wchar.h>

#include "base/mem.h"
#include "dll.h"
#include "wide.h"

enum { MEMBERS_BYTES = 256 * 1024 };

bool lima_win_builtin_sid(DWORD number, lima_win_any_sid *ret)
{
    static SID_IDENTIFIER_AUTHORITY nt = {SECURITY_NT_AUTHORITY};

    if (!InitializeSid(&ret->sid, &nt, 2))
        return false;
    *GetSidSubAuthority(&ret->sid, 0) = SECURITY_BUILTIN_DOMAIN_RID;
    *GetSidSubAuthority(&ret->sid, 1) = number;
    return true;
}

char *lima_win_sid_text(PSID sid)
{
    wchar_t *wide;

    if (!sid || !ConvertSidToStringSidW(sid, &wide))
        return lima_mem_strdup("");
    char *ret = lima_wide_to_text(wide, wcslen(wide));
    LocalFree(wide);
    return ret;
}

char *lima_win_group_name(PSID sid)
{
    wchar_t name[LIMA_WIN_NAME_UNITS], domain[LIMA_WIN_NAME_UNITS];
    DWORD name_len = LIMA_WIN_NAME_UNITS, domain_len = LIMA_WIN_NAME_UNITS;
    SID_NAME_USE use;

    if (!LookupAccountSidW(NULL, sid, name, &name_len, domain, &domain_len, &use))
        return lima_mem_strdup("");
    return lima_wide_to_text(name, wcsnlen(name, LIMA_WIN_NAME_UNITS));
}

DWORD lima_win_group_has(PSID group, PSID user, bool *ret)
{
    typedef DWORD(WINAPI * members_fn)(PCWSTR, PCWSTR, DWORD, BYTE **, DWORD, DWORD *, DWORD *, DWORD_PTR *);
    typedef DWORD(WINAPI * free_fn)(void *);
    members_fn get = (members_fn)lima_win_dll_system(L"netapi32.dll", "NetLocalGroupGetMembers");
    free_fn give_back = (free_fn)lima_win_dll_system(L"netapi32.dll", "NetApiBufferFree");
    char *name = lima_win_group_name(group);
    wchar_t *wide = NULL;
    PSID *members = NULL; /* LOCALGROUP_MEMBERS_INFO_0 is one SID */
    DWORD count = 0, total = 0, failed = ERROR_NO_SUCH_ALIAS;

    *ret = false;
    if (get && give_back && *name && lima_wide_from_utf8(name, &wide, NULL))
        failed = get(NULL, wide, 0, (BYTE **)&members, MEMBERS_BYTES, &count, &total, NULL);
    for (DWORD i = 0; members && i < count && !*ret; i++)
        *ret = EqualSid(members[i], user);
    if (members)
        give_back(members);
    free(wide);
    free(name);
    return failed == ERROR_MORE_DATA ? 0 : failed;
}
