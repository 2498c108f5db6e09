#include "qemu_test.h"

#include "qemu/mounts.h"

static void type_default__by_host_and_exclusions(void **state)
{
    (void)state;
    lima_instance *plain = make_instance("{}"),
                  *without = make_instance("{'mountTypesUnsupported':['virtiofs','9p']}");
    assert_string_equal(lima_qemu_mount_type_default(plain, "linux", false), "9p");
    assert_string_equal(lima_qemu_mount_type_default(plain, "darwin", false), "9p");
    assert_string_equal(lima_qemu_mount_type_default(plain, "windows", false), "reverse-sshfs");
    assert_string_equal(lima_qemu_mount_type_default(plain, "linux", true), "reverse-sshfs");
    assert_string_equal(lima_qemu_mount_type_default(without, "linux", false), "reverse-sshfs");
    lima_instance_free(plain);
    lima_instance_free(without);
}

static void type_check__by_host(void **state)
{
    (void)state;
    static const struct {
        const char *type, *host;
        bool ok;
    } table[] = {
        {"", "linux", true},
        {"reverse-sshfs", "linux", true},
        {"9p", "linux", true},
        {"virtiofs", "linux", true},
        {"wsl2", "linux", false},
        {"p", "linux", false},
        {"9p", "darwin", true},
        {"virtiofs", "darwin", false},
        {"9p", "windows", false},
        {"virtiofs", "windows", false},
        {"reverse-sshfs", "windows", true},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char config[128];
        snprintf(config, sizeof config, "{'mountType':'%s'}", table[i].type);
        lima_instance *inst = make_instance(config);
        if (table[i].ok)
            assert_ok(lima_qemu_mount_type_check(inst, table[i].host, &err));
        else
            assert_err(lima_qemu_mount_type_check(inst, table[i].host, &err), LIMA_CODE_INVALID_ARGUMENT,
                       "mountType", table[i].type, table[i].host, "reverse-sshfs");
        lima_instance_free(inst);
    }
}

static void type_check__excluded__fails(void **state)
{
    (void)state;
    lima_instance *inst = make_instance("{'mountType':'9p','mountTypesUnsupported':['9p']}");
    assert_err(lima_qemu_mount_type_check(inst, "linux", &err), LIMA_CODE_INVALID_ARGUMENT,
               "mountTypesUnsupported");
    lima_instance_free(inst);
}

static void read__sshfs__is_none_of_qemus_business(void **state)
{
    (void)state;
    const char *configs[] = {"{'mounts':[{'location':'~'}]}",
                             "{'mountType':'reverse-sshfs','mounts':[{'location':'relative'}]}"};
    for (size_t i = 0; i < 2; i++) {
        lima_instance *inst = make_instance(configs[i]);
        qemu_mounts mounts = {0};
        assert_ok(lima_qemu_mounts_read(inst, LIMA_GENERATION_2_2, "/home/u", &mounts, &err));
        assert_int_equal(mounts.kind, QEMU_MOUNT_SSHFS);
        assert_int_equal(mounts.len, 0);
        lima_qemu_mounts_free(&mounts);
        lima_instance_free(inst);
    }
}

static void read__9p__keeps_order_and_fills_defaults(void **state)
{
    (void)state;
    lima_instance *inst =
        make_instance("{'mountType':'9p','mounts':[{'location':'~','mountPoint':'/m'},{'location':'~/"
                      "ü,x','mountPoint':'/n',"
                      "'writable':true,'9p':{'securityModel':'mapped-xattr'}},{'location':'/c'}]}");
    qemu_mounts mounts = {0};
    assert_ok(lima_qemu_mounts_read(inst, LIMA_GENERATION_2_0_3, "/home/u", &mounts, &err));
    assert_int_equal(mounts.kind, QEMU_MOUNT_9P);
    assert_int_equal(mounts.len, 3);
    assert_string_equal(mounts.items[0].location, "/home/u");
    assert_string_equal(mounts.items[0].security_model, "none");
    assert_false(mounts.items[0].writable);
    assert_string_equal(mounts.items[1].location, "/home/u/ü,x");
    assert_string_equal(mounts.items[1].security_model, "mapped-xattr");
    assert_string_equal(mounts.items[1].tag, "mount1");
    assert_true(mounts.items[1].writable);
    assert_string_equal(mounts.items[2].location, "/c");
    lima_qemu_mounts_free(&mounts);
    lima_instance_free(inst);
}

/* The tag is made of the texts of the configuration, "~" unexpanded. Expected: printf '~:/m' | sha256sum. */
static void read__virtiofs__has_socket_queue_and_tag(void **state)
{
    (void)state;
    lima_instance *inst =
        make_instance("{'mountType':'virtiofs','mounts':[{'location':'~','mountPoint':'/m'},{'location':'/b',"
                      "'mountPoint':'/b','virtiofs':{'queueSize':512}}]}");
    qemu_mounts mounts = {0};
    assert_ok(lima_qemu_mounts_read(inst, LIMA_GENERATION_2_2, "/home/u", &mounts, &err));
    assert_int_equal(mounts.kind, QEMU_MOUNT_VIRTIOFS);
    assert_string_equal(mounts.items[0].tag, "lima-6b6f19adbdfcc162");
    assert_string_equal(mounts.items[1].socket, "/lh/dev/virtiofsd-1.sock");
    assert_int_equal(mounts.items[0].queue_size, 1024);
    assert_int_equal(mounts.items[1].queue_size, 512);
    lima_qemu_mounts_free(&mounts);
    lima_instance_free(inst);
}

static void read__bad_entry__names_it_and_keeps_output(void **state)
{
    (void)state;
    static const struct {
        const char *config, *word;
    } table[] = {
        {"{'mountType':'9p','mounts':[{'location':'/a'},{'location':'b'}]}", "mounts[1].location 'b'"},
        {"{'mountType':'9p','mounts':[{}]}", "mounts[0].location ''"},
        {"{'mountType':'9p','mounts':[{'location':'~other/x'}]}", "~other"},
        {"{'mountType':'9p','mounts':[{'location':'/a','9p':{'securityModel':'x,y=z'}}]}",
         "mounts[0].9p.securityModel"},
        {"{'mountType':'virtiofs','mounts':[{'location':'/a','virtiofs':{'queueSize':0}}]}", "queueSize 0"},
        {"{'mountType':'virtiofs','mounts':[{'location':'/a','virtiofs':{'queueSize':1000}}]}",
         "power of two"},
        {"{'mountType':'virtiofs','mounts':[{'location':'/a','virtiofs':{'queueSize':65536}}]}", "32768"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        lima_instance *inst = make_instance(table[i].config);
        qemu_mounts mounts = {0};
        assert_err(lima_qemu_mounts_read(inst, LIMA_GENERATION_2_2, "/home/u", &mounts, &err),
                   LIMA_CODE_INVALID_ARGUMENT, table[i].word);
        assert_null(mounts.items);
        lima_instance_free(inst);
    }
}

static void read__too_many__fails(void **state)
{
    (void)state;
    lima_instance *inst = make_instance("{'mountType':'9p','mounts':[]}");
    for (size_t i = 0; i <= QEMU_MOUNTS_MAX; i++)
        lima_json_set_str(inst->doc, "/a", "config.mounts[%zu].location", i);
    qemu_mounts mounts = {0};
    assert_err(lima_qemu_mounts_read(inst, LIMA_GENERATION_2_2, "/", &mounts, &err),
               LIMA_CODE_INVALID_ARGUMENT, "257", "256");
    lima_instance_free(inst);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(type_default__by_host_and_exclusions),
        cmocka_unit_test(type_check__by_host),
        cmocka_unit_test(type_check__excluded__fails),
        cmocka_unit_test(read__sshfs__is_none_of_qemus_business),
        cmocka_unit_test(read__9p__keeps_order_and_fills_defaults),
        cmocka_unit_test(read__virtiofs__has_socket_queue_and_tag),
        cmocka_unit_test(read__bad_entry__names_it_and_keeps_output),
        cmocka_unit_test(read__too_many__fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
