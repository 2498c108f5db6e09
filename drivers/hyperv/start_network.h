/* A start's part of the network: which way, an endpoint if it is Windows' network, a service if it is the one in user
 * space. In the order of the functions; {0} before. */
#pragma once

#include "driver/instance.h"
#include "hyperv/network.h"
#include "hyperv/network_plan.h"
#include "hyperv/usernet.h"
#include "hyperv/vm.h"
#include "win/rights.h"

typedef struct hyperv_start_network {
    hyperv_network_mode mode;
    bool may_change;
    hyperv_attachment attachment; /* HCN */
    bool attached;
    hyperv_usernet *usernet; /* HVSOCKET; given away by whoever takes it out */
} hyperv_start_network;

/* By the configuration and by what this process may; the reason goes to the log. */
bool lima_hyperv_start_network_choose(const lima_instance *inst, hyperv_network_mode wish,
                                      const lima_rights *rights, hyperv_start_network *net, lima_err *err);
/* Makes the endpoint. When Windows refuses one that nobody has asked for by name, the way changes, and the log tells
 * why. */
bool lima_hyperv_start_network_attach(const lima_instance *inst, lima_wake *wake, hyperv_start_network *net,
                                      hyperv_reach *reach, lima_err *err);
/* When the VM was created (or is not to be, with `made` false), and before it starts. */
bool lima_hyperv_start_network_serve(const lima_instance *inst, const hyperv_reach *reach, bool made,
                                     hyperv_start_network *net, lima_err *err);
/* After a failed start: nothing of it stays. */
void lima_hyperv_start_network_undo(const lima_instance *inst, hyperv_start_network *net);
