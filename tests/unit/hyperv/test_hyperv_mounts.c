#include "hyperv_test.h"

#include "driver/identity.h"
#include "hyperv/mounts.h"

#define HOME "C:\\Users\\J\xc3\xb6rg M"

static lima_instance *made(const char *mounts)
{
    char *config = lima_mem_printf("{'mountType':'9p','mounts':[%s]}", mounts);
    lima_instance *inst = make_instance_in("C:\\lh\\dev", "x86_64", config);

    free(config);
    return inst;
}

static void read__shares_and_what_the_guest_is_told(void **state)
{
    (void)state;
    lima_instance *inst =
        made("{'location':'~','mountPoint':'/home/me'},"
             "{'location':'D:/a b/\xc3\xbc','writable':true,'9p':{'msize':'64KiB','cache':'none'}},"
             "{'location':'/e/x','mountPoint':'/srv/e "
             "x/','9p':{'securityModel':'none','protocolVersion':'9p2000.L',"
             "'msize':'128KiB','cache':'fscache'}}");
    hyperv_mounts mounts = {0};

    assert_ok(lima_hyperv_mounts_read(inst, HOME, &mounts, &err));
    assert_int_equal(mounts.folders.len, 3);
    static const struct {
        const char *path;
        bool read_only;
    } due[] = {{HOME, true}, {"D:\\a b\\\xc3\xbc", false}, {"e:\\x", true}};
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(mounts.shares[i].path, due[i].path);
        assert_int_equal(mounts.shares[i].read_only, due[i].read_only);
        assert_int_equal(mounts.shares[i].port, HYPERV_SHARE_PORT);
        assert_string_equal(mounts.shares[i].name, mounts.items[i].tag);
    }
    char *list = lima_hyperv_mounts_list(&mounts),
         *tag = lima_identity_mount_tag(LIMA_GENERATION_2_2, 0, "~", "/home/me");
    assert_string_equal(mounts.items[0].tag, tag);
    lima_json *told = NULL;
    assert_ok(lima_json_parse(list, strlen(list), &told, &err));
    assert_null(strchr(list, '\n'));
    assert_int_equal(lima_json_int(told, 0, "port"), 564);
    assert_string_equal(lima_json_str(told, "", "mounts[0].tag"), tag);
    assert_string_equal(lima_json_str(told, "", "mounts[0].cache"), "fscache");
    assert_int_equal(lima_json_int(told, 0, "mounts[0].msize"), 128 << 10);
    assert_string_equal(lima_json_str(told, "", "mounts[1].point"), "/mnt/d/a b/\xc3\xbc");
    assert_true(lima_json_bool(told, false, "mounts[1].writable"));
    assert_string_equal(lima_json_str(told, "", "mounts[1].cache"), "none");
    assert_int_equal(lima_json_int(told, 0, "mounts[1].msize"), 64 << 10);
    assert_string_equal(lima_json_str(told, "", "mounts[2].point"), "/srv/e x");
    assert_false(lima_json_bool(told, true, "mounts[2].writable"));
    lima_json_free(told);
    free(tag);
    free(list);
    lima_hyperv_mounts_free(&mounts);
    lima_instance_free(inst);
}

static void read__cache_left_out__as_limactl_fills_it(void **state)
{
    (void)state;
    lima_instance *inst = made("{'location':'C:\\\\a'},{'location':'C:\\\\b','writable':true}");
    hyperv_mounts mounts = {0};

    assert_ok(lima_hyperv_mounts_read(inst, HOME, &mounts, &err));
    assert_string_equal(mounts.items[0].cache, "fscache");
    assert_string_equal(mounts.items[1].cache, "mmap");
    lima_hyperv_mounts_free(&mounts);
    lima_instance_free(inst);
}

static void read__other_mount_types__none(void **state)
{
    (void)state;
    static const char *const types[] = {"reverse-sshfs", "", "virtiofs"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        lima_instance *inst =
            made("{'location':'\\\\\\\\server\\\\share','mountPoint':'/x','9p':{'cache':'odd'}}");
        hyperv_mounts mounts = {0};
        lima_json_set_str(inst->doc, types[i], "config.mountType");
        assert_ok(lima_hyperv_mounts_read(inst, HOME, &mounts, &err));
        assert_int_equal(mounts.folders.len, 0);
        assert_ok(lima_hyperv_mounts_check(inst, HOME, &err));
        lima_hyperv_mounts_free(&mounts);
        lima_instance_free(inst);
    }
}

static void read__what_windows_server_cannot__is_named(void **state)
{
    (void)state;
    static const struct {
        const char *mount;
        lima_code code;
        const char *words[2];
    } table[] = {
        {"{'location':'\\\\\\\\server\\\\share','mountPoint':'/x'}",
         LIMA_CODE_UNIMPLEMENTED,
         {"mounts[1].location '\\\\server\\share'", "reverse-sshfs"}},
        {"{'location':'//server/share','mountPoint':'/x'}",
         LIMA_CODE_UNIMPLEMENTED,
         {"another computer", "reverse-sshfs"}},
        {"{'location':'C:\\\\x','9p':{'securityModel':'mapped-xattr'}}",
         LIMA_CODE_UNIMPLEMENTED,
         {"mounts[1].9p.securityModel 'mapped-xattr'", "set it to none"}},
        {"{'location':'C:\\\\x','9p':{'protocolVersion':'9p2000.u'}}",
         LIMA_CODE_UNIMPLEMENTED,
         {"mounts[1].9p.protocolVersion '9p2000.u'", "set it to 9p2000.L"}},
        {"{'location':'C:\\\\x','9p':{'msize':'big'}}",
         LIMA_CODE_INVALID_ARGUMENT,
         {"mounts[1].9p.msize 'big'", "128KiB"}},
        {"{'location':'C:\\\\x','9p':{'msize':'1KiB'}}",
         LIMA_CODE_INVALID_ARGUMENT,
         {"mounts[1].9p.msize", "4KiB"}},
        {"{'location':'C:\\\\x','9p':{'msize':'2MiB'}}",
         LIMA_CODE_INVALID_ARGUMENT,
         {"mounts[1].9p.msize", "1MiB"}},
        {"{'location':'C:\\\\x','9p':{'msize':131072}}",
         LIMA_CODE_INVALID_ARGUMENT,
         {"mounts[1].9p.msize", ""}},
        {"{'location':'C:\\\\x','9p':{'cache':'none,trans=virtio'}}",
         LIMA_CODE_INVALID_ARGUMENT,
         {"mounts[1].9p.cache 'none,trans=virtio'", "mmap"}},
        {"{'location':'x'}", LIMA_CODE_INVALID_ARGUMENT, {"mounts[1].location 'x'", "absolute"}},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char *both = lima_mem_printf("{'location':'C:\\\\fine'},%s", table[i].mount);
        lima_instance *inst = made(both);
        hyperv_mounts mounts = {0};
        assert_err(lima_hyperv_mounts_read(inst, HOME, &mounts, &err), table[i].code, table[i].words[0],
                   table[i].words[1]);
        assert_err(lima_hyperv_mounts_check(inst, HOME, &err), table[i].code, table[i].words[0]);
        assert_null(mounts.items);
        lima_instance_free(inst);
        free(both);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__shares_and_what_the_guest_is_told),
        cmocka_unit_test(read__cache_left_out__as_limactl_fills_it),
        cmocka_unit_test(read__other_mount_types__none),
        cmocka_unit_test(read__what_windows_server_cannot__is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
