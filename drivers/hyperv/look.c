/* A VM exists for as long as it runs: the service keeps no definitions. What could not be found out is "broken",
 * with the reason: limactl would start a second VM on what is wrongly called stopped. */
#include "hyperv/look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "data/json.h"
#include "hyperv/document.h"
#include "hyperv/network_plan.h"
#include "win/hcs.h"
#include "win/rights.h"

enum { INSPECT_MS = 4000 };

static bool enumerate(const char *query, lima_deadline deadline, lima_wake *wake, lima_json **ret,
                      lima_err *err)
{
    char *text = NULL;

    if (!lima_hcs_enumerate(query, deadline, wake, &text, err))
        return false;
    bool ok = lima_json_parse(text, strlen(text), ret, err) || lima_err_wrap(err, "list of compute systems");
    free(text);
    return ok;
}

static hyperv_vm_state state_of(const lima_json *list)
{
    static const struct {
        const char *word;
        hyperv_vm_state state;
    } words[] = {{"Running", HYPERV_VM_RUNNING},
                 {"Paused", HYPERV_VM_PAUSED},
                 {"Created", HYPERV_VM_CREATED},
                 {"Stopped", HYPERV_VM_NONE},
                 {"", HYPERV_VM_NONE}}; /* seen of one that had stopped */
    const char *word = lima_json_str(list, "", "[0].State");

    if (!lima_json_count(list, "%s", ""))
        return HYPERV_VM_NONE;
    if (!lima_str_eq(lima_json_str(list, "", "[0].Owner"), HYPERV_OWNER))
        return HYPERV_VM_FOREIGN;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (lima_str_eq(word, words[i].word))
            return words[i].state;
    return HYPERV_VM_UNKNOWN;
}

bool lima_hyperv_look(const char *vm_id, lima_deadline deadline, lima_wake *wake, hyperv_vm_state *ret,
                      lima_err *err)
{
    lima_json *list = NULL;
    char *query = lima_mem_printf("{\"Ids\":[\"%s\"]}", vm_id);
    bool ok = enumerate(query, deadline, wake, &list, err);

    if (ok)
        *ret = state_of(list);
    lima_json_free(list);
    free(query);
    return ok;
}

bool lima_hyperv_look_all(lima_deadline deadline, lima_wake *wake, lima_strv *ret, lima_err *err)
{
    lima_json *list = NULL;
    char id[LIMA_GUID_SIZE];

    if (!enumerate("{\"Owners\":[\"" HYPERV_OWNER "\"]}", deadline, wake, &list, err))
        return false;
    for (size_t i = 0; i < lima_json_count(list, "%s", ""); i++)
        if (lima_guid_parse(lima_json_str(list, "", "[%zu].Id", i), id))
            lima_strv_add(ret, id);
    lima_json_free(list);
    return true;
}

/* ---- for limactl ---- */

static void tell(hyperv_vm_state state, lima_vm_status *ret)
{
    static const char *const texts[] = {
        [HYPERV_VM_PAUSED] = "its VM is paused, by a snapshot that was broken off or by another program",
        [HYPERV_VM_FOREIGN] =
            "another program has a compute system with this instance's id; it is left alone",
        [HYPERV_VM_UNKNOWN] = "its VM is in a state that this driver does not know"};

    if (state == HYPERV_VM_NONE || state == HYPERV_VM_CREATED || state == HYPERV_VM_RUNNING) {
        ret->state = state == HYPERV_VM_RUNNING ? LIMA_VM_RUNNING : LIMA_VM_STOPPED;
        return;
    }
    ret->state = LIMA_VM_BROKEN;
    snprintf(ret->text, sizeof ret->text, "%s", texts[state]);
}

bool lima_hyperv_look_possible(void)
{
    lima_rights rights = {0};
    bool none = lima_rights_look(&rights, NULL)
                && (!rights.computecore || rights.vmcompute == LIMA_RIGHTS_NO_SERVICE || !rights.hypervisor);

    lima_rights_free(&rights);
    return !none;
}

bool lima_hyperv_inspect(const lima_instance *inst, lima_vm_status *ret, lima_err *err)
{
    lima_vm_status status = {0};
    hyperv_vm_state state = HYPERV_VM_NONE;
    lima_err why = {0};
    char id[LIMA_GUID_SIZE];

    (void)err;
    lima_hyperv_vm_id(inst->dir, id);
    if (*inst->dir && lima_hyperv_look_possible()) {
        if (lima_hyperv_look(id, lima_clock_in(INSPECT_MS), NULL, &state, &why)) {
            tell(state, &status);
        } else {
            status.state = LIMA_VM_BROKEN;
            snprintf(status.text, sizeof status.text, "%.*s", (int)sizeof status.text - 1, why.text);
        }
    }
    *ret = status;
    return true;
}
