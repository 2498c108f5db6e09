/* Accounts of this computer: SIDs, their texts and names, and who is in a local group. For rights.c and
 * membership.c. */
#pragma once

#include <windows.h>

#include <stdbool.h>

typedef union lima_win_any_sid {
    SID sid;
    BYTE room[SECURITY_MAX_SID_SIZE];
} lima_win_any_sid;

enum { LIMA_WIN_HYPERV_ADMINISTRATORS = 578, LIMA_WIN_NAME_UNITS = 512 };

/* S-1-5-32-NUMBER */
bool lima_win_builtin_sid(DWORD number, lima_win_any_sid *ret);
char *lima_win_sid_text(PSID sid); /* owned; "" for NULL, or what is no SID */
/* "Hyper-V-Administratoren", without a domain; "" if there is no such group. Owned. */
char *lima_win_group_name(PSID sid);
/* Whether the user is a direct member, as far as may be read; of huge groups the beginning. 0, or what
 * Windows says. */
DWORD lima_win_group_has(PSID group, PSID user, bool *ret);
