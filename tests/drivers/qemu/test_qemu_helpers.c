/* What stands beside QEMU: virtiofsd, swtpm, additional disks, networks by descriptor. */
#include "drivers/qemu/vm_case.h"

#include "os/clock.h"
#include "qemu/helper.h"
#include "qemu/virtiofsd.h"

#define VIRTIOFS                                                                                             \
    "{'firmware': {'legacyBIOS': true}, 'mountType': 'virtiofs', 'mounts': [{'location': '%s', 'virtiofs': " \
    "{'queueSize': 1024}}]}"
#define TPM "{'firmware': {'legacyBIOS': true}, 'tpm': true}"
#define DISKS "{'firmware': {'legacyBIOS': true}, 'additionalDisks': [{'name': 'data'}, {'name': 'more'}]}"

/* A mount of the home itself, whose name only the case knows. */
static void begin_virtiofs(vm_case *c, const char *helper)
{
    case_begin(c, "{}");
    free(c->config);
    c->config = lima_mem_printf(VIRTIOFS, c->home);
    restart_driver(c);
    set_variable("HOME", c->home);
    set_variable("FAKE_HELPER", helper);
}

static qemu_record read_record(vm_case *c)
{
    lima_instance *inst = lima_control_instance(c->control);
    qemu_record record = {0};
    assert_ok(lima_qemu_record_read(inst, &record, &err));
    lima_instance_free(inst);
    return record;
}

static void assert_helpers_gone(const qemu_record *record)
{
    assert_int_not_equal(record->helpers.len, 0);
    for (size_t i = 0; i < record->helpers.len; i++)
        assert_true(lima_process_wait_id(record->helpers.items[i].id, lima_clock_in(20000), NULL, NULL));
}

/* ---- virtiofsd ---- */

static void virtiofs__runs_with_the_vm_and_ends_with_it(void **state)
{
    vm_case c;
    (void)state;
    begin_virtiofs(&c, "");
    assert_ok(vm_start(&c, &err));
    qemu_record record = read_record(&c);
    assert_int_equal(record.helpers.len, 1);
    assert_false(lima_process_wait_id(record.helpers.items[0].id, 0, NULL, NULL));
    assert_ok(vm_stop(&c, 60000, &err));
    assert_helpers_gone(&record);
    assert_false(there_is(&c, "virtiofsd-0.sock"));
    lima_qemu_record_free(&record);
    case_end(&c);
}

static void virtiofs__vm_killed__helper_ends_too(void **state)
{
    vm_case c;
    (void)state;
    begin_virtiofs(&c, "");
    assert_ok(vm_start(&c, &err));
    qemu_record record = read_record(&c);
    assert_ok(lima_process_end_id(record.vm, true, &err));
    restart_driver(&c);
    assert_ok(vm_stop(&c, 60000, &err));
    assert_helpers_gone(&record);
    lima_qemu_record_free(&record);
    case_end(&c);
}

static void virtiofs__daemon_dies__start_fails_with_its_words(void **state)
{
    vm_case c;
    (void)state;
    begin_virtiofs(&c, "die");
    assert_err(vm_start(&c, &err), LIMA_CODE_UNAVAILABLE, "virtiofsd for", "cannot enter sandbox");
    assert_int_equal(vm_status(&c).state, LIMA_VM_STOPPED);
    case_end(&c);
}

static void virtiofs__daemon_makes_no_socket__can_be_cancelled(void **state)
{
    vm_case c;
    background starting;
    (void)state;
    begin_virtiofs(&c, "no-socket");
    background_begin(&starting, &c, lima_qemu_driver.start);
    char *file = path_in(&c, QEMU_RECORD_FILE);
    await_file(file, true);
    qemu_record record = read_record(&c); /* a driver that succeeds a killed one knows whom to end */
    assert_int_equal(record.vm.pid, 0);
    assert_int_equal(vm_status(&c).state, LIMA_VM_STOPPED);
    background_cancel(&starting);
    assert_err(background_end(&starting, &err), LIMA_CODE_CANCELLED, "");
    assert_helpers_gone(&record);
    lima_qemu_record_free(&record);
    free(file);
    case_end(&c);
}

/* The driver was killed when it had started its helpers but no VM yet. */
static void stop__helper_of_a_start_cut_short__is_ended(void **state)
{
    vm_case c;
    lima_process *process = NULL;
    static const char *const argv[] = {"/bin/sleep", "600", NULL};
    lima_process_desc desc = {.argv = argv};
    qemu_record record = {0};
    (void)state;
    case_begin(&c, "{}");
    lima_instance *inst = lima_control_instance(c.control);
    assert_ok(lima_process_start(&desc, &process, &err));
    lima_qemu_helpers_add(&record.helpers, "sleep", "sleep.log", lima_process_get_id(process));
    lima_process_free(process);
    assert_ok(lima_qemu_record_write(inst, &record, &err));
    restart_driver(&c);
    assert_int_equal(vm_status(&c).state, LIMA_VM_STOPPED);
    assert_ok(vm_stop(&c, 60000, &err));
    assert_helpers_gone(&record);
    assert_false(there_is(&c, QEMU_RECORD_FILE));
    lima_qemu_record_free(&record);
    lima_instance_free(inst);
    case_end(&c);
}

static void virtiofs__qemu_dies__helper_is_ended(void **state)
{
    vm_case c;
    (void)state;
    begin_virtiofs(&c, "");
    fault("die");
    assert_err(vm_start(&c, &err), LIMA_CODE_UNKNOWN, "told to die");
    assert_false(there_is(&c, "virtiofsd-0.sock"));
    case_end(&c);
}

static void virtiofs__only_the_old_daemon__says_what_to_install(void **state)
{
    vm_case c;
    (void)state;
    begin_virtiofs(&c, "old");
    lima_err err = {0};
    if (vm_start(&c, &err)) {
        case_end(&c);
        lima_skip("a usable virtiofsd is installed on this machine");
    }
    assert_int_equal(err.code, LIMA_CODE_NOT_FOUND);
    assert_non_null(strstr(err.text, "reverse-sshfs"));
    case_end(&c);
}

static char *binary_of(const char *json)
{
    return lima_qemu_virtiofsd_binary(json, strlen(json));
}

static void virtiofsd_binary__only_of_type_fs(void **state)
{
    (void)state;
    char *binary = binary_of("{\"type\": \"fs\", \"binary\": \"/x/virtiofsd\"}");
    assert_string_equal(binary, "/x/virtiofsd");
    free(binary);
    assert_null(binary_of("{\"type\": \"gpu\", \"binary\": \"/x/gpu\"}"));
    assert_null(binary_of("{\"type\": \"fs\""));
}

static void virtiofsd_usable__not_the_former_one(void **state)
{
    (void)state;
    assert_true(lima_qemu_virtiofsd_usable("virtiofsd 1.10.1\n"));
    assert_false(
        lima_qemu_virtiofsd_usable("virtiofsd version 7.2.22\nusing FUSE kernel interface version 7.36\n"));
    assert_false(lima_qemu_virtiofsd_usable("hello"));
}

/* ---- swtpm ---- */

static void tpm__runs_with_the_vm_and_ends_with_it(void **state)
{
    vm_case c;
    (void)state;
    case_begin_in(&c, "q2-tpm", TPM);
    assert_ok(vm_start(&c, &err));
    assert_true(there_is(&c, "swtpm"));
    qemu_record record = read_record(&c);
    assert_ok(vm_stop(&c, 60000, &err));
    assert_helpers_gone(&record);
    assert_false(there_is(&c, "swtpm.sock"));
    lima_qemu_record_free(&record);
    case_end(&c);
}

static void tpm__comma_in_folder__is_told(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, TPM);
    assert_err(vm_start(&c, &err), LIMA_CODE_INVALID_ARGUMENT, "comma", "LIMA_HOME");
    case_end(&c);
}

static void tpm__not_installed__says_so(void **state)
{
    vm_case c;
    (void)state;
    case_begin_in(&c, "q2-tpm", TPM);
    use_tool(&c, "swtpm", false);
    assert_err(vm_start(&c, &err), LIMA_CODE_NOT_FOUND, "install swtpm");
    case_end(&c);
}

/* ---- additional disks ---- */

static void make_disk(vm_case *c, const char *name, const char *content)
{
    char *file = lima_mem_printf("_disks/%s/datadisk", name);
    write_file(c->home, file, content);
    free(file);
}

static char *lock_of(vm_case *c, const char *name)
{
    return lima_mem_printf("%s/_disks/%s/in_use_by", c->home, name);
}

static bool locked_by(vm_case *c, const char *name, const char *dir)
{
    char *lock = lock_of(c, name), *holder = NULL, *wanted = NULL;
    bool same = lima_file_real_path(lock, &holder, NULL) && lima_file_real_path(dir, &wanted, NULL)
                && lima_str_eq(holder, wanted);
    free(wanted);
    free(holder);
    free(lock);
    return same;
}

static void lock_for(vm_case *c, const char *name, const char *dir)
{
    char *lock = lock_of(c, name);
    assert_ok(lima_file_link_make(lock, dir, &err));
    free(lock);
}

static void begin_disks(vm_case *c)
{
    case_begin(c, DISKS);
    make_disk(c, "data", "qcow2");
    make_disk(c, "more", "raw");
}

static void disks__locked_while_it_runs(void **state)
{
    vm_case c;
    (void)state;
    begin_disks(&c);
    assert_ok(vm_start(&c, &err));
    assert_true(locked_by(&c, "data", c.dir));
    assert_true(locked_by(&c, "more", c.dir));
    char *argv = last_argv(&c);
    assert_true(strstr(argv, "_disks/data/datadisk") < strstr(argv, "_disks/more/datadisk"));
    free(argv);
    restart_driver(&c);
    assert_ok(vm_stop(&c, 60000, &err));
    assert_false(locked_by(&c, "data", c.dir));
    assert_false(locked_by(&c, "more", c.dir));
    case_end(&c);
}

static void disks__one_cut_short__is_named_and_none_locked(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, DISKS);
    write_file(c.dir, "disk", "raw");
    make_disk(&c, "data", "raw");
    make_disk(&c, "more", "qcow2");
    set_variable("FAKE_IMG", "damaged");
    assert_err(vm_start(&c, &err), LIMA_CODE_DATA_LOSS, "_disks/more/datadisk'", "was cut short");
    assert_false(locked_by(&c, "data", c.dir));
    assert_false(locked_by(&c, "more", c.dir));
    case_end(&c);
}

static void disks__own_lock_left_over__is_fine(void **state)
{
    vm_case c;
    (void)state;
    begin_disks(&c);
    lock_for(&c, "data", c.dir);
    assert_ok(vm_start(&c, &err));
    case_end(&c);
}

static void disks__in_use__names_the_instance_and_locks_none(void **state)
{
    vm_case c;
    (void)state;
    begin_disks(&c);
    char *other = lima_path_join(c.home, "other");
    assert_ok(lima_dir_make(other, LIMA_FILE_PRIVATE, &err));
    lock_for(&c, "more", other);
    assert_err(vm_start(&c, &err), LIMA_CODE_FAILED_PRECONDITION, "'more'", "'other'",
               "limactl disk unlock more");
    assert_false(locked_by(&c, "data", c.dir));
    assert_true(locked_by(&c, "more", other));
    free(other);
    case_end(&c);
}

static void disks__lock_of_a_vanished_instance__is_taken_over(void **state)
{
    vm_case c;
    (void)state;
    begin_disks(&c);
    lock_for(&c, "more", "/nowhere/at/all");
    assert_ok(vm_start(&c, &err));
    assert_true(locked_by(&c, "more", c.dir));
    case_end(&c);
}

static void disks__start_fails_later__unlocks(void **state)
{
    vm_case c;
    (void)state;
    begin_disks(&c);
    fault("die");
    assert_err(vm_start(&c, &err), LIMA_CODE_UNKNOWN, "");
    assert_false(locked_by(&c, "data", c.dir));
    case_end(&c);
}

static void disks__missing__says_how_to_make_it(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, DISKS);
    make_disk(&c, "data", "qcow2");
    assert_err(vm_start(&c, &err), LIMA_CODE_NOT_FOUND, "'more'", "limactl disk create more");
    assert_false(locked_by(&c, "data", c.dir));
    case_end(&c);
}

static void disks__with_backing_file__is_refused(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, DISKS);
    make_disk(&c, "data", "qcow2 /etc/passwd");
    make_disk(&c, "more", "qcow2");
    assert_err(vm_start(&c, &err), LIMA_CODE_INVALID_ARGUMENT, "/etc/passwd");
    case_end(&c);
}

static void disks__name_that_leads_elsewhere__is_refused(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, "{'firmware': {'legacyBIOS': true}, 'additionalDisks': [{'name': '../dev'}]}");
    assert_err(vm_start(&c, &err), LIMA_CODE_INVALID_ARGUMENT, "additionalDisks[0].name");
    case_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(virtiofs__runs_with_the_vm_and_ends_with_it),
        cmocka_unit_test(virtiofs__vm_killed__helper_ends_too),
        cmocka_unit_test(virtiofs__daemon_dies__start_fails_with_its_words),
        cmocka_unit_test(virtiofs__daemon_makes_no_socket__can_be_cancelled),
        cmocka_unit_test(stop__helper_of_a_start_cut_short__is_ended),
        cmocka_unit_test(virtiofs__qemu_dies__helper_is_ended),
        cmocka_unit_test(virtiofs__only_the_old_daemon__says_what_to_install),
        cmocka_unit_test(virtiofsd_binary__only_of_type_fs),
        cmocka_unit_test(virtiofsd_usable__not_the_former_one),
        cmocka_unit_test(tpm__runs_with_the_vm_and_ends_with_it),
        cmocka_unit_test(tpm__comma_in_folder__is_told),
        cmocka_unit_test(tpm__not_installed__says_so),
        cmocka_unit_test(disks__locked_while_it_runs),
        cmocka_unit_test(disks__one_cut_short__is_named_and_none_locked),
        cmocka_unit_test(disks__own_lock_left_over__is_fine),
        cmocka_unit_test(disks__in_use__names_the_instance_and_locks_none),
        cmocka_unit_test(disks__lock_of_a_vanished_instance__is_taken_over),
        cmocka_unit_test(disks__start_fails_later__unlocks),
        cmocka_unit_test(disks__missing__says_how_to_make_it),
        cmocka_unit_test(disks__with_backing_file__is_refused),
        cmocka_unit_test(disks__name_that_leads_elsewhere__is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
