#include "hyperv_test.h"

#include "hyperv/config.h"

#define DIR "C:\\lh\\dev"
#define HOME "C:\\Users\\me"

static lima_instance *made(const char *config)
{
    return make_instance_in(DIR, "x86_64", config);
}

static const hyperv_host able = {.schemas = 0x3f, .nesting = HYPERV_NESTING_YES, .tpm = true};
static const hyperv_host unable = {.schemas = 0x3f, .nesting = HYPERV_NESTING_NO};
static const hyperv_config_inputs plain = {.host_arch = "x86_64", .home = HOME, .host = &able};

static void configure__empty__fills_types(void **state)
{
    (void)state;
    static const char *const configs[] = {"{}", "{'vmType':'','mountType':null}",
                                          "{'vmType':'default','mountType':'default'}"};
    for (size_t i = 0; i < 3; i++) {
        lima_instance *inst = made(configs[i]);
        assert_ok(lima_hyperv_configure(inst, &plain, &err));
        assert_string_equal(lima_json_str(inst->doc, "", "config.vmType"), "hyperv");
        assert_string_equal(lima_json_str(inst->doc, "", "config.mountType"), "reverse-sshfs");
        assert_int_equal(lima_json_get_kind(inst->doc, "config.dns"), LIMA_JSON_ABSENT);
        lima_instance_free(inst);
    }
}

static void configure__sshfs_unsupported__9p(void **state)
{
    (void)state;
    lima_instance *inst = made("{'mountTypesUnsupported':['virtiofs','reverse-sshfs']}");
    assert_ok(lima_hyperv_configure(inst, &plain, &err));
    assert_string_equal(lima_json_str(inst->doc, "", "config.mountType"), "9p");
    lima_instance_free(inst);
}

/* facts 5.3, 7.1: limactl's resolver is on an address that a network of Windows does not have */
static void configure__dns__by_network_and_wish(void **state)
{
    (void)state;
    static const struct {
        const char *config, *written;
        hyperv_network_mode network;
        bool known;
        const char *due; /* of config.dns[0]; "": none */
        bool resolver;
    } table[] = {
        {"{'hostResolver':{'enabled':true}}", "{}", HYPERV_NETWORK_HCN, true, "10.0.0.53", false},
        {"{'hostResolver':{'enabled':true}}", "{}", HYPERV_NETWORK_HVSOCKET, true, "", true},
        {"{'hostResolver':{'enabled':true}}", "{}", HYPERV_NETWORK_AUTO, true, "", true},
        {"{'hostResolver':{'enabled':true}}", "{}", HYPERV_NETWORK_HCN, false, "", true},
        {"{'hostResolver':{'enabled':true}}", NULL, HYPERV_NETWORK_HCN, true, "", true},
        {"{'hostResolver':{'enabled':true}}", "{'hostResolver':{'enabled':true}}", HYPERV_NETWORK_HCN, true,
         "", true},
        {"{'hostResolver':{'enabled':false},'dns':['1.1.1.1']}", "{'dns':['1.1.1.1']}", HYPERV_NETWORK_HCN,
         true, "1.1.1.1", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        lima_instance *inst = made(table[i].config);
        lima_json *written = table[i].written ? parse_text(table[i].written) : NULL;
        lima_strv dns = {0};
        lima_strv_add(&dns, "10.0.0.53");
        hyperv_config_inputs inputs = plain;
        inputs.written = written;
        inputs.network = table[i].network;
        inputs.dns = table[i].known ? &dns : NULL;
        for (int twice = 0; twice < 2; twice++) {
            assert_ok(lima_hyperv_configure(inst, &inputs, &err));
            assert_string_equal(lima_json_str(inst->doc, "", "config.dns[0]"), table[i].due);
            assert_int_equal(lima_json_bool(inst->doc, false, "config.hostResolver.enabled"),
                             table[i].resolver);
            assert_true(lima_json_count(inst->doc, "config.dns") <= 1);
        }
        lima_strv_free(&dns);
        lima_json_free(written);
        lima_instance_free(inst);
    }
}

static void configure__wrong_kind__leaves_the_instance(void **state)
{
    (void)state;
    static const char *const configs[] = {"{'vmOpts':{'hyperv':3}}", "{'vmOpts':{'hyperv':['network']}}"};
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        lima_json *conf = parse_text(configs[i]);
        lima_instance *inst = made("{}");
        lima_json_set_copy(inst->doc, conf, "config");
        char *before = lima_json_print(inst->doc);
        lima_err err = {0};
        assert_false(lima_hyperv_configure(inst, &plain, &err));
        assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
        char *after = lima_json_print(inst->doc);
        assert_string_equal(before, after);
        free(before);
        free(after);
        lima_json_free(conf);
        lima_instance_free(inst);
    }
}

typedef struct refused {
    const char *config;
    lima_code code;
    const char *word, *next;
} refused;

static void check_refused(const refused *row, const hyperv_config_inputs *inputs, const char *arch)
{
    lima_instance *inst = make_instance_in(DIR, arch, row->config);
    lima_strv warnings = {0};
    assert_err(lima_hyperv_validate(inst, inputs, &warnings, &err), row->code, row->word, row->next);
    assert_int_equal(warnings.len, 0);
    lima_instance_free(inst);
}

static void validate__what_these_vms_cannot_do__is_named(void **state)
{
    (void)state;
    static const refused table[] = {
        {"{'os':'Windows'}", LIMA_CODE_UNIMPLEMENTED, "os 'Windows'", "qemu"},
        {"{'mountType':'virtiofs'}", LIMA_CODE_INVALID_ARGUMENT, "mountType 'virtiofs'",
         "reverse-sshfs or 9p"},
        {"{'mountType':'9p','mountTypesUnsupported':['9p']}", LIMA_CODE_INVALID_ARGUMENT,
         "mountTypesUnsupported", "reverse-sshfs"},
        {"{'firmware':{'legacyBIOS':true}}", LIMA_CODE_UNIMPLEMENTED, "firmware.legacyBIOS 'true'", "false"},
        {"{'firmware':{'images':[{'location':'x'}]}}", LIMA_CODE_UNIMPLEMENTED, "firmware.images",
         "leave it out"},
        {"{'video':{'display':'vnc'}}", LIMA_CODE_UNIMPLEMENTED, "video.display 'vnc'", "serial.log"},
        {"{'audio':{'device':'vz'}}", LIMA_CODE_UNIMPLEMENTED, "audio.device 'vz'", "qemu"},
        {"{'rosetta':{'enabled':true}}", LIMA_CODE_UNIMPLEMENTED, "rosetta.enabled", "false"},
        {"{'networks':[{'vzNAT':true}]}", LIMA_CODE_UNIMPLEMENTED, "networks[0].vzNAT", "leave"},
        {"{'networks':[{'socket':'/x'}]}", LIMA_CODE_UNIMPLEMENTED, "networks[0].socket", "leave"},
        {"{'networks':[{'lima':'bridged'}]}", LIMA_CODE_UNIMPLEMENTED, "networks[0].lima 'bridged'",
         "user-v2"},
        {"{'networks':[{}]}", LIMA_CODE_UNIMPLEMENTED, "networks[0].lima", "user-v2"},
        {"{'networks':[{'lima':'user-v2'},{'lima':'user-v2'}]}", LIMA_CODE_UNIMPLEMENTED, "more than one",
         "adapter"},
        {"{'networks':[{'lima':'user-v2'}],'vmOpts':{'hyperv':{'network':'hcn'}}}",
         LIMA_CODE_INVALID_ARGUMENT, "vmOpts.hyperv.network", "remove one"},
        {"{'vmOpts':{'hyperv':{'network':'bridged'}}}", LIMA_CODE_INVALID_ARGUMENT, "'bridged'",
         "auto, hcn or hvsocket"},
        {"{'plain':true,'vmOpts':{'hyperv':{'network':'hvsocket'}}}", LIMA_CODE_UNIMPLEMENTED, "plain",
         "hcn"},
        {"{'plain':true,'networks':[{'lima':'user-v2'}]}", LIMA_CODE_UNIMPLEMENTED, "plain", "networks"},
        {"{'vmOpts':{'hyperv':{'network':7}}}", LIMA_CODE_INVALID_ARGUMENT, "vmOpts.hyperv.network", ""},
        {"{'vmOpts':{'hyperv':{'gpu':true}}}", LIMA_CODE_INVALID_ARGUMENT, "vmOpts.hyperv.gpu", "secureBoot"},
        {"{'vmOpts':{'hyperv':{'secureBoot':'on'}}}", LIMA_CODE_INVALID_ARGUMENT, "secureBoot 'on'", "linux"},
        {"{'vmOpts':{'hyperv':{'secureBoot':'linux'}},'images':[{'location':'x.qcow2','kernel':{'location':'"
         "k'}}]}",
         LIMA_CODE_INVALID_ARGUMENT, "images[0].kernel", "off"},
        {"{'images':[{'location':'https://x/a.qcow2'},{'location':'https://x/rootfs.tar.xz?x#y'}]}",
         LIMA_CODE_INVALID_ARGUMENT, "images[1].location", "qcow2"},
        {"{'images':[{'location':'x.vdi'}]}", LIMA_CODE_INVALID_ARGUMENT, "images[0]", "vmdk"},
        {"{'additionalDisks':[{'name':'a'},{}]}", LIMA_CODE_INVALID_ARGUMENT, "additionalDisks[1].name", ""},
        {"{'mounts':[{'location':'/usr/x'}]}", LIMA_CODE_INVALID_ARGUMENT, "mounts[0].location", "C:"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        check_refused(&table[i], &plain, "x86_64");
}

static void validate__what_this_computer_lacks__is_named(void **state)
{
    (void)state;
    hyperv_config_inputs inputs = plain;
    inputs.host = &unable;
    check_refused(&(refused){"{'tpm':true}", LIMA_CODE_UNIMPLEMENTED, "tpm", "false"}, &inputs, "x86_64");
    check_refused(
        &(refused){"{'nestedVirtualization':true}", LIMA_CODE_UNIMPLEMENTED, "nestedVirtualization", "false"},
        &inputs, "x86_64");
    check_refused(&(refused){"{}", LIMA_CODE_UNIMPLEMENTED, "arch 'aarch64'", "x86_64"}, &inputs, "aarch64");
    inputs.host_cpus = 1;
    check_refused(&(refused){"{}", LIMA_CODE_RESOURCE_EXHAUSTED, "cpus is 2", "at most 1"}, &inputs,
                  "x86_64");
    inputs.host_cpus = 2;
    inputs.host_memory = UINT64_C(1) << 29;
    check_refused(&(refused){"{}", LIMA_CODE_RESOURCE_EXHAUSTED, "memory is 1024 MiB", "512 MiB"}, &inputs,
                  "x86_64");
    inputs.host_arch = "aarch64";
    inputs.host_memory = 0;
    check_refused(&(refused){"{'images':[{'location':'x.qcow2','kernel':{'location':'k'}}]}",
                             LIMA_CODE_UNIMPLEMENTED, "images[0].kernel", "UEFI"},
                  &inputs, "aarch64");
}

static void validate__sizes(void **state)
{
    (void)state;
    lima_instance *inst = made("{}");
    inst->disk = (UINT64_C(64) << 40) + 1;
    assert_err(lima_hyperv_validate(inst, &plain, NULL, &err), LIMA_CODE_INVALID_ARGUMENT, "disk is",
               "65536 GiB");
    inst->disk = UINT64_C(64) << 40;
    assert_ok(lima_hyperv_validate(inst, &plain, NULL, &err));
    for (size_t i = 0; i <= HYPERV_EXTRA_DISKS_MAX; i++)
        lima_json_set_str(inst->doc, "d", "config.additionalDisks[%zu].name", i);
    assert_err(lima_hyperv_validate(inst, &plain, NULL, &err), LIMA_CODE_INVALID_ARGUMENT,
               "additionalDisks has 25");
    lima_instance_free(inst);
}

static void validate__what_limactl_fills__is_fine(void **state)
{
    (void)state;
    static const char *const configs[] = {
        "{}",
        "{'os':'Linux','arch':'x86_64','firmware':{'legacyBIOS':false},'video':{'display':'none','vnc':{}},'"
        "audio':"
        "{'device':'','interface':''},'rosetta':{'enabled':false},'tpm':true,'nestedVirtualization':true,'"
        "mountType':"
        "'9p','vmOpts':{},'networks':[],'mounts':[{'location':'~','mountPoint':'/mnt/"
        "home'}],'ssh':{'localPort':0}}",
        "{'plain':true,'vmOpts':{'hyperv':{'network':'hcn'}}}",
        "{'networks':[{'lima':'user-v2','macAddress':'52:55:55:1:2:3','interface':'lima0','metric':100}]}",
        ("{'vmOpts':{'hyperv':{'network':'hvsocket','secureBoot':'linux'},'qemu':{'x':1}},"
         "'images':[{'location':'a.iso'},{'location':'b.tar','arch':'aarch64'},{'location':'c.vhdx.zst'}]}"),
    };
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        lima_instance *inst = made(configs[i]);
        assert_ok(lima_hyperv_configure(inst, &plain, &err));
        assert_ok(lima_hyperv_validate(inst, &plain, NULL, &err));
        lima_instance_free(inst);
    }
}

static void validate__host_not_asked__nothing_is_held_against_it(void **state)
{
    (void)state;
    hyperv_config_inputs inputs = {.host_arch = "x86_64", .home = HOME};
    lima_instance *inst = made("{'tpm':true,'nestedVirtualization':true}");
    assert_ok(lima_hyperv_validate(inst, &inputs, NULL, &err));
    lima_instance_free(inst);
}

static void validate__ignored_keys_of_the_user__one_sentence_each(void **state)
{
    (void)state;
    lima_instance *inst = made("{}");
    lima_json *written =
        parse_text("{'cpuType':{'x86_64':'max'},'vmOpts':{'qemu':{'a':1},'vz':{}},'ssh':{'overVsock':false},"
                   "'video':{'vnc':{'display':''}},'hostResolver':{'enabled':true}}");
    hyperv_config_inputs inputs = plain;
    lima_strv warnings = {0};
    inputs.written = written;
    inputs.network = HYPERV_NETWORK_HCN;
    assert_ok(lima_hyperv_validate(inst, &inputs, &warnings, &err));
    char *all = lima_strv_join(&warnings, "\n");
    assert_int_equal(warnings.len, 5);
    assert_non_null(strstr(all, "cpuType is ignored"));
    assert_non_null(strstr(all, "vmOpts.qemu is ignored"));
    assert_non_null(strstr(all, "ssh.overVsock is ignored"));
    assert_non_null(strstr(all, "video.vnc is ignored"));
    assert_non_null(strstr(all, "hostResolver.enabled"));
    free(all);
    lima_strv_free(&warnings);
    lima_json_free(written);
    lima_instance_free(inst);
}

static void options__network_of_the_configuration(void **state)
{
    (void)state;
    static const struct {
        const char *config;
        hyperv_network_mode network;
        const char *name;
        hyperv_secure_boot secure_boot;
    } table[] = {
        {"{}", HYPERV_NETWORK_AUTO, NULL, HYPERV_SECURE_BOOT_OFF},
        {"{'vmOpts':{'hyperv':{'network':'hcn','secureBoot':'windows'}}}", HYPERV_NETWORK_HCN, NULL,
         HYPERV_SECURE_BOOT_WINDOWS},
        {"{'networks':[{'lima':'mine'}]}", HYPERV_NETWORK_HVSOCKET, "mine", HYPERV_SECURE_BOOT_OFF},
    };
    lima_strv user_v2 = {0};
    lima_strv_add(&user_v2, "mine");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        lima_instance *inst = made(table[i].config);
        hyperv_options options = {0};
        assert_ok(lima_hyperv_options_read(inst, &user_v2, &options, &err));
        assert_int_equal(options.network, table[i].network);
        assert_int_equal(options.secure_boot, table[i].secure_boot);
        assert_true(lima_str_eq(options.lima_network, table[i].name));
        lima_instance_free(inst);
    }
    lima_instance *inst = made("{'networks':[{'lima':'user-v2'}]}");
    hyperv_options options = {0};
    assert_err(lima_hyperv_options_read(inst, &user_v2, &options, &err), LIMA_CODE_UNIMPLEMENTED, "user-v2");
    lima_instance_free(inst);
    lima_strv_free(&user_v2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configure__empty__fills_types),
        cmocka_unit_test(configure__sshfs_unsupported__9p),
        cmocka_unit_test(configure__dns__by_network_and_wish),
        cmocka_unit_test(configure__wrong_kind__leaves_the_instance),
        cmocka_unit_test(validate__what_these_vms_cannot_do__is_named),
        cmocka_unit_test(validate__what_this_computer_lacks__is_named),
        cmocka_unit_test(validate__sizes),
        cmocka_unit_test(validate__what_limactl_fills__is_fine),
        cmocka_unit_test(validate__host_not_asked__nothing_is_held_against_it),
        cmocka_unit_test(validate__ignored_keys_of_the_user__one_sentence_each),
        cmocka_unit_test(options__network_of_the_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
