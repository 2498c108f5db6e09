#include "values.h"

#include "find.h"
#include "instances.h"
#include "rpc/client.h"

static void add_drivers(lima_strv *ret)
{
    lima_found_list found = {0};
    lima_find_drivers(&found);
    for (size_t i = 0; i < found.len; i++)
        if (!lima_strv_has(ret, found.items[i].name))
            lima_strv_add(ret, found.items[i].name);
    lima_found_list_free(&found);
}

void lima_ctl_values(lima_ctl_complete kind, lima_strv *ret)
{
    if (kind == LIMA_CTL_DRIVERS) {
        add_drivers(ret);
    } else if (kind == LIMA_CTL_INSTANCES) {
        lima_instances_list(ret);
    } else if (kind == LIMA_CTL_METHODS) {
        for (const char *const *method = lima_client_methods(); *method; method++)
            lima_strv_add(ret, *method);
        lima_strv_add(ret, "Start");
    }
}
