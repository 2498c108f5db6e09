/* Status, waiting and stopping: the truth about a VM, whoever started it, and its end, however unwilling. */
#include "drivers/qemu/vm_case.h"

#include "os/clock.h"

#define BIOS "{'firmware': {'legacyBIOS': true}}"

static void begin_running(vm_case *c, const char *words)
{
    case_begin(c, BIOS);
    fault(words);
    assert_ok(vm_start(c, &err));
}

static void assert_gone(vm_case *c, lima_process_id id)
{
    assert_true(lima_process_wait_id(id, 0, NULL, NULL));
    assert_int_equal(vm_status(c).state, LIMA_VM_STOPPED);
    assert_false(there_is(c, QEMU_RECORD_FILE));
    assert_false(there_is(c, "qemu.pid"));
    assert_false(there_is(c, "qmp.sock"));
    assert_false(there_is(c, "serial.sock"));
}

/* ---- stop ---- */

static void stop__guest_obeys__is_gone(void **state)
{
    vm_case c;
    (void)state;
    begin_running(&c, "");
    lima_process_id id = vm_id(&c);
    write_file(c.dir, "vncdisplay", "x");
    write_file(c.dir, "vncpassword", "x");
    assert_ok(vm_stop(&c, 60000, &err));
    assert_gone(&c, id);
    assert_false(there_is(&c, "vncdisplay"));
    assert_false(there_is(&c, "vncpassword"));
    assert_true(there_is(&c, "serial.log"));
    case_end(&c);
}

static void stop__guest_ignores_power_button__is_forced(void **state)
{
    vm_case c;
    (void)state;
    begin_running(&c, "ignore-powerdown");
    lima_process_id id = vm_id(&c);
    assert_ok(vm_stop(&c, 200, &err));
    assert_gone(&c, id);
    case_end(&c);
}

static void stop__qemu_ignores_everything__is_killed(void **state)
{
    vm_case c;
    (void)state;
    begin_running(&c, "ignore-powerdown ignore-quit ignore-term");
    lima_process_id id = vm_id(&c);
    assert_ok(vm_stop(&c, 0, &err));
    assert_gone(&c, id);
    case_end(&c);
}

static void stop__by_another_driver_process__works(void **state)
{
    vm_case c;
    (void)state;
    begin_running(&c, "");
    lima_process_id id = vm_id(&c);
    restart_driver(&c);
    assert_int_equal(vm_status(&c).pid, id.pid);
    assert_ok(vm_stop(&c, 60000, &err));
    assert_gone(&c, id);
    case_end(&c);
}

static void stop__record_lost__works(void **state)
{
    vm_case c;
    (void)state;
    begin_running(&c, "ignore-powerdown");
    lima_process_id id = vm_id(&c);
    char *record = path_in(&c, QEMU_RECORD_FILE);
    assert_ok(lima_file_remove(record, &err));
    restart_driver(&c);
    assert_int_equal(vm_status(&c).pid, id.pid);
    assert_ok(vm_stop(&c, 100, &err));
    assert_gone(&c, id);
    free(record);
    case_end(&c);
}

static void stop__record_damaged__works(void **state)
{
    vm_case c;
    (void)state;
    begin_running(&c, "");
    lima_process_id id = vm_id(&c);
    write_file(c.dir, QEMU_RECORD_FILE, "{\"version\":1,\"dir\":");
    restart_driver(&c);
    assert_ok(vm_stop(&c, 60000, &err));
    assert_gone(&c, id);
    case_end(&c);
}

static void stop__record_and_pid_file_lost__works(void **state)
{
    vm_case c;
    (void)state;
    begin_running(&c, "");
    lima_process_id id = vm_id(&c);
    char *record = path_in(&c, QEMU_RECORD_FILE), *pid = path_in(&c, "qemu.pid");
    assert_ok(lima_file_remove(record, &err));
    assert_ok(lima_file_remove(pid, &err));
    restart_driver(&c);
    assert_int_equal(vm_status(&c).state, LIMA_VM_RUNNING);
    assert_int_equal(vm_status(&c).pid, 0);
    assert_ok(vm_stop(&c, 60000, &err));
    assert_true(lima_process_wait_id(id, lima_clock_in(20000), NULL, NULL));
    free(pid);
    free(record);
    case_end(&c);
}

static void stop__nothing_runs__is_fine(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, BIOS);
    assert_ok(vm_stop(&c, 60000, &err));
    assert_ok(vm_stop(&c, 0, &err));
    case_end(&c);
}

static bool stop_in_a_minute(lima_call *call, lima_err *err)
{
    return lima_qemu_driver.stop(call, 60000, err);
}

static void stop__cancelled__lets_it_run(void **state)
{
    vm_case c;
    background stopping;
    (void)state;
    begin_running(&c, "ignore-powerdown");
    background_begin(&stopping, &c, stop_in_a_minute);
    background_cancel(&stopping);
    assert_err(background_end(&stopping, &err), LIMA_CODE_CANCELLED, "cancel");
    assert_int_equal(vm_status(&c).state, LIMA_VM_RUNNING);
    case_end(&c);
}

static bool stop_now(lima_call *call, lima_err *err)
{
    return lima_qemu_driver.stop(call, 0, err);
}

/* The driver is about to end: there is no time to wait for an answer, but enough to see it gone. */
static void stop__forced_and_cancelled__hanging_qemu_is_killed(void **state)
{
    vm_case c;
    background stopping;
    (void)state;
    begin_running(&c, "");
    lima_process_id id = vm_id(&c);
    freeze(id);
    background_begin(&stopping, &c, stop_now);
    background_cancel(&stopping);
    assert_ok(background_end(&stopping, &err));
    assert_gone(&c, id);
    case_end(&c);
}

static void stop__folder_vanished__ends_what_this_process_started(void **state)
{
    vm_case c;
    (void)state;
    begin_running(&c, "");
    lima_process_id id = vm_id(&c);
    assert_ok(lima_dir_remove(c.dir, &err));
    assert_ok(vm_stop(&c, 0, &err));
    assert_true(lima_process_wait_id(id, 0, NULL, NULL));
    case_end(&c);
}

static void remove__running__leaves_nothing(void **state)
{
    vm_case c;
    (void)state;
    begin_running(&c, "ignore-powerdown");
    lima_process_id id = vm_id(&c);
    assert_ok(vm_remove(&c, &err));
    assert_gone(&c, id);
    case_end(&c);
}

/* ---- wait ---- */

static void wait__stopped__ends_in_order(void **state)
{
    vm_case c;
    background waiting;
    (void)state;
    begin_running(&c, "ignore-powerdown ignore-quit");
    background_begin(&waiting, &c, lima_qemu_driver.wait);
    assert_ok(vm_stop(&c, 0, &err)); /* a kill that was asked for is an end in order */
    assert_ok(background_end(&waiting, &err));
    case_end(&c);
}

static void wait__killed_from_outside__says_so(void **state)
{
    vm_case c;
    (void)state;
    begin_running(&c, "");
    assert_ok(lima_process_end_id(vm_id(&c), true, &err));
    assert_err(vm_wait(&c, &err), LIMA_CODE_UNKNOWN, "ended from outside", "killed by signal 9");
    assert_int_equal(vm_status(&c).state, LIMA_VM_STOPPED);
    assert_false(there_is(&c, "qemu.pid"));
    case_end(&c);
}

static void wait__asked_to_end_from_outside__says_so(void **state)
{
    vm_case c;
    (void)state;
    begin_running(&c, "");
    assert_ok(lima_process_end_id(vm_id(&c), false, &err));
    assert_err(vm_wait(&c, &err), LIMA_CODE_UNKNOWN, "ended from outside", "terminating on signal 15");
    case_end(&c);
}

static void wait__cancelled__vm_runs_on(void **state)
{
    vm_case c;
    background waiting;
    (void)state;
    begin_running(&c, "");
    background_begin(&waiting, &c, lima_qemu_driver.wait);
    background_cancel(&waiting);
    assert_err(background_end(&waiting, &err), LIMA_CODE_CANCELLED, "");
    assert_int_equal(vm_status(&c).state, LIMA_VM_RUNNING);
    case_end(&c);
}

static void wait__nothing_runs__returns(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, BIOS);
    assert_ok(vm_wait(&c, &err));
    case_end(&c);
}

static void start__after_end__runs_again(void **state)
{
    vm_case c;
    (void)state;
    begin_running(&c, "");
    for (int i = 0; i < 3; i++) {
        assert_ok(vm_stop(&c, 60000, &err));
        assert_ok(vm_start(&c, &err));
    }
    assert_int_equal(vm_status(&c).state, LIMA_VM_RUNNING);
    case_end(&c);
}

/* ---- status ---- */

static void inspect__record_copied_from_another_folder__is_stopped(void **state)
{
    vm_case c;
    lima_buf text = LIMA_BUF(64 * 1024);
    lima_vm_status status;
    (void)state;
    begin_running(&c, "");
    char *record = path_in(&c, QEMU_RECORD_FILE);
    char *clone = lima_path_join(c.home, "clone");
    assert_ok(lima_file_read(record, &text, &err));
    write_file(clone, QEMU_RECORD_FILE, lima_buf_str(&text));
    lima_instance *inst = make_instance_in(clone, "x86_64", BIOS);
    assert_ok(lima_qemu_driver.inspect(inst, &status, &err));
    assert_int_equal(status.state, LIMA_VM_STOPPED);
    lima_instance_free(inst);
    lima_buf_free(&text);
    free(clone);
    free(record);
    case_end(&c);
}

/* A socket of another VM in our place: its name tells. */
static void inspect__socket_of_another_vm__is_stopped(void **state)
{
    vm_case c;
    lima_vm_status status;
    (void)state;
    begin_running(&c, "");
    char *socket = path_in(&c, "qmp.sock");
    char *dir = lima_path_join(c.home, "o");
    char *link = lima_path_join(dir, "qmp.sock");
    assert_ok(lima_dir_make(dir, LIMA_FILE_PRIVATE, &err));
    assert_ok(lima_file_link_make(link, socket, &err));
    lima_instance *inst = make_instance_in(dir, "x86_64", BIOS);
    lima_json_set_str(inst->doc, "other", "name");
    assert_ok(lima_instance_refresh(inst, &err));
    assert_ok(lima_qemu_driver.inspect(inst, &status, &err));
    assert_int_equal(status.state, LIMA_VM_STOPPED);
    lima_instance_free(inst);
    free(link);
    free(dir);
    free(socket);
    case_end(&c);
}

static void inspect__socket_busy_and_no_record__is_broken_and_says_why(void **state)
{
    vm_case c;
    qemu_qmp *other = NULL;
    (void)state;
    begin_running(&c, "");
    char *record = path_in(&c, QEMU_RECORD_FILE), *socket = path_in(&c, "qmp.sock");
    assert_ok(lima_qemu_qmp_open(socket, lima_clock_in(20000), NULL, &other, &err));
    assert_int_equal(vm_status(&c).state, LIMA_VM_RUNNING); /* the record suffices */
    assert_ok(lima_file_rename(record, c.argv_file, &err));
    lima_vm_status status = vm_status(&c);
    assert_int_equal(status.state, LIMA_VM_BROKEN);
    assert_non_null(strstr(status.text, "another program"));
    assert_ok(lima_file_rename(c.argv_file, record, &err));
    lima_qemu_qmp_close(other);
    free(socket);
    free(record);
    case_end(&c);
}

static void inspect__no_folder__is_stopped(void **state)
{
    lima_vm_status status;
    (void)state;
    lima_instance *inst = make_instance_in("/nowhere/at/all", "x86_64", BIOS);
    assert_ok(lima_qemu_driver.inspect(inst, &status, &err));
    assert_int_equal(status.state, LIMA_VM_STOPPED);
    lima_instance_free(inst);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop__guest_obeys__is_gone),
        cmocka_unit_test(stop__guest_ignores_power_button__is_forced),
        cmocka_unit_test(stop__qemu_ignores_everything__is_killed),
        cmocka_unit_test(stop__by_another_driver_process__works),
        cmocka_unit_test(stop__record_lost__works),
        cmocka_unit_test(stop__record_damaged__works),
        cmocka_unit_test(stop__record_and_pid_file_lost__works),
        cmocka_unit_test(stop__nothing_runs__is_fine),
        cmocka_unit_test(stop__cancelled__lets_it_run),
        cmocka_unit_test(stop__forced_and_cancelled__hanging_qemu_is_killed),
        cmocka_unit_test(stop__folder_vanished__ends_what_this_process_started),
        cmocka_unit_test(remove__running__leaves_nothing),
        cmocka_unit_test(wait__stopped__ends_in_order),
        cmocka_unit_test(wait__killed_from_outside__says_so),
        cmocka_unit_test(wait__asked_to_end_from_outside__says_so),
        cmocka_unit_test(wait__cancelled__vm_runs_on),
        cmocka_unit_test(wait__nothing_runs__returns),
        cmocka_unit_test(start__after_end__runs_again),
        cmocka_unit_test(inspect__record_copied_from_another_folder__is_stopped),
        cmocka_unit_test(inspect__socket_of_another_vm__is_stopped),
        cmocka_unit_test(inspect__socket_busy_and_no_record__is_broken_and_says_why),
        cmocka_unit_test(inspect__no_folder__is_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
