/* limactl fills nearly every key before a driver sees it, so what the user wants is read from lima.yaml where
 * it matters: a uid that nobody wrote may be replaced, and only keys that somebody wrote are worth a warning.
 * Changes are made on a copy and taken over at the end. */
#include "wsl2/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "driver/image_location.h"
#include "driver/windows_mounts.h"
#include "wsl2/network.h"

enum { LIMAS_UID = 1000 }; /* what limactl fills in on Windows */

static bool is_set(const lima_json *doc, const char *path)
{
    lima_json_kind kind = lima_json_get_kind(doc, "%s", path);
    return kind != LIMA_JSON_ABSENT && kind != LIMA_JSON_NULL;
}

/* The kinds of the keys that are read here and that the instance has not looked at. */
static bool check_kinds(const lima_json *doc, lima_err *err)
{
    static const struct {
        lima_json_kind kind;
        const char *path;
    } keys[] = {
        {LIMA_JSON_STRING, "config.vmType"},      {LIMA_JSON_STRING, "config.mountType"},
        {LIMA_JSON_OBJECT, "config.user"},        {LIMA_JSON_INTEGER, "config.user.uid"},
        {LIMA_JSON_BOOL, "config.tpm"},           {LIMA_JSON_ARRAY, "config.additionalDisks"},
        {LIMA_JSON_ARRAY, "config.images"},       {LIMA_JSON_ARRAY, "config.mounts"},
        {LIMA_JSON_BOOL, "config.ssh.overVsock"}, {LIMA_JSON_ARRAY, "config.mountTypesUnsupported"},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (!lima_json_expect(doc, keys[i].kind, err, "%s", keys[i].path))
            return false;
    return true;
}

static void fill_text(lima_json *doc, const char *path)
{
    const char *now = lima_json_str(doc, "", "%s", path);
    if (!*now || lima_str_eq(now, "default"))
        lima_json_set_str(doc, "wsl2", "%s", path);
}

/* The user of an existing guest keeps the uid her files belong to; a new one gets one that no other
 * distribution has. */
static void fill_uid(lima_instance *inst, const wsl2_config_inputs *inputs)
{
    if (!inputs->written || is_set(inputs->written, "user.uid"))
        return;
    if (inputs->exists) {
        if (inputs->user_uid)
            lima_json_set_int(inst->doc, inputs->user_uid, "config.user.uid");
        return;
    }
    if (*inst->dir && lima_json_int(inst->doc, LIMAS_UID, "config.user.uid") == LIMAS_UID)
        lima_json_set_int(inst->doc, lima_wsl2_uid(inst->dir, 0), "config.user.uid");
}

/* mountType "wsl2", or nothing yet. */
static bool check_mount_type(const lima_json *doc, lima_err *err)
{
    const char *type = lima_json_str(doc, "", "config.mountType");
    if (*type && !lima_str_eq(type, "default") && !lima_str_eq(type, "wsl2"))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "mountType '%.60s' is not possible with WSL2; set it to wsl2, or leave it out",
                            type);
    size_t count = lima_json_count(doc, "config.mountTypesUnsupported");
    for (size_t i = 0; i < count; i++)
        if (lima_str_eq(lima_json_str(doc, "", "config.mountTypesUnsupported[%zu]", i), "wsl2"))
            return lima_err_set(
                err, LIMA_CODE_INVALID_ARGUMENT,
                "mountTypesUnsupported names wsl2, the only mountType of this driver; use another "
                "vmType");
    return true;
}

bool lima_wsl2_configure(lima_instance *inst, const wsl2_config_inputs *inputs, lima_err *err)
{
    lima_instance *copy = lima_instance_copy(inst);
    bool ok = check_kinds(copy->doc, err) && check_mount_type(copy->doc, err);
    if (ok) {
        fill_text(copy->doc, "config.vmType");
        fill_text(copy->doc, "config.mountType");
        fill_uid(copy, inputs);
        ok = lima_instance_refresh(copy, err);
    }
    if (ok) {
        lima_instance before = *inst;
        *inst = *copy;
        *copy = before;
    }
    lima_instance_free(copy);
    return ok;
}

static bool check_guest(const lima_instance *inst, const char *host_arch, lima_err *err)
{
    if (*inst->guest_os && !lima_str_eq(inst->guest_os, "Linux"))
        return lima_err_set(
            err, LIMA_CODE_UNIMPLEMENTED,
            "os '%.60s' does not run in WSL2, which runs Linux; set os to Linux, or use vmType qemu",
            inst->guest_os);
    if (!lima_str_eq(inst->arch, host_arch))
        return lima_err_set(
            err, LIMA_CODE_UNIMPLEMENTED,
            "arch '%.60s' does not run in WSL2 on this machine; set arch to %s, or use vmType qemu",
            inst->arch, host_arch);
    return true;
}

/* Devices that a guest would look for in vain. */
static bool check_devices(const lima_json *doc, lima_err *err)
{
    if (lima_json_bool(doc, false, "config.tpm"))
        return lima_err_set(err, LIMA_CODE_UNIMPLEMENTED,
                            "tpm is not possible with WSL2; set it to false, or use vmType qemu or hyperv");
    if (lima_json_count(doc, "config.additionalDisks"))
        return lima_err_set(
            err, LIMA_CODE_UNIMPLEMENTED,
            "additionalDisks are not possible with WSL2, where disks belong to all distributions; "
            "remove them, or use vmType qemu or hyperv");
    return true;
}

/* That say by their name to be no tar archive. What the name does not tell, the content will (image.h). */
static const char *const wrong_images[] = {".qcow2", ".raw",  ".img",      ".iso",  ".ipsw", ".vmdk",
                                           ".vhd",   ".vhdx", ".squashfs", ".sqfs", ".vdi",  NULL};

static bool check_images(const lima_instance *inst, lima_err *err)
{
    size_t count = lima_json_count(inst->doc, "config.images");
    for (size_t i = 0; i < count; i++) {
        const char *arch = lima_json_str(inst->doc, inst->arch, "config.images[%zu].arch", i);
        const char *location = lima_json_str(inst->doc, "", "config.images[%zu].location", i);
        if (lima_str_eq(arch, inst->arch) && lima_image_location_ends(location, wrong_images))
            return lima_err_set(
                err, LIMA_CODE_INVALID_ARGUMENT,
                "images[%zu].location '%.300s' is a disk or CD image; WSL2 takes a tar archive of a "
                "root file system (.tar, .tar.gz, .tar.xz, .tar.zst, .tar.bz2)",
                i, location);
    }
    return true;
}

/* root's and the system's uids are in every image. */
static bool check_uid(const lima_json *doc, lima_err *err)
{
    int64_t uid = lima_json_int(doc, LIMAS_UID, "config.user.uid");
    return (uid >= 1 && uid < UINT32_MAX - 1)
           || lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "user.uid %lld is no uid of a user",
                           (long long)uid);
}

/* Keys of the user's file that have no meaning here. */
static void warn_ignored(const lima_json *written, lima_strv *warnings)
{
    static const struct {
        const char *key, *why;
    } ignored[] = {
        {"audio", "WSLg has sound of its own"},
        {"cpuType", "WSL shows the host's CPU"},
        {"firmware", "a distribution has none"},
        {"networks", "all distributions share WSL's network"},
        {"nestedVirtualization", "it is set for all distributions in .wslconfig"},
        {"rosetta", "it belongs to macOS"},
        {"timezone", "WSL takes that of Windows"},
        {"video", "a distribution has no screen"},
        {"vmOpts.qemu", "it belongs to another driver"},
        {"vmOpts.vz", "it belongs to another driver"},
        {"ssh.overVsock", "SSH goes over WSL's network"},
    };
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        if (is_set(written, ignored[i].key))
            lima_strv_addf(warnings, "%s is ignored by the wsl2 driver: %s", ignored[i].key, ignored[i].why);
}

static void warn_kernels(const lima_json *written, lima_strv *warnings)
{
    size_t count = lima_json_count(written, "images");
    for (size_t i = 0; i < count; i++) {
        bool kernel = lima_json_get_kind(written, "images[%zu].kernel", i) == LIMA_JSON_OBJECT;
        bool initrd = lima_json_get_kind(written, "images[%zu].initrd", i) == LIMA_JSON_OBJECT;
        if (kernel || initrd)
            lima_strv_addf(warnings,
                           "images[%zu].%s is ignored by the wsl2 driver: WSL has one kernel for all "
                           "distributions",
                           i, kernel ? "kernel" : "initrd");
    }
}

static void warn_port(const lima_instance *inst, lima_strv *warnings)
{
    int64_t port = lima_json_int(inst->doc, 0, "config.ssh.localPort");
    if (port > 0 && port <= UINT16_MAX && !lima_wsl2_ssh_port_allowed((uint16_t)port))
        lima_strv_addf(warnings,
                       "ssh.localPort %lld is not used by the wsl2 driver: servers of Windows or of other "
                       "distributions have it; leave it out",
                       (long long)port);
}

bool lima_wsl2_validate(const lima_instance *inst, const wsl2_config_inputs *inputs, lima_strv *ret_warnings,
                        lima_err *err)
{
    if (!check_kinds(inst->doc, err) || !check_guest(inst, inputs->host_arch, err)
        || !check_mount_type(inst->doc, err) || !check_devices(inst->doc, err) || !check_images(inst, err)
        || !lima_windows_mounts_check(inst, inputs->home, err) || !check_uid(inst->doc, err))
        return false;
    if (ret_warnings) {
        warn_ignored(inputs->written, ret_warnings);
        warn_kernels(inputs->written, ret_warnings);
        warn_port(inst, ret_warnings);
    }
    return true;
}

char *lima_wsl2_hostname(const lima_instance *inst)
{
    char *name = lima_mem_printf("lima-%s", inst->name);
    for (char *c = name; *c; c++)
        if (*c == '.' || *c == '_')
            *c = '-';
    return name;
}
