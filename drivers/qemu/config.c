/* All changes are made on a copy of the document and taken over at the end, so that a refused configuration
 * stays as it came. The host is a parameter: what Lima allows differs between Linux, macOS and Windows, and
 * tests must see all three. */
#include "qemu/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "os/file.h"
#include "os/host.h"
#include "qemu/mounts.h"
#include "qemu/networks.h"

enum { VIRTIOFS_QUEUE_SIZE = 1024, VERSION_FILE_MAX = 256 };

/* Made by Lima before 1.0: such guests keep reverse-sshfs. limactl writes the file once, at creation; a
 * version that is no number (a development build) counts as new. */
static bool made_by_old_lima(const lima_instance *inst)
{
    if (!*inst->dir)
        return false;
    lima_buf text = LIMA_BUF(VERSION_FILE_MAX);
    lima_version version = {1, 0, 0};
    char *path = lima_instance_path(inst, "lima-version");
    bool old = lima_file_read(path, &text, NULL) && lima_parse_version(lima_buf_str(&text), &version, NULL)
               && version.major < 1;
    free(path);
    lima_buf_free(&text);
    return old;
}

typedef struct key_kind {
    lima_json_kind kind;
    const char *path;
} key_kind;

/* In every element of config.LIST. */
static bool check_elements(const lima_json *doc, const char *list, const key_kind *keys, lima_err *err)
{
    size_t count = lima_json_count(doc, "config.%s", list);
    for (size_t i = 0; i < count; i++)
        for (const key_kind *key = keys; key->path; key++)
            if (!lima_json_expect(doc, key->kind, err, "config.%s[%zu].%s", list, i, key->path))
                return false;
    return true;
}

/* The kinds of the keys that only this driver reads (the instance has looked at the others), so that a typing
 * error is named instead of being taken as "not set". */
static bool check_kinds(const lima_json *doc, lima_err *err)
{
    static const key_kind mount_keys[] = {{LIMA_JSON_STRING, "location"},
                                          {LIMA_JSON_STRING, "mountPoint"},
                                          {LIMA_JSON_BOOL, "writable"},
                                          {LIMA_JSON_OBJECT, "9p"},
                                          {LIMA_JSON_STRING, "9p.securityModel"},
                                          {LIMA_JSON_OBJECT, "virtiofs"},
                                          {LIMA_JSON_INTEGER, "virtiofs.queueSize"},
                                          {LIMA_JSON_ABSENT, NULL}};
    static const key_kind network_keys[] = {{LIMA_JSON_STRING, "lima"},
                                            {LIMA_JSON_STRING, "socket"},
                                            {LIMA_JSON_STRING, "macAddress"},
                                            {LIMA_JSON_ABSENT, NULL}};
    return lima_json_expect(doc, LIMA_JSON_OBJECT, err, "config.vmOpts.qemu.cpuType")
           && lima_json_expect(doc, LIMA_JSON_STRING, err, "config.vmOpts.qemu.minimumVersion")
           && check_elements(doc, "mounts", mount_keys, err)
           && check_elements(doc, "networks", network_keys, err);
}

/* The old top-level cpuType moves to vmOpts.qemu.cpuType; what stands there already wins. */
static bool move_cpu_type(lima_json *doc, lima_err *err)
{
    lima_strv arches = {0};
    lima_json_keys(doc, &arches, "config.cpuType");
    bool ok = true;
    for (size_t i = 0; ok && i < arches.len; i++) {
        const char *arch = arches.items[i];
        ok = lima_json_expect(doc, LIMA_JSON_STRING, err, "config.cpuType.\"%s\"", arch)
             && lima_json_expect(doc, LIMA_JSON_STRING, err, "config.vmOpts.qemu.cpuType.\"%s\"", arch);
        const char *old = ok ? lima_json_str(doc, "", "config.cpuType.\"%s\"", arch) : "";
        const char *now = ok ? lima_json_str(doc, "", "config.vmOpts.qemu.cpuType.\"%s\"", arch) : "";
        if (*old && *now && !lima_str_eq(old, now))
            lima_log_warn("cpuType.%s '%s' is ignored: vmOpts.qemu.cpuType.%s is '%s'", arch, old, arch, now);
        else if (*old && !*now)
            lima_json_set_str(doc, old, "config.vmOpts.qemu.cpuType.\"%s\"", arch);
    }
    if (ok && arches.len)
        lima_log_warn("cpuType is deprecated; write vmOpts.qemu.cpuType instead");
    if (ok)
        lima_json_remove(doc, "config.cpuType");
    lima_strv_free(&arches);
    return ok;
}

static void fill_vnc(lima_json *doc)
{
    if (!*lima_json_str(doc, "", "config.video.vnc.display"))
        lima_json_set_str(doc, "127.0.0.1:0,to=9", "config.video.vnc.display");
}

static void fill_mount_type(lima_instance *inst, const char *host_os)
{
    const char *type = lima_json_str(inst->doc, "", "config.mountType");
    if (!*type || lima_str_eq(type, "default"))
        lima_json_set_str(inst->doc, lima_qemu_mount_type_default(inst, host_os, made_by_old_lima(inst)),
                          "config.mountType");
}

static void fill_queue_sizes(lima_json *doc)
{
    if (!lima_str_eq(lima_json_str(doc, "", "config.mountType"), "virtiofs"))
        return;
    size_t count = lima_json_count(doc, "config.mounts");
    for (size_t i = 0; i < count; i++)
        if (lima_json_get_kind(doc, "config.mounts[%zu].virtiofs.queueSize", i) != LIMA_JSON_INTEGER)
            lima_json_set_int(doc, VIRTIOFS_QUEUE_SIZE, "config.mounts[%zu].virtiofs.queueSize", i);
}

bool lima_qemu_configure_on(lima_instance *inst, const char *host_os, lima_err *err)
{
    lima_instance *copy = lima_instance_copy(inst);
    bool ok = check_kinds(copy->doc, err) && move_cpu_type(copy->doc, err);
    if (ok) {
        fill_vnc(copy->doc);
        fill_mount_type(copy, host_os);
        fill_queue_sizes(copy->doc);
        ok = lima_qemu_mount_type_check(copy, host_os, err) && lima_instance_refresh(copy, err);
    }
    if (ok) {
        lima_instance before = *inst;
        *inst = *copy;
        *copy = before;
    }
    lima_instance_free(copy);
    return ok;
}

/* MAJOR.MINOR.PATCH, then perhaps -pre-release or +build. */
static bool is_semantic_version(const char *text)
{
    for (int part = 0; part < 3; part++) {
        size_t len = strspn(text, "0123456789");
        if (len == 0 || len > 9)
            return false;
        text += len;
        if (part < 2 && *text++ != '.')
            return false;
    }
    return !*text || ((*text == '-' || *text == '+') && text[1]);
}

static bool check_minimum_version(const lima_instance *inst, lima_err *err)
{
    const char *version = lima_json_str(inst->doc, "", "config.vmOpts.qemu.minimumVersion");
    if (!*version || is_semantic_version(version))
        return true;
    return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                        "vmOpts.qemu.minimumVersion '%.60s' must be a semantic version such as 8.2.1",
                        version);
}

static bool check_guest(const lima_instance *inst, lima_err *err)
{
    if (*inst->guest_os && !lima_str_eq(inst->guest_os, "Linux"))
        return lima_err_set(err, LIMA_CODE_UNIMPLEMENTED,
                            "guest system '%.60s' is not supported by this driver, which runs Linux guests "
                            "only; set os to Linux",
                            inst->guest_os);
    if (!lima_str_eq(inst->arch, "x86_64") && !lima_str_eq(inst->arch, "aarch64"))
        return lima_err_set(
            err, LIMA_CODE_UNIMPLEMENTED,
            "guest architecture '%.60s' is not supported by this driver; use x86_64 or aarch64", inst->arch);
    return true;
}

static void warn_ignored_network_keys(const lima_instance *inst, size_t i)
{
    static const char *const known[] = {"lima", "socket", "macAddress", "metric", "interface"};
    lima_strv keys = {0};
    lima_json_keys(inst->doc, &keys, "config.networks[%zu]", i);
    for (size_t k = 0; k < keys.len; k++) {
        bool found =
            lima_json_get_kind(inst->doc, "config.networks[%zu].\"%s\"", i, keys.items[k]) == LIMA_JSON_NULL;
        for (size_t n = 0; n < sizeof known / sizeof known[0]; n++)
            found = found || lima_str_eq(known[n], keys.items[k]);
        if (!found)
            lima_log_warn("networks[%zu].%s means nothing to QEMU and is ignored", i, keys.items[k]);
    }
    lima_strv_free(&keys);
}

/* By making the list of a start, whose result is not needed yet. */
static bool check_networks(const lima_instance *inst, lima_err *err)
{
    size_t count = lima_json_count(inst->doc, "config.networks");
    for (size_t i = 0; i < count; i++)
        warn_ignored_network_keys(inst, i);
    lima_strv user_v2 = {0};
    qemu_nics nics = {0};
    bool ok = count == 0
              || (lima_qemu_user_v2_read(inst, &user_v2, err)
                  && lima_qemu_nics_read(inst, "", &user_v2, true, &nics, err));
    lima_qemu_nics_free(&nics);
    lima_strv_free(&user_v2);
    return ok;
}

static bool check_mounts(const lima_instance *inst, lima_err *err)
{
    qemu_mounts mounts = {0};
    bool ok = lima_qemu_mounts_read(inst, LIMA_GENERATION_2_2, lima_host_get()->home, &mounts, err);
    lima_qemu_mounts_free(&mounts);
    return ok;
}

static bool check_audio(const lima_instance *inst, lima_err *err)
{
    const char *interface = lima_json_str(inst->doc, "", "config.audio.interface");
    if (!*interface || lima_str_eq(interface, "hda") || lima_str_eq(interface, "virtio"))
        return true;
    return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "audio.interface '%.60s' must be hda or virtio",
                        interface);
}

bool lima_qemu_validate_on(const lima_instance *inst, const char *host_os, lima_err *err)
{
    if (!check_kinds(inst->doc, err) || !check_guest(inst, err)
        || !lima_qemu_mount_type_check(inst, host_os, err) || !check_minimum_version(inst, err)
        || !check_networks(inst, err) || !check_mounts(inst, err) || !check_audio(inst, err))
        return false;
    if (lima_json_bool(inst->doc, false, "config.nestedVirtualization"))
        lima_log_warn("nestedVirtualization is ignored: whether the guest sees virtualization depends on "
                      "cpuType and the host");
    return true;
}

bool lima_qemu_configure(lima_instance *inst, lima_err *err)
{
    return lima_qemu_configure_on(inst, lima_host_get()->os, err);
}

bool lima_qemu_validate(const lima_instance *inst, lima_err *err)
{
    return lima_qemu_validate_on(inst, lima_host_get()->os, err);
}
