#include "wsl2_test.h"

#include "wsl2/config.h"
#include "wsl2/network.h"

#define DIR "C:\\lh\\dev"
#define HOME "C:\\Users\\me"

static lima_instance *made(const char *config)
{
    return make_instance_in(DIR, "x86_64", config);
}

static const wsl2_config_inputs plain = {.host_arch = "x86_64", .home = HOME};

static void configure__empty__fills_types(void **state)
{
    (void)state;
    static const char *const configs[] = {"{}", "{'vmType':'','mountType':null}",
                                          "{'vmType':'default','mountType':'default'}"};
    for (size_t i = 0; i < 3; i++) {
        lima_instance *inst = made(configs[i]);
        assert_ok(lima_wsl2_configure(inst, &plain, &err));
        assert_string_equal(lima_json_str(inst->doc, "", "config.vmType"), "wsl2");
        assert_string_equal(lima_json_str(inst->doc, "", "config.mountType"), "wsl2");
        assert_int_equal(lima_json_get_kind(inst->doc, "config.user"), LIMA_JSON_ABSENT);
        lima_instance_free(inst);
    }
}

static void configure__name_of_an_alias__stays(void **state)
{
    (void)state;
    lima_instance *inst = made("{'vmType':'wsl2x'}");
    assert_ok(lima_wsl2_configure(inst, &plain, &err));
    assert_string_equal(lima_json_str(inst->doc, "", "config.vmType"), "wsl2x");
    lima_instance_free(inst);
}

/* facts: wsl.md 5.6 */
static void configure__uid__one_of_its_own_where_nobody_chose(void **state)
{
    (void)state;
    const int64_t own = lima_wsl2_uid(DIR, 0);
    const struct {
        const char *config, *written;
        bool exists;
        uint32_t user_uid;
        int64_t due;
    } table[] = {
        {"{'user':{'uid':1000}}", "{}", false, 0, own},
        {"{'user':{'name':'me'}}", "{'user':{'name':'me'}}", false, 0, own},
        {"{'user':{'uid':1000}}", "{'user':{'uid':1000}}", false, 0, 1000},
        {"{'user':{'uid':1000}}", "{'user':{'uid':null}}", false, 0, own},
        {"{'user':{'uid':777}}", "{}", false, 0, 777}, /* from default.yaml */
        {"{'user':{'uid':1000}}", NULL, false, 0, 1000},
        {"{'user':{'uid':1000}}", "{}", true, 0, 1000},
        {"{'user':{'uid':1000}}", "{}", true, 1001, 1001},
        {"{'user':{'uid':1000}}", "{'user':{'uid':1000}}", true, 1001, 1000},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        lima_instance *inst = made(table[i].config);
        wsl2_config_inputs inputs = plain;
        lima_json *written = table[i].written ? parse_text(table[i].written) : NULL;
        inputs.written = written;
        inputs.exists = table[i].exists;
        inputs.user_uid = table[i].user_uid;
        for (int twice = 0; twice < 2; twice++) {
            assert_ok(lima_wsl2_configure(inst, &inputs, &err));
            if (lima_json_int(inst->doc, 0, "config.user.uid") != table[i].due)
                fail_msg("row %zu: uid %lld", i, (long long)lima_json_int(inst->doc, 0, "config.user.uid"));
        }
        lima_json_free(written);
        lima_instance_free(inst);
    }
}

static void configure__no_folder_yet__uid_is_left_open(void **state)
{
    (void)state;
    lima_instance *inst = make_instance_in("", "x86_64", "{'user':{'uid':1000}}");
    wsl2_config_inputs inputs = plain;
    lima_json *written = parse_text("{}");
    inputs.written = written;
    assert_ok(lima_wsl2_configure(inst, &inputs, &err));
    assert_int_equal(lima_json_int(inst->doc, 0, "config.user.uid"), 1000);
    lima_json_free(written);
    lima_instance_free(inst);
}

static void configure__refused__leaves_the_instance(void **state)
{
    (void)state;
    static const char *const configs[] = {"{'mountType':'9p'}", "{'mountType':7}", "{'vmType':[]}",
                                          "{'user':[]}", "{'mountTypesUnsupported':['9p','wsl2']}"};
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        lima_json *conf = parse_text(configs[i]);
        lima_instance *inst = made("{}");
        lima_json_set_copy(inst->doc, conf, "config");
        char *before = lima_json_print(inst->doc);
        lima_err err = {0};
        assert_false(lima_wsl2_configure(inst, &plain, &err));
        assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
        char *after = lima_json_print(inst->doc);
        assert_string_equal(before, after);
        free(before);
        free(after);
        lima_json_free(conf);
        lima_instance_free(inst);
    }
}

static void validate__what_wsl_cannot_do__is_named(void **state)
{
    (void)state;
    static const struct {
        const char *config;
        lima_code code;
        const char *word, *next;
    } table[] = {
        {"{'os':'Windows'}", LIMA_CODE_UNIMPLEMENTED, "os 'Windows'", "qemu"},
        {"{'os':'Darwin'}", LIMA_CODE_UNIMPLEMENTED, "os 'Darwin'", "Linux"},
        {"{'tpm':true}", LIMA_CODE_UNIMPLEMENTED, "tpm", "false"},
        {"{'additionalDisks':[{'name':'d'}]}", LIMA_CODE_UNIMPLEMENTED, "additionalDisks", "remove"},
        {"{'mountType':'virtiofs'}", LIMA_CODE_INVALID_ARGUMENT, "mountType 'virtiofs'", "wsl2"},
        {"{'mountType':'reverse-sshfs'}", LIMA_CODE_INVALID_ARGUMENT, "mountType", "wsl2"},
        {"{'mounts':[{'location':'/usr/x'}]}", LIMA_CODE_INVALID_ARGUMENT, "mounts[0].location", "C:"},
        {"{'user':{'uid':0}}", LIMA_CODE_INVALID_ARGUMENT, "user.uid 0", ""},
        {"{'user':{'uid':4294967295}}", LIMA_CODE_INVALID_ARGUMENT, "user.uid", ""},
        {"{'images':[{'location':'https://x/a.tar.gz'},{'location':'https://x/d.qcow2','arch':'x86_64'}]}",
         LIMA_CODE_INVALID_ARGUMENT, "images[1].location", "tar archive"},
        {"{'images':[{'location':'C:/x/disk.raw.xz'}]}", LIMA_CODE_INVALID_ARGUMENT, "images[0]",
         "tar archive"},
        {"{'images':[{'location':'C:/x/cd.iso?v=1.tar'}]}", LIMA_CODE_INVALID_ARGUMENT, "images[0]",
         "tar archive"},
        {"{'images':[{'location':'x.squashfs'}]}", LIMA_CODE_INVALID_ARGUMENT, "images[0]", "tar archive"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        lima_instance *inst = made(table[i].config);
        assert_err(lima_wsl2_validate(inst, &plain, NULL, &err), table[i].code, table[i].word, table[i].next);
        lima_instance_free(inst);
    }
    lima_instance *inst = make_instance_in(DIR, "aarch64", "{}");
    assert_err(lima_wsl2_validate(inst, &plain, NULL, &err), LIMA_CODE_UNIMPLEMENTED, "arch 'aarch64'",
               "x86_64");
    lima_instance_free(inst);
}

static void validate__possible__is_accepted(void **state)
{
    (void)state;
    static const char *const configs[] = {
        "{}",
        "{'os':'Linux','tpm':false,'additionalDisks':[],'mountType':'wsl2'}",
        "{'images':[{'location':'https://x/r.tar.xz#a'},{'location':'r.tgz'},{'location':'rootfs'}]}",
        "{'images':[{'location':'d.qcow2','arch':'aarch64'}]}",
        "{'mounts':[{'location':'~'},{'location':'C:/x','mountPoint':'/x'}]}",
        "{'user':{'uid':2345}}",
    };
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        lima_instance *inst = made(configs[i]);
        lima_strv warnings = {0};
        assert_ok(lima_wsl2_validate(inst, &plain, &warnings, &err));
        assert_int_equal(warnings.len, 0);
        lima_instance_free(inst);
    }
}

static void validate__ignored_keys__only_those_of_the_user_are_told(void **state)
{
    (void)state;
    lima_instance *inst =
        made("{'firmware':{'legacyBIOS':false},'video':{'display':'none'},'ssh':{'localPort':22}}");
    lima_json *written =
        parse_text("{'video':{'display':'vnc'},'networks':[{'lima':'shared'}],'vmOpts':{'qemu':{}},"
                   "'images':[{'location':'a'},{'location':'b','kernel':{'location':'k'}}]}");
    wsl2_config_inputs inputs = plain;
    inputs.written = written;
    lima_strv warnings = {0};
    assert_ok(lima_wsl2_validate(inst, &inputs, &warnings, &err));
    char *all = lima_strv_join(&warnings, "\n");
    static const char *const due[] = {"video is ignored", "networks is ignored", "vmOpts.qemu is ignored",
                                      "images[1].kernel is ignored", "ssh.localPort 22 is not used"};
    assert_int_equal(warnings.len, sizeof due / sizeof due[0]);
    for (size_t i = 0; i < sizeof due / sizeof due[0]; i++)
        assert_non_null(strstr(all, due[i]));
    free(all);
    lima_strv_free(&warnings);
    lima_json_free(written);
    lima_instance_free(inst);
}

static void hostname__as_limactl_makes_it(void **state)
{
    (void)state;
    lima_instance *inst = made("{}");
    lima_json_set_str(inst->doc, "a.b_c-d", "name");
    assert_ok(lima_instance_refresh(inst, &err));
    char *name = lima_wsl2_hostname(inst);
    assert_string_equal(name, "lima-a-b-c-d");
    free(name);
    lima_instance_free(inst);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configure__empty__fills_types),
        cmocka_unit_test(configure__name_of_an_alias__stays),
        cmocka_unit_test(configure__uid__one_of_its_own_where_nobody_chose),
        cmocka_unit_test(configure__no_folder_yet__uid_is_left_open),
        cmocka_unit_test(configure__refused__leaves_the_instance),
        cmocka_unit_test(validate__what_wsl_cannot_do__is_named),
        cmocka_unit_test(validate__possible__is_accepted),
        cmocka_unit_test(validate__ignored_keys__only_those_of_the_user_are_told),
        cmocka_unit_test(hostname__as_limactl_makes_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
