#include "qemu_test.h"

#include "qemu/choose.h"

static const qemu_host linux_x86 = {"linux", "x86_64", false};
static const qemu_host linux_arm = {"linux", "aarch64", false};
static const qemu_host mac_arm = {"darwin", "aarch64", false};
static const qemu_host mac_sme = {"darwin", "aarch64", true};
static const qemu_host mac_x86 = {"darwin", "x86_64", false};
static const qemu_host windows_x86 = {"windows", "x86_64", false};
static const qemu_host netbsd_x86 = {"netbsd", "x86_64", false};
static const qemu_host other_x86 = {"plan9", "x86_64", false};

static qemu_features features_of(const char *accels, const char *cpus)
{
    qemu_features features = {.version = {7, 2, 0}};
    if (*accels)
        lima_str_split(accels, ' ', &features.accels);
    if (*cpus)
        lima_str_split(cpus, ' ', &features.cpus);
    return features;
}

static void words__no_variable__are_the_usual_program(void **state)
{
    (void)state;
    const char *blanks[] = {NULL, "", "  "};
    for (size_t i = 0; i < 3; i++) {
        lima_strv words = {0};
        assert_ok(lima_qemu_program_words("aarch64", blanks[i], &words, &err));
        assert_int_equal(words.len, 1);
        assert_string_equal(words.items[0], "qemu-system-aarch64");
        lima_strv_free(&words);
    }
}

static void words__of_variable__are_split_like_a_shell(void **state)
{
    (void)state;
    lima_strv words = {0};
    lima_strv_add(&words, "old");
    assert_ok(lima_qemu_program_words("x86_64", "'/opt/my qemu/q' -m 2G \"a b\"", &words, &err));
    assert_int_equal(words.len, 4);
    assert_string_equal(words.items[0], "/opt/my qemu/q");
    assert_string_equal(words.items[3], "a b");
    lima_strv_free(&words);
}

static void words__bad_value__names_the_variable(void **state)
{
    (void)state;
    lima_strv words = {0};
    assert_err(lima_qemu_program_words("x86_64", "qemu 'open", &words, &err), LIMA_CODE_INVALID_ARGUMENT,
               "QEMU_SYSTEM_X86_64");
    assert_err(lima_qemu_program_words("aarch64", "'' -m 1G", &words, &err), LIMA_CODE_INVALID_ARGUMENT,
               "QEMU_SYSTEM_AARCH64", "empty");
    assert_err(lima_qemu_program_words("x86_64", "./qemu -m 1G", &words, &err), LIMA_CODE_INVALID_ARGUMENT,
               "QEMU_SYSTEM_X86_64", "'./qemu' is a relative path");
    assert_err(lima_qemu_program_words("riscv64", NULL, &words, &err), LIMA_CODE_UNIMPLEMENTED, "riscv64");
    assert_int_equal(words.len, 0);
    assert_null(lima_qemu_program_variable("riscv64"));
    assert_string_equal(lima_qemu_program_variable("aarch64"), "QEMU_SYSTEM_AARCH64");
}

static void native_accel__by_host__only_for_its_own_architecture(void **state)
{
    (void)state;
    assert_string_equal(lima_qemu_native_accel("x86_64", &linux_x86), "kvm");
    assert_null(lima_qemu_native_accel("aarch64", &linux_x86));
    assert_string_equal(lima_qemu_native_accel("aarch64", &mac_arm), "hvf");
    assert_string_equal(lima_qemu_native_accel("x86_64", &windows_x86), "whpx");
    assert_string_equal(lima_qemu_native_accel("x86_64", &netbsd_x86), "nvmm");
    assert_null(lima_qemu_native_accel("x86_64", &other_x86));
}

static void accel__usable__is_taken_silently(void **state)
{
    (void)state;
    qemu_features features = features_of("tcg kvm", "");
    qemu_accel_probe probe = {.usable = true};
    qemu_choice choice = {0};
    assert_ok(lima_qemu_choose_accel("x86_64", &linux_x86, &features, &probe, &choice, &err));
    assert_string_equal(choice.accel, "kvm");
    assert_string_equal(choice.warning, "");
    lima_qemu_features_free(&features);
}

static void accel__unusable__becomes_tcg_with_the_reason(void **state)
{
    (void)state;
    qemu_features features = features_of("tcg kvm", "");
    qemu_accel_probe probe = {.reason = "/dev/kvm: permission denied"}, silent = {0};
    qemu_choice choice = {0};
    assert_ok(lima_qemu_choose_accel("x86_64", &linux_x86, &features, &probe, &choice, &err));
    assert_string_equal(choice.accel, "tcg");
    assert_non_null(strstr(choice.warning, "kvm"));
    assert_non_null(strstr(choice.warning, "/dev/kvm: permission denied"));
    assert_ok(lima_qemu_choose_accel("x86_64", &linux_x86, &features, &silent, &choice, &err));
    assert_non_null(strstr(choice.warning, "cannot be used"));
    lima_qemu_features_free(&features);
}

static void accel__not_in_this_qemu__becomes_tcg(void **state)
{
    (void)state;
    qemu_features features = features_of("tcg", "");
    qemu_accel_probe probe = {.usable = true};
    qemu_choice choice = {0};
    assert_ok(lima_qemu_choose_accel("x86_64", &linux_x86, &features, &probe, &choice, &err));
    assert_string_equal(choice.accel, "tcg");
    assert_non_null(strstr(choice.warning, "built without"));
    lima_qemu_features_free(&features);
}

static void accel__foreign_architecture__is_tcg_without_warning(void **state)
{
    (void)state;
    qemu_features features = features_of("", "");
    qemu_choice choice = {0};
    assert_ok(lima_qemu_choose_accel("aarch64", &linux_x86, &features, NULL, &choice, &err));
    assert_string_equal(choice.accel, "tcg");
    assert_string_equal(choice.warning, "");
}

static void accel__tcg_missing_too__fails(void **state)
{
    (void)state;
    qemu_features features = features_of("kvm", "");
    qemu_accel_probe probe = {.reason = "no rights"};
    qemu_choice choice = {.accel = "old"};
    assert_err(lima_qemu_choose_accel("x86_64", &linux_x86, &features, &probe, &choice, &err),
               LIMA_CODE_FAILED_PRECONDITION, "no rights", "tcg is missing");
    assert_err(lima_qemu_choose_accel("aarch64", &linux_x86, &features, NULL, &choice, &err),
               LIMA_CODE_FAILED_PRECONDITION, "here: its");
    assert_string_equal(choice.accel, "old");
    lima_qemu_features_free(&features);
}

static void cpu__not_chosen__suits_host_and_accelerator(void **state)
{
    (void)state;
    static const struct {
        const char *arch;
        const qemu_host *host;
        const char *accel, *cpu;
    } table[] = {
        {"x86_64", &linux_x86, "kvm", "host"},
        {"x86_64", &linux_x86, "tcg", "max"},
        {"aarch64", &linux_x86, "tcg", "max"},
        {"aarch64", &linux_arm, "kvm", "host"},
        {"aarch64", &mac_arm, "hvf", "host"},
        {"aarch64", &mac_sme, "hvf", "max"},
        {"x86_64", &mac_x86, "hvf", "host,-avx512vl,-pdpe1gb"},
        {"x86_64", &mac_arm, "tcg", "max,-avx512vl,-pdpe1gb"},
        {"x86_64", &windows_x86, "whpx", "qemu64"},
        {"aarch64", &windows_x86, "tcg", "max"},
        {"x86_64", &netbsd_x86, "nvmm", "max"},
    };
    qemu_features features = {0};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        lima_instance *inst = make_instance_in("/d", table[i].arch, "{}");
        qemu_choice choice = {.accel = table[i].accel};
        assert_ok(lima_qemu_choose_cpu(inst, table[i].host, &features, &choice, &err));
        assert_string_equal(choice.cpu, table[i].cpu);
        lima_instance_free(inst);
    }
}

static void cpu__of_configuration__must_be_known(void **state)
{
    (void)state;
    lima_instance *inst =
        make_instance("{'vmOpts':{'qemu':{'cpuType':{'x86_64':'Nehalem,+avx','aarch64':'a72'}}}}");
    qemu_features known = features_of("", "max Nehalem"), unknown = features_of("", "max kvm Haswell"),
                  none = {0};
    qemu_choice choice = {.accel = "tcg"};
    assert_err(lima_qemu_choose_cpu(inst, &linux_x86, &unknown, &choice, &err), LIMA_CODE_INVALID_ARGUMENT,
               "Nehalem", "vmOpts.qemu.cpuType.x86_64");
    assert_string_equal(choice.cpu, "");
    assert_ok(lima_qemu_choose_cpu(inst, &linux_x86, &known, &choice, &err));
    assert_string_equal(choice.cpu, "Nehalem,+avx");
    assert_ok(lima_qemu_choose_cpu(inst, &linux_x86, &none, &choice, &err));
    lima_qemu_features_free(&known);
    lima_qemu_features_free(&unknown);
    lima_instance_free(inst);
}

static void cpu__max_with_flags__needs_no_list(void **state)
{
    (void)state;
    lima_instance *inst = make_instance("{'vmOpts':{'qemu':{'cpuType':{'x86_64':'max,-la57'}}}}");
    qemu_features features = features_of("", "qemu64");
    qemu_choice choice = {.accel = "tcg"};
    assert_ok(lima_qemu_choose_cpu(inst, &linux_x86, &features, &choice, &err));
    assert_string_equal(choice.cpu, "max,-la57");
    lima_qemu_features_free(&features);
    lima_instance_free(inst);
}

static void cpu__host_without_accelerator__becomes_max_with_warning(void **state)
{
    (void)state;
    lima_instance *inst = make_instance("{'vmOpts':{'qemu':{'cpuType':{'x86_64':'host,-avx'}}}}");
    qemu_features features = {0};
    qemu_choice choice = {.accel = "tcg", .warning = "before"};
    assert_ok(lima_qemu_choose_cpu(inst, &linux_x86, &features, &choice, &err));
    assert_string_equal(choice.cpu, "max,-avx");
    assert_true(lima_str_has_prefix(choice.warning, "before; "));
    assert_non_null(strstr(choice.warning, "'host'"));
    choice = (qemu_choice){.accel = "kvm"};
    assert_ok(lima_qemu_choose_cpu(inst, &linux_x86, &features, &choice, &err));
    assert_string_equal(choice.cpu, "host,-avx");
    lima_instance_free(inst);
}

static void cpu__too_long__fails(void **state)
{
    (void)state;
    char config[512];
    snprintf(config, sizeof config, "{'vmOpts':{'qemu':{'cpuType':{'x86_64':'%0300d'}}}}", 1);
    lima_instance *inst = make_instance(config);
    qemu_features features = {0};
    qemu_choice choice = {.accel = "tcg"};
    assert_err(lima_qemu_choose_cpu(inst, &linux_x86, &features, &choice, &err), LIMA_CODE_INVALID_ARGUMENT,
               "longer than 255");
    lima_instance_free(inst);
}

static void check_one(const char *config, const qemu_host *host, lima_version version, const char *refused,
                      const char *warned)
{
    lima_instance *inst = make_instance(config);
    qemu_features features = {.version = version};
    char *warning = NULL;
    lima_err err = {0};
    bool ok = lima_qemu_check_version(inst, host, &features, &warning, &err);
    if (refused) {
        assert_false(ok);
        assert_int_equal(err.code, LIMA_CODE_FAILED_PRECONDITION);
        assert_non_null(strstr(err.text, refused));
        assert_null(warning);
    } else {
        assert_true(ok);
        assert_true(warned ? warning && strstr(warning, warned) : !warning);
    }
    free(warning);
    lima_instance_free(inst);
}

static void version__by_host_and_configuration(void **state)
{
    (void)state;
    const char *wants_8 = "{'vmOpts':{'qemu':{'minimumVersion':'8.1.0'}}}";
    check_one("{}", &linux_x86, (lima_version){7, 2, 22}, NULL, NULL);
    check_one("{}", &linux_x86, (lima_version){6, 1, 9}, NULL, "6.2.0 or later is recommended");
    check_one("{}", &linux_x86, (lima_version){3, 1, 0}, "3.1.0 is too old: this driver needs 4.0.0", NULL);
    check_one(wants_8, &linux_x86, (lima_version){7, 2, 22}, "vmOpts.qemu.minimumVersion needs 8.1.0", NULL);
    check_one(wants_8, &linux_x86, (lima_version){8, 1, 0}, NULL, NULL);
    check_one("{}", &mac_arm, (lima_version){8, 2, 0}, "needs 8.2.1", NULL);
    check_one("{}", &mac_x86, (lima_version){7, 0, 0}, NULL, "8.2.1");
    check_one("{}", &windows_x86, (lima_version){10, 9, 0}, "needs 11.0.0", NULL);
    check_one(wants_8, &linux_x86, (lima_version){0, 0, 0}, NULL, "does not tell its version");
}

static void version__unreadable_minimum__fails(void **state)
{
    (void)state;
    lima_instance *inst = make_instance("{'vmOpts':{'qemu':{'minimumVersion':'new'}}}");
    qemu_features features = {0};
    char *warning = NULL;
    assert_err(lima_qemu_check_version(inst, &linux_x86, &features, &warning, &err),
               LIMA_CODE_INVALID_ARGUMENT, "vmOpts.qemu.minimumVersion");
    lima_instance_free(inst);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words__no_variable__are_the_usual_program),
        cmocka_unit_test(words__of_variable__are_split_like_a_shell),
        cmocka_unit_test(words__bad_value__names_the_variable),
        cmocka_unit_test(native_accel__by_host__only_for_its_own_architecture),
        cmocka_unit_test(accel__usable__is_taken_silently),
        cmocka_unit_test(accel__unusable__becomes_tcg_with_the_reason),
        cmocka_unit_test(accel__not_in_this_qemu__becomes_tcg),
        cmocka_unit_test(accel__foreign_architecture__is_tcg_without_warning),
        cmocka_unit_test(accel__tcg_missing_too__fails),
        cmocka_unit_test(cpu__not_chosen__suits_host_and_accelerator),
        cmocka_unit_test(cpu__of_configuration__must_be_known),
        cmocka_unit_test(cpu__max_with_flags__needs_no_list),
        cmocka_unit_test(cpu__host_without_accelerator__becomes_max_with_warning),
        cmocka_unit_test(cpu__too_long__fails),
        cmocka_unit_test(version__by_host_and_configuration),
        cmocka_unit_test(version__unreadable_minimum__fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
