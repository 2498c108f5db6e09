#include "qemu_test.h"

#include "driver/identity.h"
#include "qemu/networks.h"

static const char yaml_text[] =
    "networks:\n  user-v2: {mode: user-v2}\n  my.net: {mode: user-v2}\n  shared: {mode: shared}\n  empty:\n";

static lima_strv user_v2(void)
{
    lima_strv names = {0};
    lima_strv_add(&names, "user-v2");
    lima_strv_add(&names, "my.net");
    return names;
}

static void names__of_file__are_those_of_mode_user_v2(void **state)
{
    (void)state;
    lima_strv names = {0};
    assert_ok(lima_qemu_user_v2_names(yaml_text, strlen(yaml_text), &names, &err));
    char *joined = lima_strv_join(&names, " ");
    assert_string_equal(joined, "user-v2 my.net");
    free(joined);
    lima_strv_free(&names);
}

static void names__no_file__is_limas_own(void **state)
{
    (void)state;
    lima_strv names = {0};
    assert_ok(lima_qemu_user_v2_names("", 0, &names, &err));
    assert_int_equal(names.len, 1);
    assert_string_equal(names.items[0], "user-v2");
    lima_strv_free(&names);
}

static void names__broken_yaml__fails(void **state)
{
    (void)state;
    lima_strv names = {0};
    assert_false(lima_qemu_user_v2_names("networks: [", 11, &names, NULL));
    assert_int_equal(names.len, 0);
}

static void read_names__beside_the_instance(void **state)
{
    (void)state;
    char *home = make_folder("net ü");
    char *dir = lima_path_join(home, "dev");
    lima_instance *inst = make_instance_in(dir, "x86_64", "{}");
    lima_strv names = {0};
    assert_ok(lima_qemu_user_v2_read(inst, &names, &err));
    assert_string_equal(names.items[0], "user-v2");
    lima_strv_free(&names);
    write_file(home, "_config/networks.yaml", "networks:\n  only: {mode: user-v2}\n");
    assert_ok(lima_qemu_user_v2_read(inst, &names, &err));
    assert_int_equal(names.len, 1);
    assert_string_equal(names.items[0], "only");
    lima_strv_free(&names);
    write_file(home, "_config/networks.yaml", "networks: {\n");
    assert_err(lima_qemu_user_v2_read(inst, &names, &err), LIMA_CODE_INVALID_ARGUMENT,
               "_config/networks.yaml");
    lima_instance_free(inst);
    lima_dir_remove(home, NULL);
    free(dir);
    free(home);
}

static void file__of_network__is_below_lima_home(void **state)
{
    (void)state;
    lima_instance *inst = make_instance("{}");
    char *path = lima_qemu_network_file(inst, "my.net", "ep.sock");
    assert_string_equal(path, "/lh/_networks/my.net/my.net_ep.sock");
    free(path);
    lima_instance_free(inst);
}

static void nics__none_given__is_the_user_network(void **state)
{
    (void)state;
    lima_instance *inst = make_instance("{}");
    lima_strv names = user_v2();
    qemu_nics nics = {0};
    char mac[LIMA_MAC_SIZE];
    lima_identity_mac("m", "/lh/dev", mac);
    assert_ok(lima_qemu_nics_read(inst, "m", &names, true, &nics, &err));
    assert_int_equal(nics.len, 1);
    assert_int_equal(nics.items[0].kind, QEMU_NIC_USER);
    assert_string_equal(nics.items[0].mac, mac);
    assert_string_equal(nics.items[0].address, "127.0.0.1");
    assert_int_equal(nics.items[0].ssh_port, 60022);
    assert_null(lima_qemu_nics_ssh_network(&nics));
    lima_qemu_nics_free(&nics);
    lima_strv_free(&names);
    lima_instance_free(inst);
}

/* The first user-v2 entry becomes the first NIC, with the instance's address; the others follow in order. */
static void nics__user_v2_second__becomes_the_first(void **state)
{
    (void)state;
    lima_instance *inst = make_instance(
        "{'networks':[{'socket':'/s,1','macAddress':'52:55:55:00:00:01'},{'lima':'my.net',"
        "'macAddress':'52:55:55:00:00:02'},{'lima':'user-v2','macAddress':'52:55:55:00:00:AF'}]}");
    lima_strv names = user_v2();
    qemu_nics nics = {0};
    assert_ok(lima_qemu_nics_read(inst, "m", &names, false, &nics, &err));
    assert_int_equal(nics.len, 3);
    assert_string_equal(nics.items[0].socket, "/lh/_networks/my.net/my.net_qemu.sock");
    assert_string_not_equal(nics.items[0].mac, "52:55:55:00:00:02");
    assert_string_equal(lima_qemu_nics_ssh_network(&nics), "my.net");
    assert_string_equal(nics.items[1].socket, "/s,1");
    assert_null(nics.items[1].network);
    assert_string_equal(nics.items[2].mac, "52:55:55:00:00:AF");
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(nics.items[i].kind, QEMU_NIC_FD);
        assert_int_equal(nics.items[i].fd, 3 + (int)i);
    }
    lima_qemu_nics_free(&nics);
    lima_strv_free(&names);
    lima_instance_free(inst);
}

static void nics__user_network_first__fds_count_from_three(void **state)
{
    (void)state;
    lima_instance *inst = make_instance("{'networks':[{'socket':'/s'}]}");
    lima_strv names = user_v2();
    qemu_nics nics = {0};
    char mac[LIMA_MAC_SIZE];
    lima_identity_mac("m", "/lh/dev/lima.yaml#0", mac);
    assert_ok(lima_qemu_nics_read(inst, "m", &names, false, &nics, &err));
    assert_int_equal(nics.items[1].fd, 3);
    assert_string_equal(nics.items[1].mac, mac);
    lima_qemu_nics_free(&nics);
    assert_ok(lima_qemu_nics_read(inst, "m", &names, true, &nics, &err));
    assert_int_equal(nics.items[1].kind, QEMU_NIC_STREAM);
    lima_qemu_nics_free(&nics);
    lima_strv_free(&names);
    lima_instance_free(inst);
}

static void nics__bad_entry__names_it_and_keeps_output(void **state)
{
    (void)state;
    static const struct {
        const char *config, *word;
        lima_code code;
    } table[] = {
        {"{'networks':[{'lima':'shared'}]}", "networks[0]: network 'shared'", LIMA_CODE_UNIMPLEMENTED},
        {"{'networks':[{'socket':'/s'},{'vzNAT':true}]}", "networks[1] has neither",
         LIMA_CODE_INVALID_ARGUMENT},
        {"{'networks':[{'socket':'/s','macAddress':'52:55:55:00:00'}]}", "macAddress",
         LIMA_CODE_INVALID_ARGUMENT},
        {"{'networks':[{'socket':'/s','macAddress':'52:55:55:00:00:0g'}]}", "0g", LIMA_CODE_INVALID_ARGUMENT},
        {"{'networks':[{'socket':'/s','macAddress':'52-55-55-00-00-01'}]}", "52-55",
         LIMA_CODE_INVALID_ARGUMENT},
        {"{'networks':[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]}", "16 entries",
         LIMA_CODE_INVALID_ARGUMENT},
    };
    lima_strv names = user_v2();
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        lima_instance *inst = make_instance(table[i].config);
        qemu_nics nics = {0};
        assert_err(lima_qemu_nics_read(inst, "m", &names, true, &nics, &err), table[i].code, table[i].word);
        assert_null(nics.items);
        lima_instance_free(inst);
    }
    lima_strv_free(&names);
}

static void ssh_network__of_nothing__is_none(void **state)
{
    (void)state;
    qemu_nics nics = {0};
    assert_null(lima_qemu_nics_ssh_network(&nics));
    lima_qemu_nics_free(&nics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names__of_file__are_those_of_mode_user_v2),
        cmocka_unit_test(names__no_file__is_limas_own),
        cmocka_unit_test(names__broken_yaml__fails),
        cmocka_unit_test(read_names__beside_the_instance),
        cmocka_unit_test(file__of_network__is_below_lima_home),
        cmocka_unit_test(nics__none_given__is_the_user_network),
        cmocka_unit_test(nics__user_v2_second__becomes_the_first),
        cmocka_unit_test(nics__user_network_first__fds_count_from_three),
        cmocka_unit_test(nics__bad_entry__names_it_and_keeps_output),
        cmocka_unit_test(ssh_network__of_nothing__is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
