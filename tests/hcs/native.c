/* win/hcs.h, win/hcn.h and win/virtdisk.h as a driver uses them. native.py starts the back end. */
#include "lima_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/host.h"
#include "win/hcn.h"
#include "win/hcs.h"
#include "win/hresult.h"
#include "win/virtdisk.h"

#define VM "5D5B5A0E-0000-4000-8000-00000000000A"
#define NETWORK "{5d5b5a0e-0000-4000-8000-00000000000b}"
#define ENDPOINT "5d5b5a0e-0000-4000-8000-00000000000c"

enum { PATIENCE = 60000 };

static lima_deadline patience(void)
{
    return lima_clock_in(PATIENCE);
}

static char *in_folder(const char *name)
{
    char *folder = lima_env_get("NATIVE_FOLDER"), *path = lima_mem_printf("%s/%s", folder, name);
    free(folder);
    return path;
}

static void put(const char *path, const char *text)
{
    lima_err err = {0};
    if (!lima_file_write(path, text, strlen(text), LIMA_FILE_PRIVATE, &err))
        fail_msg("%s", err.text);
}

static int rules(const char *text)
{
    char *state = lima_env_get("HCSSIM_STATE"), *path = lima_mem_printf("%s/faults", state);
    put(path, text);
    free(path);
    free(state);
    return 0;
}

static int no_rules(void **state)
{
    (void)state;
    return rules("");
}

static void check(bool ok, const lima_err *err)
{
    if (!ok)
        fail_msg("%s (code %d)", err->text, (int)err->code);
}

static char *document(void)
{
    lima_err err = {0};
    char *kernel = in_folder("vmlinuz");
    put(kernel, "kernel");
    check(lima_hcs_grant(VM, kernel, patience(), NULL, &err), &err);
    char *text = lima_mem_printf(
        "{\"SchemaVersion\":{\"Major\":2,\"Minor\":5},\"Owner\":\"native\",\"VirtualMachine\":{\"Chipset\":{"
        "\"LinuxKernelDirect\":{\"KernelFilePath\":\"%s\"}},\"ComputeTopology\":{\"Memory\":{\"SizeInMB\":"
        "512},"
        "\"Processor\":{\"Count\":1}},\"Services\":{\"Shutdown\":{}}}}",
        kernel);
    free(kernel);
    return text;
}

static lima_hcs_system *create(void)
{
    lima_err err = {0};
    lima_hcs_system *system = NULL;
    char *text = document();
    check(lima_hcs_create(VM, text, patience(), NULL, &system, &err), &err);
    free(text);
    return system;
}

static lima_hcs_system *start(void)
{
    lima_err err = {0};
    lima_hcs_system *system = create();
    check(lima_hcs_start(system, patience(), NULL, &err), &err);
    return system;
}

static void terminate(lima_hcs_system *system)
{
    lima_err err = {0};
    check(lima_hcs_terminate(system, patience(), NULL, &err), &err);
    lima_hcs_close(system);
}

/* Handles are closed in the background. */
static bool runs(void)
{
    char *json = NULL;
    lima_err err = {0};
    check(lima_hcs_enumerate("{\"Owners\":[\"native\"]}", patience(), NULL, &json, &err), &err);
    bool found = strstr(json, VM) != NULL;
    free(json);
    return found;
}

static void until_gone(void)
{
    lima_deadline end = patience();
    while (runs() && lima_clock_now() < end)
        lima_wake_wait(NULL, lima_clock_in(5));
    assert_false(runs());
}

static void life__from_create_to_shutdown__is_told(void **state)
{
    (void)state;
    lima_err err = {0};
    lima_hcs_end end = {0};
    char *json = NULL;
    lima_hcs_system *system = start();
    check(lima_hcs_properties(system, NULL, patience(), NULL, &json, &err), &err);
    assert_non_null(strstr(json, "\"Running\""));
    free(json);
    assert_false(lima_wake_wait(lima_hcs_ended(system), 0));
    check(lima_hcs_shut_down(system, "{\"Mechanism\":\"IntegrationService\"}", patience(), NULL, &err), &err);
    check(lima_hcs_wait_end(system, patience(), NULL, &end, &err), &err);
    assert_int_equal(end.how, LIMA_HCS_EXITED);
    assert_non_null(strstr(end.status, "GracefulExit"));
    lima_hcs_end_free(&end);
    lima_hcs_close(system);
    until_gone();
}

static void refusals__have_code_number_and_words(void **state)
{
    (void)state;
    lima_err err = {0};
    lima_hcs_system *system = NULL;
    assert_false(lima_hcs_create(VM, "{\"Owner\":7}", patience(), NULL, &system, &err));
    assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
    assert_int_equal((uint32_t)err.os_code, LIMA_HCS_E_INVALID_JSON);
    assert_non_null(strstr(err.text, "SchemaVersion"));
    assert_false(lima_hcs_open(VM, patience(), NULL, &system, &err));
    assert_int_equal(err.code, LIMA_CODE_NOT_FOUND);
    system = start();
    assert_false(lima_hcs_resume(system, patience(), NULL, &err));
    assert_int_equal((uint32_t)err.os_code, LIMA_HCS_E_INVALID_STATE);
    terminate(system);
    until_gone();
}

static void time_out__of_a_call__goes_on_and_closes_after_it(void **state)
{
    (void)state;
    lima_err err = {0};
    lima_hcs_system *system = start();
    rules("call=HcsPauseComputeSystem : delay-later=300\n");
    assert_false(lima_hcs_pause(system, NULL, lima_clock_in(30), NULL, &err));
    assert_int_equal(err.code, LIMA_CODE_DEADLINE_EXCEEDED);
    lima_hcs_close(system);
    check(lima_hcs_open(VM, patience(), NULL, &system, &err), &err);
    terminate(system);
    until_gone();
}

static void time_out__of_create__leaves_no_system(void **state)
{
    (void)state;
    lima_err err = {0};
    lima_hcs_system *system = NULL;
    char *text = document();
    rules("call=HcsCreateComputeSystem : delay-later=200\n");
    assert_false(lima_hcs_create(VM, text, lima_clock_in(30), NULL, &system, &err));
    assert_int_equal(err.code, LIMA_CODE_DEADLINE_EXCEEDED);
    free(text);
    rules("");
    lima_wake_wait(NULL, lima_clock_in(400)); /* it comes into being, and is ended */
    until_gone();
}

static void crash__tells_last_words(void **state)
{
    (void)state;
    lima_err err = {0};
    lima_hcs_end end = {0};
    rules("call=HcsGetComputeSystemProperties : crash=10\n");
    lima_hcs_system *system = start();
    char *json = NULL;
    check(lima_hcs_properties(system, NULL, patience(), NULL, &json, &err), &err);
    free(json);
    check(lima_hcs_wait_end(system, patience(), NULL, &end, &err), &err);
    assert_non_null(strstr(end.crash, "Kernel panic"));
    lima_hcs_end_free(&end);
    lima_hcs_close(system);
    until_gone();
}

static void disconnection__ends_handles_and_not_vms(void **state)
{
    (void)state;
    lima_err err = {0};
    lima_hcs_end end = {0};
    lima_hcs_system *system = start();
    rules("call=HcsPauseComputeSystem nth=1 : disconnect\n");
    assert_false(lima_hcs_pause(system, NULL, patience(), NULL, &err));
    assert_int_equal(err.code, LIMA_CODE_UNAVAILABLE);
    check(lima_hcs_wait_end(system, patience(), NULL, &end, &err), &err);
    assert_int_equal(end.how, LIMA_HCS_DISCONNECTED);
    lima_hcs_end_free(&end);
    lima_hcs_close(system);
    check(lima_hcs_open(VM, patience(), NULL, &system, &err), &err);
    terminate(system);
    until_gone();
}

static void networks__come_and_go(void **state)
{
    (void)state;
    lima_err err = {0};
    char *json = NULL;
    check(lima_hcn_create_network(
              NETWORK,
              "{\"SchemaVersion\":{\"Major\":2,\"Minor\":0},\"Type\":\"ICS\",\"Ipams\":[{\"Subnets\":[{"
              "\"IpAddressPrefix\":\"172.29.64.0/24\"}]}]}",
              patience(), NULL, &err),
          &err);
    check(lima_hcn_create_endpoint(NETWORK, ENDPOINT, "{\"SchemaVersion\":{\"Major\":2,\"Minor\":0}}",
                                   patience(), NULL, &err),
          &err);
    check(lima_hcn_query(LIMA_HCN_ENDPOINT, ENDPOINT, NULL, patience(), NULL, &json, &err), &err);
    assert_non_null(strstr(json, "172.29.64.2"));
    free(json);
    assert_false(lima_hcn_delete(LIMA_HCN_NETWORK, NETWORK, patience(), NULL, &err));
    assert_int_equal((uint32_t)err.os_code, LIMA_HCN_E_ENTITY_HAS_REFERENCES);
    check(lima_hcn_delete(LIMA_HCN_ENDPOINT, ENDPOINT, patience(), NULL, &err), &err);
    check(lima_hcn_delete(LIMA_HCN_NETWORK, NETWORK, patience(), NULL, &err), &err);
    assert_false(lima_hcn_delete(LIMA_HCN_NETWORK, "nonsense", patience(), NULL, &err));
    assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
}

static void disks__have_children(void **state)
{
    (void)state;
    lima_err err = {0};
    lima_virtdisk disk = {0};
    char *base = in_folder("base.vhdx"), *child = in_folder("child.vhdx"), *command = NULL;
    command = lima_mem_printf("qemu-img create -q -f vhdx '%s' 64M", base);
    if (system(command) != 0) {
        free(base), free(child), free(command);
        skip();
    }
    check(lima_virtdisk_create_child(child, base, patience(), NULL, &err), &err);
    check(lima_virtdisk_get(child, patience(), NULL, &disk, &err), &err);
    assert_int_equal(disk.kind, LIMA_VIRTDISK_CHILD);
    assert_true(disk.whole && disk.virtual_size == 64 << 20);
    assert_string_equal(disk.parents.items[0], base);
    lima_virtdisk_free(&disk);
    check(lima_virtdisk_resize(child, 128 << 20, patience(), NULL, &err), &err);
    check(lima_virtdisk_merge(child, patience(), NULL, &err), &err);
    check(lima_virtdisk_get(base, patience(), NULL, &disk, &err), &err);
    assert_true(disk.kind == LIMA_VIRTDISK_DYNAMIC && disk.virtual_size == 128 << 20);
    lima_virtdisk_free(&disk);
    assert_false(lima_virtdisk_get("/none.vhdx", patience(), NULL, &disk, &err));
    assert_int_equal(err.code, LIMA_CODE_NOT_FOUND);
    free(base), free(child), free(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(life__from_create_to_shutdown__is_told, no_rules),
        cmocka_unit_test_setup(refusals__have_code_number_and_words, no_rules),
        cmocka_unit_test_setup(time_out__of_a_call__goes_on_and_closes_after_it, no_rules),
        cmocka_unit_test_setup(time_out__of_create__leaves_no_system, no_rules),
        cmocka_unit_test_setup(crash__tells_last_words, no_rules),
        cmocka_unit_test_setup(disconnection__ends_handles_and_not_vms, no_rules),
        cmocka_unit_test_setup(networks__come_and_go, no_rules),
        cmocka_unit_test_setup(disks__have_children, no_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
