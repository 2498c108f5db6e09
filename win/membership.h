/* Who is in this computer's group Hyper-V Administrators (S-1-5-32-578), and whom this program has put there.
 *
 * Plain C: tests implement it on a folder. The group goes by SID, never by name: names are translated. What
 * was done is noted in HKLM\SOFTWARE\Lima-drivers, where only administrators write, so that nobody else can
 * say what is to be taken back. Changing anything needs an administrator's whole token: PERMISSION_DENIED. A
 * computer without the group: FAILED_PRECONDITION. A domain controller may be asked for a name, which may
 * take long. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

typedef struct lima_account {
    char *name; /* DOMAIN\name; owned */
    char *sid;  /* "S-1-5-21-…"; owned */
} lima_account;

/* {0} is empty. */
typedef struct lima_accounts {
    lima_account *items;
    size_t len;
} lima_accounts;

/* A user by name, with or without a domain; NULL: the one this process runs as. NOT_FOUND: no such account,
 * or one that is no user. */
bool lima_account_find(const char *name, lima_account *ret, lima_err *err);
void lima_account_free(lima_account *account);
void lima_accounts_free(lima_accounts *list);

/* Whether the group's own list has the account; groups within it are not looked into. */
bool lima_membership_look(const char *sid, bool *ret, lima_err *err);
bool lima_membership_add(const char *sid, lima_err *err);    /* ALREADY_EXISTS: it is there */
bool lima_membership_remove(const char *sid, lima_err *err); /* NOT_FOUND: it is not there */

/* Notes, each on the disk when the call returns. */
bool lima_membership_note(const lima_account *account, lima_err *err);
bool lima_membership_forget(const char *sid, lima_err *err); /* fine when there is none */
bool lima_membership_noted(lima_accounts *ret, lima_err *err);
