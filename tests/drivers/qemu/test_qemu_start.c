/* Starting: what comes up, what is said when it does not, and that nothing is left then. */
#include "drivers/qemu/vm_case.h"

#include <sys/stat.h>
#include <unistd.h>

#include "os/clock.h"

#define BIOS "{'firmware': {'legacyBIOS': true}}"

/* Nothing of a start that failed: no process, no record, no files that tell of a VM. */
static void assert_nothing_left(vm_case *c)
{
    assert_int_equal(vm_status(c).state, LIMA_VM_STOPPED);
    assert_false(there_is(c, QEMU_RECORD_FILE));
    assert_false(there_is(c, "qemu.pid"));
    assert_false(there_is(c, "qmp.sock"));
}

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

/* ---- what is missing ---- */

static void start__no_qemu__says_what_to_install(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, BIOS);
    set_variable("QEMU_SYSTEM_X86_64", "/nowhere/qemu-system-x86_64");
    assert_err(vm_start(&c, &err), LIMA_CODE_NOT_FOUND, "qemu-system-x86", "/nowhere/qemu-system-x86_64");
    case_end(&c);
}

static void start__old_qemu__says_which_is_needed(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, BIOS);
    fault("old");
    use_word("old");
    assert_err(vm_start(&c, &err), LIMA_CODE_FAILED_PRECONDITION, "3.1.0");
    case_end(&c);
}

static void start__help_hangs__can_be_cancelled(void **state)
{
    vm_case c;
    background starting;
    (void)state;
    case_begin(&c, BIOS);
    fault("help-hang");
    use_word("hang");
    background_begin(&starting, &c, lima_qemu_driver.start);
    background_cancel(&starting);
    assert_err(background_end(&starting, &err), LIMA_CODE_CANCELLED, "");
    case_end(&c);
}

static void start__kernel__is_booted_with_its_command_line(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, BIOS);
    write_file(c.dir, "kernel", "kernel");
    write_file(c.dir, "kernel.cmdline", "root=/dev/vda\n");
    write_file(c.dir, "initrd", "initrd");
    assert_ok(vm_start(&c, &err));
    char *argv = last_argv(&c);
    assert_non_null(strstr(argv, "-kernel\n"));
    assert_non_null(strstr(argv, "root=/dev/vda\n"));
    free(argv);
    case_end(&c);
}

static void start__kernel_missing__is_told(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, BIOS);
    write_file(c.dir, "initrd", "initrd");
    assert_err(vm_start(&c, &err), LIMA_CODE_NOT_FOUND, "no kernel");
    case_end(&c);
}

static void start__folder_cannot_be_written__is_told(void **state)
{
    vm_case c;
    (void)state;
    if (geteuid() == 0)
        lima_skip("root may write everywhere");
    case_begin(&c, BIOS);
    assert_int_equal(chmod(c.dir, 0500), 0);
    assert_err(vm_start(&c, &err), LIMA_CODE_PERMISSION_DENIED, c.dir);
    assert_int_equal(chmod(c.dir, 0700), 0);
    assert_nothing_left(&c);
    case_end(&c);
}

/* QEMU runs already when the record turns out not to be writable: a VM that nobody could find again must
 * not stay. */
static void start__record_cannot_be_written__ends_it(void **state)
{
    vm_case c;
    lima_err failure = {0};
    (void)state;
    case_begin(&c, BIOS);
    write_file(c.dir, QEMU_RECORD_FILE "/in-the-way", "x");
    assert_false(vm_start(&c, &failure));
    assert_non_null(strstr(failure.text, QEMU_RECORD_FILE));
    char *record = path_in(&c, QEMU_RECORD_FILE);
    assert_ok(lima_dir_remove(record, &err));
    assert_nothing_left(&c);
    assert_ok(vm_start(&c, &err)); /* port and disk are free again */
    free(record);
    case_end(&c);
}

static void start__strange_folder_name__works(void **state)
{
    vm_case c;
    (void)state;
    case_begin_in(&c, "q2 '\"\n=,%s\\", BIOS);
    assert_ok(vm_start(&c, &err));
    restart_driver(&c);
    assert_int_equal(vm_status(&c).state, LIMA_VM_RUNNING);
    assert_ok(vm_stop(&c, 60000, &err));
    case_end(&c);
}

static void start__folder_name_over_socket_limit__is_told(void **state)
{
    vm_case c;
    (void)state;
    case_begin_in(&c, "a-very-long-name-a-very-long-name-a-very-long-name-a-very-long-name-a-very-long-name",
                  BIOS);
    assert_err(vm_start(&c, &err), LIMA_CODE_INVALID_ARGUMENT, "LIMA_HOME", "107");
    case_end(&c);
}

static void start__commas_in_paths__are_doubled(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, BIOS);
    assert_ok(vm_start(&c, &err)); /* the fake opens the files by these names */
    char *argv = last_argv(&c);
    assert_non_null(strstr(argv, ",,x/dev/disk"));
    assert_non_null(strstr(argv, "format=qcow2"));
    free(argv);
    case_end(&c);
}

/* ---- the accelerator ---- */

static char *accel_after(const char *kvm)
{
    vm_case c;
    set_variable("FAKE_KVM", kvm);
    case_begin(&c, BIOS);
    use_word((char[]){kvm[0], '\0'});
    set_variable("FAKE_KVM", kvm);
    assert_ok(vm_start(&c, &err));
    char *argv = last_argv(&c);
    case_end(&c);
    return argv;
}

static bool host_has_kvm(void)
{
    return lima_str_eq(lima_host_get()->os, "linux") && lima_str_eq(lima_host_get()->arch, "x86_64");
}

static void start__kvm_unusable__emulates(void **state)
{
    static const char *const ways[] = {"denied", "abort", "hang"};
    (void)state;
    if (!host_has_kvm())
        lima_skip("not a Linux x86_64 host");
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        char *argv = accel_after(ways[i]);
        assert_non_null(strstr(argv, "-accel\ntcg"));
        assert_null(strstr(argv, "kvm"));
        free(argv);
    }
}

static void start__kvm_usable__is_used(void **state)
{
    (void)state;
    if (!host_has_kvm())
        lima_skip("not a Linux x86_64 host");
    char *argv = accel_after("ok");
    assert_non_null(strstr(argv, "-accel\nkvm"));
    assert_non_null(strstr(argv, "-cpu\nhost\n"));
    free(argv);
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
        cmocka_unit_test(start__no_qemu__says_what_to_install),
        cmocka_unit_test(start__old_qemu__says_which_is_needed),
        cmocka_unit_test(start__help_hangs__can_be_cancelled),
        cmocka_unit_test(start__kernel__is_booted_with_its_command_line),
        cmocka_unit_test(start__kernel_missing__is_told),
        cmocka_unit_test(start__folder_cannot_be_written__is_told),
        cmocka_unit_test(start__record_cannot_be_written__ends_it),
        cmocka_unit_test(start__strange_folder_name__works),
        cmocka_unit_test(start__folder_name_over_socket_limit__is_told),
        cmocka_unit_test(start__commas_in_paths__are_doubled),
        cmocka_unit_test(start__kvm_unusable__emulates),
        cmocka_unit_test(start__kvm_usable__is_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
