/* How it works: each step fills one part of `finding`, in the order settings.h tells, and the pure half
 * makes settings and command line of it. Deliberately not here: anything that changes the instance folder,
 * but for what limactl should see done (mount folders). */
#include "qemu/plan.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/str.h"
#include "os/file.h"
#include "os/host.h"
#include "os/process.h"
#include "qemu/argv.h"
#include "qemu/choose.h"
#include "qemu/firmware.h"
#include "qemu/firmware_fetch.h"
#include "qemu/probe.h"

enum { CMDLINE_BYTES_MAX = 64 * 1024, SYSCTL_MS = 3000 };

typedef struct finding {
    qemu_host host;
    lima_strv words;
    qemu_features features;
    qemu_choice choice;
    lima_strv user_v2;
    char *firmware;
    qemu_boot_disk disk;
    char *kernel, *initrd, *cidata;
    lima_buf cmdline;
    bool quiet; /* warnings are the start's, which asks again */
} finding;

static void finding_free(finding *found)
{
    lima_strv_free(&found->words);
    lima_qemu_features_free(&found->features);
    lima_strv_free(&found->user_v2);
    lima_qemu_boot_disk_free(&found->disk);
    lima_buf_free(&found->cmdline);
    free(found->firmware);
    free(found->kernel);
    free(found->initrd);
    free(found->cidata);
}

/* ---- host and program ---- */

/* Processors with SME: QEMU's `host` model does not work there (facts: lima-driver-contract 6.1.4). */
static bool has_sme(const lima_host *host, lima_wake *wake)
{
    const char *const argv[] = {"/usr/sbin/sysctl", "-n", "hw.optional.arm.FEAT_SME", NULL};
    lima_buf out = LIMA_BUF(64);
    lima_process_exit end;
    bool sme = lima_str_eq(host->os, "darwin")
               && lima_process_run(argv, NULL, &out, NULL, lima_clock_in(SYSCTL_MS), wake, &end, NULL)
               && out.len && out.data[0] == '1';

    lima_buf_free(&out);
    return sme;
}

static void find_host(finding *found, lima_wake *wake)
{
    const lima_host *host = lima_host_get();

    found->host = (qemu_host){.os = host->os, .arch = host->arch, .no_host_cpu = has_sme(host, wake)};
}

static bool find_program(const lima_instance *inst, finding *found, lima_err *err)
{
    const char *variable = lima_qemu_program_variable(inst->arch);
    char *value = variable ? lima_env_get(variable) : NULL;
    char *program = NULL;
    bool ok = lima_qemu_program_words(inst->arch, value, &found->words, err);

    if (ok && !lima_file_find_program(found->words.items[0], &program, err))
        ok = lima_err_wrap(
            err, "QEMU for %s guests (install it: package %s on Debian; or set %s)", inst->arch,
            lima_str_eq(inst->arch, "x86_64") ? "qemu-system-x86" : "qemu-system-arm", variable);
    if (ok) {
        free(found->words.items[0]);
        found->words.items[0] = program;
    }
    free(value);
    return ok;
}

static bool ask_program(const lima_instance *inst, finding *found, lima_wake *wake, lima_err *err)
{
    char *warning = NULL;

    if (!lima_qemu_probe_features(&found->words, inst->arch, wake, &found->features, err)
        || !lima_qemu_check_version(inst, &found->host, &found->features, &warning, err))
        return false;
    if (warning && !found->quiet)
        lima_log_warn("%s", warning);
    free(warning);
    return true;
}

static bool choose(const lima_instance *inst, finding *found, const qemu_accel_probe *probe, qemu_choice *ret,
                   lima_err *err)
{
    *ret = (qemu_choice){0};
    return lima_qemu_choose_accel(inst->arch, &found->host, &found->features, probe, ret, err)
           && lima_qemu_choose_cpu(inst, &found->host, &found->features, ret, err);
}

/* The accelerator is tried with the processor model it would run. */
static bool choose_accel(const lima_instance *inst, finding *found, lima_wake *wake, lima_err *err)
{
    const char *native = lima_qemu_native_accel(inst->arch, &found->host);
    qemu_accel_probe probe = {.usable = true};

    if (!choose(inst, found, native ? &probe : NULL, &found->choice, err))
        return false;
    if (native && lima_str_eq(found->choice.accel, native)) {
        probe = lima_qemu_probe_accel(&found->words, inst->arch, native, found->choice.cpu, wake);
        if (!probe.usable && !choose(inst, found, &probe, &found->choice, err))
            return false;
    }
    if (*found->choice.warning && !found->quiet)
        lima_log_warn("%s", found->choice.warning);
    return true;
}

/* ---- files ---- */

static bool file_exists(void *ignored, const char *path)
{
    lima_file_info info = {0};

    (void)ignored;
    return lima_file_stat(path, true, &info, NULL) && info.kind == LIMA_FILE_REGULAR;
}

/* The path of a file of the instance folder if it is there, else NULL. Owned. */
static char *own_file(const lima_instance *inst, const char *name)
{
    char *path = lima_instance_path(inst, name);

    if (file_exists(NULL, path))
        return path;
    free(path);
    return NULL;
}

/* limactl takes the first image for this guest that it can download; so a kernel must be there only when all
 * of them have one. */
static bool wants_kernel(const lima_instance *inst)
{
    size_t images = 0, kernels = 0;

    for (size_t i = 0; i < lima_json_count(inst->doc, "config.images"); i++) {
        if (!lima_str_eq(lima_json_str(inst->doc, "", "config.images[%zu].arch", i), inst->arch))
            continue;
        images++;
        kernels += *lima_json_str(inst->doc, "", "config.images[%zu].kernel.location", i) != '\0';
    }
    return images > 0 && kernels == images;
}

static bool find_boot_files(const lima_instance *inst, finding *found, lima_err *err)
{
    char *cmdline = own_file(inst, "kernel.cmdline");

    found->kernel = own_file(inst, "kernel");
    found->initrd = own_file(inst, "initrd");
    found->cidata = own_file(inst, "cidata.iso");
    found->cmdline = LIMA_BUF(CMDLINE_BYTES_MAX);
    bool ok = !cmdline || lima_file_read(cmdline, &found->cmdline, err);
    free(cmdline);
    if (ok && !found->kernel && (found->initrd || wants_kernel(inst)))
        ok = lima_err_set(
            err, LIMA_CODE_NOT_FOUND,
            "'%s/kernel' is missing; put it there again (images[].kernel), or create the instance "
            "anew",
            inst->dir);
    return ok;
}

static bool find_firmware(const lima_instance *inst, finding *found, lima_wake *wake, lima_err *err)
{
    lima_strv candidates = {0};
    char *program = NULL;
    bool ignored = false;

    if (lima_qemu_firmware_wanted(inst, &ignored))
        lima_qemu_firmware_fetch(inst, wake);
    if (ignored)
        lima_log_warn("firmware.legacyBIOS means nothing for %s guests and is ignored", inst->arch);
    lima_file_real_path(found->words.items[0], &program, NULL);
    lima_qemu_firmware_candidates(inst, program ? program : "", lima_host_get()->home, &candidates);
    bool ok = lima_qemu_firmware_choose(inst, &candidates, found->kernel != NULL, file_exists, NULL,
                                        &found->firmware, err);
    free(program);
    lima_strv_free(&candidates);
    return ok;
}

/* ---- all together ---- */

static bool find_all(const lima_instance *inst, lima_wake *wake, finding *found, lima_err *err)
{
    find_host(found, wake);
    return find_program(inst, found, err) && ask_program(inst, found, wake, err)
           && choose_accel(inst, found, wake, err) && find_boot_files(inst, found, err)
           && find_firmware(inst, found, wake, err) && lima_qemu_user_v2_read(inst, &found->user_v2, err)
           && lima_qemu_disk_find(inst, wake, &found->disk, err);
}

static void warn_overridden(const qemu_settings *settings)
{
    lima_strv left_out = {0};

    lima_qemu_argv_overridden(settings, &left_out);
    if (left_out.len) {
        char *list = lima_strv_join(&left_out, " ");
        lima_log_warn("%s is set and has options that replace the driver's: %s",
                      lima_qemu_program_variable(settings->arch), list);
        free(list);
    }
    lima_strv_free(&left_out);
}

static bool make_settings(const lima_instance *inst, lima_generation generation, const finding *found,
                          qemu_plan *plan, lima_err *err)
{
    qemu_inputs inputs = {.host = &found->host,
                          .machine_id = lima_host_get()->machine_id,
                          .home = lima_host_get()->home,
                          .program_words = &found->words,
                          .features = &found->features,
                          .choice = &found->choice,
                          .user_v2 = &found->user_v2,
                          .firmware = found->firmware,
                          .disk = found->disk.disk.path,
                          .disk_format = found->disk.disk.format,
                          .iso = found->disk.iso,
                          .kernel = found->kernel,
                          .initrd = found->initrd,
                          .cidata = found->cidata,
                          .cmdline = found->cmdline.len ? lima_buf_str(&found->cmdline) : NULL,
                          .extra_disks = plan->extra_disks.items,
                          .extra_disk_count = plan->extra_disks.len};

    if (!lima_qemu_settings_from_instance(inst, generation, &inputs, &plan->settings, err))
        return false;
    lima_qemu_argv(&plan->settings, &plan->argv);
    warn_overridden(&plan->settings);
    return true;
}

static bool make_mount_folders(const qemu_mounts *mounts, lima_err *err)
{
    for (size_t i = 0; i < mounts->len; i++)
        if (!lima_dir_make(mounts->items[i].location, LIMA_FILE_SHARED, err))
            return lima_err_wrap(err, "mounts[%zu]", i);
    return true;
}

bool lima_qemu_plan_make(const lima_instance *inst, lima_generation generation, lima_wake *wake,
                         qemu_plan *ret, lima_err *err)
{
    finding found = {0};
    qemu_plan plan = {0};
    bool ok = find_all(inst, wake, &found, err)
              && lima_qemu_extra_disks_take(inst, wake, &plan.extra_disks, err)
              && make_settings(inst, generation, &found, &plan, err)
              && make_mount_folders(&plan.settings.mounts, err);

    finding_free(&found);
    if (ok) {
        *ret = plan;
        return true;
    }
    lima_qemu_plan_undo(inst, &plan);
    lima_qemu_plan_free(&plan);
    return false;
}

void lima_qemu_plan_undo(const lima_instance *inst, qemu_plan *plan)
{
    lima_qemu_extra_disks_unlock(inst, &plan->extra_disks.locks);
}

void lima_qemu_plan_free(qemu_plan *plan)
{
    lima_qemu_settings_free(&plan->settings);
    lima_qemu_extra_disks_free(&plan->extra_disks);
    lima_strv_free(&plan->argv);
}

void lima_qemu_plan_warm_up(const lima_instance *inst, lima_wake *wake)
{
    finding found = {.quiet = true};

    find_host(&found, wake);
    if (find_program(inst, &found, NULL) && ask_program(inst, &found, wake, NULL))
        choose_accel(inst, &found, wake, NULL);
    finding_free(&found);
}
