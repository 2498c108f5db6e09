/* The table under the library's control, as the server runs it: calls that meet each other. */
#include "drivers/qemu/vm_case.h"

#include "driver/call.h"
#include "os/clock.h"

#define BIOS "{'firmware': {'legacyBIOS': true}}"

typedef struct session {
    background thread;
    lima_monitor *monitor;
    unsigned good, bad; /* messages of the Start stream */
    char error[LIMA_ERR_TEXT_MAX];
} session;

static session *current[2]; /* background runs take no argument: by the call */

static void take_message(void *arg, bool success, const char *error)
{
    session *s = arg;
    lima_monitor_enter(s->monitor);
    s->good += success;
    s->bad += !success;
    if (error)
        snprintf(s->error, sizeof s->error, "%s", error);
    lima_monitor_notify(s->monitor);
    lima_monitor_leave(s->monitor);
}

static bool run_first(lima_call *call, lima_err *err)
{
    return lima_control_start(call, take_message, current[0], err);
}

static bool run_second(lima_call *call, lima_err *err)
{
    return lima_control_start(call, take_message, current[1], err);
}

static void begin_session(vm_case *c, session *s, unsigned which)
{
    *s = (session){.monitor = lima_monitor_new()};
    current[which] = s;
    background_begin(&s->thread, c, which ? run_second : run_first);
}

static void await_started(session *s)
{
    lima_deadline deadline = lima_clock_in(30000);
    lima_monitor_enter(s->monitor);
    while (s->good + s->bad == 0 && lima_monitor_wait(s->monitor, deadline))
        ;
    bool good = s->good > 0;
    lima_monitor_leave(s->monitor);
    if (!good)
        fail_msg("the VM did not start: %s", s->error);
}

static void begin_running(vm_case *c, session *s)
{
    case_begin(c, BIOS);
    begin_session(c, s, 0);
    await_started(s);
}

static bool end_session(session *s, lima_err *err)
{
    bool ok = background_end(&s->thread, err);
    lima_monitor_free(s->monitor);
    return ok;
}

static bool stop(vm_case *c, lima_err *err)
{
    lima_call *call = lima_call_new(c->control, c->generation);
    bool ok = lima_control_stop(call, err);
    lima_call_free(call);
    return ok;
}

/* Whichever is first runs; the other is told, without waiting for the first one's end. */
static void start__two_at_once__exactly_one_runs(void **state)
{
    vm_case c;
    session one, two;
    lima_err first = {0}, second = {0};
    (void)state;
    case_begin(&c, BIOS);
    begin_session(&c, &one, 0);
    await_started(&one);
    begin_session(&c, &two, 1);
    assert_false(end_session(&two, &second));
    assert_int_equal(second.code, LIMA_CODE_FAILED_PRECONDITION);
    assert_int_equal(vm_status(&c).state, LIMA_VM_RUNNING);
    assert_ok(stop(&c, &err));
    assert_true(end_session(&one, &first));
    begin_session(&c, &one, 0);
    begin_session(&c, &two, 1);
    char *record = path_in(&c, QEMU_RECORD_FILE);
    await_file(record, true);
    assert_ok(stop(&c, &err));
    bool ran_one = end_session(&one, &first), ran_two = end_session(&two, &second);
    assert_false(ran_one && ran_two);
    free(record);
    case_end(&c);
}

static void stop__while_starting__ends_the_start(void **state)
{
    vm_case c;
    session s;
    (void)state;
    case_begin(&c, BIOS);
    fault("hang");
    begin_session(&c, &s, 0);
    char *record = path_in(&c, QEMU_RECORD_FILE);
    await_file(record, true);
    assert_ok(stop(&c, &err));
    lima_err err = {0};
    assert_false(end_session(&s, &err));
    assert_int_equal(vm_status(&c).state, LIMA_VM_STOPPED);
    assert_false(there_is(&c, QEMU_RECORD_FILE));
    free(record);
    case_end(&c);
}

static void remove__while_running__ends_it(void **state)
{
    vm_case c;
    session s;
    (void)state;
    begin_running(&c, &s);
    lima_process_id id = vm_id(&c);
    lima_call *call = lima_call_new(c.control, c.generation);
    assert_ok(lima_control_remove(call, &err));
    lima_call_free(call);
    assert_ok(end_session(&s, &err));
    assert_true(lima_process_wait_id(id, 0, NULL, NULL));
    case_end(&c);
}

static void client_vanishes__vm_is_shut_down(void **state)
{
    vm_case c;
    session s;
    (void)state;
    begin_running(&c, &s);
    lima_process_id id = vm_id(&c);
    background_cancel(&s.thread);
    lima_err err = {0};
    end_session(&s, &err);
    assert_true(lima_process_wait_id(id, 0, NULL, NULL));
    assert_int_equal(vm_status(&c).state, LIMA_VM_STOPPED);
    case_end(&c);
}

/* Until the VM is being shut down by the library, for nobody. */
static void await_shutdown(vm_case *c)
{
    lima_deadline deadline = lima_clock_in(30000);
    lima_monitor_enter(c->control->monitor);
    while (c->control->queue_len == 0 && lima_clock_now() < deadline)
        lima_monitor_wait(c->control->monitor, lima_clock_in(10));
    assert_int_equal(c->control->queue_len, 1);
    lima_monitor_leave(c->control->monitor);
}

/* As at SIGTERM: first the hurry, then, when the calls' time is over, the end. */
static void client_vanishes__qemu_hangs_and_the_process_ends__it_is_killed(void **state)
{
    vm_case c;
    session s;
    lima_err err = {0};
    (void)state;
    begin_running(&c, &s);
    lima_process_id id = vm_id(&c);
    freeze(id);
    background_cancel(&s.thread);
    await_shutdown(&c);
    lima_control_hurry(c.control);
    lima_control_end(c.control, false);
    end_session(&s, &err);
    assert_true(lima_process_wait_id(id, 0, NULL, NULL));
    assert_int_equal(vm_status(&c).state, LIMA_VM_STOPPED);
    case_end(&c);
}

static void driver_died__next_start_takes_over(void **state)
{
    vm_case c;
    session s;
    (void)state;
    case_begin(&c, BIOS);
    assert_ok(vm_start(&c, &err)); /* by a process that is gone: nobody has its session */
    lima_process_id orphan = vm_id(&c);
    restart_driver(&c);
    begin_session(&c, &s, 0);
    await_started(&s);
    assert_true(lima_process_wait_id(orphan, 0, NULL, NULL));
    assert_int_not_equal(vm_id(&c).pid, orphan.pid);
    assert_ok(stop(&c, &err));
    assert_ok(end_session(&s, &err));
    case_end(&c);
}

static void end_of_vm__is_told_with_the_reason(void **state)
{
    vm_case c;
    session s;
    (void)state;
    begin_running(&c, &s);
    assert_ok(lima_process_end_id(vm_id(&c), true, &err));
    lima_err err = {0};
    background_end(&s.thread, &err);
    assert_int_equal(s.bad, 1);
    assert_non_null(strstr(s.error, "killed by signal 9"));
    lima_monitor_free(s.monitor);
    case_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start__two_at_once__exactly_one_runs),
        cmocka_unit_test(stop__while_starting__ends_the_start),
        cmocka_unit_test(remove__while_running__ends_it),
        cmocka_unit_test(client_vanishes__vm_is_shut_down),
        cmocka_unit_test(client_vanishes__qemu_hangs_and_the_process_ends__it_is_killed),
        cmocka_unit_test(driver_died__next_start_takes_over),
        cmocka_unit_test(end_of_vm__is_told_with_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
