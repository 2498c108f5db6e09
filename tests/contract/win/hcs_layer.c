/* The layers of win/ over Hyper-V against the double's DLLs (tests/fakes/hcs). hcs_layer.py starts the back end and this
 * under Wine, with LIMA_HCS_DLLS and HCSSIM_STATE, and looks for leaks and misuse afterwards. */
#include <windows.h>

#include <stdlib.h>
#include <string.h>

#include "jobs_left.h"
#include "support.h"

#include "base/mem.h"
#include "base/path.h"
#include "hcn.h"
#include "hcs.h"
#include "hresult.h"
#include "os/host.h"
#include "virtdisk.h"

#define VM "5d5b5a0e-0000-4000-8000-000000000001"
#define NETWORK "5d5b5a0e-0000-4000-8000-000000000002"
#define ENDPOINT "5d5b5a0e-0000-4000-8000-000000000003"

/* Fault rules of the double, until the next call. */
static void set_rules(const char *rules)
{
    char *state = lima_env_get("HCSSIM_STATE"), *path = lima_mem_printf("Z:%s/faults", state);

    assert_ok(lima_file_write(path, rules, strlen(rules), LIMA_FILE_PRIVATE, err));
    free(path);
    free(state);
}

static int setup(void **state)
{
    set_rules("");
    return folder_setup(state);
}

static int teardown(void **state)
{
    set_rules("");
    bool ended = none_left();
    return folder_teardown(state) || !ended;
}

static char *put_and_grant(void **state, const char *name, bool grant)
{
    char *path = in_folder(state, name);

    put_file(path, "kernel");
    if (grant)
        assert_ok(lima_hcs_grant(VM, path, patience(), NULL, err));
    for (char *c = path; *c; c++)
        if (*c == '\\')
            *c = '/';
    return path;
}

static char *make_document(void **state, bool grant)
{
    char *kernel = put_and_grant(state, "vmlinuz", grant), *initrd = put_and_grant(state, "initrd", grant);
    char *document = lima_mem_printf(
        "{\"SchemaVersion\":{\"Major\":2,\"Minor\":5},\"Owner\":\"layer\","
        "\"ShouldTerminateOnLastHandleClosed\":false,\"VirtualMachine\":{\"StopOnReset\":false,"
        "\"Chipset\":{\"UseUtc\":true,\"LinuxKernelDirect\":{\"KernelFilePath\":\"%s\",\"InitRdPath\":\"%s\","
        "\"KernelCmdLine\":\"console=ttyS0\"}},\"ComputeTopology\":{\"Memory\":{\"SizeInMB\":512,"
        "\"AllowOvercommit\":true},\"Processor\":{\"Count\":2}},\"Devices\":{},"
        "\"Services\":{\"Shutdown\":{},\"Timesync\":{}}}}",
        kernel, initrd);

    free(initrd);
    free(kernel);
    return document;
}

static lima_hcs_system *create(void **state)
{
    char *document = make_document(state, true);
    lima_hcs_system *system = NULL;

    assert_ok(lima_hcs_create(VM, document, patience(), NULL, &system, err));
    free(document);
    return system;
}

static lima_hcs_system *start(void **state)
{
    lima_hcs_system *system = create(state);

    assert_ok(lima_hcs_start(system, patience(), NULL, err));
    return system;
}

static void terminate(lima_hcs_system *system)
{
    assert_ok(lima_hcs_terminate(system, patience(), NULL, err));
    lima_hcs_close(system);
}

static void assert_has(const char *json, const char *words)
{
    if (!strstr(json, words))
        fail_msg("no '%s' in %s", words, json);
}

static bool is_listed(void)
{
    char *json = NULL;

    assert_ok(lima_hcs_enumerate("{\"Owners\":[\"layer\"]}", patience(), NULL, &json, err));
    bool listed = strstr(json, VM) != NULL;
    free(json);
    return listed;
}

static void service__asked__tells_its_schema_versions(void **state)
{
    char *json = NULL;

    (void)state;
    assert_ok(lima_hcs_service("{\"PropertyTypes\":[\"Basic\"]}", patience(), NULL, &json, err));
    assert_has(json, "SupportedSchemaVersions");
    free(json);
}

static void life__from_create_to_shutdown__is_seen_and_told(void **state)
{
    lima_hcs_system *system = start(state);
    lima_hcs_end end = {0};
    char *json = NULL;

    assert_true(is_listed());
    assert_ok(lima_hcs_properties(system, NULL, patience(), NULL, &json, err));
    assert_has(json, "\"Running\"");
    free(json);
    assert_false(lima_wake_wait(lima_hcs_ended(system), 0));
    assert_ok(lima_hcs_shut_down(system, "{\"Mechanism\":\"IntegrationService\",\"Type\":\"Shutdown\"}",
                                 patience(), NULL, err));
    assert_ok(lima_hcs_wait_end(system, patience(), NULL, &end, err));
    assert_int_equal(end.how, LIMA_HCS_EXITED);
    assert_has(end.status, "GracefulExit");
    lima_hcs_end_free(&end);
    lima_hcs_close(system);
    assert_fails(LIMA_CODE_NOT_FOUND, lima_hcs_open(VM, patience(), NULL, &system, err));
    assert_false(is_listed());
}

static void save__paused__writes_the_state_and_running_is_refused(void **state)
{
    lima_hcs_system *system = start(state);
    char *file = in_folder(state, "x.vmrs");
    assert_ok(lima_hcs_make_runtime_state(file, patience(), NULL, err));
    assert_ok(lima_hcs_grant(VM, file, patience(), NULL, err));
    for (char *c = file; *c; c++)
        if (*c == '\\')
            *c = '/';
    char *options = lima_mem_printf("{\"SaveType\":\"ToFile\",\"SaveStateFilePath\":\"%s\"}", file);
    lima_err failed = {0};
    assert_false(lima_hcs_save(system, options, patience(), NULL, &failed));
    assert_int_equal((uint32_t)failed.os_code, LIMA_HCS_E_INVALID_STATE);
    assert_ok(lima_hcs_pause(system, NULL, patience(), NULL, err));
    assert_ok(lima_hcs_save(system, options, patience(), NULL, err));
    terminate(system);
    assert_true(look(file).size > 0);
    assert_ok(lima_hcs_revoke(VM, file, patience(), NULL, err));
    free(options);
    free(file);
}

static void refusals__of_every_kind__are_told_apart(void **state)
{
    char *document = make_document(state, false);
    lima_hcs_system *system = NULL, *second = NULL;
    lima_err failed = {0};

    assert_false(lima_hcs_create(VM, "{\"Owner\":7}", patience(), NULL, &system, &failed));
    assert_int_equal((uint32_t)failed.os_code, LIMA_HCS_E_INVALID_JSON);
    print_message("%s\n", failed.text);
    assert_fails(LIMA_CODE_NOT_FOUND, lima_hcs_open(VM, patience(), NULL, &system, err));
    assert_fails(LIMA_CODE_NOT_FOUND, lima_hcs_grant(VM, "C:\\none\\x", patience(), NULL, err));
    bool created = lima_hcs_create(VM, document, patience(), NULL, &system, &failed);
    if (created) /* access is checked by the one or by the other */
        assert_false(lima_hcs_start(system, patience(), NULL, &failed));
    print_message("%s\n", failed.text);
    assert_int_equal(failed.code, LIMA_CODE_PERMISSION_DENIED);
    assert_non_null(strstr(failed.text, "vmlinuz"));
    if (created)
        lima_hcs_close(system);
    free(document);
    system = start(state);
    document = make_document(state, true);
    assert_fails(LIMA_CODE_ALREADY_EXISTS, lima_hcs_create(VM, document, patience(), NULL, &second, err));
    assert_fails(LIMA_CODE_FAILED_PRECONDITION, lima_hcs_start(system, patience(), NULL, err));
    assert_fails(LIMA_CODE_FAILED_PRECONDITION, lima_hcs_resume(system, patience(), NULL, err));
    assert_ok(lima_hcs_open(VM, patience(), NULL, &second, err)); /* as a driver that was started again */
    terminate(second);
    lima_hcs_close(system);
    free(document);
}

static void time_out__of_a_slow_call__goes_on_and_closes_after_it(void **state)
{
    lima_hcs_system *system = start(state);

    set_rules("call=HcsPauseComputeSystem : delay-later=2000\n");
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED, lima_hcs_pause(system, NULL, lima_clock_in(300), NULL, err));
    assert_int_equal(lima_win_jobs_left(), 1);
    lima_hcs_close(system);
    assert_ok(lima_hcs_open(VM, patience(), NULL, &system, err));
    terminate(system);
}

static void time_out__of_create__leaves_no_system(void **state)
{
    char *document = make_document(state, true);
    lima_hcs_system *system = NULL;

    set_rules("call=HcsCreateComputeSystem : delay-later=2000\n");
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED,
                 lima_hcs_create(VM, document, lima_clock_in(300), NULL, &system, err));
    assert_true(none_left());
    assert_false(is_listed());
    free(document);
}

static void crash__of_the_guest__tells_its_last_words(void **state)
{
    lima_hcs_end end = {0};

    set_rules("call=HcsStartComputeSystem : crash=50\n");
    lima_hcs_system *system = start(state);
    lima_err failed = {0};
    if (!lima_hcs_wait_end(system, lima_clock_in(20000), NULL, &end, &failed))
        lima_hcs_end_get(system, &end);
    print_message("%s %s\n", end.status ? end.status : "no end", end.crash ? end.crash : "no crash report");
    assert_non_null(end.crash);
    assert_has(end.crash, "CrashLog");
    if (end.how == LIMA_HCS_GOES_ON)
        assert_ok(lima_hcs_terminate(system, patience(), NULL, err));
    lima_hcs_end_free(&end);
    lima_hcs_close(system);
}

static void disconnect__of_the_service__ends_handles_and_not_the_vm(void **state)
{
    lima_hcs_system *system = start(state);
    lima_hcs_end end = {0};
    char *json = NULL;

    set_rules("call=HcsGetServiceProperties nth=1 : disconnect\n");
    lima_hcs_service("{}", patience(), NULL, &json, NULL);
    free(json);
    assert_ok(lima_hcs_wait_end(system, patience(), NULL, &end, err));
    assert_int_equal(end.how, LIMA_HCS_DISCONNECTED);
    lima_hcs_end_free(&end);
    assert_fails(LIMA_CODE_UNAVAILABLE, lima_hcs_pause(system, NULL, patience(), NULL, err));
    lima_hcs_close(system);
    set_rules("");
    assert_ok(lima_hcs_open(VM, patience(), NULL, &system, err));
    terminate(system);
}

static void faults__of_every_call__become_errors_and_leave_nothing(void **state)
{
    static const char *const rules = "call=Hcs%s : %s=0x8037011B\n";
    static const char *const hows[] = {"fail", "fail-later"};
    static const char *const names[] = {"StartComputeSystem", "PauseComputeSystem", "ModifyComputeSystem",
                                        "GetComputeSystemProperties", "TerminateComputeSystem"};
    lima_hcs_system *system = create(state);

    for (size_t i = 0; i < 2 * sizeof names / sizeof names[0]; i++) {
        char *rule = lima_mem_printf(rules, names[i / 2], hows[i % 2]), *json = NULL;
        lima_err failed = {0};
        set_rules(rule);
        bool ok[] = {lima_hcs_start(system, patience(), NULL, i / 2 == 0 ? &failed : NULL),
                     lima_hcs_pause(system, NULL, patience(), NULL, i / 2 == 1 ? &failed : NULL),
                     lima_hcs_modify(system, "{}", patience(), NULL, i / 2 == 2 ? &failed : NULL),
                     lima_hcs_properties(system, NULL, patience(), NULL, &json, i / 2 == 3 ? &failed : NULL),
                     i / 2 != 4 || lima_hcs_terminate(system, patience(), NULL, &failed)};
        if (ok[i / 2] || failed.code != LIMA_CODE_PERMISSION_DENIED)
            fail_msg("%s: %s", rule, failed.text);
        free(json);
        free(rule);
    }
    set_rules("");
    terminate(system);
}

/* ---- networks ---- */

static const char network_settings[] =
    "{\"SchemaVersion\":{\"Major\":2,\"Minor\":0},\"Name\":\"lima-net\",\"Type\":\"ICS\",\"Flags\":43,"
    "\"Ipams\":[{"
    "\"Type\":\"Static\",\"Subnets\":[{\"IpAddressPrefix\":\"172.29.64.0/24\",\"Routes\":[{\"NextHop\":"
    "\"172.29.64.1\",\"DestinationPrefix\":\"0.0.0.0/0\"}]}]}]}";
static const char endpoint_settings[] =
    "{\"SchemaVersion\":{\"Major\":2,\"Minor\":0},\"HostComputeNetwork\":\"" NETWORK
    "\",\"Name\":\"lima-ep\",\"MacAddress\":\"52-55-55-12-34-56\",\"IpConfigurations\":[],\"Policies\":[]}";

static void networks__from_create_to_delete__are_found_by_guid(void **state)
{
    static const char query[] = "{\"SchemaVersion\":{\"Major\":2,\"Minor\":0},\"Flags\":0}";
    lima_err failed = {0};
    char *json = NULL;

    (void)state;
    assert_false(lima_hcn_query(LIMA_HCN_NETWORK, NETWORK, NULL, patience(), NULL, &json, &failed));
    assert_int_equal((uint32_t)failed.os_code, LIMA_HCN_E_NETWORK_NOT_FOUND);
    assert_fails(LIMA_CODE_NOT_FOUND,
                 lima_hcn_create_endpoint(NETWORK, ENDPOINT, endpoint_settings, patience(), NULL, err));
    assert_ok(lima_hcn_create_network("{" NETWORK "}", network_settings, patience(), NULL, err));
    assert_fails(LIMA_CODE_ALREADY_EXISTS,
                 lima_hcn_create_network(NETWORK, network_settings, patience(), NULL, err));
    assert_ok(lima_hcn_create_endpoint(NETWORK, ENDPOINT, endpoint_settings, patience(), NULL, err));
    assert_ok(lima_hcn_query(LIMA_HCN_ENDPOINT, ENDPOINT, query, patience(), NULL, &json, err));
    assert_has(json, "172.29.64.");
    free(json);
    assert_ok(lima_hcn_enumerate(LIMA_HCN_ENDPOINT, NULL, patience(), NULL, &json, err));
    print_message("%s\n", json);
    free(json);
    assert_false(lima_hcn_delete(LIMA_HCN_NETWORK, NETWORK, patience(), NULL, &failed));
    assert_int_equal((uint32_t)failed.os_code, LIMA_HCN_E_ENTITY_HAS_REFERENCES);
    print_message("%s\n", failed.text);
    assert_ok(lima_hcn_delete(LIMA_HCN_ENDPOINT, ENDPOINT, patience(), NULL, err));
    assert_ok(lima_hcn_delete(LIMA_HCN_NETWORK, NETWORK, patience(), NULL, err));
    assert_fails(LIMA_CODE_NOT_FOUND, lima_hcn_delete(LIMA_HCN_ENDPOINT, ENDPOINT, patience(), NULL, err));
}

static void networks__not_elevated__are_denied(void **state)
{
    char *json = NULL;

    (void)state;
    set_rules("call=Hcn* : fail=0x80070005\n");
    assert_fails(LIMA_CODE_PERMISSION_DENIED,
                 lima_hcn_create_network(NETWORK, network_settings, patience(), NULL, err));
    assert_fails(LIMA_CODE_PERMISSION_DENIED,
                 lima_hcn_enumerate(LIMA_HCN_NETWORK, NULL, patience(), NULL, &json, err));
}

static void networks__slow_service__times_out_and_ends_later(void **state)
{
    char *json = NULL;

    (void)state;
    set_rules("call=HcnEnumerateNetworks : delay=2000\n");
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED,
                 lima_hcn_enumerate(LIMA_HCN_NETWORK, NULL, lima_clock_in(300), NULL, &json, err));
    assert_int_equal(lima_win_jobs_left(), 1);
}

/* ---- disks; $LAYER_BASE is one of 64 MiB ---- */

static void disks__chain__grows_merges_and_tells_its_parent(void **state)
{
    enum { MIB = 1 << 20 };
    char *base = lima_env_get("LAYER_BASE"), *child = in_folder(state, "child.vhdx");
    lima_virtdisk disk = {0};

    assert_ok(lima_virtdisk_get(base, patience(), NULL, &disk, err));
    assert_int_equal(disk.kind, LIMA_VIRTDISK_DYNAMIC);
    assert_true(disk.virtual_size == 64 * MIB && disk.whole && disk.parents.len == 0);
    lima_virtdisk_free(&disk);
    assert_ok(lima_virtdisk_resize(base, 96 * MIB, patience(), NULL, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_virtdisk_resize(base, 64 * MIB, patience(), NULL, err));
    assert_ok(lima_virtdisk_create_child(child, base, patience(), NULL, err));
    assert_fails(LIMA_CODE_ALREADY_EXISTS, lima_virtdisk_create_child(child, base, patience(), NULL, err));
    assert_ok(lima_virtdisk_get(child, patience(), NULL, &disk, err));
    assert_int_equal(disk.kind, LIMA_VIRTDISK_CHILD);
    assert_int_equal(disk.parents.len, 1);
    assert_string_equal(lima_path_base(disk.parents.items[0]), lima_path_base(base));
    print_message("id %s, parent %s: %s\n", disk.id, disk.parent_id, disk.parents.items[0]);
    lima_virtdisk_free(&disk);
    char *moved = lima_mem_printf("%s.moved.vhdx", base);
    assert_ok(lima_file_rename(base, moved, err));
    assert_ok(lima_virtdisk_get(child, patience(), NULL, &disk, err));
    assert_false(disk.whole);
    lima_virtdisk_free(&disk);
    assert_ok(lima_virtdisk_set_parent(child, moved, patience(), NULL, err));
    assert_ok(lima_virtdisk_get(child, patience(), NULL, &disk, err));
    assert_true(disk.whole);
    lima_virtdisk_free(&disk);
    assert_ok(lima_virtdisk_merge(child, patience(), NULL, err));
    free(moved);
    free(child);
    free(base);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(service__asked__tells_its_schema_versions),
        CASE(life__from_create_to_shutdown__is_seen_and_told),
        CASE(save__paused__writes_the_state_and_running_is_refused),
        CASE(refusals__of_every_kind__are_told_apart),
        CASE(time_out__of_a_slow_call__goes_on_and_closes_after_it),
        CASE(time_out__of_create__leaves_no_system),
        CASE(crash__of_the_guest__tells_its_last_words),
        CASE(disconnect__of_the_service__ends_handles_and_not_the_vm),
        CASE(faults__of_every_call__become_errors_and_leave_nothing),
        CASE(networks__from_create_to_delete__are_found_by_guid),
        CASE(networks__not_elevated__are_denied),
        CASE(networks__slow_service__times_out_and_ends_later),
        CASE(disks__chain__grows_merges_and_tells_its_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
