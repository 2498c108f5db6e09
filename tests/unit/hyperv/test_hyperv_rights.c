/* Which single thing is in the way, for every kind of computer and user; and the command that helps. */
#include "hyperv_test.h"

#include <string.h>

#include "hyperv/rights.h"
#include "test_rights_of.h"

/* A computer and user to whom everything is allowed. */
static lima_rights good(void)
{
    return (lima_rights){.build = 22631,
                         .elevated = true,
                         .administrators = LIMA_RIGHTS_MEMBER,
                         .user = (char *)"PC\\me",
                         .user_sid = (char *)"S-1-5-21-1",
                         .hyperv_group = (char *)"Hyper-V-Administratoren",
                         .hypervisor = true,
                         .computecore = true,
                         .computenetwork = true,
                         .virtdisk = true,
                         .vmcompute = LIMA_RIGHTS_SERVICE_STOPPED,
                         .hns = LIMA_RIGHTS_SERVICE_RUNS};
}

static lima_rights plain_user(uint32_t build, lima_rights_member administrators, lima_rights_member hyperv)
{
    lima_rights user = good();

    user.build = build;
    user.elevated = false;
    user.administrators = administrators;
    user.hyperv = hyperv;
    return user;
}

static void assert_lack(const lima_rights *rights, hyperv_lack due)
{
    hyperv_lack lack = lima_hyperv_lack(rights);

    if (lack != due)
        fail_msg("%s", lima_hyperv_lack_cause(lack));
}

static void assert_network_lack(const lima_rights *rights, hyperv_lack due)
{
    hyperv_lack lack = lima_hyperv_network_lack(rights);

    if (lack != due)
        fail_msg("%s", lima_hyperv_lack_cause(lack));
}

static void assert_next(hyperv_lack lack, const lima_rights *rights, const char *words, const char *more)
{
    char *next = lima_hyperv_lack_next(lack, rights);

    if (!strstr(next, words) || !strstr(next, more))
        fail_msg("%s", next);
    free(next);
}

static void lack__nothing_in_the_way__is_none(void **state)
{
    const lima_rights admin = good();
    const lima_rights member = plain_user(22631, LIMA_RIGHTS_NOT_MEMBER, LIMA_RIGHTS_MEMBER);
    const lima_rights always =
        plain_user(22631, LIMA_RIGHTS_MEMBER, LIMA_RIGHTS_NOT_MEMBER); /* without UAC */
    lima_rights unknown = good();

    (void)state;
    unknown.vmcompute = unknown.hns = LIMA_RIGHTS_SERVICE_UNKNOWN;
    assert_lack(&admin, HYPERV_LACK_NOTHING);
    assert_lack(&member, HYPERV_LACK_NOTHING);
    assert_lack(&always, HYPERV_LACK_NOTHING);
    assert_lack(&unknown, HYPERV_LACK_NOTHING);
    assert_network_lack(&admin, HYPERV_LACK_NOTHING);
    assert_network_lack(&always, HYPERV_LACK_NOTHING);
    assert_network_lack(&unknown, HYPERV_LACK_NOTHING);
}

static void lack__feature_off__is_told_from_an_old_windows(void **state)
{
    lima_rights old = good(), no_dll = good(), no_service = good(), no_network = good();

    (void)state;
    old.computecore = no_dll.computecore = no_network.computenetwork = false;
    old.build = 17134;
    no_service.vmcompute = LIMA_RIGHTS_NO_SERVICE;
    assert_lack(&old, HYPERV_LACK_WINDOWS);
    old.computenetwork = false;
    assert_network_lack(&old, HYPERV_LACK_WINDOWS);
    assert_lack(&no_dll, HYPERV_LACK_FEATURE);
    assert_lack(&no_service, HYPERV_LACK_FEATURE);
    assert_lack(&no_network, HYPERV_LACK_NOTHING);
    assert_network_lack(&no_network, HYPERV_LACK_FEATURE);
    no_network = good();
    no_network.hns = LIMA_RIGHTS_NO_SERVICE;
    assert_network_lack(&no_network, HYPERV_LACK_FEATURE);
    assert_next(HYPERV_LACK_FEATURE, &no_dll, "`dism /Online /Enable-Feature", "VirtualMachinePlatform");
}

static void lack__no_hypervisor__tells_firmware_from_boot_settings(void **state)
{
    lima_rights off = good(), firmware = good();

    (void)state;
    off.hypervisor = firmware.hypervisor = false;
    off.firmware = true;
    assert_lack(&off, HYPERV_LACK_HYPERVISOR);
    assert_lack(&firmware, HYPERV_LACK_FIRMWARE);
    assert_next(HYPERV_LACK_HYPERVISOR, &off, "`bcdedit /set hypervisorlaunchtype auto`", "restart");
    assert_next(HYPERV_LACK_FIRMWARE, &firmware, "VT-x", "`shutdown /r /fw /t 0`");
}

static void lack__service_disabled__names_it_and_the_command(void **state)
{
    lima_rights vms = good(), networks = good();

    (void)state;
    vms.vmcompute = networks.hns = LIMA_RIGHTS_SERVICE_DISABLED;
    assert_lack(&vms, HYPERV_LACK_VM_SERVICE);
    assert_lack(&networks, HYPERV_LACK_NOTHING);
    assert_network_lack(&networks, HYPERV_LACK_NETWORK_SERVICE);
    assert_next(HYPERV_LACK_VM_SERVICE, &vms, "as administrator", "`sc config vmcompute start= demand`");
    assert_next(HYPERV_LACK_NETWORK_SERVICE, &networks, "as administrator", "`sc config hns start= demand`");
}

static void lack__each_kind_of_user__gets_what_helps(void **state)
{
    const lima_rights stranger = plain_user(22631, LIMA_RIGHTS_NOT_MEMBER, LIMA_RIGHTS_NOT_MEMBER);
    const lima_rights filtered = plain_user(22631, LIMA_RIGHTS_FILTERED, LIMA_RIGHTS_NOT_MEMBER);
    const lima_rights group_filtered = plain_user(22631, LIMA_RIGHTS_NOT_MEMBER, LIMA_RIGHTS_FILTERED);
    const lima_rights early = plain_user(22631, LIMA_RIGHTS_FILTERED, LIMA_RIGHTS_NEXT_LOGON);
    const char *command = "`net localgroup \"Hyper-V-Administratoren\" \"PC\\me\" /add`";

    (void)state;
    assert_lack(&stranger, HYPERV_LACK_GROUP);
    assert_lack(&filtered, HYPERV_LACK_ELEVATION);
    assert_lack(&group_filtered, HYPERV_LACK_ELEVATION);
    assert_lack(&early, HYPERV_LACK_LOGON);
    assert_next(HYPERV_LACK_GROUP, &stranger, command, "log off and on again");
    assert_next(HYPERV_LACK_ELEVATION, &filtered, "'Run as administrator'", command);
    assert_next(HYPERV_LACK_LOGON, &early, "log off and on again", "`shutdown /l`");
}

static void next__names_that_are_not_known__still_help(void **state)
{
    lima_rights user = plain_user(19045, LIMA_RIGHTS_NOT_MEMBER, LIMA_RIGHTS_NOT_MEMBER);

    (void)state;
    user.user = NULL;
    assert_next(HYPERV_LACK_GROUP, &user, "\"Hyper-V-Administratoren\"", "\"YOUR NAME\"");
    user.hyperv_group = (char *)"";
    assert_next(HYPERV_LACK_GROUP, &user, "'Run as administrator'", "");
}

/* facts 1.2: since Windows 11 22H2 the group is not enough for networks */
static void network_lack__by_build(void **state)
{
    const lima_rights old = plain_user(19045, LIMA_RIGHTS_NOT_MEMBER, LIMA_RIGHTS_MEMBER);
    const lima_rights first = plain_user(22000, LIMA_RIGHTS_NOT_MEMBER, LIMA_RIGHTS_MEMBER);
    const lima_rights strict = plain_user(22621, LIMA_RIGHTS_NOT_MEMBER, LIMA_RIGHTS_MEMBER);
    const lima_rights old_early = plain_user(19045, LIMA_RIGHTS_NOT_MEMBER, LIMA_RIGHTS_NEXT_LOGON);
    const lima_rights strict_early = plain_user(26100, LIMA_RIGHTS_NOT_MEMBER, LIMA_RIGHTS_NEXT_LOGON);

    (void)state;
    assert_network_lack(&old, HYPERV_LACK_NOTHING);
    assert_network_lack(&first, HYPERV_LACK_NOTHING);
    assert_network_lack(&strict, HYPERV_LACK_NETWORK_ELEVATION);
    assert_network_lack(&old_early, HYPERV_LACK_LOGON);
    assert_network_lack(&strict_early, HYPERV_LACK_NETWORK_ELEVATION);
}

static void lack__several_things_wrong__is_the_most_basic(void **state)
{
    lima_rights all = {.build = 22631};

    (void)state;
    assert_lack(&all, HYPERV_LACK_FEATURE);
    all.computecore = true;
    all.vmcompute = LIMA_RIGHTS_SERVICE_RUNS;
    assert_lack(&all, HYPERV_LACK_FIRMWARE);
    all.hypervisor = true;
    assert_lack(&all, HYPERV_LACK_GROUP);
}

static void check__says_cause_and_one_step(void **state)
{
    lima_rights rights = good();

    (void)state;
    assert_ok(lima_hyperv_rights_check(&rights, &err));
    rights.vmcompute = LIMA_RIGHTS_NO_SERVICE;
    assert_err(lima_hyperv_rights_check(&rights, &err), LIMA_CODE_FAILED_PRECONDITION,
               "Virtual Machine Platform is off", "`dism /Online");
    rights = plain_user(22631, LIMA_RIGHTS_FILTERED, LIMA_RIGHTS_NEXT_LOGON);
    assert_err(lima_hyperv_rights_check(&rights, &err), LIMA_CODE_PERMISSION_DENIED, "logged on before",
               "`shutdown /l`");
    rights.computecore = false;
    rights.build = 0;
    assert_err(lima_hyperv_rights_check(&rights, &err), LIMA_CODE_UNIMPLEMENTED, "1809");
}

static void texts__every_lack_has_them(void **state)
{
    const lima_rights rights = good();

    (void)state;
    for (int lack = HYPERV_LACK_NOTHING; lack <= HYPERV_LACK_GROUP; lack++) {
        char *next = lima_hyperv_lack_next((hyperv_lack)lack, &rights);
        assert_true(strlen(lima_hyperv_lack_cause((hyperv_lack)lack)) > 10);
        assert_true(strlen(next) > 10);
        assert_null(strstr(next, "powershell"));
        assert_int_equal(lima_hyperv_lack_code((hyperv_lack)lack) == LIMA_CODE_OK,
                         lack == HYPERV_LACK_NOTHING);
        free(next);
    }
}

/* ---- the stand-in that drivers' tests use (fakes/hcs_dlls) ---- */

static void stand_in__each_word__is_refused_for_its_own_reason(void **state)
{
    static const struct {
        const char *words;
        hyperv_lack vms, networks;
    } cases[] = {
        {"", HYPERV_LACK_NOTHING, HYPERV_LACK_NOTHING},
        {"no-dll", HYPERV_LACK_FEATURE, HYPERV_LACK_FEATURE},
        {"no-feature", HYPERV_LACK_FEATURE, HYPERV_LACK_FEATURE},
        {"no-hypervisor", HYPERV_LACK_HYPERVISOR, HYPERV_LACK_NOTHING},
        {"no-firmware", HYPERV_LACK_FIRMWARE, HYPERV_LACK_NOTHING},
        {"disabled", HYPERV_LACK_VM_SERVICE, HYPERV_LACK_NOTHING},
        {"no-hns", HYPERV_LACK_NOTHING, HYPERV_LACK_NETWORK_SERVICE},
        {"user", HYPERV_LACK_GROUP, HYPERV_LACK_NETWORK_ELEVATION},
        {"member", HYPERV_LACK_NOTHING, HYPERV_LACK_NETWORK_ELEVATION},
        {"member windows10", HYPERV_LACK_NOTHING, HYPERV_LACK_NOTHING},
        {"next-logon", HYPERV_LACK_LOGON, HYPERV_LACK_NETWORK_ELEVATION},
        {"filtered", HYPERV_LACK_ELEVATION, HYPERV_LACK_NETWORK_ELEVATION},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        lima_rights rights = {0};
        test_rights_of(cases[i].words, &rights);
        assert_lack(&rights, cases[i].vms);
        assert_network_lack(&rights, cases[i].networks);
        lima_rights_free(&rights);
        lima_rights_free(&rights);
    }
    lima_rights_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lack__nothing_in_the_way__is_none),
        cmocka_unit_test(lack__feature_off__is_told_from_an_old_windows),
        cmocka_unit_test(lack__no_hypervisor__tells_firmware_from_boot_settings),
        cmocka_unit_test(lack__service_disabled__names_it_and_the_command),
        cmocka_unit_test(lack__each_kind_of_user__gets_what_helps),
        cmocka_unit_test(next__names_that_are_not_known__still_help),
        cmocka_unit_test(network_lack__by_build),
        cmocka_unit_test(lack__several_things_wrong__is_the_most_basic),
        cmocka_unit_test(check__says_cause_and_one_step),
        cmocka_unit_test(texts__every_lack_has_them),
        cmocka_unit_test(stand_in__each_word__is_refused_for_its_own_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
