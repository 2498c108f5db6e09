#include "hyperv_test.h"

#include "hyperv/machine.h"

static void machine__boots_what_is_there(void **state)
{
    (void)state;
    static const struct {
        hyperv_files files;
        hyperv_boot due;
    } table[] = {
        {{.disk = "d"}, HYPERV_BOOT_DISK},
        {{.disk = "d", .iso = "i"}, HYPERV_BOOT_ISO},
        {{.disk = "d", .kernel = "k", .initrd = "r", .cmdline = "c"}, HYPERV_BOOT_KERNEL},
        {{.disk = "d", .iso = "i", .kernel = "k"}, HYPERV_BOOT_KERNEL},
    };
    lima_instance *inst = make_instance("{}");
    hyperv_options options = {0};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        hyperv_vm vm = {0};
        lima_hyperv_machine(inst, &options, &table[i].files, &vm);
        assert_int_equal(vm.boot, table[i].due);
        assert_true(
            lima_str_eq(vm.kernel, table[i].files.kernel) && lima_str_eq(vm.initrd, table[i].files.initrd)
            && lima_str_eq(vm.cmdline, table[i].files.cmdline) && lima_str_eq(vm.iso, table[i].files.iso));
    }
    lima_instance_free(inst);
}

static void machine__instance_and_options__are_in_it(void **state)
{
    (void)state;
    static const char *const extra[] = {"e"};
    lima_instance *inst = make_instance("{'nestedVirtualization':true,'tpm':true}");
    hyperv_options options = {.secure_boot = HYPERV_SECURE_BOOT_LINUX};
    hyperv_files files = {.disk = "d",
                          .cidata = "c",
                          .guest_state = "g",
                          .run_state = "r",
                          .extra_disks = extra,
                          .extra_disk_count = 1};
    hyperv_vm vm = {.console_pipe = "pipe", .owner_sid = "sid"};
    lima_hyperv_machine(inst, &options, &files, &vm);
    assert_int_equal(vm.cpus, 2);
    assert_int_equal(vm.memory_mib, 1024);
    assert_true(vm.nested && vm.tpm && vm.survives && vm.overcommit && !vm.stop_on_reset);
    assert_int_equal(vm.secure_boot, HYPERV_SECURE_BOOT_LINUX);
    assert_string_equal(vm.cidata, "c");
    assert_string_equal(vm.guest_state, "g");
    assert_string_equal(vm.run_state, "r");
    assert_string_equal(vm.extra_disks[0], "e");
    assert_int_equal(vm.extra_disk_count, 1);
    assert_string_equal(vm.console_pipe, "pipe");
    assert_string_equal(vm.owner_sid, "sid");
    lima_instance_free(inst);
}

static void cmdline__console_and_disks(void **state)
{
    (void)state;
    static const char *const table[][2] = {
        {"", "console=ttyS0,115200"},
        {" root=/dev/vda1  ro\n", "root=/dev/sda1 ro console=ttyS0,115200"},
        {"root=LABEL=root console=hvc0", "root=LABEL=root console=hvc0"},
        {"rootflags=root=/dev/vdb x=root=/dev/vda console=tty0",
         "rootflags=root=/dev/vdb x=root=/dev/vda console=tty0"},
        {"a\tb=\"c d\"", "a b=\"c d\" console=ttyS0,115200"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char *made = lima_hyperv_cmdline(table[i][0]);
        assert_string_equal(made, table[i][1]);
        free(made);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(machine__boots_what_is_there),
        cmocka_unit_test(machine__instance_and_options__are_in_it),
        cmocka_unit_test(cmdline__console_and_disks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
