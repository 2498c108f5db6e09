#define _GNU_SOURCE /* setenv */
#include "disks_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/sha256.h"
#include "base/str.h"
#include "folder.h"
#include "os/host.h"
#include "os/process.h"
#include "win/virtdisk.h"

enum { PATIENCE_MS = 120000, OUTPUT_MAX = 64 * 1024, MIB = 1024 * 1024 };

lima_err disks_err;

/* These functions run inside calls under test, too, which have their error in disks_err. */
#define must(call)                                                                                           \
    do {                                                                                                     \
        lima_err err = {0};                                                                                  \
        if (!(call))                                                                                         \
            fail_msg("%s: %s", #call, err.text);                                                             \
    } while (0)
static char *place, *state_folder;
static unsigned homes;

/* ---- programs ---- */

char *disks_run(const char *const *argv)
{
    lima_buf out = LIMA_BUF(OUTPUT_MAX), errors = LIMA_BUF(OUTPUT_MAX);
    lima_process_exit how = {0};

    must(lima_process_run(argv, NULL, &out, &errors, lima_clock_in(PATIENCE_MS), NULL, &how, &err));
    if (how.signaled || how.code)
        fail_msg("%s %s: %s: %s%s", argv[0], argv[1], how.text, lima_buf_str(&out), lima_buf_str(&errors));
    lima_buf_free(&errors);
    return lima_buf_take(&out);
}

static void hcssimd(const char *verb, const char *object, const char *word)
{
    char *source = lima_env_get("LIMA_SOURCE");
    char *program = lima_mem_printf("%s/tests/fakes/hcs/hcssimd", source ? source : "../../..");
    const char *const argv[] = {"python3", program, verb, object, word, NULL};

    free(disks_run(argv));
    free(program);
    free(source);
}

int disks_group_begin(void **state)
{
    (void)state;
    place = test_folder_make();
    state_folder = lima_path_join(place, "state");
    must(lima_dir_make(state_folder, LIMA_FILE_PRIVATE, &err));
    setenv("HCSSIM_STATE", state_folder, 1);
    hcssimd("start", state_folder, NULL);
    return 0;
}

int disks_group_end(void **state)
{
    (void)state;
    hcssimd("stop", state_folder, NULL);
    free(state_folder);
    test_folder_remove(place);
    return 0;
}

void disks_faults(const char *rules)
{
    char *path = lima_path_join(state_folder, "faults");
    must(lima_file_write(path, rules, strlen(rules), LIMA_FILE_PRIVATE, &err));
    free(path);
}

void disks_mark(const char *path, const char *words)
{
    hcssimd("mark", path, words);
}

/* ---- the instance ---- */

lima_instance *disks_instance(const char *dir, uint64_t disk, const char *more)
{
    lima_json *doc = lima_json_new_object(), *extra = NULL;
    lima_instance *inst = NULL;

    if (more) {
        must(lima_json_parse(more, strlen(more), &extra, &err));
        lima_json_set_copy(doc, extra, "config");
        lima_json_free(extra);
    }
    lima_json_set_str(doc, "dev", "name");
    lima_json_set_str(doc, dir, "dir");
    lima_json_set_str(doc, "x86_64", "arch");
    lima_json_set_str(doc, "Linux", "config.os");
    lima_json_set_int(doc, (int64_t)disk, "disk");
    lima_json_set_int(doc, 4 * MIB, "memory");
    char *text = lima_json_print(doc);
    must(lima_instance_parse(text, strlen(text), &inst, &err));
    free(text);
    lima_json_free(doc);
    return inst;
}

int disks_begin(void **state)
{
    char *dir = lima_mem_printf("%s/höme %u/ünst dev", place, ++homes);

    disks_faults("");
    must(lima_dir_make(dir, LIMA_FILE_PRIVATE, &err));
    *state = disks_instance(dir, 8 * MIB, NULL);
    free(dir);
    return 0;
}

int disks_end(void **state)
{
    lima_instance *inst = *state;
    char *home = lima_path_dir(inst->dir);

    disks_faults("");
    must(lima_dir_remove(home, &err));
    free(home);
    lima_instance_free(inst);
    return 0;
}

void disks_configure(void **state, uint64_t disk, const char *more)
{
    lima_instance *old = *state;

    *state = disks_instance(old->dir, disk, more);
    lima_instance_free(old);
}

/* ---- files ---- */

char *disks_path(const lima_instance *inst, const char *name)
{
    return lima_instance_path(inst, name);
}

void disks_put(const lima_instance *inst, const char *name, const char *text)
{
    char *path = disks_path(inst, name);
    must(lima_file_write(path, text, strlen(text), LIMA_FILE_PRIVATE, &err));
    free(path);
}

bool disks_there(const lima_instance *inst, const char *name)
{
    lima_file_info info = {0};
    char *path = disks_path(inst, name);
    must(lima_file_stat(path, false, &info, &err));
    free(path);
    return info.kind != LIMA_FILE_NONE;
}

void disks_remove(const lima_instance *inst, const char *name)
{
    char *path = disks_path(inst, name);
    must(lima_file_remove(path, &err));
    free(path);
}

/* ---- disks ---- */

static void qemu_io(const lima_instance *inst, const char *name, const char *verb, unsigned mib,
                    unsigned pattern)
{
    char *path = disks_path(inst, name);
    char *command = lima_mem_printf("%s -P 0x%x %uM 1M", verb, pattern, mib);
    const char *const argv[] = {"qemu-io", "-c", command, path, NULL};
    char *said = disks_run(argv);

    if (strstr(said, "failed"))
        fail_msg("'%s': %s: %s", path, command, said);
    free(said);
    free(command);
    free(path);
}

void disks_write(const lima_instance *inst, const char *name, unsigned mib, unsigned pattern)
{
    qemu_io(inst, name, "write", mib, pattern);
}

void disks_assert_read(const lima_instance *inst, const char *name, unsigned mib, unsigned pattern)
{
    qemu_io(inst, name, "read", mib, pattern);
}

void disks_make_image(const lima_instance *inst, const char *name, const char *format, unsigned mib,
                      unsigned pattern)
{
    char *path = disks_path(inst, name), *folder = lima_path_dir(path), *size = lima_mem_printf("%uM", mib);
    char *write = lima_mem_printf("write -P 0x%x 0 1M", pattern);
    const char *const create[] = {"qemu-img", "create", "-q", "-f", format, path, size, NULL};
    const char *const fill[] = {"qemu-io", "-f", format, "-c", write, path, NULL};

    must(lima_dir_make(folder, LIMA_FILE_PRIVATE, &err));
    free(disks_run(create));
    free(disks_run(fill));
    free(write);
    free(size);
    free(folder);
    free(path);
}

uint64_t disks_size(const lima_instance *inst, const char *name)
{
    lima_virtdisk disk = {0};
    char *path = disks_path(inst, name);
    must(lima_virtdisk_get(path, lima_clock_in(PATIENCE_MS), NULL, &disk, &err));
    uint64_t size = disk.virtual_size;
    lima_virtdisk_free(&disk);
    free(path);
    return size;
}

char *disks_hash(const lima_instance *inst, const char *name)
{
    char *path = disks_path(inst, name), *raw = lima_mem_printf("%s/content.raw", place);
    const char *const convert[] = {"qemu-img", "convert", "-q", "-O", "raw", path, raw, NULL};
    lima_buf bytes = LIMA_BUF(64 * MIB);
    uint8_t sum[LIMA_SHA256_LEN];
    char *text = lima_mem_zalloc(2 * sizeof sum + 1, 1);

    free(disks_run(convert));
    must(lima_file_read(raw, &bytes, &err));
    lima_sha256((const void *[]){bytes.data}, (size_t[]){bytes.len}, 1, sum);
    for (size_t i = 0; i < sizeof sum; i++)
        snprintf(text + 2 * i, 3, "%02x", sum[i]);
    lima_buf_free(&bytes);
    free(raw);
    free(path);
    return text;
}

/* ---- the VM ---- */

char *disks_vm_get(const lima_instance *inst)
{
    lima_buf text = LIMA_BUF(64);
    char *path = disks_path(inst, "vm.txt");

    if (disks_there(inst, "vm.txt"))
        must(lima_file_read(path, &text, &err));
    free(path);
    return lima_buf_take(&text);
}

void disks_vm_set(const lima_instance *inst, const char *what)
{
    if (what)
        disks_put(inst, "vm.txt", what);
    else
        disks_remove(inst, "vm.txt");
}

static bool must_be(const lima_instance *inst, const char *what, lima_err *err)
{
    char *is = disks_vm_get(inst);
    bool ok = lima_str_eq(is, what)
              || lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION, "the VM is '%s' and not '%s'", is, what);

    free(is);
    return ok;
}

static bool vm_exists(void *context, bool *ret, lima_err *err)
{
    (void)err;
    *ret = disks_there(context, "vm.txt");
    return true;
}

static bool vm_pause(void *context, lima_err *err)
{
    if (!must_be(context, "running", err))
        return false;
    disks_vm_set(context, "paused");
    return true;
}

static bool vm_save(void *context, const char *state, lima_err *err)
{
    lima_instance *inst = context;

    if (!must_be(inst, "paused", err))
        return false;
    if (disks_there(inst, "save fails"))
        return lima_err_set(err, LIMA_CODE_RESOURCE_EXHAUSTED, "no room for memory");
    return lima_file_write(state, "memory", 6, LIMA_FILE_PRIVATE, err);
}

static bool vm_end(void *context, lima_err *err)
{
    (void)err;
    disks_vm_set(context, NULL);
    return true;
}

static bool vm_resume(void *context, lima_err *err)
{
    (void)err;
    if (disks_there(context, "vm.txt"))
        disks_vm_set(context, "running");
    return true;
}

static bool vm_start(void *context, const char *document, const char *state, lima_err *err)
{
    lima_buf text = LIMA_BUF(1024 * 1024);
    bool ok = must_be(context, "", err) && lima_file_read(document, &text, err);

    lima_buf_clear(&text);
    ok = ok && lima_file_read(state, &text, err);
    lima_buf_free(&text);
    if (ok)
        disks_vm_set(context, "running");
    return ok;
}

hyperv_vm_steps disks_vm(const lima_instance *inst)
{
    return (hyperv_vm_steps){.context = (void *)inst,
                             .exists = vm_exists,
                             .pause = vm_pause,
                             .save = vm_save,
                             .end = vm_end,
                             .resume = vm_resume,
                             .start = vm_start};
}
