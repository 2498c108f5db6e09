/* core/driver: call.c, control.c, session.c: the order of callbacks and the life of a session, over the scripted driver. */
#include "lima_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../rpc/scripted.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "driver/call.h"
#include "driver/control.h"
#include "os/file.h"
#include "os/host.h"
#include "os/process.h"

/* ---- one control in a private folder ---- */

static char *folder;
static lima_control *control;

static lima_instance *make_instance(const char *extra)
{
    lima_instance *inst = NULL;
    lima_err err = {0};
    char *json =
        lima_mem_printf("{\"name\":\"dev\",\"dir\":\"%s\",\"config\":{\"os\":\"Linux\"}%s}", folder, extra);
    if (!lima_instance_parse(json, strlen(json), &inst, &err))
        fail_msg("%s", err.text);
    free(json);
    return inst;
}

static int setup(void **state)
{
    static unsigned number;
    lima_process_id own = {0};
    (void)state;
    lima_process_find(0, &own);
    char *name = lima_mem_printf("lima control ü %u %u", own.pid, number++);
    folder = lima_path_join(lima_host_get()->temp, name);
    free(name);
    scripted_reset();
    if (!lima_dir_make(folder, LIMA_FILE_PRIVATE, NULL))
        return -1;
    control = lima_control_new(&scripted_driver, "scripted", make_instance(""));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_string_equal(scripted_violation(), "");
    lima_control_unref(control);
    lima_dir_remove(folder, NULL);
    free(folder);
    return 0;
}

/* ---- calls in threads ---- */

typedef bool method(lima_call *call, lima_err *err);

typedef struct runner {
    lima_thread *thread;
    lima_call *call;
    method *run;
    lima_monitor *monitor; /* guards messages */
    char messages[512];    /* "started", "ended", or "failed TEXT", with a line end each */
    bool ok;
    lima_err err;
} runner;

static void note(void *arg, bool success, const char *error)
{
    runner *r = arg;
    lima_monitor_enter(r->monitor);
    size_t len = strlen(r->messages);
    snprintf(r->messages + len, sizeof r->messages - len, "%s%s\n", success ? "success" : "failed ", error);
    lima_monitor_notify(r->monitor);
    lima_monitor_leave(r->monitor);
}

static void run(void *arg)
{
    runner *r = arg;
    r->ok = r->run ? r->run(r->call, &r->err) : lima_control_start(r->call, note, r, &r->err);
}

/* `run` NULL: Start. */
static void begin_as(runner *r, method *run_method, lima_generation generation)
{
    lima_err err = {0};
    *r = (runner){
        .run = run_method, .call = lima_call_new(control, generation), .monitor = lima_monitor_new()};
    if (!lima_thread_start("runner", run, r, &r->thread, &err))
        fail_msg("%s", err.text);
}

static void begin(runner *r, method *run_method)
{
    begin_as(r, run_method, LIMA_GENERATION_2_2);
}

static void end(runner *r)
{
    lima_thread_join(r->thread);
    lima_call_free(r->call);
    lima_monitor_free(r->monitor);
}

static void await_queue(unsigned len)
{
    lima_deadline until = lima_clock_in(SCRIPTED_PATIENCE_MS);
    unsigned found;
    do {
        lima_wake_wait(NULL, lima_clock_in(1));
        lima_monitor_enter(control->monitor);
        found = control->queue_len;
        lima_monitor_leave(control->monitor);
    } while (found < len && lima_clock_now() < until);
    assert_int_equal(found, len);
}

/* A call in this thread. */
static bool call_now(method *run_method, lima_err *err)
{
    lima_call *call = lima_call_new(control, LIMA_GENERATION_2_2);
    bool ok = run_method(call, err);
    lima_call_free(call);
    return ok;
}

static void begin_session(runner *r, lima_generation generation)
{
    begin_as(r, NULL, generation);
    scripted_await("wait", 1);
}

static void assert_log(const char *expected)
{
    char *log = scripted_log();
    assert_string_equal(log, expected);
    free(log);
}

static void assert_lock_free(void)
{
    lima_file_lock *lock = NULL;
    lima_err err = {0};
    char *path = lima_path_join(folder, "scripted.vm.lock");
    if (!lima_file_lock_take(path, 0, &lock, &err))
        fail_msg("%s", err.text);
    lima_file_lock_release(lock);
    free(path);
}

/* ---- order ---- */

static void exclusive__second_waits_for_the_first(void **state)
{
    runner disk, create;
    (void)state;
    scripted_block("create_disk");
    begin(&disk, lima_control_create_disk);
    scripted_await("create_disk", 1);
    begin(&create, lima_control_create);
    assert_true(call_now(lima_control_validate, NULL)); /* beside them */
    assert_int_equal(scripted_count("create"), 0);
    scripted_release("create_disk");
    end(&disk);
    end(&create);
    assert_true(disk.ok);
    assert_true(create.ok);
    assert_log("create_disk validate create");
}

static void exclusive__cancelled_while_waiting__leaves_the_queue(void **state)
{
    runner disk, create;
    (void)state;
    scripted_block("create_disk");
    begin(&disk, lima_control_create_disk);
    scripted_await("create_disk", 1);
    begin(&create, lima_control_create);
    lima_call_cancel(create.call);
    end(&create); /* although the first one still runs */
    assert_false(create.ok);
    assert_int_equal(create.err.code, LIMA_CODE_CANCELLED);
    scripted_release("create_disk");
    end(&disk);
    assert_true(disk.ok);
    assert_int_equal(scripted_count("create"), 0);
}

static void exclusive__cancelled_while_running__stops_its_work(void **state)
{
    runner disk;
    (void)state;
    scripted_block("create_disk");
    begin(&disk, lima_control_create_disk);
    scripted_await("create_disk", 1);
    lima_call_cancel(disk.call);
    end(&disk);
    assert_false(disk.ok);
    assert_int_equal(disk.err.code, LIMA_CODE_CANCELLED);
    scripted_release("create_disk");
    assert_true(call_now(lima_control_create, NULL)); /* the queue goes on */
}

static void exclusive__too_many__are_refused(void **state)
{
    runner runners[LIMA_CONTROL_QUEUE_MAX + 1];
    lima_err err = {0};
    (void)state;
    scripted_block("create");
    for (size_t i = 0; i < sizeof runners / sizeof *runners; i++)
        begin(&runners[i], lima_control_create);
    await_queue(LIMA_CONTROL_QUEUE_MAX + 1);
    assert_false(call_now(lima_control_create_disk, &err));
    assert_int_equal(err.code, LIMA_CODE_RESOURCE_EXHAUSTED);
    scripted_release("create");
    for (size_t i = 0; i < sizeof runners / sizeof *runners; i++)
        end(&runners[i]);
    assert_int_equal(scripted_count("create"), LIMA_CONTROL_QUEUE_MAX + 1);
}

static void failure__names_the_instance(void **state)
{
    lima_err err = {0};
    (void)state;
    scripted_fail("create_disk", LIMA_CODE_RESOURCE_EXHAUSTED, "disk full; make room");
    assert_false(call_now(lima_control_create_disk, &err));
    assert_int_equal(err.code, LIMA_CODE_RESOURCE_EXHAUSTED);
    assert_string_equal(err.text, "create the disk of instance 'dev': disk full; make room");
}

static void state__is_zeroed_and_shared(void **state)
{
    (void)state;
    lima_call *a = lima_call_new(control, LIMA_GENERATION_2_2),
              *b = lima_call_new(control, LIMA_GENERATION_2_1);
    assert_ptr_equal(lima_call_state(a), lima_call_state(b));
    assert_int_equal(*(unsigned *)lima_call_state(a), 0);
    assert_int_equal(lima_call_generation(b), LIMA_GENERATION_2_1);
    lima_call_free(a);
    lima_call_free(b);
}

static void set_instance__running_calls_keep_theirs(void **state)
{
    (void)state;
    lima_call *before = lima_call_new(control, LIMA_GENERATION_2_2);
    lima_control_set_instance(control, make_instance(",\"sshLocalPort\":1234"));
    lima_call *after = lima_call_new(control, LIMA_GENERATION_2_2);
    assert_int_equal(lima_call_instance(before)->ssh_port, 0);
    assert_int_equal(lima_call_instance(after)->ssh_port, 1234);
    lima_call_free(before);
    lima_call_free(after);
}

/* ---- sessions ---- */

static void start__says_started_and_ended(void **state)
{
    runner s;
    (void)state;
    begin_session(&s, LIMA_GENERATION_2_0_3);
    assert_string_equal(s.messages, "success\n");
    assert_true(lima_control_has_session(control));
    scripted_end_vm(NULL);
    end(&s);
    assert_true(s.ok);
    assert_string_equal(s.messages, "success\nsuccess\n");
    assert_false(lima_control_has_session(control));
    assert_lock_free();
}

static void start__before_2_0_3__says_nothing_until_the_end(void **state)
{
    runner s;
    (void)state;
    begin_session(&s, LIMA_GENERATION_2_0_0);
    assert_string_equal(s.messages, "");
    scripted_end_vm(NULL);
    end(&s);
    assert_string_equal(s.messages, "success\n");
}

static void start__vm_dies__tells_why(void **state)
{
    runner s;
    (void)state;
    begin_session(&s, LIMA_GENERATION_2_2);
    scripted_end_vm("guest panic");
    end(&s);
    assert_true(s.ok);
    assert_string_equal(s.messages, "success\nfailed guest panic\n");
}

static void start__driver_gives_a_running_vm_up__shuts_it_down(void **state)
{
    runner s;
    (void)state;
    scripted_fail("wait", LIMA_CODE_UNAVAILABLE, "lost the VM");
    begin_session(&s, LIMA_GENERATION_2_2);
    end(&s);
    assert_int_equal(scripted_vm(), LIMA_VM_STOPPED);
    assert_int_equal(scripted_count("stop"), 1);
    assert_string_equal(s.messages, "success\nfailed lost the VM\n");
}

static void start__fails__tells_why_and_can_be_tried_again(void **state)
{
    runner s;
    (void)state;
    scripted_fail("start", LIMA_CODE_NOT_FOUND, "no kernel");
    begin(&s, NULL);
    end(&s);
    assert_false(s.ok);
    assert_int_equal(s.err.code, LIMA_CODE_NOT_FOUND);
    assert_string_equal(s.messages, "failed start instance 'dev': no kernel\n");
    assert_lock_free();
    scripted_fail("start", LIMA_CODE_OK, "");
    begin_session(&s, LIMA_GENERATION_2_2);
    scripted_end_vm(NULL);
    end(&s);
    assert_true(s.ok);
}

static void start__runs_already_here__is_refused(void **state)
{
    runner first, second;
    (void)state;
    begin_session(&first, LIMA_GENERATION_2_2);
    begin(&second, NULL);
    end(&second);
    assert_false(second.ok);
    assert_int_equal(second.err.code, LIMA_CODE_FAILED_PRECONDITION);
    assert_non_null(strstr(second.messages, "runs already"));
    assert_int_equal(scripted_vm(), LIMA_VM_RUNNING);
    scripted_end_vm(NULL);
    end(&first);
    assert_true(first.ok);
}

static void start__runs_under_another_process__is_refused_and_left_alone(void **state)
{
    runner s;
    lima_file_lock *lock = NULL;
    char *path = lima_path_join(folder, "scripted.vm.lock");
    (void)state;
    assert_true(lima_file_lock_take(path, 0, &lock, NULL));
    scripted_set_vm(LIMA_VM_RUNNING);
    begin(&s, NULL);
    end(&s);
    assert_false(s.ok);
    assert_int_equal(s.err.code, LIMA_CODE_FAILED_PRECONDITION);
    assert_int_equal(scripted_vm(), LIMA_VM_RUNNING);
    assert_int_equal(scripted_count("stop"), 0);
    lima_file_lock_release(lock);
    free(path);
}

static void start__leftover_vm__is_shut_down_first(void **state)
{
    runner s;
    (void)state;
    scripted_set_vm(LIMA_VM_RUNNING);
    begin_session(&s, LIMA_GENERATION_2_2);
    assert_log("stop start wait");
    assert_int_equal(scripted_grace(), LIMA_CONTROL_ORPHAN_GRACE_MS);
    scripted_end_vm(NULL);
    end(&s);
}

static void start__leftover_vm_cannot_be_stopped__does_not_start(void **state)
{
    runner s;
    (void)state;
    scripted_set_vm(LIMA_VM_RUNNING);
    scripted_fail("stop", LIMA_CODE_INTERNAL, "stuck");
    begin(&s, NULL);
    end(&s);
    assert_false(s.ok);
    assert_log("stop");
    assert_non_null(strstr(s.messages, "stuck"));
}

static void start__state_cannot_be_told__does_not_start(void **state)
{
    runner s;
    (void)state;
    scripted_fail("inspect", LIMA_CODE_UNAVAILABLE, "no hypervisor");
    begin(&s, NULL);
    end(&s);
    assert_false(s.ok);
    assert_int_equal(s.err.code, LIMA_CODE_UNAVAILABLE);
    assert_int_equal(scripted_count("start"), 0);
}

static void start__client_goes__vm_is_shut_down(void **state)
{
    runner s;
    (void)state;
    begin_session(&s, LIMA_GENERATION_2_2);
    lima_call_cancel(s.call);
    end(&s);
    assert_log("start wait stop");
    assert_int_equal(scripted_grace(), LIMA_CONTROL_ORPHAN_GRACE_MS);
    assert_int_equal(scripted_vm(), LIMA_VM_STOPPED);
    assert_false(lima_control_has_session(control));
}

static void start__client_goes_while_starting__does_not_leave_a_vm(void **state)
{
    runner s;
    (void)state;
    scripted_block("start");
    begin(&s, NULL);
    scripted_await("start", 1);
    lima_call_cancel(s.call);
    end(&s);
    assert_false(s.ok);
    assert_int_equal(s.err.code, LIMA_CODE_CANCELLED);
    assert_int_equal(scripted_vm(), LIMA_VM_STOPPED);
}

static void stop__ends_the_session_in_order(void **state)
{
    runner s;
    (void)state;
    begin_session(&s, LIMA_GENERATION_2_2);
    assert_true(call_now(lima_control_stop, NULL));
    assert_int_equal(scripted_grace(), LIMA_CONTROL_STOP_GRACE_MS);
    end(&s);
    assert_string_equal(s.messages, "success\nsuccess\n");
}

static void stop__while_starting__cancels_the_start(void **state)
{
    runner s;
    (void)state;
    scripted_block("start");
    begin(&s, NULL);
    scripted_await("start", 1);
    assert_true(call_now(lima_control_stop, NULL));
    end(&s);
    assert_false(s.ok);
    assert_string_equal(s.messages, "failed start instance 'dev': stopped while it was starting\n");
    assert_log("start stop");
}

static void stop__while_ssh_is_set_up__cancels_that(void **state)
{
    runner s, ssh;
    (void)state;
    scripted_block("setup_ssh");
    begin_session(&s, LIMA_GENERATION_2_2);
    begin(&ssh, lima_control_setup_ssh);
    scripted_await("setup_ssh", 1);
    assert_true(call_now(lima_control_stop, NULL));
    end(&ssh);
    end(&s);
    assert_int_equal(ssh.err.code, LIMA_CODE_CANCELLED);
}

static void stop__while_a_disk_is_made__waits_for_it(void **state)
{
    runner disk, stopping;
    (void)state;
    scripted_block("create_disk");
    begin(&disk, lima_control_create_disk);
    scripted_await("create_disk", 1);
    begin(&stopping, lima_control_stop);
    scripted_release("create_disk");
    end(&disk);
    end(&stopping);
    assert_true(disk.ok);
    assert_log("create_disk stop");
}

static void remove__running_vm__is_forced_off_first(void **state)
{
    runner s;
    (void)state;
    begin_session(&s, LIMA_GENERATION_2_2);
    assert_true(call_now(lima_control_remove, NULL));
    end(&s);
    assert_log("start wait stop remove");
    assert_int_equal(scripted_grace(), 0);
}

static void remove__stopped_vm__is_not_stopped_again(void **state)
{
    char *path = lima_path_join(folder, "scripted.vm.lock");
    lima_file_info info = {0};
    (void)state;
    assert_lock_free(); /* makes the file */
    assert_true(call_now(lima_control_remove, NULL));
    assert_log("remove");
    assert_true(lima_file_stat(path, false, &info, NULL));
    assert_int_equal(info.kind, LIMA_FILE_NONE);
    free(path);
}

static void remove__cannot_be_stopped__is_kept(void **state)
{
    lima_err err = {0};
    (void)state;
    scripted_set_vm(LIMA_VM_RUNNING);
    scripted_fail("stop", LIMA_CODE_INTERNAL, "stuck");
    assert_false(call_now(lima_control_remove, &err));
    assert_string_equal(err.text, "delete instance 'dev': force its VM off: stuck");
    assert_int_equal(scripted_count("remove"), 0);
    scripted_set_vm(LIMA_VM_STOPPED);
}

static void end__leaves_the_vm_and_says_so(void **state)
{
    runner s;
    (void)state;
    begin_session(&s, LIMA_GENERATION_2_2);
    lima_control_end(control, false);
    end(&s);
    assert_int_equal(scripted_vm(), LIMA_VM_RUNNING);
    assert_int_equal(scripted_count("stop"), 0);
    assert_non_null(strstr(s.messages, "the VM runs on"));
}

static void end__without_a_folder__forces_the_vm_off(void **state)
{
    runner s;
    (void)state;
    begin_session(&s, LIMA_GENERATION_2_2);
    lima_control_end(control, true);
    end(&s);
    assert_int_equal(scripted_vm(), LIMA_VM_STOPPED);
    assert_int_equal(scripted_grace(), 0);
}

static void end__later_calls_are_cancelled_at_once(void **state)
{
    lima_err err = {0};
    (void)state;
    lima_control_end(control, false);
    assert_false(call_now(lima_control_create, &err));
    assert_int_equal(err.code, LIMA_CODE_CANCELLED);
}

/* ---- groups ---- */

static bool create_snapshot(lima_call *call, lima_err *err)
{
    return lima_control_snapshot_create(call, "tag-1", err);
}

static bool list_snapshots(lima_call *call, lima_err *err)
{
    lima_snapshot_list list = {0};
    bool ok = lima_control_snapshot_list(call, &list, err);
    lima_snapshot_list_free(&list);
    return ok;
}

static bool change_password(lima_call *call, lima_err *err)
{
    return lima_control_change_password(call, "secret", err);
}

static bool display_connection(lima_call *call, lima_err *err)
{
    char *text = NULL;
    bool ok = lima_control_display_connection(call, &text, err);
    free(text);
    return ok;
}

static void groups__absent__are_unimplemented(void **state)
{
    static method *const methods[] = {create_snapshot, list_snapshots, change_password, display_connection};
    (void)state;
    lima_control_unref(control);
    control = lima_control_new(&scripted_bare_driver, "bare", make_instance(""));
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        lima_err err = {0};
        assert_false(call_now(methods[i], &err));
        assert_int_equal(err.code, LIMA_CODE_UNIMPLEMENTED);
        assert_non_null(strstr(err.text, "driver 'bare'"));
    }
}

static void callbacks__absent__succeed(void **state)
{
    static method *const methods[] = {lima_control_validate,      lima_control_create,
                                      lima_control_create_disk,   lima_control_setup_ssh,
                                      lima_control_agent_connect, lima_control_remove};
    char *address = NULL;
    (void)state;
    lima_control_unref(control);
    control = lima_control_new(&scripted_bare_driver, "bare", make_instance(""));
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        assert_true(call_now(methods[i], NULL));
    lima_call *call = lima_call_new(control, LIMA_GENERATION_2_2);
    assert_true(lima_control_ssh_address(call, &address, NULL));
    assert_string_equal(address, "127.0.0.1");
    lima_call_free(call);
    free(address);
}

static void snapshots__unusable_tag__does_not_reach_the_driver(void **state)
{
    lima_err err = {0};
    (void)state;
    lima_call *call = lima_call_new(control, LIMA_GENERATION_2_2);
    assert_false(lima_control_snapshot_apply(call, "-rf", &err));
    assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
    lima_call_free(call);
    assert_log("");
}

static void snapshots__failure__names_instance_and_tag(void **state)
{
    lima_err err = {0};
    (void)state;
    scripted_fail("snapshot_create", LIMA_CODE_ALREADY_EXISTS, "it exists");
    assert_false(call_now(create_snapshot, &err));
    assert_int_equal(err.code, LIMA_CODE_ALREADY_EXISTS);
    assert_string_equal(err.text, "create a snapshot of instance 'dev', tag 'tag-1': it exists");
}

/* ---- boot scripts ---- */

static char *script_keys(const char *os, lima_generation generation)
{
    char *extra = lima_mem_printf(",\"config\":{\"os\":\"%s\"}", os);
    lima_strv keys = {0}, texts = {0};
    lima_control_set_instance(control, make_instance(extra));
    lima_call *call = lima_call_new(control, generation);
    lima_control_boot_scripts(call, &keys, &texts);
    assert_int_equal(keys.len, texts.len);
    char *joined = lima_strv_join(&keys, " ");
    lima_call_free(call);
    lima_strv_free(&keys);
    lima_strv_free(&texts);
    free(extra);
    return joined;
}

static void boot_scripts__keys_by_generation_and_guest(void **state)
{
    static const struct {
        const char *os;
        lima_generation generation;
        const char *keys;
    } cases[] = {
        {"Linux", LIMA_GENERATION_2_0_3, "50-a.sh 60-b.sh"},
        {"Linux", LIMA_GENERATION_2_1, "boot.Linux/50-a.sh boot.Linux/60-b.sh"},
        {"FreeBSD", LIMA_GENERATION_2_2, "boot.FreeBSD/50-a.sh boot.FreeBSD/60-b.sh"},
        {"Windows", LIMA_GENERATION_2_2, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *keys = script_keys(cases[i].os, cases[i].generation);
        assert_string_equal(keys, cases[i].keys);
        free(keys);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(exclusive__second_waits_for_the_first),
        TEST(exclusive__cancelled_while_waiting__leaves_the_queue),
        TEST(exclusive__cancelled_while_running__stops_its_work),
        TEST(exclusive__too_many__are_refused),
        TEST(failure__names_the_instance),
        TEST(state__is_zeroed_and_shared),
        TEST(set_instance__running_calls_keep_theirs),
        TEST(start__says_started_and_ended),
        TEST(start__before_2_0_3__says_nothing_until_the_end),
        TEST(start__vm_dies__tells_why),
        TEST(start__driver_gives_a_running_vm_up__shuts_it_down),
        TEST(start__fails__tells_why_and_can_be_tried_again),
        TEST(start__runs_already_here__is_refused),
        TEST(start__runs_under_another_process__is_refused_and_left_alone),
        TEST(start__leftover_vm__is_shut_down_first),
        TEST(start__leftover_vm_cannot_be_stopped__does_not_start),
        TEST(start__state_cannot_be_told__does_not_start),
        TEST(start__client_goes__vm_is_shut_down),
        TEST(start__client_goes_while_starting__does_not_leave_a_vm),
        TEST(stop__ends_the_session_in_order),
        TEST(stop__while_starting__cancels_the_start),
        TEST(stop__while_ssh_is_set_up__cancels_that),
        TEST(stop__while_a_disk_is_made__waits_for_it),
        TEST(remove__running_vm__is_forced_off_first),
        TEST(remove__stopped_vm__is_not_stopped_again),
        TEST(remove__cannot_be_stopped__is_kept),
        TEST(end__leaves_the_vm_and_says_so),
        TEST(end__without_a_folder__forces_the_vm_off),
        TEST(end__later_calls_are_cancelled_at_once),
        TEST(groups__absent__are_unimplemented),
        TEST(callbacks__absent__succeed),
        TEST(snapshots__unusable_tag__does_not_reach_the_driver),
        TEST(snapshots__failure__names_instance_and_tag),
        TEST(boot_scripts__keys_by_generation_and_guest),
    };
    lima_log_set_level(LIMA_LOG_ERROR);
    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
