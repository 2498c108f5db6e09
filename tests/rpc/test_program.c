/* Driver programs as limactl starts them: lima-driver-example, as a process, over its whole life. */
#include "lima_test.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "driver/lifecycle.h"
#include "os/file.h"
#include "os/host.h"
#include "os/process.h"
#include "rpc/launch.h"

enum { PATIENCE_MS = 60000, ROUNDS = 20 };

static lima_deadline patience(void)
{
    return lima_clock_in(PATIENCE_MS);
}

static void must(bool ok, const lima_err *err)
{
    if (!ok)
        fail_msg("%s", err->text);
}

/* ---- a folder with an instance, and the driver under the name lima-driver-trial ---- */

typedef struct place {
    char *root, *inst, *driver, *socket, *log;
} place;

static void run_tool(const char *a, const char *b, const char *c, const char *d)
{
    const char *argv[] = {a, b, c, d, NULL};
    lima_process_exit left = {0};
    lima_err err = {0};
    must(lima_process_run(argv, NULL, NULL, NULL, patience(), NULL, &left, &err), &err);
    assert_int_equal(left.code, 0);
}

static int setup(void **state)
{
    static unsigned number;
    lima_process_id own = {0};
    place *p = lima_mem_zalloc(1, sizeof *p);
    lima_process_find(0, &own);
    char *bin = lima_env_get("LIMA_BIN");
    assert_non_null(bin);
    char *name = lima_mem_printf("lp ü%u.%u", own.pid, number++),
         *real = lima_path_join(bin, "lima-driver-example");
    p->root = lima_path_join(lima_host_get()->temp, name);
    p->inst = lima_path_join(p->root, "dev");
    p->driver = lima_path_join(p->root, "lima-driver-trial");
    p->socket = lima_path_join(p->inst, "trial.drv.sock");
    p->log = lima_path_join(p->root, "log");
    assert_true(lima_dir_make(p->inst, LIMA_FILE_PRIVATE, NULL));
    run_tool("ln", "-s", real, p->driver);
    free(real);
    free(name);
    free(bin);
    *state = p;
    return 0;
}

static char *read_text(const char *path)
{
    lima_buf text = LIMA_BUF(1024 * 1024);
    lima_file_read(path, &text, NULL);
    return lima_buf_take(&text);
}

static int teardown(void **state)
{
    place *p = *state;
    char *log = read_text(p->log);
    if (strstr(log, "ERROR:") || strstr(log, "runtime error"))
        print_error("the driver's log: %s\n", log);
    bool bad = strstr(log, "Sanitizer");
    free(log);
    lima_dir_remove(p->root, NULL);
    free(p->root);
    free(p->inst);
    free(p->driver);
    free(p->socket);
    free(p->log);
    free(p);
    return bad ? -1 : 0;
}

static lima_file_kind kind_of(const char *path)
{
    lima_file_info info = {0};
    assert_true(lima_file_stat(path, false, &info, NULL));
    return info.kind;
}

static char *in_inst(const place *p, const char *name)
{
    return lima_path_join(p->inst, name);
}

/* ---- driver processes ---- */

static lima_launched launch(const place *p, lima_launch_mode mode)
{
    lima_launched l = {0};
    lima_err err = {0};
    must(lima_launch(p->driver, mode, p->inst, p->log, patience(), &l, &err), &err);
    return l;
}

static void expect_exit(lima_process *process, int code)
{
    lima_process_exit left = {0};
    lima_err err = {0};
    must(lima_process_wait(process, patience(), NULL, &left, &err), &err);
    assert_false(left.signaled);
    assert_int_equal(left.code, code);
}

/* One run with arguments to the end; its exit code. */
static int run_driver(const place *p, const char *a, const char *b, const char *input, lima_buf *out,
                      lima_buf *err_out)
{
    const char *argv[] = {p->driver, a, b, NULL};
    lima_process_exit left = {0};
    lima_err err = {0};
    must(lima_process_run(argv, input, out, err_out, patience(), NULL, &left, &err), &err);
    assert_false(left.signaled);
    return left.code;
}

static void call(lima_client *client, const char *method, const char *request, lima_code code)
{
    lima_json *json = NULL, *reply = NULL;
    lima_err err = {0};
    if (request)
        must(lima_json_parse(request, strlen(request), &json, &err), &err);
    bool ok = lima_client_call(client, method, json, patience(), NULL, &reply, &err);
    if ((ok ? LIMA_CODE_OK : err.code) != code)
        fail_msg("%s: %s", method, err.text);
    lima_json_free(json);
    lima_json_free(reply);
}

static void configure(const place *p, lima_client *client)
{
    char *text = lima_mem_printf("{\"name\":\"dev\",\"dir\":\"%s\",\"config\":{}}", p->inst);
    call(client, "Configure", text, LIMA_CODE_OK);
    free(text);
}

static lima_start_stream *start_vm(lima_client *client)
{
    lima_start_stream *stream = NULL;
    lima_start_event event = {0};
    lima_err err = {0};
    must(lima_client_start(client, &stream, &err), &err);
    must(lima_start_stream_next(stream, patience(), NULL, &event, &err), &err);
    if (!event.success)
        fail_msg("%s", event.error);
    lima_start_event_free(&event);
    return stream;
}

/* The status as --inspect-status gives it, host agent (this process) alive; with the pid of the VM. */
static char *inspect(const place *p, uint32_t *ret_pid)
{
    lima_process_id own = {0};
    lima_json *instance = NULL, *reply = NULL;
    lima_err err = {0};
    lima_process_find(0, &own);
    char *text = lima_mem_printf("{\"name\":\"dev\",\"dir\":\"%s\",\"hostAgentPID\":%u,\"x\":[0.10]}",
                                 p->inst, own.pid);
    must(lima_json_parse(text, strlen(text), &instance, &err), &err);
    must(lima_launch_inspect(p->driver, instance, patience(), &reply, &err), &err);
    char *status = lima_mem_strdup(lima_json_str(reply, "", "status"));
    *ret_pid = (uint32_t)lima_json_int(reply, 0, "driverPID");
    lima_json_free(instance);
    lima_json_free(reply);
    free(text);
    return status;
}

static void expect_status(const place *p, const char *expected)
{
    uint32_t pid = 0;
    lima_process_id id;
    char *status = inspect(p, &pid);
    assert_string_equal(status, expected);
    assert_int_equal(pid != 0, strcmp(expected, "Running") == 0);
    if (pid)
        assert_true(lima_process_find(pid, &id));
    free(status);
}

/* ---- short-lived runs ---- */

static void version_and_help__exit_0_on_stdout(void **state)
{
    place *p = *state;
    lima_buf out = LIMA_BUF(64 * 1024);
    assert_int_equal(run_driver(p, "--version", NULL, NULL, &out, NULL), 0);
    assert_true(lima_str_has_prefix(lima_buf_str(&out), "lima-driver-trial "));
    lima_buf_clear(&out);
    assert_int_equal(run_driver(p, "--version", "--json", NULL, &out, NULL), 0);
    assert_true(lima_str_has_prefix(lima_buf_str(&out), "{\"name\":\"trial\",\"version\":\""));
    lima_buf_clear(&out);
    assert_int_equal(run_driver(p, "-h", NULL, NULL, &out, NULL), 0);
    assert_non_null(strstr(lima_buf_str(&out), "--inst-dir DIR"));
    lima_buf_free(&out);
}

static void unknown_argument__exit_2_naming_it(void **state)
{
    place *p = *state;
    lima_buf out = LIMA_BUF(1024), err = LIMA_BUF(1024);
    assert_int_equal(run_driver(p, "--nope", NULL, NULL, &out, &err), 2);
    assert_int_equal(out.len, 0);
    assert_non_null(strstr(lima_buf_str(&err), "'--nope'"));
    lima_buf_free(&err);
}

static void inspect_status__keeps_every_key(void **state)
{
    place *p = *state;
    lima_buf out = LIMA_BUF(64 * 1024);
    static const char in[] =
        "{\"name\":\"dev\",\"dir\":\"/d\",\"sshLocalPort\":22,\"new\":[0.10,12345678901234567890]}";
    char *base64 = lima_base64_encode(in, sizeof in - 1), *line = lima_mem_printf("\"%s\"\n", base64);
    assert_int_equal(run_driver(p, "--inspect-status", NULL, line, &out, NULL), 0);
    uint8_t *bytes = NULL;
    size_t len = 0;
    assert_true(lima_base64_decode(out.data + 1, out.len - 3, &bytes, &len, NULL));
    char *text = lima_mem_strndup((char *)bytes, len);
    assert_string_equal(
        text, "{\"name\":\"dev\",\"dir\":\"/"
              "d\",\"sshLocalPort\":22,\"new\":[0.10,12345678901234567890],\"status\":\"Stopped\"}");
    free(text);
    free(bytes);
    free(line);
    free(base64);
    lima_buf_free(&out);
}

static void inspect_status__bad_input__exit_1_and_nothing_on_stdout(void **state)
{
    static const char *const inputs[] = {
        "", "x", "{}", "\"???\"", "\"e30\"", "\"WzFd\"", "\"eyJuYW1lIjo3fQ==\""};
    place *p = *state;
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        lima_buf out = LIMA_BUF(1024), err = LIMA_BUF(4096);
        assert_int_equal(run_driver(p, "--inspect-status", NULL, inputs[i], &out, &err), 1);
        assert_int_equal(out.len, 0);
        assert_non_null(strstr(lima_buf_str(&err), "--inspect-status"));
        lima_buf_free(&err);
    }
}

static void pre_driver_action__fills_the_configuration(void **state)
{
    place *p = *state;
    lima_json *config = NULL, *reply = NULL;
    lima_err err = {0};
    static const char text[] = "{\"cpus\":2,\"memory\":\"1GiB\",\"new\":1e400}";
    must(lima_json_parse(text, sizeof text - 1, &config, &err), &err);
    must(lima_launch_configure(p->driver, config, "/x/dev/lima.yaml", patience(), &reply, &err), &err);
    char *printed = lima_json_print(reply);
    assert_string_equal(printed, "{\"cpus\":2,\"memory\":\"1GiB\",\"new\":1e400,\"vmType\":\"trial\","
                                 "\"mountType\":\"reverse-sshfs\"}");
    free(printed);
    lima_json_free(config);
    lima_json_free(reply);
}

/* limactl shows the error text only when it finds JSON on standard output. */
static void pre_driver_action__bad_input__exit_1_with_json(void **state)
{
    static const char *const inputs[] = {"", "{\"filePath\":\"\"}",
                                         "{\"config\":{\"cpus\":\"two\"},\"filePath\":\"\"}",
                                         "{\"config\":{},\"filePath\":7}"};
    place *p = *state;
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        lima_buf out = LIMA_BUF(1024), err = LIMA_BUF(4096);
        lima_json *json = NULL;
        assert_int_equal(run_driver(p, "--pre-driver-action", NULL, inputs[i], &out, &err), 1);
        assert_true(lima_json_parse(lima_buf_str(&out), out.len, &json, NULL));
        assert_true(err.len > 0);
        lima_json_free(json);
        lima_buf_free(&out);
        lima_buf_free(&err);
    }
}

/* ---- servers ---- */

static void inst_dir__unusable__exit_1_naming_it(void **state)
{
    place *p = *state;
    char *file = lima_path_join(p->root, "file"), *missing = lima_path_join(p->root, "missing");
    const char *const bad[] = {file, missing};
    assert_true(lima_file_write(file, "", 0, LIMA_FILE_PRIVATE, NULL));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        lima_buf err = LIMA_BUF(4096);
        assert_int_equal(run_driver(p, "--inst-dir", bad[i], NULL, NULL, &err), 1);
        assert_non_null(strstr(lima_buf_str(&err), bad[i]));
        lima_buf_free(&err);
    }
    free(file);
    free(missing);
}

static void inst_dir__of_another_user__exit_1_and_nothing_made(void **state)
{
    place *p = *state;
    lima_file_info info = {0};
    lima_strv names = {0};
    lima_buf err = LIMA_BUF(4096);
    const char *foreign = "/";
    if (lima_host_get()->uid == 0) {
        foreign = p->inst;
        run_tool("chown", "65534", foreign, NULL);
    }
    if (!lima_file_stat(foreign, true, &info, NULL) || info.mine)
        lima_skip("there is no folder of another user");
    assert_int_equal(run_driver(p, "--inst-dir", foreign, NULL, NULL, &err), 1);
    assert_non_null(strstr(lima_buf_str(&err), "belongs to another user"));
    assert_true(lima_dir_list(foreign, 1000, &names, NULL));
    assert_false(lima_strv_has(&names, "trial.drv.lock"));
    lima_strv_free(&names);
    lima_buf_free(&err);
}

static void inst_dir__behind_a_link__is_served(void **state)
{
    place *p = *state;
    lima_err err = {0};
    char *inst = p->inst;
    p->inst = lima_path_join(p->root, "link");
    must(lima_file_link_make(p->inst, inst, &err), &err);
    lima_launched l = launch(p, LIMA_LAUNCH_INST_DIR);
    assert_int_equal(kind_of(p->socket), LIMA_FILE_SOCKET); /* the folder's own name for it */
    call(l.client, "Info", NULL, LIMA_CODE_OK);
    lima_launched_stop(&l, PATIENCE_MS);
    free(inst);
}

static void inst_dir__socket_path_too_long__exit_1_with_the_limit(void **state)
{
    place *p = *state;
    lima_buf err = LIMA_BUF(4096);
    char *deep = lima_path_join(
        p->inst,
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890");
    assert_true(lima_dir_make(deep, LIMA_FILE_PRIVATE, NULL));
    assert_int_equal(run_driver(p, "--inst-dir", deep, NULL, NULL, &err), 1);
    assert_non_null(strstr(lima_buf_str(&err), "107"));
    lima_buf_free(&err);
    free(deep);
}

static void inst_dir__serves_until_told_to_end(void **state)
{
    place *p = *state;
    lima_launched l = launch(p, LIMA_LAUNCH_INST_DIR);
    lima_process_id id = lima_process_get_id(l.process);
    char *lock = in_inst(p, "trial.drv.lock");
    assert_int_equal(kind_of(p->socket), LIMA_FILE_SOCKET);
    call(l.client, "Info", NULL, LIMA_CODE_OK);
    assert_true(lima_process_end_id(id, false, NULL));
    expect_exit(l.process, 0);
    assert_int_equal(kind_of(p->socket), LIMA_FILE_NONE);
    assert_int_equal(kind_of(lock), LIMA_FILE_NONE);
    lima_launched_stop(&l, 0);
    free(lock);
}

static void inst_dir__terminal_signals__change_nothing(void **state)
{
    place *p = *state;
    lima_launched l = launch(p, LIMA_LAUNCH_INST_DIR);
    char *pid = lima_mem_printf("%u", lima_process_get_id(l.process).pid);
    run_tool("kill", "-INT", pid, NULL);
    run_tool("kill", "-HUP", pid, NULL);
    run_tool("kill", "-TSTP", pid, NULL);
    call(l.client, "Info", NULL, LIMA_CODE_OK);
    lima_launched_stop(&l, PATIENCE_MS);
    free(pid);
}

static void inst_dir__delete__ends_it(void **state)
{
    place *p = *state;
    lima_launched l = launch(p, LIMA_LAUNCH_INST_DIR);
    configure(p, l.client);
    call(l.client, "Delete", NULL, LIMA_CODE_OK);
    expect_exit(l.process, 0);
    lima_launched_stop(&l, 0);
}

static void inst_dir__folder_moved__ends_it(void **state)
{
    place *p = *state;
    uint32_t pid = 0;
    lima_process_id vm = {0};
    lima_err err = {0};
    lima_launched l = launch(p, LIMA_LAUNCH_INST_DIR);
    configure(p, l.client);
    lima_start_stream *stream = start_vm(l.client);
    free(inspect(p, &pid));
    assert_true(lima_process_find(pid, &vm));
    char *elsewhere = lima_path_join(p->root, "moved"); /* and with it what the driver knows of its VM */
    assert_true(lima_file_rename(p->inst, elsewhere, NULL));
    expect_exit(l.process, 0);
    lima_start_stream_close(stream);
    lima_launched_stop(&l, 0);
    assert_true(lima_file_rename(elsewhere, p->inst, NULL));
    must(lima_process_end_id(vm, true, &err), &err);
    free(elsewhere);
}

static void inst_dir__socket_removed__makes_room_for_a_new_one(void **state)
{
    place *p = *state;
    lima_launched old = launch(p, LIMA_LAUNCH_INST_DIR);
    assert_true(lima_file_remove(p->socket, NULL));
    lima_launched fresh = launch(p, LIMA_LAUNCH_INST_DIR); /* waits for the old one to leave */
    expect_exit(old.process, 0);
    call(fresh.client, "Info", NULL, LIMA_CODE_OK);
    lima_launched_stop(&fresh, PATIENCE_MS);
    lima_launched_stop(&old, 0);
}

static void inst_dir__pid_file_removed__ends_it_when_unused(void **state)
{
    place *p = *state;
    lima_launched l = launch(p, LIMA_LAUNCH_INST_DIR);
    char *path = in_inst(p, "trial.drv.pid"),
         *pid = lima_mem_printf("%u", lima_process_get_id(l.process).pid);
    assert_true(lima_file_write(path, pid, strlen(pid), LIMA_FILE_SHARED, NULL));
    lima_client_close(l.client);
    l.client = NULL;
    /* Seen is when the file has been there for two looks. */
    lima_wake_wait(NULL, lima_clock_in(2 * LIMA_LIFECYCLE_CHECK_MS + 1000));
    assert_true(lima_file_remove(path, NULL));
    expect_exit(l.process, 0);
    lima_launched_stop(&l, 0);
    free(path);
    free(pid);
}

static void inst_dir__two_at_once__exactly_one_serves(void **state)
{
    place *p = *state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        const char *argv[] = {p->driver, "--inst-dir", p->inst, NULL};
        lima_process_desc desc = {
            .argv = argv, .out = LIMA_PROCESS_NULL, .err = LIMA_PROCESS_FILE, .err_file = p->log};
        lima_process *both[2] = {NULL, NULL};
        lima_err err = {0};
        for (unsigned i = 0; i < 2; i++)
            must(lima_process_start(&desc, &both[i], &err), &err);
        lima_client *client = NULL;
        while (!lima_client_connect(p->socket, patience(), &client, &err))
            lima_wake_wait(NULL, lima_clock_in(1)); /* not there yet */
        call(client, "Info", NULL, LIMA_CODE_OK);
        lima_process_exit left[2];
        bool ended[2] = {false, false};
        while (!ended[0] && !ended[1])
            for (unsigned i = 0; i < 2; i++)
                ended[i] = lima_process_wait(both[i], lima_clock_in(10), NULL, &left[i], NULL);
        unsigned loser = ended[0] ? 0 : 1;
        assert_false(left[loser].signaled);
        assert_int_equal(left[loser].code, 0);
        assert_false(lima_process_wait(both[!loser], 0, NULL, &left[!loser], NULL));
        call(client, "Info", NULL, LIMA_CODE_OK);
        lima_client_close(client);
        lima_process_end(both[!loser], false);
        expect_exit(both[!loser], 0);
        lima_process_free(both[0]);
        lima_process_free(both[1]);
    }
}

static void inst_dir__unused__ends_by_itself(void **state)
{
    place *p = *state;
    const char *argv[] = {p->driver, "--inst-dir", p->inst, NULL};
    const char *env[] = {"LIMA_DRIVER_IDLE_SECONDS=1", NULL};
    lima_process_desc desc = {.argv = argv, .env_add = env, .err = LIMA_PROCESS_FILE, .err_file = p->log};
    lima_process *process = NULL;
    lima_err err = {0};
    must(lima_process_start(&desc, &process, &err), &err);
    expect_exit(process, 0);
    assert_int_equal(kind_of(p->socket), LIMA_FILE_NONE);
    lima_process_free(process);
}

static void announce__serves_and_leaves_nothing(void **state)
{
    place *p = *state;
    lima_launched l = launch(p, LIMA_LAUNCH_ANNOUNCE);
    call(l.client, "Info", NULL, LIMA_CODE_OK);
    configure(p, l.client);
    call(l.client, "Delete", NULL, LIMA_CODE_OK);
    call(l.client, "Info", NULL, LIMA_CODE_OK); /* limactl delete a b: goes on */
    char *socket = lima_mem_strdup(l.socket), *folder = lima_path_dir(socket);
    lima_process_end(l.process, false);
    expect_exit(l.process, 0);
    lima_launched_stop(&l, 0);
    assert_int_equal(kind_of(folder), LIMA_FILE_NONE);
    free(socket);
    free(folder);
}

static void announce__client_gone__ends(void **state)
{
    place *p = *state;
    lima_launched l = launch(p, LIMA_LAUNCH_ANNOUNCE);
    call(l.client, "Info", NULL, LIMA_CODE_OK);
    lima_client_close(l.client);
    l.client = NULL;
    expect_exit(l.process, 0);
    lima_launched_stop(&l, 0);
}

static void stdio__serves_and_ends_with_its_input(void **state)
{
    place *p = *state;
    lima_launched l = launch(p, LIMA_LAUNCH_STDIO);
    call(l.client, "Info", NULL, LIMA_CODE_OK);
    configure(p, l.client);
    call(l.client, "Validate", NULL, LIMA_CODE_OK);
    lima_client_close(l.client);
    l.client = NULL;
    lima_launched_stop(&l, PATIENCE_MS);
}

/* ---- VMs ---- */

static void vm__status_start_stop(void **state)
{
    place *p = *state;
    lima_launched l = launch(p, LIMA_LAUNCH_INST_DIR);
    configure(p, l.client);
    expect_status(p, "Stopped");
    lima_start_stream *stream = start_vm(l.client);
    expect_status(p, "Running");
    call(l.client, "Stop", NULL, LIMA_CODE_OK);
    expect_status(p, "Stopped");
    lima_start_stream_close(stream);
    lima_launched_stop(&l, PATIENCE_MS);
}

static void vm__driver_killed__truth_is_told_and_next_start_works(void **state)
{
    place *p = *state;
    uint32_t pid = 0;
    lima_process_id vm = {0}, now = {0};
    lima_launched l = launch(p, LIMA_LAUNCH_INST_DIR);
    configure(p, l.client);
    lima_start_stream *stream = start_vm(l.client);
    free(inspect(p, &pid));
    assert_true(lima_process_find(pid, &vm));
    lima_process_end_id(lima_process_get_id(l.process), true, NULL);
    lima_start_stream_close(stream);
    lima_launched_stop(&l, 0);
    expect_status(p, "Running");         /* the VM outlives its driver */
    l = launch(p, LIMA_LAUNCH_INST_DIR); /* on the stale socket */
    configure(p, l.client);
    stream = start_vm(l.client);
    assert_true(!lima_process_find(vm.pid, &now) || now.start != vm.start); /* the first one was shut down */
    expect_status(p, "Running");
    call(l.client, "Delete", NULL, LIMA_CODE_OK);
    expect_status(p, "Stopped");
    lima_start_stream_close(stream);
    expect_exit(l.process, 0);
    lima_launched_stop(&l, 0);
}

static void vm__driver_told_to_end__vm_runs_on(void **state)
{
    place *p = *state;
    lima_launched l = launch(p, LIMA_LAUNCH_INST_DIR);
    configure(p, l.client);
    lima_start_stream *stream = start_vm(l.client);
    lima_process_end(l.process, false);
    expect_exit(l.process, 0);
    lima_start_stream_close(stream);
    lima_launched_stop(&l, 0);
    expect_status(p, "Running");
    l = launch(p, LIMA_LAUNCH_INST_DIR);
    configure(p, l.client);
    call(l.client, "Stop", NULL, LIMA_CODE_OK); /* a VM of an earlier process */
    expect_status(p, "Stopped");
    lima_launched_stop(&l, PATIENCE_MS);
}

static void vm__two_announced_servers__second_start_is_refused(void **state)
{
    place *p = *state;
    lima_launched a = launch(p, LIMA_LAUNCH_ANNOUNCE), b = launch(p, LIMA_LAUNCH_ANNOUNCE);
    configure(p, a.client);
    configure(p, b.client);
    lima_start_stream *first = start_vm(a.client), *second = NULL;
    lima_start_event event = {0};
    lima_err err = {0};
    must(lima_client_start(b.client, &second, &err), &err);
    must(lima_start_stream_next(second, patience(), NULL, &event, &err), &err);
    assert_false(event.success);
    assert_non_null(strstr(event.error, "another driver process"));
    lima_start_event_free(&event);
    expect_status(p, "Running");
    call(a.client, "Stop", NULL, LIMA_CODE_OK);
    lima_start_stream_close(first);
    lima_start_stream_close(second);
    lima_launched_stop(&a, PATIENCE_MS);
    lima_launched_stop(&b, PATIENCE_MS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(version_and_help__exit_0_on_stdout),
        TEST(unknown_argument__exit_2_naming_it),
        TEST(inspect_status__keeps_every_key),
        TEST(inspect_status__bad_input__exit_1_and_nothing_on_stdout),
        TEST(pre_driver_action__fills_the_configuration),
        TEST(pre_driver_action__bad_input__exit_1_with_json),
        TEST(inst_dir__unusable__exit_1_naming_it),
        TEST(inst_dir__of_another_user__exit_1_and_nothing_made),
        TEST(inst_dir__behind_a_link__is_served),
        TEST(inst_dir__socket_path_too_long__exit_1_with_the_limit),
        TEST(inst_dir__serves_until_told_to_end),
        TEST(inst_dir__terminal_signals__change_nothing),
        TEST(inst_dir__delete__ends_it),
        TEST(inst_dir__folder_moved__ends_it),
        TEST(inst_dir__socket_removed__makes_room_for_a_new_one),
        TEST(inst_dir__pid_file_removed__ends_it_when_unused),
        TEST(inst_dir__two_at_once__exactly_one_serves),
        TEST(inst_dir__unused__ends_by_itself),
        TEST(announce__serves_and_leaves_nothing),
        TEST(announce__client_gone__ends),
        TEST(stdio__serves_and_ends_with_its_input),
        TEST(vm__status_start_stop),
        TEST(vm__driver_killed__truth_is_told_and_next_start_works),
        TEST(vm__driver_told_to_end__vm_runs_on),
        TEST(vm__two_announced_servers__second_start_is_refused),
    };
    return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
