/* Starting: what comes up, what is said when it does not, and that nothing is left then. */
#include "drivers/qemu/vm_case.h"

#include <unistd.h>

#define BIOS "{'firmware': {'legacyBIOS': true}}"

static void start__all_well__runs_and_is_seen(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, BIOS);
    assert_ok(vm_start(&c, &err));
    lima_vm_status status = vm_status(&c);
    assert_int_equal(status.state, LIMA_VM_RUNNING);
    assert_int_equal(status.pid, vm_id(&c).pid);
    assert_true(there_is(&c, "qemu.pid"));
    case_end(&c);
}

static void start__dies_at_once__error_has_its_words(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, BIOS);
    fault("die");
    set_variable("FAKE_QEMU_TEXT", "frobnicator out of tune");
    assert_err(vm_start(&c, &err), LIMA_CODE_UNKNOWN, "frobnicator out of tune");
    assert_nothing_left(&c);
    case_end(&c);
}

static void start__dies_after_greeting__error_has_its_words(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, BIOS);
    fault("die-late");
    set_variable("FAKE_QEMU_TEXT", "kvm run failed Bad address");
    lima_err err = {0};
    if (vm_start(&c, &err)) /* it answered before it died: then waiting tells */
        assert_false(vm_wait(&c, &err));
    assert_non_null(strstr(err.text, "kvm run failed Bad address"));
    case_end(&c);
}

static void start__ends_in_order_at_once__is_a_start(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, BIOS);
    fault("exit0");
    assert_ok(vm_start(&c, &err));
    assert_ok(vm_wait(&c, &err));
    assert_nothing_left(&c);
    case_end(&c);
}

static void start__port_taken__error_names_it(void **state)
{
    vm_case c;
    char number[16];
    (void)state;
    case_begin(&c, BIOS);
    int taken = take_port(&c, number);
    assert_err(vm_start(&c, &err), LIMA_CODE_UNAVAILABLE, number);
    assert_nothing_left(&c);
    close(taken);
    assert_ok(vm_start(&c, &err));
    case_end(&c);
}

static void start__no_control_socket__gives_up_and_ends_it(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, BIOS);
    fault("hang");
    set_variable("LIMA_QEMU_START_TIMEOUT", "1");
    assert_err(vm_start(&c, &err), LIMA_CODE_DEADLINE_EXCEEDED, "does not answer", "LIMA_QEMU_START_TIMEOUT");
    assert_nothing_left(&c);
    case_end(&c);
}

static void start__mute_control_socket__gives_up_and_ends_it(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, BIOS);
    fault("mute");
    set_variable("LIMA_QEMU_START_TIMEOUT", "1");
    assert_err(vm_start(&c, &err), LIMA_CODE_DEADLINE_EXCEEDED, "does not answer", "qmp.sock");
    assert_nothing_left(&c);
    case_end(&c);
}

static void start__nonsense_on_control_socket__shows_it(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, BIOS);
    fault("nonsense");
    assert_err(vm_start(&c, &err), LIMA_CODE_DATA_LOSS, "SSH-2.0-OpenSSH_9.2");
    assert_nothing_left(&c);
    case_end(&c);
}

static void start__endless_line_on_control_socket__is_bounded(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, BIOS);
    fault("longline");
    assert_err(vm_start(&c, &err), LIMA_CODE_DATA_LOSS, "over");
    assert_nothing_left(&c);
    case_end(&c);
}

static void start__cancelled__ends_it(void **state)
{
    vm_case c;
    background starting;
    (void)state;
    case_begin(&c, BIOS);
    fault("hang");
    background_begin(&starting, &c, lima_qemu_driver.start);
    char *record = path_in(&c, QEMU_RECORD_FILE);
    await_file(record, true);
    background_cancel(&starting);
    assert_err(background_end(&starting, &err), LIMA_CODE_CANCELLED, "cancel");
    assert_nothing_left(&c);
    free(record);
    case_end(&c);
}

static void start__runs_already__is_refused_and_runs_on(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, BIOS);
    assert_ok(vm_start(&c, &err));
    uint32_t pid = vm_id(&c).pid;
    assert_err(vm_start(&c, &err), LIMA_CODE_FAILED_PRECONDITION, "runs already");
    restart_driver(&c);
    assert_err(vm_start(&c, &err), LIMA_CODE_FAILED_PRECONDITION, "runs already");
    assert_int_equal(vm_status(&c).pid, pid);
    case_end(&c);
}

static void start__runs_without_record__is_refused(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, BIOS);
    assert_ok(vm_start(&c, &err));
    char *record = path_in(&c, QEMU_RECORD_FILE);
    assert_ok(lima_file_remove(record, &err));
    restart_driver(&c);
    assert_err(vm_start(&c, &err), LIMA_CODE_FAILED_PRECONDITION, "runs already");
    free(record);
    case_end(&c);
}

/* Another program has the disk: QEMU's own lock is the last guard. */
static void start__disk_open_elsewhere__is_told(void **state)
{
    vm_case one;
    lima_instance *other;
    (void)state;
    case_begin(&one, BIOS);
    assert_ok(vm_start(&one, &err));
    char *dir = lima_path_join(one.home, "other");
    char *disk = path_in(&one, "disk");
    char *link = lima_path_join(dir, "disk");
    assert_ok(lima_dir_make(dir, LIMA_FILE_PRIVATE, &err));
    assert_ok(lima_file_link_make(link, disk, &err));
    other = make_instance_in(dir, "x86_64", BIOS);
    uint16_t port;
    assert_ok(lima_host_free_port(&port, &err));
    lima_json_set_int(other->doc, port, "sshLocalPort");
    assert_ok(lima_instance_refresh(other, &err));
    lima_control *control = lima_control_new(&lima_qemu_driver, "qemu", other);
    lima_call *call = lima_call_new(control, LIMA_GENERATION_2_2);
    assert_err(lima_qemu_driver.start(call, &err), LIMA_CODE_FAILED_PRECONDITION, "disk");
    lima_call_free(call);
    lima_control_unref(control);
    assert_int_equal(vm_status(&one).state, LIMA_VM_RUNNING);
    free(link);
    free(disk);
    free(dir);
    case_end(&one);
}

/* After a crash: a socket nobody serves, the pid file of a stranger (this test), a record of a process that
 * is gone. */
static void start__stale_files__are_replaced_and_strangers_spared(void **state)
{
    vm_case c;
    lima_process_id self = {0};
    (void)state;
    case_begin(&c, BIOS);
    assert_true(lima_process_find(0, &self));
    char *number = lima_mem_printf("%u\n", self.pid);
    char *record = lima_mem_printf("{\"version\":1,\"dir\":\"%s\",\"vm\":{\"pid\":%u,\"start\":\"1\"},"
                                   "\"sshAddress\":\"\",\"sshPort\":1}",
                                   c.dir, self.pid);
    write_file(c.dir, "qemu.pid", number);
    write_file(c.dir, "qmp.sock", "");
    write_file(c.dir, "serial.sock", "");
    write_file(c.dir, QEMU_RECORD_FILE, record);
    assert_int_equal(vm_status(&c).state, LIMA_VM_STOPPED);
    assert_ok(vm_stop(&c, 1000, &err)); /* this test lives on */
    assert_ok(vm_start(&c, &err));
    assert_int_not_equal(vm_status(&c).pid, self.pid);
    free(record);
    free(number);
    case_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start__all_well__runs_and_is_seen),
        cmocka_unit_test(start__dies_at_once__error_has_its_words),
        cmocka_unit_test(start__dies_after_greeting__error_has_its_words),
        cmocka_unit_test(start__ends_in_order_at_once__is_a_start),
        cmocka_unit_test(start__port_taken__error_names_it),
        cmocka_unit_test(start__no_control_socket__gives_up_and_ends_it),
        cmocka_unit_test(start__mute_control_socket__gives_up_and_ends_it),
        cmocka_unit_test(start__nonsense_on_control_socket__shows_it),
        cmocka_unit_test(start__endless_line_on_control_socket__is_bounded),
        cmocka_unit_test(start__cancelled__ends_it),
        cmocka_unit_test(start__runs_already__is_refused_and_runs_on),
        cmocka_unit_test(start__runs_without_record__is_refused),
        cmocka_unit_test(start__disk_open_elsewhere__is_told),
        cmocka_unit_test(start__stale_files__are_replaced_and_strangers_spared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
