/* What a start needs of the host and of the instance folder, and what is said where it is missing. */
#include "drivers/qemu/vm_case.h"

#include <sys/stat.h>
#include <unistd.h>

#define BIOS "{'firmware': {'legacyBIOS': true}}"

/* ---- program, kernel, folder ---- */

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
    assert_err(vm_start(&c, &err), LIMA_CODE_NOT_FOUND, "/kernel' is missing");
    case_end(&c);
}

#define KERNEL_IMAGE                                                                                         \
    "{'firmware': {'legacyBIOS': true}, 'images': [{'location': 'a', 'arch': 'aarch64'}, {'location': 'b', " \
    "'arch': 'x86_64', 'kernel': {'location': 'k'}}%s]}"

static void start__kernel_of_every_image_missing__is_told(void **state)
{
    vm_case c;
    char config[512];
    (void)state;
    snprintf(config, sizeof config, KERNEL_IMAGE, "");
    case_begin(&c, config);
    assert_err(vm_start(&c, &err), LIMA_CODE_NOT_FOUND, "/kernel' is missing");
    case_end(&c);
}

/* The image that was taken may be the one without a kernel. */
static void start__kernel_of_some_images_missing__boots(void **state)
{
    vm_case c;
    char config[512];
    (void)state;
    snprintf(config, sizeof config, KERNEL_IMAGE, ", {'location': 'c', 'arch': 'x86_64'}");
    case_begin(&c, config);
    assert_ok(vm_start(&c, &err));
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

static void start__folder_missing__is_told(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, BIOS);
    assert_ok(lima_dir_remove(c.dir, &err));
    lima_err err = {0};
    assert_false(vm_start(&c, &err));
    assert_non_null(strstr(err.text, c.dir));
    assert_int_equal(vm_status(&c).state, LIMA_VM_STOPPED);
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
        cmocka_unit_test(start__no_qemu__says_what_to_install),
        cmocka_unit_test(start__old_qemu__says_which_is_needed),
        cmocka_unit_test(start__help_hangs__can_be_cancelled),
        cmocka_unit_test(start__kernel__is_booted_with_its_command_line),
        cmocka_unit_test(start__kernel_missing__is_told),
        cmocka_unit_test(start__kernel_of_every_image_missing__is_told),
        cmocka_unit_test(start__kernel_of_some_images_missing__boots),
        cmocka_unit_test(start__folder_cannot_be_written__is_told),
        cmocka_unit_test(start__record_cannot_be_written__ends_it),
        cmocka_unit_test(start__folder_missing__is_told),
        cmocka_unit_test(start__strange_folder_name__works),
        cmocka_unit_test(start__folder_name_over_socket_limit__is_told),
        cmocka_unit_test(start__commas_in_paths__are_doubled),
        cmocka_unit_test(start__kvm_unusable__emulates),
        cmocka_unit_test(start__kvm_usable__is_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
