/* What this user and this computer have for virtual machines, looked up before the service is asked: feature,
 * hypervisor, services, group, elevation. What follows from it, and what helps, says who asks
 * (drivers/hyperv/rights.h).
 *
 * Plain C: tests implement lima_rights_look as they like. Facts: hyperv-hcs.md 1.2, 1.4, 1.5. Groups go by
 * SID, never by name: names are translated. Looks only at what this computer knows itself (no domain
 * controller is asked) and changes nothing; some milliseconds. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

typedef enum lima_rights_member {
    LIMA_RIGHTS_NOT_MEMBER = 0,
    LIMA_RIGHTS_MEMBER,    /* in the token: it counts */
    LIMA_RIGHTS_FILTERED,  /* in the token for refusals only (User Account Control): counts when elevated */
    LIMA_RIGHTS_NEXT_LOGON /* the account is in the group, the token is older: log off and on again */
} lima_rights_member;

typedef enum lima_rights_service {
    LIMA_RIGHTS_NO_SERVICE = 0, /* not installed: its feature is off */
    LIMA_RIGHTS_SERVICE_DISABLED,
    LIMA_RIGHTS_SERVICE_STOPPED, /* starts when it is needed */
    LIMA_RIGHTS_SERVICE_RUNS,    /* or is on its way up */
    LIMA_RIGHTS_SERVICE_UNKNOWN, /* may not be asked */
} lima_rights_service;

typedef struct lima_rights {
    uint32_t build;                    /* of Windows: 19045, 22631 … */
    bool elevated;                     /* the token is an administrator's whole one */
    lima_rights_member administrators; /* S-1-5-32-544 */
    lima_rights_member hyperv;         /* S-1-5-32-578, Hyper-V Administrators */
    char *user;                        /* DOMAIN\name, as the commands of the texts want it */
    char *user_sid;                    /* "S-1-5-21-…", for security descriptors */
    char *hyperv_group;                /* the group's name here; "" where Windows has no such group */
    bool hypervisor;                   /* one runs (this may be a virtual machine itself) */
    bool firmware;                     /* virtualization is on in the firmware; known only while none runs */
    bool computecore, computenetwork, virtdisk; /* the DLLs are there */
    lima_rights_service vmcompute, hns;
} lima_rights;

/* What cannot be learnt keeps its zero (services: UNKNOWN). Fails only without a token to look at. */
bool lima_rights_look(lima_rights *ret, lima_err *err);
void lima_rights_free(lima_rights *rights); /* {0} and NULL do nothing */
