/* A computer without Hyper-V, which Wine is: every call says what is missing and what to do. And what there is
 * everywhere: this user's rights. */
#include <windows.h>

#include <stdlib.h>
#include <string.h>

#include "handles.h"
#include "support.h"

#include "hcn.h"
#include "hcs.h"
#include "hvsocket.h"
#include "rights.h"
#include "virtdisk.h"
#include "wine.h"

#define GUID_TEXT "12345678-1234-1234-1234-123456789012"

#define ONLY_ON_WINE()                                                                                       \
    if (!on_wine())                                                                                          \
    lima_skip("this Windows may have Hyper-V")

static void assert_says(const lima_err *err, const char *words)
{
    if (!strstr(err->text, words))
        fail_msg("'%s' does not say '%s'", err->text, words);
}

static void assert_feature_missing(bool result, const lima_err *err, const char *dll)
{
    assert_false(result);
    if (err->code != LIMA_CODE_FAILED_PRECONDITION)
        fail_msg("%s: %s", lima_code_name(err->code), err->text);
    assert_says(err, dll);
    assert_says(err, "not installed");
    assert_says(err, "dism /online /enable-feature /featurename:VirtualMachinePlatform");
}

static void hcs__no_dll__every_call_says_which_feature_is_missing(void **state)
{
    lima_hcs_system *system = NULL;
    lima_err err = {0};
    char *json = NULL;

    (void)state;
    ONLY_ON_WINE();
    assert_feature_missing(lima_hcs_service("{}", patience(), NULL, &json, &err), &err, "computecore.dll");
    assert_feature_missing(lima_hcs_enumerate("{}", patience(), NULL, &json, &err), &err, "computecore.dll");
    assert_feature_missing(lima_hcs_create(GUID_TEXT, "{}", patience(), NULL, &system, &err), &err,
                           "computecore.dll");
    assert_feature_missing(lima_hcs_open(GUID_TEXT, patience(), NULL, &system, &err), &err,
                           "computecore.dll");
    assert_feature_missing(lima_hcs_grant(GUID_TEXT, "C:\\x", patience(), NULL, &err), &err,
                           "computecore.dll");
    assert_feature_missing(lima_hcs_make_guest_state("C:\\x", patience(), NULL, &err), &err,
                           "computecore.dll");
    assert_null(json);
    assert_null(system);
    lima_hcs_close(NULL);
}

static void hcn__no_dll__every_call_says_which_feature_is_missing(void **state)
{
    lima_err err = {0};
    char *json = NULL;

    (void)state;
    ONLY_ON_WINE();
    for (int kind = LIMA_HCN_NETWORK; kind <= LIMA_HCN_ENDPOINT; kind++) {
        assert_feature_missing(lima_hcn_enumerate((lima_hcn_kind)kind, NULL, patience(), NULL, &json, &err),
                               &err, "computenetwork.dll");
        assert_feature_missing(
            lima_hcn_query((lima_hcn_kind)kind, GUID_TEXT, NULL, patience(), NULL, &json, &err), &err,
            "computenetwork.dll");
        assert_feature_missing(lima_hcn_delete((lima_hcn_kind)kind, GUID_TEXT, patience(), NULL, &err), &err,
                               "computenetwork.dll");
    }
    assert_feature_missing(lima_hcn_create_network(GUID_TEXT, "{}", patience(), NULL, &err), &err,
                           "computenetwork.dll");
    assert_feature_missing(lima_hcn_create_endpoint(GUID_TEXT, GUID_TEXT, "{}", patience(), NULL, &err), &err,
                           "computenetwork.dll");
    assert_feature_missing(lima_hcn_modify_endpoint(GUID_TEXT, "{}", patience(), NULL, &err), &err,
                           "computenetwork.dll");
    assert_null(json);
}

static void hcn__no_guid__is_refused_before_anything_else(void **state)
{
    char *json = NULL;

    (void)state;
    assert_fails(LIMA_CODE_INVALID_ARGUMENT,
                 lima_hcn_query(LIMA_HCN_NETWORK, "net", NULL, patience(), NULL, &json, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT,
                 lima_hcn_create_endpoint("net", GUID_TEXT, "{}", patience(), NULL, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT,
                 lima_hcn_create_endpoint(GUID_TEXT, "ep", "{}", patience(), NULL, err));
}

/* Wine has a virtdisk.dll that does next to nothing: whatever it says, it is an error and leaves nothing. */
static void virtdisk__of_wine__fails_and_names_the_disk(void **state)
{
    char *disk = in_folder(state, "a.vhdx");
    lima_virtdisk found = {0};
    lima_err err = {0};

    ONLY_ON_WINE();
    assert_false(lima_virtdisk_get(disk, patience(), NULL, &found, &err));
    print_message("Wine: %s\n", err.text);
    assert_says(&err, "a.vhdx");
    lima_virtdisk_free(&found);
    lima_virtdisk_free(NULL);
    free(disk);
}

static void hvsocket__listen__no_guid_and_no_hvsockets_are_told_apart(void **state)
{
    lima_hvsocket_listener *listener = NULL;

    (void)state;
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_hvsocket_listen("x", 50000, &listener, err));
    ONLY_ON_WINE();
    assert_fails(LIMA_CODE_FAILED_PRECONDITION, lima_hvsocket_listen(GUID_TEXT, 50000, &listener, err));
    assert_null(listener);
    lima_hvsocket_close(NULL);
}

/* ---- rights ---- */

static void rights__of_this_user__are_plausible_and_freed(void **state)
{
    lima_rights found = {0};

    (void)state;
    assert_ok(lima_rights_look(&found, err));
    assert_true(found.build >= 7600);
    assert_int_equal(strncmp(found.user_sid, "S-1-", 4), 0);
    assert_non_null(strchr(found.user, '\\'));
    assert_non_null(found.hyperv_group);
    print_message(
        "build %u, elevated %d, administrators %d, hyperv %d '%s', user %s %s, hypervisor %d, firmware "
        "%d, vmcompute %d, hns %d\n",
        (unsigned)found.build, found.elevated, found.administrators, found.hyperv, found.hyperv_group,
        found.user, found.user_sid, found.hypervisor, found.firmware, found.vmcompute, found.hns);
    if (on_wine()) {
        assert_int_equal(found.vmcompute, LIMA_RIGHTS_NO_SERVICE);
        assert_int_equal(found.hns, LIMA_RIGHTS_NO_SERVICE);
        assert_false(found.computecore || found.computenetwork);
    }
    lima_rights_free(&found);
    lima_rights_free(&found);
    lima_rights_free(NULL);
}

static void look_at_rights(void *unused)
{
    lima_rights found = {0};

    (void)unused;
    assert_ok(lima_rights_look(&found, err));
    lima_rights_free(&found);
}

static void rights__looked_at_many_times__leave_no_handle(void **state)
{
    (void)state;
    assert_no_growth(look_at_rights, NULL, 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hcs__no_dll__every_call_says_which_feature_is_missing),
        cmocka_unit_test(hcn__no_dll__every_call_says_which_feature_is_missing),
        cmocka_unit_test(hcn__no_guid__is_refused_before_anything_else),
        IN_FOLDER(virtdisk__of_wine__fails_and_names_the_disk),
        cmocka_unit_test(hvsocket__listen__no_guid_and_no_hvsockets_are_told_apart),
        cmocka_unit_test(rights__of_this_user__are_plausible_and_freed),
        cmocka_unit_test(rights__looked_at_many_times__leave_no_handle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
