/* Facts are looked at in the order of how sure they are: what the registry says about existence, then a live
 * keeper, then the list. What cannot be told is "broken" with the reason. */
#include "wsl2/state.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf.h"

/* What has to be there before "running" can be a question at all. */
static bool may_run(wsl2_kinship kin)
{
    return kin == WSL2_KIN_OURS || kin == WSL2_KIN_NOT_WSL2;
}

bool lima_wsl2_state_needs_list(const wsl2_state_facts *facts)
{
    return !facts->unreadable && may_run(facts->kin) && !facts->keeper_alive;
}

static void set(lima_vm_status *ret, lima_vm_state state, const char *text)
{
    size_t len = lima_utf8_cut(text, strlen(text), sizeof ret->text - 1);
    ret->state = state;
    memcpy(ret->text, text, len);
    ret->text[len] = '\0';
}

static void set_broken(lima_vm_status *ret, const char *what, const char *why)
{
    char *text = lima_mem_printf("%s%s%s", what, why && *why ? ": " : "", why ? why : "");
    set(ret, LIMA_VM_BROKEN, text);
    free(text);
}

static void decide_by_kinship(const wsl2_state_facts *facts, lima_vm_status *ret)
{
    wsl2_kin_facts kin = {.registration = facts->registration, .inst_dir = facts->inst_dir};
    lima_err err = {0};
    if (facts->kin == WSL2_KIN_NONE) {
        set(ret, LIMA_VM_UNINITIALIZED, "");
        return;
    }
    lima_wsl2_kinship_check(facts->kin, &kin, facts->distro, &err);
    set_broken(ret, err.text, NULL);
}

static void decide_by_list(const wsl2_state_facts *facts, lima_vm_status *ret)
{
    switch (facts->running) {
    case WSL2_RUNNING_YES:
        set(ret, LIMA_VM_RUNNING, "");
        return;
    case WSL2_RUNNING_NO:
        set(ret, LIMA_VM_STOPPED, "");
        return;
    case WSL2_RUNNING_NOT_ASKED:
    case WSL2_RUNNING_UNKNOWN:
        break;
    }
    set_broken(ret, "whether it runs cannot be told", facts->why);
}

void lima_wsl2_state_decide(const wsl2_state_facts *facts, lima_vm_status *ret)
{
    if (facts->unreadable)
        set_broken(ret, "the list of distributions in the registry cannot be read", facts->why);
    else if (!may_run(facts->kin))
        decide_by_kinship(facts, ret);
    else if (facts->keeper_alive)
        set(ret, LIMA_VM_RUNNING, "");
    else
        decide_by_list(facts, ret);
}
