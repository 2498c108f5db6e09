/* The scripts are files of their own in guest/; the build makes strings of them (CMakeLists.txt). One more: a file
 * there, its name in CMakeLists.txt, its line here. */
#include "hyperv/boot_scripts.h"

#include "guest_network.h"
#include "hyperv/mounts_script.h"

static const lima_boot_script scripts[] = {
    /* before Lima's 00-check-rtc-and-wait-ntp.sh, which needs it */
    {.name = "00-0-hyperv-network.sh", .text = guest_network},
    {.name = "03-hyperv-mounts.sh", .make = lima_hyperv_mounts_script},
};

size_t lima_hyperv_boot_scripts(const lima_instance *inst, const lima_boot_script **ret)
{
    (void)inst;
    *ret = scripts;
    return sizeof scripts / sizeof scripts[0];
}
