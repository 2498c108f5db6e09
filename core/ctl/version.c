/* limadrv version. */
#include <stdio.h>

#include "command.h"
#include "os/host.h"

int lima_ctl_version(const lima_ctl_args *args)
{
    const lima_ctl_program *program = lima_ctl_args_program(args);
    const lima_host *host = lima_host_get();
    printf("%s version %s (%s, %s)\n", program->name, program->version, host->os, host->arch);
    return LIMA_CTL_OK;
}
