/* Who may use what: owner-only security descriptors, and what a descriptor that is there says. */
#pragma once

#include <windows.h>

#include "base/err.h"

/* For what is to be created: owned by this user, full control for the user and SYSTEM, nobody else, nothing
 * inherited from the folder around it. `folder`: what is created inside later without a descriptor of its own
 * is private in the same way. *ret borrows from memory that lives as long as the process. */
bool lima_win_private(bool folder, SECURITY_ATTRIBUTES *ret, lima_err *err);

/* The user this process runs as. Borrowed, for ever; NULL if Windows does not tell. */
PSID lima_win_user_sid(void);

/* What the owner and the DACL of an object say (lima_file_info of os/file.h). `handle` needs READ_CONTROL.
 * Owned by this user: by the user's SID, or by what Windows makes the owner of this user's new objects (the
 * Administrators group, for elevated programs). Others do not include SYSTEM, Administrators and
 * TrustedInstaller: those can do everything anyway, as root can. A DACL that cannot be read counts as not
 * mine, and open to others. */
void lima_win_access_of(HANDLE handle, bool *ret_mine, bool *ret_others_write);
