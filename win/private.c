/* The two descriptors for private things are built once. Their DACL is protected, so that no folder above
 * adds to it, and names the user and SYSTEM: backups and virus scanners run as SYSTEM, and it could take what
 * it wants anyway. The owner is set too, because programs that run elevated would otherwise make files of the
 * Administrators group, which the same user's other programs do not own.
 *
 * Reading a DACL asks one question: does an entry allow anybody else to change the object? Denying entries
 * are passed over, so the answer may be a needless yes, never a wrong no. */
#include "private.h"

#include <stdlib.h>

#include "base/mem.h"
#include "win_err.h"

enum {
    ACL_BYTES = 256, /* two entries of at most SECURITY_MAX_SID_SIZE */
    DESCRIPTOR_MAX = 64 * 1024,
};

static struct {
    PSID user, owner; /* owner: of what this process creates without a descriptor; NULL: unknown */
    BYTE system[SECURITY_MAX_SID_SIZE];
    DWORD failed; /* why there are no descriptors; 0: there are */
    BYTE acl[2][ACL_BYTES];
    SECURITY_DESCRIPTOR descriptor[2]; /* of a file, of a folder */
} own;

/* Owned. NULL: GetLastError tells. */
static void *token_info(HANDLE token, TOKEN_INFORMATION_CLASS class)
{
    DWORD size = 0;

    GetTokenInformation(token, class, NULL, 0, &size);
    void *info = size > 0 ? lima_mem_zalloc(1, size) : NULL;
    if (info && GetTokenInformation(token, class, info, size, &size))
        return info;
    free(info);
    return NULL;
}

/* What the token says stays as long as the process. */
static bool find_user(void)
{
    HANDLE token;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return false;
    TOKEN_USER *user = token_info(token, TokenUser);
    DWORD failed = GetLastError();
    TOKEN_OWNER *owner = token_info(token, TokenOwner);
    CloseHandle(token);
    own.user = user ? user->User.Sid : NULL;
    own.owner = owner ? owner->Owner : NULL;
    SetLastError(failed);
    return own.user != NULL;
}

static bool describe(int which, DWORD inherit)
{
    DWORD size = sizeof own.system;
    PACL acl = (PACL)own.acl[which];
    SECURITY_DESCRIPTOR *descriptor = &own.descriptor[which];

    return CreateWellKnownSid(WinLocalSystemSid, NULL, own.system, &size)
           && InitializeAcl(acl, ACL_BYTES, ACL_REVISION)
           && AddAccessAllowedAceEx(acl, ACL_REVISION, inherit, FILE_ALL_ACCESS, own.user)
           && AddAccessAllowedAceEx(acl, ACL_REVISION, inherit, FILE_ALL_ACCESS, own.system)
           && InitializeSecurityDescriptor(descriptor, SECURITY_DESCRIPTOR_REVISION)
           && SetSecurityDescriptorDacl(descriptor, TRUE, acl, FALSE)
           && SetSecurityDescriptorOwner(descriptor, own.user, FALSE)
           && SetSecurityDescriptorControl(descriptor, SE_DACL_PROTECTED, SE_DACL_PROTECTED);
}

static BOOL CALLBACK collect(INIT_ONCE *once, void *unused, void **context)
{
    (void)once;
    (void)unused;
    (void)context;
    if (!find_user() || !describe(0, 0) || !describe(1, OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE))
        own.failed = GetLastError();
    return TRUE;
}

static void collect_once(void)
{
    static INIT_ONCE once = INIT_ONCE_STATIC_INIT;

    InitOnceExecuteOnce(&once, collect, NULL, NULL);
}

bool lima_win_private(bool folder, SECURITY_ATTRIBUTES *ret, lima_err *err)
{
    collect_once();
    if (own.failed)
        return lima_win_fail(err, own.failed, "describe what only this user may use");
    *ret = (SECURITY_ATTRIBUTES){.nLength = sizeof *ret, .lpSecurityDescriptor = &own.descriptor[folder]};
    return true;
}

PSID lima_win_user_sid(void)
{
    collect_once();
    return own.user;
}

/* ---- what a descriptor says ---- */

/* Owned; NULL if it cannot be read. */
static PSECURITY_DESCRIPTOR descriptor_of(HANDLE handle)
{
    const SECURITY_INFORMATION what = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
    DWORD size = 0;

    GetKernelObjectSecurity(handle, what, NULL, 0, &size);
    if (size == 0 || size > DESCRIPTOR_MAX)
        return NULL;
    PSECURITY_DESCRIPTOR descriptor = lima_mem_zalloc(1, size);
    if (GetKernelObjectSecurity(handle, what, descriptor, size, &size))
        return descriptor;
    free(descriptor);
    return NULL;
}

static bool is_own(PSID sid)
{
    return (own.user && EqualSid(sid, own.user)) || (own.owner && EqualSid(sid, own.owner));
}

/* The service that owns the files of Windows itself. */
static bool is_trusted_installer(PSID sid)
{
    static const DWORD parts[] = {80, 956008885, 3418522649, 1831038044, 1853292631, 2271478464};
    static const SID_IDENTIFIER_AUTHORITY nt = {SECURITY_NT_AUTHORITY};
    const DWORD count = sizeof parts / sizeof parts[0];

    if (*GetSidSubAuthorityCount(sid) != count || memcmp(GetSidIdentifierAuthority(sid), &nt, sizeof nt))
        return false;
    for (DWORD i = 0; i < count; i++)
        if (*GetSidSubAuthority(sid, i) != parts[i])
            return false;
    return true;
}

static bool is_other(PSID sid, PSID owner)
{
    return !EqualSid(sid, owner) && !is_own(sid) && !IsWellKnownSid(sid, WinLocalSystemSid)
           && !IsWellKnownSid(sid, WinBuiltinAdministratorsSid) && !IsWellKnownSid(sid, WinCreatorOwnerSid)
           && !IsWellKnownSid(sid, WinCreatorOwnerRightsSid) && !is_trusted_installer(sid);
}

static bool lets_others_write(const ACE_HEADER *entry, PSID owner)
{
    const ACCESS_MASK writing = FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_WRITE_EA | FILE_DELETE_CHILD
                                | DELETE | WRITE_DAC | WRITE_OWNER | GENERIC_WRITE | GENERIC_ALL;
    const ACCESS_ALLOWED_ACE *allowed = (const void *)entry;

    if (entry->AceFlags & INHERIT_ONLY_ACE)
        return false;
    switch (entry->AceType) {
    case ACCESS_DENIED_ACE_TYPE:
    case ACCESS_DENIED_CALLBACK_ACE_TYPE:
    case ACCESS_DENIED_OBJECT_ACE_TYPE:
        return false;
    case ACCESS_ALLOWED_ACE_TYPE:
    case ACCESS_ALLOWED_CALLBACK_ACE_TYPE:
        return (allowed->Mask & writing) && is_other((PSID)(UINT_PTR)&allowed->SidStart, owner);
    default: /* lays its parts out otherwise; files have none */
        return (allowed->Mask & writing) != 0;
    }
}

static bool open_to_others(PACL dacl, PSID owner)
{
    ACL_SIZE_INFORMATION list;

    if (!dacl) /* no list at all: everybody may everything */
        return true;
    if (!GetAclInformation(dacl, &list, sizeof list, AclSizeInformation))
        return true;
    for (DWORD i = 0; i < list.AceCount; i++) {
        void *entry;
        if (!GetAce(dacl, i, &entry) || lets_others_write(entry, owner))
            return true;
    }
    return false;
}

void lima_win_access_of(HANDLE handle, bool *ret_mine, bool *ret_others_write)
{
    PSECURITY_DESCRIPTOR descriptor = descriptor_of(handle);
    PSID owner = NULL;
    PACL dacl = NULL;
    BOOL present = FALSE, defaulted;

    collect_once();
    bool known = descriptor && GetSecurityDescriptorOwner(descriptor, &owner, &defaulted) && owner
                 && GetSecurityDescriptorDacl(descriptor, &present, &dacl, &defaulted);
    *ret_mine = known && is_own(owner);
    *ret_others_write = !known || open_to_others(present ? dacl : NULL, owner);
    free(descriptor);
}
