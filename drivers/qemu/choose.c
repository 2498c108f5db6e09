/* Choices follow Lima's rules, but never end a start that could go on: what cannot be used is replaced, and
 * said. The host is not looked at here; the caller tries the accelerator and hands in what it saw. */
#include "qemu/choose.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"

typedef struct arch_words {
    const char *arch, *variable, *program;
} arch_words;

static const arch_words arches[] = {
    {"x86_64", "QEMU_SYSTEM_X86_64", "qemu-system-x86_64"},
    {"aarch64", "QEMU_SYSTEM_AARCH64", "qemu-system-aarch64"},
};

static const arch_words *find_arch(const char *arch)
{
    for (size_t i = 0; i < sizeof arches / sizeof arches[0]; i++)
        if (lima_str_eq(arches[i].arch, arch))
            return &arches[i];
    return NULL;
}

const char *lima_qemu_program_variable(const char *guest_arch)
{
    const arch_words *known = find_arch(guest_arch);
    return known ? known->variable : NULL;
}

/* A driver's server is not in the folder from which limactl was called (os/process.h). */
static bool check_program(const char *program, lima_err *err)
{
    if (!*program)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "it names no program: its first word is empty; name one or unset it");
    return !strpbrk(program, "/\\") || lima_path_is_absolute(program)
           || lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                           "'%s' is a relative path; give the whole path, or a name to look up on PATH",
                           program);
}

bool lima_qemu_program_words(const char *guest_arch, const char *value, lima_strv *ret, lima_err *err)
{
    const arch_words *known = find_arch(guest_arch);
    if (!known)
        return lima_err_set(err, LIMA_CODE_UNIMPLEMENTED,
                            "guest architecture '%s' is not supported by this driver", guest_arch);
    lima_strv words = {0};
    if (value && !lima_str_split_words(value, &words, err))
        return lima_err_wrap(err, "environment variable %s", known->variable);
    if (words.len == 0)
        lima_strv_add(&words, known->program);
    if (!check_program(words.items[0], err)) {
        lima_strv_free(&words);
        return lima_err_wrap(err, "environment variable %s", known->variable);
    }
    lima_strv_free(ret);
    *ret = words;
    return true;
}

const char *lima_qemu_native_accel(const char *guest_arch, const qemu_host *host)
{
    static const char *const accels[][2] = {
        {"linux", "kvm"}, {"darwin", "hvf"}, {"windows", "whpx"}, {"netbsd", "nvmm"}, {"dragonfly", "nvmm"}};
    if (!lima_str_eq(guest_arch, host->arch))
        return NULL;
    for (size_t i = 0; i < sizeof accels / sizeof accels[0]; i++)
        if (lima_str_eq(accels[i][0], host->os))
            return accels[i][1];
    return NULL;
}

LIMA_PRINTF(2, 3) static void add_warning(qemu_choice *choice, const char *fmt, ...)
{
    size_t len = strlen(choice->warning);
    if (len && len + 2 < sizeof choice->warning)
        len += (size_t)snprintf(choice->warning + len, sizeof choice->warning - len, "; ");
    va_list args;
    va_start(args, fmt);
    vsnprintf(choice->warning + len, sizeof choice->warning - len, fmt, args);
    va_end(args);
}

static bool lists(const lima_strv *list, const char *word)
{
    return list->len == 0 || lima_strv_has(list, word);
}

/* Why the native accelerator is not taken, or NULL. */
static const char *unusable_reason(const char *native, const qemu_features *features,
                                   const qemu_accel_probe *probe)
{
    if (!lists(&features->accels, native))
        return "this QEMU was built without it";
    if (probe && !probe->usable)
        return probe->reason[0] ? probe->reason : "it cannot be used";
    return NULL;
}

bool lima_qemu_choose_accel(const char *guest_arch, const qemu_host *host, const qemu_features *features,
                            const qemu_accel_probe *probe, qemu_choice *choice, lima_err *err)
{
    qemu_choice made = {.accel = "tcg"};
    const char *native = lima_qemu_native_accel(guest_arch, host);
    const char *reason = native ? unusable_reason(native, features, probe) : NULL;
    if (native && !reason)
        made.accel = native;
    else if (reason)
        add_warning(&made, "accelerator %s is not used: %s; the guest runs in slow emulation (tcg)", native,
                    reason);
    if (!lists(&features->accels, made.accel))
        return lima_err_set(
            err, LIMA_CODE_FAILED_PRECONDITION,
            "QEMU cannot run a %s guest here: %s%sits accelerator tcg is missing; install another QEMU",
            guest_arch, reason ? reason : "", reason ? ", and " : "");
    *choice = made;
    return true;
}

/* What fits when the user has not chosen. */
static void default_cpu(const char *arch, const qemu_host *host, const char *accel, char *ret, size_t size)
{
    bool native = !lima_str_eq(accel, "tcg");
    bool windows = lima_str_eq(host->os, "windows");
    const char *model = "max";
    if (windows && lima_str_eq(host->arch, "x86_64") && lima_str_eq(arch, "x86_64"))
        model = "qemu64";
    else if (native
             && (lima_str_eq(host->os, "linux") || (lima_str_eq(host->os, "darwin") && !host->no_host_cpu)))
        model = "host";
    /* Guest kernels misread these two on macOS. */
    bool trim = lima_str_eq(host->os, "darwin") && lima_str_eq(arch, "x86_64");
    snprintf(ret, size, "%s%s", model, trim ? ",-avx512vl,-pdpe1gb" : "");
}

static bool check_cpu(const char *cpu, const char *arch, const qemu_features *features, lima_err *err)
{
    char *model = lima_mem_strndup(cpu, strcspn(cpu, ","));
    bool ok = lima_str_eq(model, "max") || lists(&features->cpus, model);
    if (!ok)
        lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                     "CPU model '%.100s' of vmOpts.qemu.cpuType.%s is not known to this QEMU; see -cpu help, "
                     "or use 'max'",
                     model, arch);
    free(model);
    return ok;
}

bool lima_qemu_choose_cpu(const lima_instance *inst, const qemu_host *host, const qemu_features *features,
                          qemu_choice *choice, lima_err *err)
{
    const char *wanted = lima_json_str(inst->doc, "", "config.vmOpts.qemu.cpuType.%s", inst->arch);
    if (!*wanted) {
        default_cpu(inst->arch, host, choice->accel, choice->cpu, sizeof choice->cpu);
        return true;
    }
    if (strlen(wanted) >= sizeof choice->cpu)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "vmOpts.qemu.cpuType.%s is longer than %zu bytes", inst->arch,
                            sizeof choice->cpu - 1);
    size_t model_len = strcspn(wanted, ",");
    bool host_model = model_len == 4 && memcmp(wanted, "host", 4) == 0;
    if (host_model && lima_str_eq(choice->accel, "tcg")) {
        add_warning(choice, "CPU model 'host' needs an accelerator; 'max' is used instead");
        snprintf(choice->cpu, sizeof choice->cpu, "max%.250s", wanted + model_len);
        return true;
    }
    if (!check_cpu(wanted, inst->arch, features, err))
        return false;
    snprintf(choice->cpu, sizeof choice->cpu, "%s", wanted);
    return true;
}

static void needed_versions(const qemu_host *host, lima_version *ret_hard, lima_version *ret_soft)
{
    *ret_hard = (lima_version){4, 0, 0};
    *ret_soft = (lima_version){6, 2, 0};
    if (lima_str_eq(host->os, "windows")) {
        *ret_hard = *ret_soft = (lima_version){11, 0, 0};
    } else if (lima_str_eq(host->os, "darwin")) {
        *ret_soft = (lima_version){8, 2, 1};
        *ret_hard = lima_str_eq(host->arch, "aarch64") ? *ret_soft : (lima_version){7, 0, 0};
    }
}

static bool too_old(lima_version have, lima_version need, const char *who, lima_err *err)
{
    if (lima_version_cmp(have, need) >= 0)
        return false;
    lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                 "QEMU %u.%u.%u is too old: %s needs %u.%u.%u or later; install a newer QEMU", have.major,
                 have.minor, have.patch, who, need.major, need.minor, need.patch);
    return true;
}

bool lima_qemu_check_version(const lima_instance *inst, const qemu_host *host, const qemu_features *features,
                             char **ret_warning, lima_err *err)
{
    lima_version have = features->version, hard, soft, wanted = {0, 0, 0};
    needed_versions(host, &hard, &soft);
    const char *minimum = lima_json_str(inst->doc, "", "config.vmOpts.qemu.minimumVersion");
    if (*minimum && !lima_parse_version(minimum, &wanted, err))
        return lima_err_wrap(err, "vmOpts.qemu.minimumVersion");
    if (lima_version_cmp(have, (lima_version){0, 0, 0}) == 0) {
        *ret_warning =
            lima_mem_strdup("QEMU does not tell its version; it is not known whether it is new enough");
        return true;
    }
    if (too_old(have, hard, "this driver", err) || too_old(have, wanted, "vmOpts.qemu.minimumVersion", err))
        return false;
    *ret_warning = lima_version_cmp(have, soft) >= 0
                       ? NULL
                       : lima_mem_printf("QEMU %u.%u.%u is old; %u.%u.%u or later is recommended", have.major,
                                         have.minor, have.patch, soft.major, soft.minor, soft.patch);
    return true;
}
