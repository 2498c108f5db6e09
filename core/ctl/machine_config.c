/* What the flags of limadrv run mean: checks, and the configuration that lima.yaml gets. */
#include "machine_config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "image_copy.h"
#include "instances.h"
#include "os/host.h"

static bool is_small(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* As Lima names instances: letters and digits, and . _ - between them. */
static bool is_machine_name(const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        bool letter = is_small(text[i]) || (text[i] >= 'A' && text[i] <= 'Z');
        if (!letter && (i == 0 || i == len - 1 || !strchr("._-", text[i])))
            return false;
    }
    return len > 0 && len <= 40;
}

/* What useradd takes everywhere. */
static bool is_user_name(const char *text)
{
    size_t len = strlen(text);
    bool ok = len > 0 && len <= 31 && text[0] >= 'a' && text[0] <= 'z' && !lima_str_eq(text, "root");
    for (size_t i = 0; i < len; i++)
        ok = ok && (is_small(text[i]) || text[i] == '_' || text[i] == '-');
    return ok;
}

bool lima_machine_check_flags(const lima_ctl_args *args, lima_err *err)
{
    const char *name = lima_ctl_str(args, "name"), *user = lima_ctl_str(args, "user");
    if (name && !is_machine_name(name))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "--name '%s': up to 40 letters, digits, and . _ - between them", name);
    if (!is_user_name(user))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "--user '%s': up to 31 small letters, digits, _ and -, a letter first, not root",
                            user);
    if (lima_ctl_number(args, "ssh-port") > 65535)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "--ssh-port: at most 65535");
    if (lima_ctl_number(args, "cpus") < 1 || lima_ctl_number(args, "cpus") > 1024)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "--cpus: from 1 to 1024");
    return true;
}

static bool read_old_config(lima_machine *machine, lima_err *err)
{
    lima_json *doc = NULL;
    if (!lima_instances_read(machine->dir, &doc, err))
        return false;
    machine->config = lima_json_get_copy(doc, "config");
    lima_json_free(doc);
    return true;
}

/* Flags over what an existing machine has; defaults only for a new one. */
static void set_config(const lima_ctl_args *args, lima_machine *machine)
{
    lima_json *config = machine->config;
    bool fresh = !machine->existing;
    const char *arch = lima_ctl_str(args, "arch");
    char *memory = lima_mem_printf("%llu", (unsigned long long)lima_ctl_number(args, "memory"));
    lima_json_set_str(config, machine->vm_type, "vmType");
    if (fresh || arch)
        lima_json_set_str(config, arch ? arch : lima_host_get()->arch, "arch");
    if (fresh || lima_ctl_given(args, "cpus"))
        lima_json_set_int(config, (int64_t)lima_ctl_number(args, "cpus"), "cpus");
    if (fresh || lima_ctl_given(args, "memory"))
        lima_json_set_str(config, memory, "memory");
    if (fresh)
        lima_json_set_bool(config, machine->guest.kernel || lima_ctl_bool(args, "legacy-bios"),
                           "firmware.legacyBIOS");
    if (fresh || lima_ctl_given(args, "user")) {
        lima_json_set_str(config, lima_ctl_str(args, "user"), "user.name");
        lima_json_set_int(config, 1000, "user.uid");
    }
    machine->user = lima_mem_strdup(lima_json_str(config, "lima", "user.name"));
    char *home = lima_mem_printf("/home/%s", machine->user);
    lima_json_set_str(config, home, "user.home");
    lima_json_set_int(config, machine->port, "ssh.localPort");
    lima_json_set_empty_array(config, "mounts");
    free(home);
    free(memory);
}

static bool set_disk_size(const lima_ctl_args *args, lima_machine *machine, lima_err *err)
{
    uint64_t size = 0;
    bool qcow2 = false;
    machine->disk_size = lima_ctl_number(args, "disk");
    if (!machine->guest.image && !machine->disk_size)
        return true;
    if (machine->guest.image && !lima_image_virtual_size(machine->guest.image, &size, &qcow2, err))
        return false;
    if (machine->disk_size && machine->disk_size < size)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "--disk: the image is larger already (%llu MiB), and disks only grow",
                            (unsigned long long)(size >> 20));
    char *text =
        lima_mem_printf("%llu", (unsigned long long)(machine->disk_size ? machine->disk_size : size));
    lima_json_set_str(machine->config, text, "disk");
    if (machine->guest.image) {
        lima_json_set_str(machine->config, machine->guest.image, "images[0].location");
        lima_json_set_str(machine->config, lima_json_str(machine->config, "", "arch"), "images[0].arch");
    }
    free(text);
    return true;
}

bool lima_machine_configure(const lima_ctl_args *args, lima_machine *machine, lima_err *err)
{
    if (machine->existing ? !read_old_config(machine, err) : !(machine->config = lima_json_new_object()))
        return false;
    set_config(args, machine);
    return set_disk_size(args, machine, err);
}
