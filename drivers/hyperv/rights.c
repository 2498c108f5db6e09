/* Obstacles are looked at in the order in which a user has to remove them: what Windows lacks, then what she
 * lacks; there is no use in joining a group while the feature is off. A stopped service is none: Windows
 * starts it when it is called. What could not be learnt of a service is none either: the call itself will
 * tell. */
#include "hyperv/rights.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

/* The first Windows with HCS in computecore.dll; the first where HCN refuses members of the group. */
enum { BUILD_1809 = 17763, BUILD_STRICT_NETWORKS = 22621 };

#define ELEVATED "a terminal that was started with 'Run as administrator'"

static const struct {
    lima_code code;
    const char *cause, *next; /* NULL: it names user and group */
} texts[] = {
    [HYPERV_LACK_NOTHING] = {LIMA_CODE_OK, "nothing is missing", "nothing has to be done"},
    [HYPERV_LACK_WINDOWS] = {LIMA_CODE_UNIMPLEMENTED, "this Windows has no Host Compute Service",
                             "update to Windows 10 1809 or later: `start ms-settings:windowsupdate`"},
    [HYPERV_LACK_FEATURE] = {LIMA_CODE_FAILED_PRECONDITION,
                             "the Windows feature Virtual Machine Platform is off (every edition has it)",
                             "run as administrator: `dism /Online /Enable-Feature "
                             "/FeatureName:VirtualMachinePlatform /All`, then restart Windows"},
    [HYPERV_LACK_VM_SERVICE] = {LIMA_CODE_FAILED_PRECONDITION,
                                "the service vmcompute, which runs VMs, is disabled",
                                "run as administrator: `sc config vmcompute start= demand`"},
    [HYPERV_LACK_NETWORK_SERVICE] = {LIMA_CODE_FAILED_PRECONDITION,
                                     "the service hns, which makes networks for VMs, is disabled",
                                     "run as administrator: `sc config hns start= demand`"},
    [HYPERV_LACK_FIRMWARE] = {LIMA_CODE_FAILED_PRECONDITION,
                              "no hypervisor runs, because virtualization is off in this computer's firmware "
                              "(or, in a VM, its host does not offer nested virtualization)",
                              "turn on Intel VT-x or AMD SVM there; as administrator `shutdown /r /fw /t 0` "
                              "restarts into it"},
    [HYPERV_LACK_HYPERVISOR] = {LIMA_CODE_FAILED_PRECONDITION, "Windows has not started its hypervisor",
                                "restart Windows if the feature has just been turned on; else run as "
                                "administrator: `bcdedit /set hypervisorlaunchtype auto`, then restart "
                                "Windows"},
    [HYPERV_LACK_LOGON] = {LIMA_CODE_PERMISSION_DENIED,
                           "you are in the group Hyper-V Administrators, but logged on before you were",
                           "log off and on again: `shutdown /l`"},
    [HYPERV_LACK_ELEVATION] = {LIMA_CODE_PERMISSION_DENIED,
                               "you are an administrator, but this program runs without those rights", NULL},
    [HYPERV_LACK_NETWORK_ELEVATION] = {LIMA_CODE_PERMISSION_DENIED,
                                       "Windows 11 22H2 and later let only programs with an administrator's "
                                       "rights make networks for VMs",
                                       "run it from " ELEVATED},
    [HYPERV_LACK_GROUP] = {LIMA_CODE_PERMISSION_DENIED,
                           "you are neither an administrator nor in the group Hyper-V Administrators", NULL},
};

static hyperv_lack service_lack(lima_rights_service service, hyperv_lack disabled)
{
    if (service == LIMA_RIGHTS_NO_SERVICE)
        return HYPERV_LACK_FEATURE;
    return service == LIMA_RIGHTS_SERVICE_DISABLED ? disabled : HYPERV_LACK_NOTHING;
}

static hyperv_lack no_library(const lima_rights *rights)
{
    return rights->build < BUILD_1809 ? HYPERV_LACK_WINDOWS : HYPERV_LACK_FEATURE;
}

static hyperv_lack computer_lack(const lima_rights *rights)
{
    hyperv_lack service = service_lack(rights->vmcompute, HYPERV_LACK_VM_SERVICE);

    if (!rights->computecore)
        return no_library(rights);
    if (service != HYPERV_LACK_NOTHING || rights->hypervisor)
        return service;
    return rights->firmware ? HYPERV_LACK_HYPERVISOR : HYPERV_LACK_FIRMWARE;
}

static bool is_administrator(const lima_rights *rights)
{
    return rights->elevated || rights->administrators == LIMA_RIGHTS_MEMBER;
}

/* An administrator can go on at once, so her group does not matter. */
static hyperv_lack user_lack(const lima_rights *rights)
{
    if (is_administrator(rights) || rights->hyperv == LIMA_RIGHTS_MEMBER)
        return HYPERV_LACK_NOTHING;
    if (rights->hyperv == LIMA_RIGHTS_NEXT_LOGON)
        return HYPERV_LACK_LOGON;
    bool may_elevate =
        rights->administrators == LIMA_RIGHTS_FILTERED || rights->hyperv == LIMA_RIGHTS_FILTERED;
    return may_elevate ? HYPERV_LACK_ELEVATION : HYPERV_LACK_GROUP;
}

hyperv_lack lima_hyperv_lack(const lima_rights *rights)
{
    hyperv_lack lack = computer_lack(rights);
    return lack == HYPERV_LACK_NOTHING ? user_lack(rights) : lack;
}

hyperv_lack lima_hyperv_network_lack(const lima_rights *rights)
{
    hyperv_lack service = service_lack(rights->hns, HYPERV_LACK_NETWORK_SERVICE);

    if (!rights->computenetwork)
        return no_library(rights);
    if (service != HYPERV_LACK_NOTHING)
        return service;
    if (rights->build < BUILD_STRICT_NETWORKS)
        return user_lack(rights);
    return is_administrator(rights) ? HYPERV_LACK_NOTHING : HYPERV_LACK_NETWORK_ELEVATION;
}

lima_code lima_hyperv_lack_code(hyperv_lack lack)
{
    return texts[lack].code;
}

const char *lima_hyperv_lack_cause(hyperv_lack lack)
{
    return texts[lack].cause;
}

char *lima_hyperv_lack_next(hyperv_lack lack, const lima_rights *rights)
{
    const char *group = rights->hyperv_group, *user = rights->user;

    if (texts[lack].next)
        return lima_mem_strdup(texts[lack].next);
    const char *begin = lack == HYPERV_LACK_ELEVATION ? "run it from " ELEVATED
                                                        ", or, to do without, run there once"
                                                      : "have an administrator run once";
    if (lima_str_empty(group)) /* this Windows has no such group */
        return lima_mem_strdup("run it from " ELEVATED);
    return lima_mem_printf("%s: `net localgroup \"%s\" \"%s\" /add`, then log off and on again", begin, group,
                           lima_str_empty(user) ? "YOUR NAME" : user);
}

bool lima_hyperv_rights_check(const lima_rights *rights, lima_err *err)
{
    hyperv_lack lack = lima_hyperv_lack(rights);

    if (lack == HYPERV_LACK_NOTHING)
        return true;
    char *next = lima_hyperv_lack_next(lack, rights);
    lima_err_set(err, texts[lack].code, "%s; %s", texts[lack].cause, next);
    free(next);
    return false;
}
