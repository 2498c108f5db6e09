#include "qemu_test.h"

#include "base/log.h"
#include "qemu/config.h"

static char logged[8192];

static void keep_log(void *arg, const char *line, size_t len)
{
    (void)arg;
    size_t used = strlen(logged);
    snprintf(logged + used, sizeof logged - used, "%.*s", (int)len, line);
}

static int start_log(void **state)
{
    (void)state;
    logged[0] = '\0';
    lima_log_set_sink(keep_log, NULL);
    return 0;
}

static int end_log(void **state)
{
    (void)state;
    lima_log_set_sink(NULL, NULL);
    return 0;
}

static const char *conf(const lima_instance *inst, const char *key)
{
    return lima_json_str(inst->doc, "(absent)", "config.%s", key);
}

static void configure__empty__fills_display_and_mount_type(void **state)
{
    (void)state;
    lima_instance *inst = make_instance("{}");
    assert_ok(lima_qemu_configure_on(inst, "linux", &err));
    assert_string_equal(lima_json_str(inst->doc, "", "config.video.vnc.display"), "127.0.0.1:0,to=9");
    assert_string_equal(conf(inst, "mountType"), "9p");
    assert_string_equal(inst->name, "dev");
    assert_string_equal(logged, "");
    lima_instance_free(inst);
}

static void configure__this_host__is_configure_on(void **state)
{
    (void)state;
    lima_instance *inst = make_instance("{}");
    assert_ok(lima_qemu_configure(inst, &err));
    assert_string_equal(lima_json_str(inst->doc, "", "config.video.vnc.display"), "127.0.0.1:0,to=9");
    assert_ok(lima_qemu_validate(inst, &err));
    lima_instance_free(inst);
}

static void configure__set_values__stay(void **state)
{
    (void)state;
    lima_instance *inst =
        make_instance("{'video':{'vnc':{'display':'127.0.0.1:5'}},'mountType':'reverse-sshfs','own':[1.50]}");
    assert_ok(lima_qemu_configure_on(inst, "linux", &err));
    assert_string_equal(lima_json_str(inst->doc, "", "config.video.vnc.display"), "127.0.0.1:5");
    assert_string_equal(conf(inst, "mountType"), "reverse-sshfs");
    char *text = lima_json_print(inst->doc);
    assert_non_null(strstr(text, "\"own\":[1.50]"));
    free(text);
    lima_instance_free(inst);
}

static void configure__twice__changes_nothing(void **state)
{
    (void)state;
    lima_instance *inst =
        make_instance("{'cpuType':{'x86_64':'max'},'mountType':'virtiofs','mounts':[{'location':'/a'}]}");
    assert_ok(lima_qemu_configure_on(inst, "linux", &err));
    char *once = lima_json_print(inst->doc);
    logged[0] = '\0';
    assert_ok(lima_qemu_configure_on(inst, "linux", &err));
    char *twice = lima_json_print(inst->doc);
    assert_string_equal(once, twice);
    assert_string_equal(logged, "");
    free(once);
    free(twice);
    lima_instance_free(inst);
}

static void configure__mount_type_default_word__is_filled(void **state)
{
    (void)state;
    const char *configs[] = {"{'mountType':'default'}", "{'mountType':''}", "{'mountType':null}"};
    for (size_t i = 0; i < 3; i++) {
        lima_instance *inst = make_instance(configs[i]);
        assert_ok(lima_qemu_configure_on(inst, "windows", &err));
        assert_string_equal(conf(inst, "mountType"), "reverse-sshfs");
        lima_instance_free(inst);
    }
}

static void configure__instance_of_lima_0__keeps_reverse_sshfs(void **state)
{
    (void)state;
    static const struct {
        const char *version, *type;
    } table[] = {{"0.23.2\n", "reverse-sshfs"},
                 {"v0.9.0", "reverse-sshfs"},
                 {"1.0.0", "9p"},
                 {"2.2.0-153-g1", "9p"},
                 {"unknown", "9p"}};
    char *dir = make_folder("config");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        write_file(dir, "lima-version", table[i].version);
        lima_instance *inst = make_instance_in(dir, "x86_64", "{}");
        assert_ok(lima_qemu_configure_on(inst, "linux", &err));
        assert_string_equal(conf(inst, "mountType"), table[i].type);
        lima_instance_free(inst);
    }
    lima_dir_remove(dir, NULL);
    free(dir);
}

static void configure__no_folder__counts_as_new(void **state)
{
    (void)state;
    lima_instance *inst = make_instance_in("", "x86_64", "{}");
    assert_ok(lima_qemu_configure_on(inst, "linux", &err));
    assert_string_equal(conf(inst, "mountType"), "9p");
    lima_instance_free(inst);
}

static void configure__old_cpu_type__moves(void **state)
{
    (void)state;
    lima_instance *inst = make_instance("{'cpuType':{'x86_64':'Haswell','aarch64':'cortex-a72','riscv64':''},"
                                        "'vmOpts':{'qemu':{'cpuType':{'aarch64':'max'}}}}");
    assert_ok(lima_qemu_configure_on(inst, "linux", &err));
    assert_string_equal(lima_json_str(inst->doc, "", "config.vmOpts.qemu.cpuType.x86_64"), "Haswell");
    assert_string_equal(lima_json_str(inst->doc, "", "config.vmOpts.qemu.cpuType.aarch64"), "max");
    assert_int_equal(lima_json_get_kind(inst->doc, "config.cpuType"), LIMA_JSON_ABSENT);
    assert_non_null(strstr(logged, "deprecated"));
    assert_non_null(strstr(logged, "cpuType.aarch64 'cortex-a72' is ignored"));
    lima_instance_free(inst);
}

static void configure__virtiofs__fills_queue_sizes(void **state)
{
    (void)state;
    lima_instance *inst = make_instance("{'mountType':'virtiofs','mounts':[{'location':'/a'},{'location':'/"
                                        "b','virtiofs':{'queueSize':256}}]}");
    assert_ok(lima_qemu_configure_on(inst, "linux", &err));
    assert_int_equal(lima_json_int(inst->doc, 0, "config.mounts[0].virtiofs.queueSize"), 1024);
    assert_int_equal(lima_json_int(inst->doc, 0, "config.mounts[1].virtiofs.queueSize"), 256);
    lima_instance_free(inst);
}

static void configure__refused__changes_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *config, *word;
    } table[] = {
        {"{'mountType':'virtiofs','mountTypesUnsupported':['virtiofs']}", "mountTypesUnsupported"},
        {"{'mountType':'wsl2'}", "wsl2"},
        {"{'cpuType':{'x86_64':1}}", "cpuType"},
        {"{'cpuType':{'x86_64':'a'},'vmOpts':{'qemu':{'cpuType':{'x86_64':{}}}}}", "vmOpts.qemu.cpuType"},
        {"{'vmOpts':{'qemu':{'cpuType':[]}}}", "vmOpts.qemu.cpuType"},
        {"{'networks':[{'lima':true}]}", "networks[0].lima"},
        {"{'mounts':[{'location':'/a','writable':'yes'}]}", "writable"},
        {"{'mounts':[{'location':'/a','virtiofs':{'queueSize':1.5}}]}", "queueSize"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        lima_instance *inst = make_instance(table[i].config);
        char *before = lima_json_print(inst->doc);
        assert_err(lima_qemu_configure_on(inst, "linux", &err), LIMA_CODE_INVALID_ARGUMENT, table[i].word);
        char *after = lima_json_print(inst->doc);
        assert_string_equal(before, after);
        free(before);
        free(after);
        lima_instance_free(inst);
    }
}

static void validate__good__passes(void **state)
{
    (void)state;
    const char *configs[] = {
        "{}",
        "{'os':'Linux','mountType':'9p','mounts':[{'location':'~'}],'vmOpts':{'qemu':{'minimumVersion':'8.2."
        "1'}}}",
        "{'vmOpts':{'qemu':{'minimumVersion':'8.2.1-rc.1'}},'audio':{'device':'default','interface':'hda'}}",
        "{'vmOpts':{'qemu':{'minimumVersion':'10.0.0+b'}},'audio':{'interface':'virtio'}}",
        "{'networks':[{'lima':'user-v2','macAddress':'52:55:55:00:00:01','interface':'lima0','metric':100,'"
        "vzNAT':null}]}",
    };
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        lima_instance *inst = make_instance(configs[i]);
        assert_ok(lima_qemu_validate_on(inst, "linux", &err));
        lima_instance_free(inst);
    }
    assert_string_equal(logged, "");
}

static void validate__ignored_keys__are_warned_about(void **state)
{
    (void)state;
    lima_instance *inst =
        make_instance("{'networks':[{'socket':'/s','vzNAT':true}],'nestedVirtualization':true}");
    assert_ok(lima_qemu_validate_on(inst, "linux", &err));
    assert_non_null(strstr(logged, "networks[0].vzNAT"));
    assert_non_null(strstr(logged, "nestedVirtualization"));
    lima_instance_free(inst);
}

static void validate__unsupported_guest__says_so(void **state)
{
    (void)state;
    static const struct {
        const char *config, *arch, *word;
    } table[] = {
        {"{'os':'Windows'}", "x86_64", "Windows"},
        {"{'os':'Darwin'}", "aarch64", "Darwin"},
        {"{'os':'FreeBSD'}", "x86_64", "FreeBSD"},
        {"{'os':'Linux'}", "riscv64", "riscv64"},
        {"{}", "armv7l", "armv7l"},
        {"{}", "s390x", "x86_64 or aarch64"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        lima_instance *inst = make_instance_in("/d", table[i].arch, table[i].config);
        assert_err(lima_qemu_validate_on(inst, "linux", &err), LIMA_CODE_UNIMPLEMENTED, table[i].word,
                   "not supported by this driver");
        lima_instance_free(inst);
    }
}

static void validate__bad_value__names_the_key(void **state)
{
    (void)state;
    static const struct {
        const char *config, *host, *word;
        lima_code code;
    } table[] = {
        {"{'mountType':'virtiofs'}", "darwin", "reverse-sshfs, 9p", LIMA_CODE_INVALID_ARGUMENT},
        {"{'mountType':'9p'}", "windows", "mountType", LIMA_CODE_INVALID_ARGUMENT},
        {"{'vmOpts':{'qemu':{'minimumVersion':'8'}}}", "linux", "minimumVersion '8'",
         LIMA_CODE_INVALID_ARGUMENT},
        {"{'vmOpts':{'qemu':{'minimumVersion':'8.2'}}}", "linux", "minimumVersion",
         LIMA_CODE_INVALID_ARGUMENT},
        {"{'vmOpts':{'qemu':{'minimumVersion':'8.2.1.4'}}}", "linux", "minimumVersion",
         LIMA_CODE_INVALID_ARGUMENT},
        {"{'vmOpts':{'qemu':{'minimumVersion':'8.2.1-'}}}", "linux", "minimumVersion",
         LIMA_CODE_INVALID_ARGUMENT},
        {"{'vmOpts':{'qemu':{'minimumVersion':'v8.2.1'}}}", "linux", "minimumVersion",
         LIMA_CODE_INVALID_ARGUMENT},
        {"{'vmOpts':{'qemu':{'minimumVersion':8.2}}}", "linux", "minimumVersion", LIMA_CODE_INVALID_ARGUMENT},
        {"{'networks':[{'lima':'bridged'}]}", "linux", "bridged", LIMA_CODE_UNIMPLEMENTED},
        {"{'networks':[{'vzNAT':true}]}", "linux", "neither lima nor socket", LIMA_CODE_INVALID_ARGUMENT},
        {"{'mountType':'9p','mounts':[{'location':'x'}]}", "linux", "mounts[0].location",
         LIMA_CODE_INVALID_ARGUMENT},
        {"{'mounts':[{'location':1}]}", "linux", "location", LIMA_CODE_INVALID_ARGUMENT},
        {"{'audio':{'interface':'sb16'}}", "linux", "sb16", LIMA_CODE_INVALID_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        lima_instance *inst = make_instance(table[i].config);
        assert_err(lima_qemu_validate_on(inst, table[i].host, &err), table[i].code, table[i].word);
        lima_instance_free(inst);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(configure__empty__fills_display_and_mount_type, start_log, end_log),
        cmocka_unit_test_setup_teardown(configure__this_host__is_configure_on, start_log, end_log),
        cmocka_unit_test_setup_teardown(configure__set_values__stay, start_log, end_log),
        cmocka_unit_test_setup_teardown(configure__twice__changes_nothing, start_log, end_log),
        cmocka_unit_test_setup_teardown(configure__mount_type_default_word__is_filled, start_log, end_log),
        cmocka_unit_test_setup_teardown(configure__instance_of_lima_0__keeps_reverse_sshfs, start_log,
                                        end_log),
        cmocka_unit_test_setup_teardown(configure__no_folder__counts_as_new, start_log, end_log),
        cmocka_unit_test_setup_teardown(configure__old_cpu_type__moves, start_log, end_log),
        cmocka_unit_test_setup_teardown(configure__virtiofs__fills_queue_sizes, start_log, end_log),
        cmocka_unit_test_setup_teardown(configure__refused__changes_nothing, start_log, end_log),
        cmocka_unit_test_setup_teardown(validate__good__passes, start_log, end_log),
        cmocka_unit_test_setup_teardown(validate__ignored_keys__are_warned_about, start_log, end_log),
        cmocka_unit_test_setup_teardown(validate__unsupported_guest__says_so, start_log, end_log),
        cmocka_unit_test_setup_teardown(validate__bad_value__names_the_key, start_log, end_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
