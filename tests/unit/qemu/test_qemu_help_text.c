#include "qemu_test.h"

#include "qemu/help_text.h"

static const char accels_text[] = "Accelerators supported in QEMU binary:\ntcg\nkvm\n";
static const char cpus_x86_old[] = "Available CPUs:\n"
                                   "x86 486                   (alias configured by machine type)\n"
                                   "x86 Broadwell-IBRS        (alias of Broadwell-v3)\r\n"
                                   "x86 max                   Enables all features\n\n"
                                   "Recognized CPUID flags:\n  3dnow kvm abm\n";
static const char cpus_x86_new[] =
    "Available CPUs:\n  486         (alias)\n  max\n\nRecognized CPUID flags:\n  tcgflag\n";

static void version__of_debian__is_read(void **state)
{
    (void)state;
    qemu_features features = {0};
    assert_ok(lima_qemu_parse_version(
        "warning: x\nQEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)\nCopyright\n", &features,
        &err));
    assert_int_equal(features.version.major, 7);
    assert_int_equal(features.version.minor, 2);
    assert_int_equal(features.version.patch, 22);
}

static void version__other_text__fails_and_keeps_value(void **state)
{
    (void)state;
    qemu_features features = {.version = {1, 2, 3}};
    assert_err(lima_qemu_parse_version("bash: no such thing 1.2\n", &features, &err), LIMA_CODE_UNKNOWN,
               "bash: no such");
    assert_err(lima_qemu_parse_version("", &features, &err), LIMA_CODE_UNKNOWN, "version");
    assert_err(lima_qemu_parse_version("QEMU emulator version unknown", &features, &err),
               LIMA_CODE_INVALID_ARGUMENT, "");
    assert_int_equal(features.version.patch, 3);
}

static void accels__are_the_lines_after_the_headline(void **state)
{
    (void)state;
    qemu_features features = {0};
    assert_ok(lima_qemu_parse_accels(accels_text, &features, &err));
    assert_int_equal(features.accels.len, 2);
    assert_true(lima_strv_has(&features.accels, "kvm"));
    lima_qemu_features_free(&features);
}

static void list__read_twice__is_replaced(void **state)
{
    (void)state;
    qemu_features features = {0};
    assert_ok(lima_qemu_parse_accels(accels_text, &features, &err));
    assert_ok(lima_qemu_parse_accels("Accelerators supported:\nhvf\n", &features, &err));
    assert_int_equal(features.accels.len, 1);
    lima_qemu_features_free(&features);
}

static void list__without_headline_or_entries__fails_and_keeps_list(void **state)
{
    (void)state;
    qemu_features features = {0};
    assert_ok(lima_qemu_parse_netdevs("Available netdev backend types:\nuser\n", &features, &err));
    assert_err(lima_qemu_parse_netdevs("qemu: -netdev: unknown\n", &features, &err), LIMA_CODE_UNKNOWN,
               "network backends", "-netdev: unknown");
    assert_err(lima_qemu_parse_netdevs("Available netdev backend types:\n", &features, &err),
               LIMA_CODE_UNKNOWN, "Available");
    assert_err(lima_qemu_parse_netdevs("", &features, &err), LIMA_CODE_UNKNOWN, "''");
    assert_true(lima_strv_has(&features.netdevs, "user"));
    lima_qemu_features_free(&features);
}

static void cpus__of_old_and_new_x86__are_models_without_flags(void **state)
{
    (void)state;
    const char *texts[] = {cpus_x86_old, cpus_x86_new};
    for (size_t i = 0; i < 2; i++) {
        qemu_features features = {0};
        assert_ok(lima_qemu_parse_cpus(texts[i], &features, &err));
        assert_true(lima_strv_has(&features.cpus, "486"));
        assert_true(lima_strv_has(&features.cpus, "max"));
        assert_false(lima_strv_has(&features.cpus, "x86"));
        assert_false(lima_strv_has(&features.cpus, "3dnow"));
        assert_false(lima_strv_has(&features.cpus, "tcgflag"));
        assert_int_equal(features.cpus.len, i == 0 ? 3 : 2);
        lima_qemu_features_free(&features);
    }
}

static void list__endless__is_cut_at_the_limit(void **state)
{
    (void)state;
    size_t lines = QEMU_HELP_WORDS_MAX + 100;
    char *text = lima_mem_zalloc(lines * 2 + 64, 1);
    size_t len = (size_t)sprintf(text, "Available CPUs:\n");
    for (size_t i = 0; i < lines; i++)
        memcpy(text + len + 2 * i, "a\n", 2);
    qemu_features features = {0};
    assert_ok(lima_qemu_parse_cpus(text, &features, &err));
    assert_int_equal(features.cpus.len, QEMU_HELP_WORDS_MAX);
    lima_qemu_features_free(&features);
    free(text);
}

/* Longer than the limit: the end is not looked at. */
static void text__past_the_limit__is_cut(void **state)
{
    (void)state;
    char *text = lima_mem_zalloc(QEMU_HELP_BYTES_MAX + 64, 1);
    memset(text, ' ', QEMU_HELP_BYTES_MAX);
    sprintf(text + QEMU_HELP_BYTES_MAX, "\nAvailable CPUs:\nmax\n");
    qemu_features features = {0};
    assert_err(lima_qemu_parse_cpus(text, &features, &err), LIMA_CODE_UNKNOWN, "CPU models");
    free(text);
}

static void probes__name_the_machine_of_the_architecture(void **state)
{
    (void)state;
    const qemu_probe *x86 = lima_qemu_probes("x86_64"), *arm = lima_qemu_probes("aarch64");
    assert_string_equal(x86[0].args[0], "--version");
    assert_string_equal(x86[3].args[3], "q35");
    assert_string_equal(arm[3].args[3], "virt");
    assert_null(x86[4].args[0]);
    assert_null(arm[4].args[0]);
    assert_ptr_equal(x86[1].parse, lima_qemu_parse_accels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version__of_debian__is_read),
        cmocka_unit_test(version__other_text__fails_and_keeps_value),
        cmocka_unit_test(accels__are_the_lines_after_the_headline),
        cmocka_unit_test(list__read_twice__is_replaced),
        cmocka_unit_test(list__without_headline_or_entries__fails_and_keeps_list),
        cmocka_unit_test(cpus__of_old_and_new_x86__are_models_without_flags),
        cmocka_unit_test(list__endless__is_cut_at_the_limit),
        cmocka_unit_test(text__past_the_limit__is_cut),
        cmocka_unit_test(probes__name_the_machine_of_the_architecture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
