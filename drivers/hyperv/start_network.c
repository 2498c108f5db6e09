/* Windows may refuse a network that the rights of this process promise: versions differ in whom they let make one, and
 * a service may be ill. Then the network in user space does, unless the configuration wants the other by name. It needs
 * a helper in the guest, which Lima brings there but in plain mode. */
#include "hyperv/start_network.h"

#include <string.h>

#include "base/log.h"
#include "hyperv/record.h"

static bool check_plain(const lima_instance *inst, const hyperv_start_network *net, const char *reason,
                        lima_err *err)
{
    return net->mode != HYPERV_NETWORK_HVSOCKET || !lima_json_bool(inst->doc, false, "config.plain")
           || lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                           "the network in user space needs a helper in the guest, which plain mode does not "
                           "allow; set plain to false, or use a network of Windows (%s)",
                           reason);
}

bool lima_hyperv_start_network_choose(const lima_instance *inst, hyperv_network_mode wish,
                                      const lima_rights *rights, hyperv_start_network *net, lima_err *err)
{
    hyperv_network_choice choice = {0};

    if (!lima_hyperv_network_choose(wish, rights, &choice, err))
        return false;
    lima_log_info("instance '%s': %s", inst->name, choice.reason);
    net->mode = choice.mode;
    net->may_change = choice.may_change;
    bool ok = check_plain(inst, net, choice.reason, err);
    lima_hyperv_network_choice_free(&choice);
    return ok;
}

/* ---- the endpoint ---- */

static bool is_refusal(lima_code code)
{
    return code == LIMA_CODE_PERMISSION_DENIED || code == LIMA_CODE_FAILED_PRECONDITION
           || code == LIMA_CODE_UNIMPLEMENTED || code == LIMA_CODE_UNAVAILABLE
           || code == LIMA_CODE_RESOURCE_EXHAUSTED;
}

static bool change(const lima_instance *inst, hyperv_start_network *net, const lima_err *why, lima_err *err)
{
    if (!net->may_change || !is_refusal(why->code))
        return lima_err_set(err, why->code, "%s", why->text);
    lima_log_warn("instance '%s': network in user space, since Windows gives none: %s", inst->name,
                  why->text);
    net->mode = HYPERV_NETWORK_HVSOCKET;
    return check_plain(inst, net, why->text, err);
}

static bool remember(const lima_instance *inst, lima_err *err)
{
    hyperv_record record;

    lima_hyperv_record_read(inst, &record);
    record.network = HYPERV_NETWORK_HVSOCKET;
    *record.address = '\0';
    return lima_hyperv_record_write(inst, &record, err);
}

bool lima_hyperv_start_network_attach(const lima_instance *inst, lima_wake *wake, hyperv_start_network *net,
                                      hyperv_reach *reach, lima_err *err)
{
    lima_err why = {0};

    if (net->mode == HYPERV_NETWORK_HCN) {
        net->attached = lima_hyperv_network_attach(inst, wake, &net->attachment, &why);
        if (!net->attached && !change(inst, net, &why, err))
            return false;
    }
    reach->network = net->mode;
    memcpy(reach->address, net->attachment.address, sizeof reach->address);
    if (net->mode == HYPERV_NETWORK_HVSOCKET)
        return remember(inst, err);
    lima_log_info("instance '%s': its address is %s", inst->name, reach->address);
    return true;
}

/* ---- the service ---- */

bool lima_hyperv_start_network_serve(const lima_instance *inst, const hyperv_reach *reach, bool made,
                                     hyperv_start_network *net, lima_err *err)
{
    lima_hyperv_network_settled(&net->attachment);
    if (!made || net->mode != HYPERV_NETWORK_HVSOCKET)
        return made;
    return lima_hyperv_usernet_open(reach->vm_id, inst->name, &net->usernet, err);
}

void lima_hyperv_start_network_undo(const lima_instance *inst, hyperv_start_network *net)
{
    lima_err err = {0};

    lima_hyperv_network_settled(&net->attachment);
    lima_hyperv_usernet_close(net->usernet);
    net->usernet = NULL;
    if (net->attached && !lima_hyperv_network_detach(inst, NULL, &err))
        lima_log_warn("after the failed start: %s", err.text);
    net->attached = false;
}
