/* A reboot of the guest stays one: the VM goes on. It also goes on when the driver ends, which finds it again
 * by its id. */
#include "hyperv/machine.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

static hyperv_boot boot_of(const hyperv_files *files)
{
    if (files->kernel)
        return HYPERV_BOOT_KERNEL;
    return files->iso ? HYPERV_BOOT_ISO : HYPERV_BOOT_DISK;
}

void lima_hyperv_machine(const lima_instance *inst, const hyperv_options *options, const hyperv_files *files,
                         hyperv_vm *ret)
{
    ret->boot = boot_of(files);
    ret->secure_boot = options->secure_boot;
    ret->kernel = files->kernel;
    ret->initrd = files->initrd;
    ret->cmdline = files->cmdline;
    ret->cpus = inst->cpus;
    ret->memory_mib = inst->memory >> 20;
    ret->overcommit = true;
    ret->nested = lima_json_bool(inst->doc, false, "config.nestedVirtualization");
    ret->tpm = lima_json_bool(inst->doc, false, "config.tpm");
    ret->survives = true;
    ret->guest_state = files->guest_state;
    ret->run_state = files->run_state;
    ret->disk = files->disk;
    ret->extra_disks = files->extra_disks;
    ret->extra_disk_count = files->extra_disk_count;
    ret->iso = files->iso;
    ret->cidata = files->cidata;
}

char *lima_hyperv_cmdline(const char *given)
{
    static const char virtio[] = "root=/dev/vd", scsi[] = "root=/dev/sd";
    lima_strv words = {0}, made = {0};
    bool console = false;
    char *text = lima_mem_strdup(given);

    for (char *c = text; *c; c++)
        *c = (unsigned char)*c <= ' ' ? ' ' : *c;
    lima_str_split(text, ' ', &words);
    for (size_t i = 0; i < words.len; i++) {
        const char *word = words.items[i];
        console = console || lima_str_has_prefix(word, "console=");
        if (lima_str_has_prefix(word, virtio))
            lima_strv_addf(&made, "%s%s", scsi, word + sizeof virtio - 1);
        else if (*word)
            lima_strv_add(&made, word);
    }
    if (!console)
        lima_strv_add(&made, "console=ttyS0,115200");
    char *joined = lima_strv_join(&made, " ");
    lima_strv_free(&made);
    lima_strv_free(&words);
    free(text);
    return joined;
}
