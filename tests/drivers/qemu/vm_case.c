#include "drivers/qemu/vm_case.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/clock.h"

static char *kept_path;
static const char *const variables[] = {
    "FAKE_QEMU", "FAKE_QEMU_TEXT", "FAKE_QEMU_ARGV",          "FAKE_KVM",           "FAKE_IMG", "FAKE_HELPER",
    "FAKE_CURL", "FAKE_SSH_LOG",   "LIMA_QEMU_START_TIMEOUT", "QEMU_SYSTEM_X86_64", "SSH",      "HOME"};
static char *kept_home;

void set_variable(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

void fault(const char *words)
{
    set_variable("FAKE_QEMU", words);
}

static char *fake(const char *name)
{
    const char *folder = getenv("LIMA_TESTBIN");

    if (!folder)
        fail_msg("LIMA_TESTBIN is not set: run this by ctest");
    return lima_path_join(folder, name);
}

void use_tool(vm_case *c, const char *name, bool there)
{
    char *target = fake("fake-qemu-tool");
    char *link = lima_mem_printf("%s/bin/%s", c->home, name);

    assert_ok(lima_file_remove(link, &err));
    if (there)
        assert_ok(lima_file_link_make(link, target, &err));
    free(link);
    free(target);
}

void use_word(const char *word)
{
    char *qemu = fake("fake-qemu");
    char *words = lima_mem_printf("'%s' -global %s.x=1", qemu, word);

    set_variable("QEMU_SYSTEM_X86_64", words);
    free(words);
    free(qemu);
}

int take_port(vm_case *c, char ret_number[16])
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(c->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int taken = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(taken, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(taken, 1), 0);
    snprintf(ret_number, 16, "%u", c->port);
    return taken;
}

static void set_up_tools(vm_case *c)
{
    static const char *const tools[] = {"qemu-img", "virtiofsd", "swtpm", "ssh", "curl", NULL};
    char *bin = lima_path_join(c->home, "bin");
    char *qemu = fake("fake-qemu");
    char *words = lima_mem_printf("'%s'", qemu);

    assert_ok(lima_dir_make(bin, LIMA_FILE_PRIVATE, &err));
    for (size_t i = 0; tools[i]; i++)
        use_tool(c, tools[i], true);
    free(kept_path);
    kept_path = lima_env_get("PATH");
    free(kept_home);
    kept_home = lima_env_get("HOME");
    set_variable("PATH", bin);
    set_variable("QEMU_SYSTEM_X86_64", words);
    set_variable("FAKE_QEMU_ARGV", c->argv_file);
    free(words);
    free(qemu);
    free(bin);
}

static lima_instance *make(vm_case *c)
{
    lima_instance *inst = make_instance_in(c->dir, "x86_64", c->config);

    lima_json_set_int(inst->doc, c->port, "sshLocalPort");
    lima_json_set_int(inst->doc, 10LL * 1024 * 1024, "disk");
    lima_json_set_str(inst->doc, "lima-dev", "hostname");
    assert_ok(lima_instance_refresh(inst, &err));
    return inst;
}

void case_begin_in(vm_case *c, const char *folder, const char *config)
{
    *c = (vm_case){.generation = LIMA_GENERATION_2_2};
    c->home = make_folder(folder);
    c->dir = lima_path_join(c->home, "dev");
    c->config = lima_mem_strdup(config);
    c->argv_file = lima_path_join(c->home, "argv");
    assert_ok(lima_host_free_port(&c->port, &err));
    write_file(c->dir, "disk", "qcow2");
    write_file(c->dir, "cidata.iso", "cidata");
    set_up_tools(c);
    c->control = lima_control_new(&lima_qemu_driver, "qemu", make(c));
}

void case_begin(vm_case *c, const char *config)
{
    case_begin_in(c, "q2 \xc3\xbc,x", config);
}

void case_end(vm_case *c)
{
    fault("");
    lima_process_id id = vm_id(c);
    assert_ok(vm_remove(c, &err));
    if (id.pid)
        assert_true(lima_process_wait_id(id, lima_clock_in(20000), NULL, NULL));
    lima_control_unref(c->control);
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        set_variable(variables[i], NULL);
    set_variable("PATH", kept_path);
    set_variable("HOME", kept_home);
    free(kept_home);
    kept_home = NULL;
    assert_ok(lima_dir_remove(c->home, &err));
    free(c->home);
    free(c->dir);
    free(c->config);
    free(c->argv_file);
    *c = (vm_case){0};
}

static bool installed(const char *name)
{
    char *path = NULL;
    bool found = lima_file_find_program(name, &path, NULL);

    free(path);
    return found;
}

static void make_boot_disk(vm_case *c, const void *code, size_t len)
{
    char sector[512] = {0};
    char *raw = lima_path_join(c->home, "boot.raw");
    char *disk = path_in(c, "disk");
    const char *const argv[] = {"qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, disk, NULL};
    lima_process_exit end;
    lima_file *file = NULL;

    memcpy(sector, code, len);
    memcpy(sector + 510, "\x55\xaa", 2);
    assert_ok(lima_file_open(raw, LIMA_FILE_CREATE, &file, &err));
    assert_ok(lima_file_write_at(file, 0, sector, sizeof sector, &err));
    assert_ok(lima_file_resize(file, 1024 * 1024, &err));
    lima_file_close(file);
    assert_ok(lima_process_run(argv, NULL, NULL, NULL, lima_clock_in(60000), NULL, &end, &err));
    assert_int_equal(end.code, 0);
    free(disk);
    free(raw);
}

void case_use_real(vm_case *c, const void *code, size_t len)
{
    char *cidata = path_in(c, "cidata.iso");

    set_variable("QEMU_SYSTEM_X86_64", NULL);
    set_variable("PATH", kept_path);
    if (!installed("qemu-system-x86_64") || !installed("qemu-img") || !installed("qemu-io")) {
        case_end(c);
        free(cidata);
        lima_skip("QEMU is not installed");
    }
    assert_ok(lima_file_remove(cidata, &err));
    make_boot_disk(c, code, len);
    free(cidata);
}

/* ---- callbacks ---- */

static bool in_call(vm_case *c, bool (*run)(lima_call *call, lima_err *err), lima_err *err)
{
    lima_call *call = lima_call_new(c->control, c->generation);
    bool ok = run(call, err);

    lima_call_free(call);
    return ok;
}

bool vm_start(vm_case *c, lima_err *err)
{
    return in_call(c, lima_qemu_driver.start, err);
}

bool vm_wait(vm_case *c, lima_err *err)
{
    return in_call(c, lima_qemu_driver.wait, err);
}

bool vm_remove(vm_case *c, lima_err *err)
{
    return in_call(c, lima_qemu_driver.remove, err);
}

bool vm_create_disk(vm_case *c, lima_err *err)
{
    return in_call(c, lima_qemu_driver.create_disk, err);
}

bool vm_stop(vm_case *c, uint32_t grace_ms, lima_err *err)
{
    lima_call *call = lima_call_new(c->control, c->generation);
    bool ok = lima_qemu_driver.stop(call, grace_ms, err);

    lima_call_free(call);
    return ok;
}

bool vm_snapshot(vm_case *c, snapshot_action *run, const char *tag, lima_err *err)
{
    lima_call *call = lima_call_new(c->control, c->generation);
    bool ok = run(call, tag, err);

    lima_call_free(call);
    return ok;
}

lima_snapshot_list vm_snapshots(vm_case *c)
{
    lima_snapshot_list items = {0};
    lima_call *call = lima_call_new(c->control, c->generation);

    assert_ok(lima_qemu_driver.snapshots->list(call, &items, &err));
    lima_call_free(call);
    return items;
}

lima_vm_status vm_status(vm_case *c)
{
    lima_instance *inst = lima_control_instance(c->control);
    lima_vm_status status = {0};

    assert_ok(lima_qemu_driver.inspect(inst, &status, &err));
    lima_instance_free(inst);
    return status;
}

void restart_driver(vm_case *c)
{
    lima_control_unref(c->control);
    c->control = lima_control_new(&lima_qemu_driver, "qemu", make(c));
}

lima_process_id vm_id(vm_case *c)
{
    lima_instance *inst = lima_control_instance(c->control);
    qemu_record record = {0};
    lima_process_id id = {0};

    if (lima_qemu_record_read(inst, &record, NULL))
        id = record.vm;
    lima_qemu_record_free(&record);
    lima_instance_free(inst);
    return id;
}

void freeze(lima_process_id id)
{
    assert_int_equal(kill((pid_t)id.pid, SIGSTOP), 0);
}

/* ---- threads ---- */

static void run_background(void *arg)
{
    background *b = arg;

    b->ok = b->run(b->call, &b->err);
}

void background_begin(background *b, vm_case *c, bool (*run)(lima_call *call, lima_err *err))
{
    *b = (background){.c = c, .run = run, .call = lima_call_new(c->control, c->generation)};
    assert_ok(lima_thread_start("background", run_background, b, &b->thread, &err));
}

void background_cancel(background *b)
{
    lima_call_cancel(b->call);
}

bool background_end(background *b, lima_err *err)
{
    lima_thread_join(b->thread);
    lima_call_free(b->call);
    if (!b->ok)
        *err = b->err;
    return b->ok;
}

/* ---- files ---- */

char *path_in(vm_case *c, const char *file)
{
    return lima_path_join(c->dir, file);
}

static bool exists(const char *path)
{
    lima_file_info info = {0};

    return lima_file_stat(path, false, &info, NULL) && info.kind != LIMA_FILE_NONE;
}

bool there_is(vm_case *c, const char *file)
{
    char *path = path_in(c, file);
    bool there = exists(path);

    free(path);
    return there;
}

void await_file(const char *path, bool there)
{
    lima_deadline deadline = lima_clock_in(20000);

    while (exists(path) != there) {
        if (lima_clock_now() > deadline)
            fail_msg("'%s' is %s after 20 s", path, there ? "not there" : "still there");
        lima_wake_wait(NULL, lima_clock_in(5));
    }
}

void assert_nothing_left(vm_case *c)
{
    assert_int_equal(vm_status(c).state, LIMA_VM_STOPPED);
    assert_false(there_is(c, QEMU_RECORD_FILE));
    assert_false(there_is(c, "qemu.pid"));
    assert_false(there_is(c, "qmp.sock"));
}

char *last_argv(vm_case *c)
{
    lima_buf text = LIMA_BUF(256 * 1024);

    assert_ok(lima_file_read(c->argv_file, &text, &err));
    return lima_buf_take(&text);
}
