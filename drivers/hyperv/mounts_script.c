/* The list goes into the script itself, as a comment: cidata's own list of mounts has been through YAML and fstab, which
 * both mind spaces. */
#include "hyperv/mounts_script.h"

#include <stdlib.h>

#include "base/mem.h"
#include "guest_mounts.h"
#include "hyperv/mounts.h"
#include "os/host.h"

char *lima_hyperv_mounts_script(const lima_instance *inst)
{
    hyperv_mounts mounts = {0};
    char *script = NULL;

    if (lima_hyperv_mounts_read(inst, lima_host_get()->home, &mounts, NULL) && mounts.folders.len) {
        char *list = lima_hyperv_mounts_list(&mounts);
        script = lima_mem_printf("#!/bin/sh\n# mounts %s\n%s", list, guest_mounts);
        free(list);
    }
    lima_hyperv_mounts_free(&mounts);
    return script;
}
