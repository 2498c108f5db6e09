/* limactl fills nearly every key before a driver sees it, so whether the user wants its resolver is read from
 * lima.yaml. What a table can say is in config_table.c; here is what takes a look at several keys. Changes
 * are made on a copy and taken over at the end. */
#include "hyperv/config.h"

#include <string.h>

#include "base/str.h"
#include "driver/image_location.h"
#include "hyperv/config_table.h"
#include "hyperv/mounts.h"

#define DISK_BYTES_MAX (UINT64_C(64) << 40) /* of a VHDX */
enum { DNS_MAX = 8 };

/* ---- filling ---- */

/* The kinds of the other keys were checked when the instance was read. */
static bool check_kind(const lima_json *doc, lima_err *err)
{
    return lima_json_expect(doc, LIMA_JSON_OBJECT, err, "config.vmOpts.hyperv");
}

static bool is_unsupported(const lima_json *doc, const char *type)
{
    size_t count = lima_json_count(doc, "config.mountTypesUnsupported");
    for (size_t i = 0; i < count; i++)
        if (lima_str_eq(lima_json_str(doc, "", "config.mountTypesUnsupported[%zu]", i), type))
            return true;
    return false;
}

static void fill_text(lima_json *doc, const char *path, const char *value)
{
    const char *now = lima_json_str(doc, "", "%s", path);
    if (!*now || lima_str_eq(now, "default"))
        lima_json_set_str(doc, value, "%s", path);
}

/* Guests without sshfs are rarer than guests whose kernel has no 9p. */
static void fill_mount_type(lima_json *doc)
{
    bool no_sshfs = is_unsupported(doc, "reverse-sshfs") && !is_unsupported(doc, "9p");
    fill_text(doc, "config.mountType", no_sshfs ? "9p" : "reverse-sshfs");
}

static void fill_dns(lima_json *doc, const hyperv_config_inputs *inputs)
{
    bool theirs = !inputs->written || lima_hyperv_config_is_set(inputs->written, "hostResolver.enabled")
                  || lima_hyperv_config_is_set(inputs->written, "dns");

    if (theirs || inputs->network != HYPERV_NETWORK_HCN || !inputs->dns || !inputs->dns->len)
        return;
    lima_json_set_bool(doc, false, "config.hostResolver.enabled");
    lima_json_set_empty_array(doc, "config.dns");
    for (size_t i = 0; i < inputs->dns->len && i < DNS_MAX; i++)
        lima_json_set_str(doc, inputs->dns->items[i], "config.dns[%zu]", i);
}

bool lima_hyperv_configure(lima_instance *inst, const hyperv_config_inputs *inputs, lima_err *err)
{
    lima_instance *copy = lima_instance_copy(inst);
    bool ok = check_kind(copy->doc, err);

    if (ok) {
        fill_text(copy->doc, "config.vmType", "hyperv");
        fill_mount_type(copy->doc);
        fill_dns(copy->doc, inputs);
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

/* ---- options ---- */

static bool read_secure_boot(const lima_instance *inst, hyperv_secure_boot *ret, lima_err *err)
{
    static const char *const words[] = {"off", "linux", "windows"};
    const char *word = lima_json_str(inst->doc, "off", "config.vmOpts.hyperv.secureBoot");

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (lima_str_eq(word, words[i])) {
            *ret = (hyperv_secure_boot)i;
            return true;
        }
    return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                        "vmOpts.hyperv.secureBoot '%.60s' must be off, linux or windows", word);
}

static bool check_option_names(const lima_instance *inst, lima_err *err)
{
    static const char *const known[] = {"network", "secureBoot"};
    lima_strv keys = {0};
    bool ok = true;

    lima_json_keys(inst->doc, &keys, "config.vmOpts.hyperv");
    for (size_t i = 0; ok && i < keys.len; i++) {
        ok = lima_str_eq(keys.items[i], known[0]) || lima_str_eq(keys.items[i], known[1]);
        if (!ok)
            lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                         "vmOpts.hyperv.%.60s is no option of this driver, which has network and secureBoot",
                         keys.items[i]);
        else
            ok = lima_json_expect(inst->doc, LIMA_JSON_STRING, err, "config.vmOpts.hyperv.%s", keys.items[i]);
    }
    lima_strv_free(&keys);
    return ok;
}

/* Keys of an entry that name what only other hosts have. */
static bool check_network(const lima_instance *inst, size_t i, const lima_strv *user_v2, lima_err *err)
{
    const char *name = lima_json_str(inst->doc, "", "config.networks[%zu].lima", i);
    bool known = user_v2 ? lima_strv_has(user_v2, name) : lima_str_eq(name, "user-v2");

    if (i > 0)
        return lima_err_set(err, LIMA_CODE_UNIMPLEMENTED,
                            "networks has more than one entry; with Hyper-V a guest has one network adapter");
    if (lima_json_bool(inst->doc, false, "config.networks[%zu].vzNAT", i))
        return lima_err_set(
            err, LIMA_CODE_UNIMPLEMENTED,
            "networks[%zu].vzNAT belongs to macOS; leave the entry out: the guest has a network anyway", i);
    if (lima_hyperv_config_is_set(inst->doc, "config.networks[0].socket"))
        return lima_err_set(err, LIMA_CODE_UNIMPLEMENTED,
                            "networks[%zu].socket is not possible with Hyper-V; leave the entry out", i);
    return known
           || lima_err_set(
               err, LIMA_CODE_UNIMPLEMENTED,
               "networks[%zu].lima '%.60s' is not possible with Hyper-V, only a network of mode user-v2; "
               "leave the entry out: the guest has a network anyway",
               i, name);
}

static bool read_network(const lima_instance *inst, const lima_strv *user_v2, hyperv_options *options,
                         lima_err *err)
{
    const char *word = lima_json_str(inst->doc, "auto", "config.vmOpts.hyperv.network");
    size_t count = lima_json_count(inst->doc, "config.networks");

    if (!lima_hyperv_network_parse(word, &options->network))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "vmOpts.hyperv.network '%.60s' must be auto, hcn or hvsocket", word);
    for (size_t i = 0; i < count; i++)
        if (!check_network(inst, i, user_v2, err))
            return false;
    if (count && options->network == HYPERV_NETWORK_HCN)
        return lima_err_set(
            err, LIMA_CODE_INVALID_ARGUMENT,
            "vmOpts.hyperv.network is hcn, and networks names one that needs hvsocket; remove one of "
            "them");
    if (count) {
        options->network = HYPERV_NETWORK_HVSOCKET;
        options->lima_network = lima_json_str(inst->doc, NULL, "config.networks[0].lima");
    }
    return true;
}

bool lima_hyperv_options_read(const lima_instance *inst, const lima_strv *user_v2, hyperv_options *ret,
                              lima_err *err)
{
    hyperv_options made = {0};

    if (!check_kind(inst->doc, err) || !check_option_names(inst, err)
        || !read_secure_boot(inst, &made.secure_boot, err) || !read_network(inst, user_v2, &made, err))
        return false;
    *ret = made;
    return true;
}

/* ---- checking ---- */

static bool check_machine(const lima_instance *inst, const hyperv_config_inputs *inputs, lima_err *err)
{
    if (!lima_str_eq(inst->arch, inputs->host_arch))
        return lima_err_set(
            err, LIMA_CODE_UNIMPLEMENTED,
            "arch '%.60s' does not run with Hyper-V on this computer; set arch to %s, or use vmType "
            "qemu",
            inst->arch, inputs->host_arch);
    if (inputs->host_cpus && inst->cpus > inputs->host_cpus)
        return lima_err_set(err, LIMA_CODE_RESOURCE_EXHAUSTED,
                            "cpus is %u, and this computer has %u; set cpus to at most %u", inst->cpus,
                            inputs->host_cpus, inputs->host_cpus);
    if (inputs->host_memory && inst->memory > inputs->host_memory)
        return lima_err_set(err, LIMA_CODE_RESOURCE_EXHAUSTED,
                            "memory is %llu MiB, and this computer has %llu MiB; set memory to less",
                            (unsigned long long)(inst->memory >> 20),
                            (unsigned long long)(inputs->host_memory >> 20));
    return inst->disk <= DISK_BYTES_MAX
           || lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "disk is %llu GiB; a VHDX has at most 65536 GiB",
                           (unsigned long long)(inst->disk >> 30));
}

static bool check_abilities(const lima_instance *inst, const hyperv_host *host, lima_err *err)
{
    if (host && !host->tpm && lima_json_bool(inst->doc, false, "config.tpm"))
        return lima_err_set(
            err, LIMA_CODE_UNIMPLEMENTED,
            "tpm is not possible on this Windows: 11 24H2 with the feature Hyper-V has virtual TPMs; "
            "set it to false");
    if (host && host->nesting == HYPERV_NESTING_NO
        && lima_json_bool(inst->doc, false, "config.nestedVirtualization"))
        return lima_err_set(
            err, LIMA_CODE_UNIMPLEMENTED,
            "nestedVirtualization is not possible: the processor, or the VM that Windows itself runs "
            "in, does not offer it; set it to false");
    return true;
}

static bool check_mount_type(const lima_instance *inst, lima_err *err)
{
    const char *type = lima_json_str(inst->doc, "", "config.mountType");
    return !*type || !is_unsupported(inst->doc, type)
           || lima_err_set(
               err, LIMA_CODE_INVALID_ARGUMENT,
               "mountType '%.60s' is among mountTypesUnsupported; set it to the other one of reverse-sshfs "
               "and 9p",
               type);
}

static bool check_image(const lima_instance *inst, size_t i, hyperv_secure_boot secure_boot, lima_err *err)
{
    static const char *const wrong[] = {".tar",  ".tgz",  ".txz", ".tbz2", ".tzst",  ".squashfs",
                                        ".sqfs", ".ipsw", ".vdi", ".vhds", ".avhdx", NULL};
    const char *arch = lima_json_str(inst->doc, inst->arch, "config.images[%zu].arch", i);
    const char *location = lima_json_str(inst->doc, "", "config.images[%zu].location", i);
    bool kernel = lima_json_get_kind(inst->doc, "config.images[%zu].kernel", i) == LIMA_JSON_OBJECT;

    if (!lima_str_eq(arch, inst->arch))
        return true;
    if (lima_image_location_ends(location, wrong))
        return lima_err_set(
            err, LIMA_CODE_INVALID_ARGUMENT,
            "images[%zu].location '%.300s' is no disk that can be made into a VHDX; take a qcow2, raw, "
            "vmdk, vhd, vhdx or iso image",
            i, location);
    if (kernel && !lima_str_eq(arch, "x86_64"))
        return lima_err_set(
            err, LIMA_CODE_UNIMPLEMENTED,
            "images[%zu].kernel: Hyper-V boots a kernel without firmware on x86_64 only; take an image "
            "that boots by UEFI",
            i);
    return !(kernel && secure_boot)
           || lima_err_set(
               err, LIMA_CODE_INVALID_ARGUMENT,
               "vmOpts.hyperv.secureBoot is of no use with images[%zu].kernel, which no firmware loads; "
               "set it to off",
               i);
}

static bool check_images(const lima_instance *inst, hyperv_secure_boot secure_boot, lima_err *err)
{
    size_t count = lima_json_count(inst->doc, "config.images");
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++)
        ok = check_image(inst, i, secure_boot, err);
    return ok;
}

static bool check_disks(const lima_instance *inst, lima_err *err)
{
    size_t count = lima_json_count(inst->doc, "config.additionalDisks");

    if (count > HYPERV_EXTRA_DISKS_MAX)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "additionalDisks has %zu entries; at most %d are possible", count,
                            HYPERV_EXTRA_DISKS_MAX);
    for (size_t i = 0; i < count; i++)
        if (!*lima_json_str(inst->doc, "", "config.additionalDisks[%zu].name", i))
            return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "additionalDisks[%zu].name is missing", i);
    return true;
}

/* Where the mode is chosen at the start, the start says so. */
static bool check_plain(const lima_instance *inst, const hyperv_options *options, lima_err *err)
{
    return options->network != HYPERV_NETWORK_HVSOCKET || !lima_json_bool(inst->doc, false, "config.plain")
           || lima_err_set(
               err, LIMA_CODE_UNIMPLEMENTED,
               "plain is not possible with the network in user space, which needs a helper in the "
               "guest; set plain to false, or vmOpts.hyperv.network to hcn without networks");
}

static void warn_resolver(const hyperv_config_inputs *inputs, lima_strv *warnings)
{
    if (inputs->network == HYPERV_NETWORK_HCN
        && lima_json_bool(inputs->written, false, "hostResolver.enabled"))
        lima_strv_add(
            warnings,
            "hostResolver.enabled: limactl's resolver cannot be reached from a network of Windows; leave it "
            "out, and the guest asks the resolvers of this computer");
}

bool lima_hyperv_validate(const lima_instance *inst, const hyperv_config_inputs *inputs,
                          lima_strv *ret_warnings, lima_err *err)
{
    hyperv_options options = {0};

    if (!lima_hyperv_options_read(inst, inputs->user_v2, &options, err)
        || !lima_hyperv_config_refuse(inst, err) || !check_machine(inst, inputs, err)
        || !check_abilities(inst, inputs->host, err) || !check_mount_type(inst, err)
        || !check_plain(inst, &options, err) || !check_images(inst, options.secure_boot, err)
        || !check_disks(inst, err) || !lima_hyperv_mounts_check(inst, inputs->home, err))
        return false;
    if (ret_warnings) {
        lima_hyperv_config_warn(inputs->written, ret_warnings);
        warn_resolver(inputs, ret_warnings);
    }
    return true;
}
