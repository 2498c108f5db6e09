/* Filling the folder.
 *
 * The order is: what can fail cheaply first (names, tools, the driver), then the folder, the key, the big
 * copy last. The folder is as limactl's would be, so that status, logs and the driver itself see an ordinary
 * instance: lima.yaml (JSON is YAML), image, kernel, kernel.cmdline, initrd, cidata.iso. A machine with a
 * name keeps its instance id, so that cloud-init sees the same machine again. */
#include "machine.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "cidata.h"
#include "find.h"
#include "image_copy.h"
#include "instances.h"
#include "machine_config.h"
#include "os/host.h"
#include "os/process.h"
#include "rpc/launch.h"
#include "scratch.h"

enum {
    DIR_MAX = 107 - 40, /* bytes of the folder's path; the longest socket name in it has 40 */
    TOOL_MS = 60000,
    LOCK_MS = 2000,
};

/* ---- the guest ---- */

static bool exists(const char *path)
{
    lima_file_info info = {0};
    return lima_file_stat(path, true, &info, NULL) && info.kind == LIMA_FILE_REGULAR;
}

static char *file_in(const char *dir, const char *name)
{
    char *path = lima_path_join(dir, name);
    if (exists(path))
        return path;
    free(path);
    return NULL;
}

/* A folder (disk.qcow2, vmlinuz, initrd) or an image file. NOT_FOUND says what is missing. */
static bool find_guest(const char *path, lima_guest *ret, lima_err *err)
{
    lima_file_info info = {0};
    if (!lima_file_stat(path, true, &info, err))
        return false;
    if (info.kind == LIMA_FILE_NONE)
        return lima_err_set(err, LIMA_CODE_NOT_FOUND, "'%s': no such image or folder", path);
    if (info.kind != LIMA_FILE_DIR) {
        ret->image = lima_mem_strdup(path);
        return true;
    }
    ret->image = file_in(path, "disk.qcow2");
    if (!ret->image)
        return lima_err_set(err, LIMA_CODE_NOT_FOUND,
                            "'%s': no disk.qcow2 in this folder; tests/guest/make-guest makes one", path);
    ret->kernel = file_in(path, "vmlinuz");
    ret->initrd = file_in(path, "initrd");
    return true;
}

static void free_guest(lima_guest *guest)
{
    free(guest->image);
    free(guest->kernel);
    free(guest->initrd);
    *guest = (lima_guest){0};
}

/* ---- what it takes ---- */

static bool check_tools(lima_err *err)
{
    static const char *const tools[] = {"ssh", "ssh-keygen"};
    for (size_t i = 0; i < 2; i++) {
        char *path = NULL;
        if (!lima_file_find_program(tools[i], &path, err))
            return lima_err_wrap(err, "install the OpenSSH client");
        free(path);
    }
    return true;
}

static bool choose_port(const lima_ctl_args *args, lima_machine *machine, lima_err *err)
{
    machine->port = (uint16_t)lima_ctl_number(args, "ssh-port");
    return machine->port || lima_host_free_port(&machine->port, err);
}

/* ---- the folder ---- */

static bool make_named(const char *name, lima_machine *machine, lima_err *err)
{
    char *home = lima_instances_own_home(), *config = NULL, *lock = NULL;
    machine->named = true;
    machine->dir = lima_path_join(home, name);
    config = lima_path_join(machine->dir, "lima.yaml");
    lock = lima_path_join(machine->dir, "run.lock");
    bool ok = lima_dir_make(machine->dir, LIMA_FILE_PRIVATE, err);
    if (ok && !lima_file_lock_take(lock, lima_clock_in(LOCK_MS), &machine->lock, err)) {
        bool busy = err->code == LIMA_CODE_UNAVAILABLE;
        ok = busy ? lima_err_set(err, LIMA_CODE_UNAVAILABLE, "machine '%s' is in use by another limadrv run",
                                 name)
                  : false;
    }
    machine->existing = ok && exists(config);
    free(home);
    free(config);
    free(lock);
    return ok;
}

/* What shall be kept is not marked: nobody may clear it away. */
static bool make_temporary(bool keep, lima_machine *machine, lima_err *err)
{
    lima_scratch_sweep();
    return lima_scratch_make(&machine->dir, err)
           && (keep || lima_scratch_own(machine->dir, &machine->lock, err));
}

static bool make_folder(const lima_ctl_args *args, lima_machine *machine, lima_err *err)
{
    const char *name = lima_ctl_str(args, "name");
    if (name ? !make_named(name, machine, err) : !make_temporary(lima_ctl_bool(args, "keep"), machine, err))
        return false;
    if (strlen(machine->dir) > DIR_MAX)
        return lima_err_set(
            err, LIMA_CODE_INVALID_ARGUMENT,
            "folder '%s': over %d bytes, so that sockets do not fit in; set %s to a shorter one",
            machine->dir, DIR_MAX, name ? "LIMADRV_HOME" : "TMPDIR");
    return true;
}

static bool fail_with(const char *exit_text, lima_buf *said, lima_err *err)
{
    char *words = lima_buf_take(said);
    lima_str_trim(words);
    lima_err_set(err, LIMA_CODE_UNKNOWN, "%s: %s", exit_text, words);
    free(words);
    return false;
}

static bool make_key(const lima_machine *machine, lima_wake *wake, lima_err *err)
{
    char *path = lima_path_join(machine->dir, "user");
    const char *const argv[] = {"ssh-keygen", "-q",      "-t", "ed25519", "-N", "",
                                "-C",         "limadrv", "-f", path,      NULL};
    lima_buf said = LIMA_BUF(4096);
    lima_process_exit end = {0};
    bool ok =
        exists(path) || lima_process_run(argv, NULL, NULL, &said, lima_clock_in(TOOL_MS), wake, &end, err);
    if (ok && (end.signaled || end.code))
        ok = fail_with(end.text, &said, err);
    if (!ok)
        lima_err_wrap(err, "ssh-keygen");
    lima_buf_free(&said);
    free(path);
    return ok;
}

static bool write_text(const lima_machine *machine, const char *name, const char *text, lima_err *err)
{
    char *path = lima_path_join(machine->dir, name);
    bool ok = lima_file_write(path, text, strlen(text), LIMA_FILE_PRIVATE, err);
    free(path);
    return ok;
}

static char *default_cmdline(const char *arch)
{
    const char *console = lima_str_eq(arch, "x86_64")    ? "ttyS0"
                          : lima_str_eq(arch, "aarch64") ? "ttyAMA0"
                                                         : "hvc0";
    return lima_mem_printf("root=/dev/vda rw console=%s quiet mitigations=off random.trust_cpu=on", console);
}

static bool copy_into(const lima_machine *machine, const char *from, const char *name, lima_phase *phase,
                      lima_wake *wake, lima_err *err)
{
    if (!from)
        return true;
    char *to = lima_path_join(machine->dir, name);
    bool ok = lima_file_remove(to, err) && lima_image_copy(from, to, phase, wake, err);
    free(to);
    return ok;
}

static bool copy_guest(const lima_ctl_args *args, lima_machine *machine, lima_phase *phase, lima_err *err)
{
    lima_wake *wake = lima_ctl_wake(args);
    const lima_guest *guest = &machine->guest;
    const char *given = lima_ctl_str(args, "cmdline");
    bool ok = true;
    if (guest->kernel || given) {
        char *cmdline =
            given ? lima_mem_strdup(given) : default_cmdline(lima_json_str(machine->config, "", "arch"));
        ok = write_text(machine, "kernel.cmdline", cmdline, err);
        free(cmdline);
    }
    return ok && copy_into(machine, guest->kernel, "kernel", phase, wake, err)
           && copy_into(machine, guest->initrd, "initrd", phase, wake, err)
           && copy_into(machine, guest->image, "image", phase, wake, err);
}

static bool save_config(const lima_machine *machine, lima_err *err)
{
    char *text = lima_json_print_indented(machine->config);
    bool ok = write_text(machine, "lima.yaml", text, err);
    free(text);
    return ok;
}

/* ---- all of it ---- */

static bool find_parts(const lima_ctl_args *args, lima_machine *machine, lima_err *err)
{
    const char *image = lima_ctl_operand_at(args, 0);
    if (!lima_machine_check_flags(args, err) || !check_tools(err)
        || !lima_find_driver_beside(lima_ctl_str(args, "driver"), &machine->program, err))
        return false;
    machine->vm_type = lima_launch_driver_name(machine->program);
    if (image && !find_guest(image, &machine->guest, err))
        return false;
    return choose_port(args, machine, err) && make_folder(args, machine, err);
}

static bool check_image(const lima_ctl_args *args, const lima_machine *machine, lima_err *err)
{
    const char *name = lima_ctl_str(args, "name");
    bool image = machine->guest.image;
    if (!machine->existing && !image && name)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "there is no machine '%s' yet: give an IMAGE",
                            name);
    if (!machine->existing && !image)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "IMAGE is missing: a disk image, or a folder with disk.qcow2");
    if (machine->existing && image)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "machine '%s' has its disk already; leave IMAGE out, take another --name, or "
                            "remove '%s'",
                            name, machine->dir);
    return true;
}

static bool fill(const lima_ctl_args *args, lima_phase *phase, lima_machine *machine, lima_err *err)
{
    return check_image(args, machine, err) && lima_machine_configure(args, machine, err)
           && make_key(machine, lima_ctl_wake(args), err)
           && lima_cidata_write(machine->dir, machine->user, err) && copy_guest(args, machine, phase, err)
           && save_config(machine, err);
}

/* A new machine that could not be made leaves nothing; one that was there keeps everything. */
static void give_up(lima_machine *machine)
{
    if (machine->named && !machine->existing && machine->lock) {
        lima_file_lock_release(machine->lock);
        machine->lock = NULL;
        lima_dir_remove(machine->dir, NULL);
    }
    lima_machine_end(machine, false);
}

bool lima_machine_prepare(const lima_ctl_args *args, lima_phase *phase, lima_machine *ret, lima_err *err)
{
    lima_machine machine = {0};
    if (!find_parts(args, &machine, err) || !fill(args, phase, &machine, err)) {
        give_up(&machine);
        return false;
    }
    *ret = machine;
    return true;
}

static bool grow_qcow2(const char *disk, uint64_t size, lima_err *err)
{
    char *bytes = lima_mem_printf("%llu", (unsigned long long)size);
    const char *const argv[] = {"qemu-img", "resize", "-q", "-f", "qcow2", disk, bytes, NULL};
    lima_buf said = LIMA_BUF(4096);
    lima_process_exit end = {0};
    bool ok = lima_process_run(argv, NULL, NULL, &said, lima_clock_in(TOOL_MS), NULL, &end, err);
    if (ok && (end.signaled || end.code))
        ok = lima_err_set(err, LIMA_CODE_UNKNOWN, "qemu-img resize: %s: %s", end.text, lima_buf_str(&said));
    lima_buf_free(&said);
    free(bytes);
    return ok;
}

static bool grow_raw(const char *disk, uint64_t size, lima_err *err)
{
    lima_file *file = NULL;
    bool ok = lima_file_open(disk, LIMA_FILE_WRITE, &file, err) && lima_file_resize(file, size, err);
    lima_file_close(file);
    return ok;
}

bool lima_machine_grow(const lima_machine *machine, lima_err *err)
{
    uint64_t size = 0;
    bool qcow2 = false, ok = true;
    char *disk = lima_path_join(machine->dir, "disk");
    if (machine->disk_size && exists(disk)) {
        ok = lima_image_virtual_size(disk, &size, &qcow2, err);
        if (ok && size < machine->disk_size)
            ok = qcow2 ? grow_qcow2(disk, machine->disk_size, err) : grow_raw(disk, machine->disk_size, err);
    }
    free(disk);
    return ok || lima_err_wrap(err, "--disk");
}

void lima_machine_end(lima_machine *machine, bool keep)
{
    if (machine->lock)
        lima_file_lock_release(machine->lock);
    if (machine->dir && !machine->named && !keep)
        lima_dir_remove(machine->dir, NULL);
    free_guest(&machine->guest);
    free(machine->dir);
    free(machine->program);
    free(machine->vm_type);
    free(machine->user);
    lima_json_free(machine->config);
    *machine = (lima_machine){0};
}
