/* The search order is Lima's, so that an instance finds the same file with either driver. Nothing is
 * downloaded here, and files are only looked at through the caller's `exists`. */
#include "qemu/firmware.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "qemu/text.h"

static const char *const distro_x86_64[] = {"/usr/share/edk2/x64/OVMF_CODE.4m.fd",
                                            "/usr/share/OVMF/OVMF_CODE.fd",
                                            "/usr/share/OVMF/OVMF_CODE_4M.fd",
                                            "/usr/share/edk2/ovmf/OVMF_CODE.fd",
                                            "/usr/share/qemu/ovmf-x86_64.bin",
                                            "/usr/share/qemu/ovmf-x86_64-4m.bin",
                                            NULL};
static const char *const distro_aarch64[] = {"/usr/share/edk2/aarch64/QEMU_CODE.fd",
                                             "/usr/share/AAVMF/AAVMF_CODE.fd",
                                             "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd", NULL};

static bool is_x86(const lima_instance *inst)
{
    return lima_str_eq(inst->arch, "x86_64");
}

bool lima_qemu_firmware_wanted(const lima_instance *inst, bool *ret_ignored)
{
    bool legacy = lima_json_bool(inst->doc, false, "config.firmware.legacyBIOS");
    if (ret_ignored)
        *ret_ignored = legacy && !is_x86(inst);
    return !(legacy && is_x86(inst));
}

/* The first entry of firmware.images that is for this guest and driver: its index, or SIZE_MAX. */
static size_t find_image(const lima_instance *inst)
{
    size_t count = lima_json_count(inst->doc, "config.firmware.images");
    for (size_t i = 0; i < count; i++) {
        const char *arch = lima_json_str(inst->doc, "", "config.firmware.images[%zu].arch", i);
        const char *type = lima_json_str(inst->doc, "", "config.firmware.images[%zu].vmType", i);
        bool mine = !*type || lima_str_eq(type, "qemu") || lima_str_eq(type, inst->vm_type);
        if (mine && lima_str_eq(arch, inst->arch))
            return i;
    }
    return SIZE_MAX;
}

static const char *image_location(const lima_instance *inst)
{
    size_t index = find_image(inst);
    return index == SIZE_MAX ? ""
                             : lima_json_str(inst->doc, "", "config.firmware.images[%zu].location", index);
}

static bool is_url(const char *location)
{
    return strstr(location, "://") && !lima_str_has_prefix(location, "file://");
}

const char *lima_qemu_firmware_url(const lima_instance *inst, const char **ret_digest)
{
    const char *location = image_location(inst);
    if (!is_url(location))
        return NULL;
    if (ret_digest)
        *ret_digest = lima_json_str(inst->doc, "", "config.firmware.images[%zu].digest", find_image(inst));
    return location;
}

static void add_owned(lima_strv *ret, char *path)
{
    lima_strv_add(ret, path);
    free(path);
}

static void add_local_image(const lima_instance *inst, const char *home, lima_strv *ret)
{
    const char *location = image_location(inst);
    if (!*location || is_url(location))
        return;
    if (lima_str_has_prefix(location, "file://"))
        location += strlen("file://");
    add_owned(ret, lima_qemu_expand_home(location, home));
}

/* Files that QEMU itself brings. */
static void add_bundled(const lima_instance *inst, const char *program, const char *home, lima_strv *ret)
{
    char *name = lima_mem_printf("edk2-%s-code.fd", inst->arch);
    if (*home) {
        char *user = lima_path_join(home, ".local/share/qemu");
        add_owned(ret, lima_path_join(user, name));
        free(user);
    }
    if (*program) {
        char *bin = lima_path_dir(program);
        char *prefix = lima_path_dir(bin);
        char *unix_share = lima_path_join(prefix, "share/qemu");
        char *windows_share = lima_path_join(bin, "share");
        add_owned(ret, lima_path_join(unix_share, name));
        add_owned(ret, lima_path_join(windows_share, name));
        free(windows_share);
        free(unix_share);
        free(prefix);
        free(bin);
    }
    free(name);
}

void lima_qemu_firmware_candidates(const lima_instance *inst, const char *program, const char *home,
                                   lima_strv *ret)
{
    add_owned(ret, lima_instance_path(inst, QEMU_FIRMWARE_FILE));
    add_local_image(inst, home, ret);
    add_bundled(inst, program, home, ret);
    for (const char *const *path = is_x86(inst) ? distro_x86_64 : distro_aarch64; *path; path++)
        lima_strv_add(ret, *path);
}

static bool not_found(const lima_instance *inst, const lima_strv *candidates, lima_err *err)
{
    char *places = lima_strv_join(candidates, ", ");
    lima_err_set(err, LIMA_CODE_NOT_FOUND,
                 "no UEFI firmware for %s guests was found; install %s%s (looked at %.1200s)", inst->arch,
                 is_x86(inst) ? "the package ovmf or edk2-ovmf"
                              : "the package qemu-efi-aarch64 or edk2-aarch64",
                 is_x86(inst) ? ", or set firmware.legacyBIOS to true" : "", places);
    free(places);
    return false;
}

bool lima_qemu_firmware_choose(const lima_instance *inst, const lima_strv *candidates, bool has_kernel,
                               bool (*exists)(void *arg, const char *path), void *arg, char **ret,
                               lima_err *err)
{
    if (!lima_qemu_firmware_wanted(inst, NULL)) {
        *ret = NULL;
        return true;
    }
    for (size_t i = 0; i < candidates->len; i++) {
        if (exists(arg, candidates->items[i])) {
            *ret = lima_mem_strdup(candidates->items[i]);
            return true;
        }
    }
    if (!has_kernel)
        return not_found(inst, candidates, err);
    *ret = NULL;
    return true;
}
