/* Nothing here changes anything, and what cannot be learnt is not checked: a configuration is also looked at where
 * no VM could run. */
#include "hyperv/config_inputs.h"

#include "base/log.h"
#include "hyperv/config.h"
#include "hyperv/host.h"
#include "hyperv/rights.h"
#include "os/host.h"
#include "win/routes.h"

enum { ASK_MS = 2000 };

typedef struct gathered {
    lima_json *written;
    lima_strv dns;
    hyperv_host host;
    hyperv_config_inputs inputs; /* borrows the others */
} gathered;

static hyperv_network_mode expect_network(const lima_instance *inst, const lima_rights *rights)
{
    hyperv_options options = {0};
    hyperv_network_choice choice = {0};

    if (!lima_hyperv_options_read(inst, NULL, &options, NULL)
        || !lima_hyperv_network_choose(options.network, rights, &choice, NULL))
        return HYPERV_NETWORK_AUTO;
    hyperv_network_mode mode = choice.mode;
    lima_hyperv_network_choice_free(&choice);
    return mode;
}

static void ask_host(gathered *g)
{
    lima_rights rights = {0};

    if (lima_rights_look(&rights, NULL)) {
        if (lima_hyperv_rights_check(&rights, NULL)
            && lima_hyperv_host_look(&rights, lima_clock_in(ASK_MS), NULL, &g->host, NULL))
            g->inputs.host = &g->host;
    }
    lima_rights_free(&rights);
}

static void gather(const lima_instance *inst, gathered *g)
{
    const lima_host *host = lima_host_get();
    lima_rights rights = {0};

    g->written = lima_instance_written(inst);
    g->inputs = (hyperv_config_inputs){.host_arch = host->arch,
                                       .home = host->home,
                                       .written = g->written,
                                       .host_cpus = host->cpus,
                                       .host_memory = host->memory,
                                       .dns = &g->dns};
    if (lima_routes_resolvers(&g->dns, NULL) && lima_rights_look(&rights, NULL))
        g->inputs.network = expect_network(inst, &rights);
    lima_rights_free(&rights);
}

static void free_gathered(gathered *g)
{
    lima_strv_free(&g->dns);
    lima_json_free(g->written);
}

bool lima_hyperv_fill(lima_instance *inst, lima_err *err)
{
    gathered g = {0};

    gather(inst, &g);
    bool ok = lima_hyperv_configure(inst, &g.inputs, err);
    free_gathered(&g);
    return ok;
}

bool lima_hyperv_check(const lima_instance *inst, lima_err *err)
{
    gathered g = {0};
    lima_strv warnings = {0};

    gather(inst, &g);
    ask_host(&g);
    bool ok = lima_hyperv_validate(inst, &g.inputs, &warnings, err);
    for (size_t i = 0; ok && i < warnings.len; i++)
        lima_log_warn("instance '%s': %s", inst->name, warnings.items[i]);
    lima_strv_free(&warnings);
    free_gathered(&g);
    return ok;
}
