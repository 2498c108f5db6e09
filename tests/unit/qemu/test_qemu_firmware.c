#include "qemu_test.h"

#include "qemu/firmware.h"

static bool is_listed(void *arg, const char *path)
{
    return lima_strv_has(arg, path);
}

static void candidates__x86_64__in_limas_order(void **state)
{
    (void)state;
    lima_instance *inst = make_instance("{}");
    lima_strv list = {0};
    lima_qemu_firmware_candidates(inst, "/opt/q/bin/qemu-system-x86_64", "/home/ü", &list);
    const char *first[] = {"/lh/dev/qemu-efi-code.fd",
                           "/home/ü/.local/share/qemu/edk2-x86_64-code.fd",
                           "/opt/q/share/qemu/edk2-x86_64-code.fd",
                           "/opt/q/bin/share/edk2-x86_64-code.fd",
                           "/usr/share/edk2/x64/OVMF_CODE.4m.fd",
                           "/usr/share/OVMF/OVMF_CODE.fd"};
    assert_int_equal(list.len, 10);
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++)
        assert_string_equal(list.items[i], first[i]);
    lima_strv_free(&list);
    lima_instance_free(inst);
}

static void candidates__aarch64_nothing_known__instance_and_distribution(void **state)
{
    (void)state;
    lima_instance *inst = make_instance_in("/lh/dev", "aarch64", "{}");
    lima_strv list = {0};
    lima_qemu_firmware_candidates(inst, "", "", &list);
    assert_int_equal(list.len, 4);
    assert_string_equal(list.items[3], "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd");
    lima_strv_free(&list);
    lima_instance_free(inst);
}

static void candidates__local_image__comes_second(void **state)
{
    (void)state;
    static const struct {
        const char *location, *path;
    } table[] = {{"/fw/a,b.fd", "/fw/a,b.fd"}, {"file:///fw/c.fd", "/fw/c.fd"}, {"~/d.fd", "/home/u/d.fd"}};
    for (size_t i = 0; i < 3; i++) {
        char config[512];
        snprintf(config, sizeof config,
                 "{'firmware':{'images':[{'location':'/x','arch':'aarch64'},{'location':'/"
                 "y','arch':'x86_64','vmType':'vz'},"
                 "{'location':'%s','arch':'x86_64','vmType':'qemu'}]}}",
                 table[i].location);
        lima_instance *inst = make_instance(config);
        lima_strv list = {0};
        lima_qemu_firmware_candidates(inst, "", "/home/u", &list);
        assert_string_equal(list.items[1], table[i].path);
        assert_null(lima_qemu_firmware_url(inst, NULL));
        lima_strv_free(&list);
        lima_instance_free(inst);
    }
}

static void url__of_remote_image__is_no_candidate(void **state)
{
    (void)state;
    lima_instance *inst = make_instance(
        "{'firmware':{'images':[{'location':'https://h/f.fd','arch':'x86_64','digest':'sha256:00'}]}}");
    const char *digest = NULL;
    lima_strv list = {0};
    assert_string_equal(lima_qemu_firmware_url(inst, &digest), "https://h/f.fd");
    assert_string_equal(digest, "sha256:00");
    assert_string_equal(lima_qemu_firmware_url(inst, NULL), "https://h/f.fd");
    lima_qemu_firmware_candidates(inst, "", "", &list);
    assert_string_equal(list.items[1], "/usr/share/edk2/x64/OVMF_CODE.4m.fd");
    lima_strv_free(&list);
    lima_instance_free(inst);
}

static void wanted__legacy_bios__only_x86_64_can(void **state)
{
    (void)state;
    const char *legacy = "{'firmware':{'legacyBIOS':true}}";
    lima_instance *x86 = make_instance(legacy), *arm = make_instance_in("/d", "aarch64", legacy),
                  *plain = make_instance("{}");
    bool ignored = true;
    assert_false(lima_qemu_firmware_wanted(x86, &ignored));
    assert_false(ignored);
    assert_true(lima_qemu_firmware_wanted(arm, &ignored));
    assert_true(ignored);
    assert_true(lima_qemu_firmware_wanted(plain, NULL));
    lima_instance_free(x86);
    lima_instance_free(arm);
    lima_instance_free(plain);
}

static void choose__takes_the_first_that_exists(void **state)
{
    (void)state;
    lima_instance *inst = make_instance("{}");
    lima_strv candidates = {0}, existing = {0};
    char *found = NULL;
    lima_str_split("/a /b /c", ' ', &candidates);
    lima_str_split("/c /b", ' ', &existing);
    assert_ok(lima_qemu_firmware_choose(inst, &candidates, true, is_listed, &existing, &found, &err));
    assert_string_equal(found, "/b");
    free(found);
    lima_strv_free(&candidates);
    lima_strv_free(&existing);
    lima_instance_free(inst);
}

static void choose__none_with_kernel__boots_without(void **state)
{
    (void)state;
    lima_instance *inst = make_instance("{}");
    lima_strv candidates = {0}, existing = {0};
    char *found = (char *)"before";
    assert_ok(lima_qemu_firmware_choose(inst, &candidates, true, is_listed, &existing, &found, &err));
    assert_null(found);
    lima_instance_free(inst);
}

static void choose__legacy_bios__is_none_even_if_found(void **state)
{
    (void)state;
    lima_instance *inst = make_instance("{'firmware':{'legacyBIOS':true}}");
    lima_strv both = {0};
    char *found = (char *)"before";
    lima_strv_add(&both, "/a");
    assert_ok(lima_qemu_firmware_choose(inst, &both, false, is_listed, &both, &found, &err));
    assert_null(found);
    lima_strv_free(&both);
    lima_instance_free(inst);
}

static void choose__none_without_kernel__names_places_and_packages(void **state)
{
    (void)state;
    lima_instance *x86 = make_instance("{}"), *arm = make_instance_in("/d", "aarch64", "{}");
    lima_strv candidates = {0}, existing = {0};
    char *found = NULL;
    lima_strv_add(&candidates, "/some/place.fd");
    assert_err(lima_qemu_firmware_choose(x86, &candidates, false, is_listed, &existing, &found, &err),
               LIMA_CODE_NOT_FOUND, "x86_64", "ovmf", "legacyBIOS", "/some/place.fd");
    assert_err(lima_qemu_firmware_choose(arm, &candidates, false, is_listed, &existing, &found, &err),
               LIMA_CODE_NOT_FOUND, "qemu-efi-aarch64");
    assert_null(found);
    lima_strv_free(&candidates);
    lima_instance_free(x86);
    lima_instance_free(arm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(candidates__x86_64__in_limas_order),
        cmocka_unit_test(candidates__aarch64_nothing_known__instance_and_distribution),
        cmocka_unit_test(candidates__local_image__comes_second),
        cmocka_unit_test(url__of_remote_image__is_no_candidate),
        cmocka_unit_test(wanted__legacy_bios__only_x86_64_can),
        cmocka_unit_test(choose__takes_the_first_that_exists),
        cmocka_unit_test(choose__none_with_kernel__boots_without),
        cmocka_unit_test(choose__legacy_bios__is_none_even_if_found),
        cmocka_unit_test(choose__none_without_kernel__names_places_and_packages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
