/* core/driver: session.c, control.c: Start, Stop, Delete and the end of the process; over the scripted
 * driver. */
#include "control_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/path.h"
#include "os/file.h"

static void start__says_started_and_ended(void **state)
{
    runner s;
    (void)state;
    begin_session(&s, LIMA_GENERATION_2_0_3);
    assert_string_equal(s.messages, "success\n");
    assert_true(lima_control_has_session(fixture.control));
    scripted_end_vm(NULL);
    end(&s);
    assert_true(s.ok);
    assert_string_equal(s.messages, "success\nsuccess\n");
    assert_false(lima_control_has_session(fixture.control));
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

static void start__while_a_lost_session_still_looks__waits_for_it(void **state)
{
    runner first, second;
    (void)state;
    begin_session(&first, LIMA_GENERATION_2_2);
    unsigned looks = scripted_count("inspect");
    scripted_block_deaf("inspect");
    scripted_end_vm("guest panic");
    scripted_await("inspect", looks + 1);
    begin(&second, NULL);
    scripted_release("inspect");
    end(&first);
    scripted_await("wait", 2);
    scripted_end_vm(NULL);
    end(&second);
    assert_true(second.ok);
    assert_string_equal(second.messages, "success\nsuccess\n");
}

static bool session_after_stop;

static bool stop_and_look(lima_call *call, lima_err *err)
{
    bool ok = lima_control_stop(call, err);
    session_after_stop = lima_control_has_session(fixture.control);
    return ok;
}

/* The driver's stop may be done before the session's thread knows that the VM has gone. */
static void stop__returns_when_the_session_has_ended(void **state)
{
    runner s, stop;
    (void)state;
    scripted_block_deaf("wait");
    begin_session(&s, LIMA_GENERATION_2_2);
    begin(&stop, stop_and_look);
    scripted_await("stop", 1);
    await_queue(0);
    scripted_release("wait");
    end(&stop);
    end(&s);
    assert_true(stop.ok);
    assert_false(session_after_stop);
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

static void leave_lock_file(lima_file_lock **ret_or_null)
{
    lima_file_lock *lock = NULL;
    char *path = lima_path_join(fixture.folder, "scripted.vm.lock");
    assert_true(lima_file_lock_take(path, 0, &lock, NULL));
    if (ret_or_null)
        *ret_or_null = lock;
    else
        lima_file_lock_release(lock);
    free(path);
}

static void start__runs_under_another_process__is_refused_and_left_alone(void **state)
{
    runner s;
    lima_file_lock *lock = NULL;
    (void)state;
    leave_lock_file(&lock);
    scripted_set_vm(LIMA_VM_RUNNING);
    begin(&s, NULL);
    end(&s);
    assert_false(s.ok);
    assert_int_equal(s.err.code, LIMA_CODE_FAILED_PRECONDITION);
    assert_int_equal(scripted_vm(), LIMA_VM_RUNNING);
    assert_int_equal(scripted_count("stop"), 0);
    lima_file_lock_release(lock);
}

/* One program under two names, as lima-driver-qemu and lima-driver-qemux are. */
static void start__runs_under_another_name_of_the_driver__is_refused(void **state)
{
    runner first, second;
    lima_control *original = fixture.control;
    (void)state;
    begin_session(&first, LIMA_GENERATION_2_2);
    fixture.control = lima_control_new(&scripted_driver, "alias", make_instance(""));
    begin(&second, NULL);
    end(&second);
    lima_control_unref(fixture.control);
    fixture.control = original;
    assert_int_equal(second.err.code, LIMA_CODE_FAILED_PRECONDITION);
    assert_int_equal(scripted_count("stop"), 0);
    scripted_end_vm(NULL);
    end(&first);
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

static void create__leftover_vm__is_shut_down_first(void **state)
{
    lima_err err = {0};
    (void)state;
    leave_lock_file(NULL);
    scripted_set_vm(LIMA_VM_RUNNING);
    assert_true(call_now(lima_control_create, &err));
    assert_log("stop create");
    assert_int_equal(scripted_grace(), LIMA_CONTROL_ORPHAN_GRACE_MS);
    assert_lock_free();
}

static void create__never_started__looks_for_no_vm(void **state)
{
    lima_err err = {0};
    unsigned looks = scripted_count("inspect");
    (void)state;
    scripted_set_vm(LIMA_VM_RUNNING);
    assert_true(call_now(lima_control_create, &err));
    assert_log("create");
    assert_int_equal(scripted_count("inspect"), looks);
}

static void create__vm_of_another_process__is_refused_and_left_alone(void **state)
{
    lima_err err = {0};
    lima_file_lock *lock = NULL;
    (void)state;
    leave_lock_file(&lock);
    scripted_set_vm(LIMA_VM_RUNNING);
    assert_false(call_now(lima_control_create, &err));
    assert_int_equal(err.code, LIMA_CODE_FAILED_PRECONDITION);
    assert_int_equal(scripted_count("stop"), 0);
    lima_file_lock_release(lock);
}

static void create__own_vm_runs__leaves_it_alone(void **state)
{
    lima_err err = {0};
    runner s;
    (void)state;
    begin_session(&s, LIMA_GENERATION_2_2);
    assert_true(call_now(lima_control_create, &err));
    assert_int_equal(scripted_count("stop"), 0);
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
    assert_false(lima_control_has_session(fixture.control));
}

static void start__client_goes_while_starting__does_not_leave_a_vm(void **state)
{
    runner s;
    (void)state;
    begin_blocked(&s, NULL, "start");
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
    begin_blocked(&s, NULL, "start");
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
    begin_blocked(&disk, lima_control_create_disk, "create_disk");
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
    char *path = lima_path_join(fixture.folder, "scripted.vm.lock");
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
    lima_control_end(fixture.control, false);
    end(&s);
    assert_int_equal(scripted_vm(), LIMA_VM_RUNNING);
    assert_int_equal(scripted_count("stop"), 0);
    assert_non_null(strstr(s.messages, "should it run on, stop it: limactl stop -f dev"));
}

static void end__without_a_folder__forces_the_vm_off(void **state)
{
    runner s;
    (void)state;
    begin_session(&s, LIMA_GENERATION_2_2);
    lima_control_end(fixture.control, true);
    end(&s);
    assert_int_equal(scripted_vm(), LIMA_VM_STOPPED);
    assert_int_equal(scripted_grace(), 0);
}

/* Until the VM, whose client has gone, is asked to shut down. */
static void begin_orphan(runner *s)
{
    begin_session(s, LIMA_GENERATION_2_2);
    scripted_block("stop");
    lima_call_cancel(s->call);
    scripted_await("stop", 1);
    assert_int_equal(scripted_grace(), LIMA_CONTROL_ORPHAN_GRACE_MS);
}

/* That was cut short; now it is stopped with this grace. */
static void end_orphan(runner *s, uint32_t grace)
{
    scripted_await("stop", 2);
    scripted_release("stop");
    end(s);
    assert_int_equal(scripted_vm(), LIMA_VM_STOPPED);
    assert_int_equal(scripted_grace(), grace);
}

static void end__while_a_vm_without_client_shuts_down__forces_it_off(void **state)
{
    runner s;
    (void)state;
    begin_orphan(&s);
    lima_control_end(fixture.control, false);
    end_orphan(&s, 0);
}

/* The process still waits for its clients' calls; this is none of them. */
static void hurry__while_a_vm_without_client_shuts_down__leaves_it_seconds(void **state)
{
    runner s;
    (void)state;
    begin_orphan(&s);
    lima_control_hurry(fixture.control);
    end_orphan(&s, LIMA_CONTROL_HURRY_GRACE_MS);
}

static void hurry__client_goes_afterwards__vm_has_seconds(void **state)
{
    runner s;
    (void)state;
    begin_session(&s, LIMA_GENERATION_2_2);
    lima_control_hurry(fixture.control);
    assert_int_equal(scripted_vm(), LIMA_VM_RUNNING);
    lima_call_cancel(s.call);
    end(&s);
    assert_int_equal(scripted_vm(), LIMA_VM_STOPPED);
    assert_int_equal(scripted_grace(), LIMA_CONTROL_HURRY_GRACE_MS);
}

static void hurry__stop_of_a_client__keeps_its_grace(void **state)
{
    runner s, stop;
    (void)state;
    begin_session(&s, LIMA_GENERATION_2_2);
    begin_blocked(&stop, lima_control_stop, "stop");
    lima_control_hurry(fixture.control);
    scripted_release("stop");
    end(&stop);
    end(&s);
    assert_true(stop.ok);
    assert_int_equal(scripted_count("stop"), 1);
    assert_int_equal(scripted_grace(), LIMA_CONTROL_STOP_GRACE_MS);
}

/* Nobody waits a minute, or two, for a guest that is to be deleted. */
static void remove__while_a_vm_without_client_shuts_down__forces_it_off(void **state)
{
    runner s, removing;
    (void)state;
    begin_orphan(&s);
    begin(&removing, lima_control_remove);
    scripted_await("stop", 2);
    assert_int_equal(scripted_grace(), 0);
    scripted_release("stop");
    end(&removing);
    end(&s);
    assert_true(removing.ok);
    assert_log("start wait stop stop remove");
}

static void remove__while_stopping__cuts_the_stop_short(void **state)
{
    runner s, stop, removing;
    (void)state;
    begin_session(&s, LIMA_GENERATION_2_2);
    begin_blocked(&stop, lima_control_stop, "stop");
    begin(&removing, lima_control_remove);
    scripted_await("stop", 2);
    scripted_release("stop");
    end(&removing);
    end(&stop);
    end(&s);
    assert_true(removing.ok);
    assert_false(stop.ok);
    assert_int_equal(stop.err.code, LIMA_CODE_CANCELLED);
    assert_int_equal(scripted_grace(), 0);
}

static void end__later_calls_are_cancelled_at_once(void **state)
{
    lima_err err = {0};
    (void)state;
    lima_control_end(fixture.control, false);
    assert_false(call_now(lima_control_create, &err));
    assert_int_equal(err.code, LIMA_CODE_CANCELLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(start__says_started_and_ended),
        TEST(start__before_2_0_3__says_nothing_until_the_end),
        TEST(start__vm_dies__tells_why),
        TEST(start__driver_gives_a_running_vm_up__shuts_it_down),
        TEST(start__fails__tells_why_and_can_be_tried_again),
        TEST(start__while_a_lost_session_still_looks__waits_for_it),
        TEST(stop__returns_when_the_session_has_ended),
        TEST(start__runs_already_here__is_refused),
        TEST(start__runs_under_another_process__is_refused_and_left_alone),
        TEST(start__runs_under_another_name_of_the_driver__is_refused),
        TEST(start__leftover_vm__is_shut_down_first),
        TEST(create__leftover_vm__is_shut_down_first),
        TEST(create__never_started__looks_for_no_vm),
        TEST(create__vm_of_another_process__is_refused_and_left_alone),
        TEST(create__own_vm_runs__leaves_it_alone),
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
        TEST(end__while_a_vm_without_client_shuts_down__forces_it_off),
        TEST(hurry__while_a_vm_without_client_shuts_down__leaves_it_seconds),
        TEST(hurry__client_goes_afterwards__vm_has_seconds),
        TEST(hurry__stop_of_a_client__keeps_its_grace),
        TEST(remove__while_a_vm_without_client_shuts_down__forces_it_off),
        TEST(remove__while_stopping__cuts_the_stop_short),
        TEST(end__later_calls_are_cancelled_at_once),
    };
    lima_log_set_level(LIMA_LOG_ERROR);
    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
