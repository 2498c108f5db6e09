#include "hyperv_test.h"

#include "hyperv/network_plan.h"

static lima_ipv4_net net(const char *text)
{
    lima_ipv4_net made = {0};
    if (!lima_ipv4_net_parse(text, &made))
        fail_msg("'%s' is no network", text);
    return made;
}

/* Of a list "a/b c/d". */
static size_t nets(const char *text, lima_ipv4_net *into)
{
    lima_strv words = {0};
    assert_ok(lima_str_split_words(text, &words, &err));
    for (size_t i = 0; i < words.len; i++)
        into[i] = net(words.items[i]);
    size_t count = words.len;
    lima_strv_free(&words);
    return count;
}

static void mode__by_wish_and_rights(void **state)
{
    (void)state;
    const lima_rights admin = {
        .computenetwork = true, .hns = LIMA_RIGHTS_SERVICE_RUNS, .build = 26100, .elevated = true};
    const lima_rights member = {.computenetwork = true,
                                .hns = LIMA_RIGHTS_SERVICE_RUNS,
                                .build = 26100,
                                .hyperv = LIMA_RIGHTS_MEMBER};
    const lima_rights old_member = {.computenetwork = true,
                                    .hns = LIMA_RIGHTS_SERVICE_STOPPED,
                                    .build = 19045,
                                    .hyperv = LIMA_RIGHTS_MEMBER};
    const struct {
        hyperv_network_mode wish;
        const lima_rights *rights;
        hyperv_network_mode due;
        bool may_change;
        const char *reason;
    } table[] = {
        {HYPERV_NETWORK_AUTO, &admin, HYPERV_NETWORK_HCN, true, "may make one"},
        {HYPERV_NETWORK_AUTO, &old_member, HYPERV_NETWORK_HCN, true, "may make one"},
        {HYPERV_NETWORK_AUTO, &member, HYPERV_NETWORK_HVSOCKET, false, "Run as administrator"},
        {HYPERV_NETWORK_HCN, &admin, HYPERV_NETWORK_HCN, false, "configuration"},
        {HYPERV_NETWORK_HVSOCKET, &admin, HYPERV_NETWORK_HVSOCKET, false, "configuration"},
        {HYPERV_NETWORK_HVSOCKET, &member, HYPERV_NETWORK_HVSOCKET, false, "configuration"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        hyperv_network_choice choice = {0};
        assert_ok(lima_hyperv_network_choose(table[i].wish, table[i].rights, &choice, &err));
        if (choice.mode != table[i].due || choice.may_change != table[i].may_change
            || !strstr(choice.reason, table[i].reason))
            fail_msg("row %zu: %s: %s", i, lima_hyperv_network_name(choice.mode), choice.reason);
        lima_hyperv_network_choice_free(&choice);
    }
    hyperv_network_choice none = {0};
    assert_err(lima_hyperv_network_choose(HYPERV_NETWORK_HCN, &member, &none, &err),
               LIMA_CODE_PERMISSION_DENIED, "'hcn'", "administrator", "vmOpts.hyperv.network");
    lima_rights disabled = admin;
    disabled.hns = LIMA_RIGHTS_SERVICE_DISABLED;
    assert_err(lima_hyperv_network_choose(HYPERV_NETWORK_HCN, &disabled, &none, &err),
               LIMA_CODE_FAILED_PRECONDITION, "disabled", "sc config");
    assert_null(none.reason);
}

static void mode__words(void **state)
{
    (void)state;
    for (int mode = HYPERV_NETWORK_AUTO; mode <= HYPERV_NETWORK_HVSOCKET; mode++) {
        hyperv_network_mode parsed = HYPERV_NETWORK_AUTO;
        assert_true(lima_hyperv_network_parse(lima_hyperv_network_name((hyperv_network_mode)mode), &parsed));
        assert_int_equal(parsed, mode);
    }
    hyperv_network_mode parsed = HYPERV_NETWORK_HCN;
    assert_false(lima_hyperv_network_parse("HCN", &parsed));
    assert_false(lima_hyperv_network_parse("", &parsed));
}

static void subnet__around_what_is_there(void **state)
{
    (void)state;
    static const struct {
        const char *taken, *before, *due, *hidden;
    } table[] = {
        {"", NULL, "172.29.64.0/24", NULL},
        {"", "172.29.70.0/24", "172.29.70.0/24", NULL},
        {"", "10.9.8.0/24", "10.9.8.0/24", NULL},
        {"", "10.9.0.0/16", "172.29.64.0/24", NULL},
        {"0.0.0.0/0 192.168.1.0/24 192.168.1.7/32", NULL, "172.29.64.0/24", NULL},
        {"0.0.0.0/1 128.0.0.0/1", NULL, "172.29.64.0/24", NULL},         /* OpenVPN */
        {"172.29.64.0/24", "172.29.64.0/24", "172.29.65.0/24", NULL},    /* another's by now */
        {"172.29.64.9/32 172.29.65.0/25", NULL, "172.29.66.0/24", NULL}, /* single addresses count */
        {"172.29.64.0/20", NULL, "192.168.176.0/24", NULL},
        {"172.16.0.0/12", "172.29.64.0/24", "192.168.176.0/24", NULL},
        {"172.16.0.0/12 192.168.0.0/16", NULL, "10.213.64.0/24", NULL},
        {"172.16.0.0/12 192.168.0.0/16 10.0.0.0/8", NULL, "198.18.64.0/24", NULL},
        {"172.16.0.0/12 192.168.0.0/16 10.0.0.0/8 198.18.0.0/15", NULL, "172.29.64.0/24", "172.16.0.0/12"},
        {"172.16.0.0/12 172.29.64.0/20 192.168.0.0/16 10.0.0.0/8 198.18.0.0/15", NULL, "192.168.176.0/24",
         "192.168.0.0/16"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        lima_ipv4_net taken[8], found = {0}, hidden = {1, 1};
        size_t count = nets(table[i].taken, taken);
        lima_ipv4_net before = table[i].before ? net(table[i].before) : (lima_ipv4_net){0};
        lima_ipv4_net due = net(table[i].due),
                      hides = table[i].hidden ? net(table[i].hidden) : (lima_ipv4_net){0};
        assert_ok(lima_hyperv_subnet_choose(taken, count, before, &found, &hidden, &err));
        if (found.base != due.base || found.bits != due.bits)
            fail_msg("row %zu: %08x/%u", i, found.base, found.bits);
        assert_int_equal(hidden.base, hides.base);
        assert_int_equal(hidden.bits, hides.bits);
    }
}

static void subnet__nothing_free__says_what_to_do(void **state)
{
    (void)state;
    lima_ipv4_net taken[4], found = {7, 7}, hidden = {7, 7};
    size_t count = nets("172.29.64.0/20 192.168.176.0/20 10.213.64.0/20 198.18.64.0/20", taken);
    assert_err(lima_hyperv_subnet_choose(taken, count, (lima_ipv4_net){0}, &found, &hidden, &err),
               LIMA_CODE_RESOURCE_EXHAUSTED, "172.29.64.0/20", "hvsocket");
    assert_int_equal(found.base, 7);
    assert_int_equal(hidden.base, 7);
}

static void address__stable_and_never_twice(void **state)
{
    (void)state;
    lima_ipv4_net subnet = net("172.29.64.0/24");
    uint32_t used[240], first = 0, again = 0, other = 0;
    assert_ok(lima_hyperv_address_choose(subnet, "C:\\lh\\dev", NULL, 0, &first, &err));
    assert_ok(lima_hyperv_address_choose(subnet, "c:/LH/dev/", NULL, 0, &again, &err));
    assert_int_equal(first, again);
    for (size_t count = 0; count < 240; count++) {
        assert_ok(lima_hyperv_address_choose(subnet, "C:\\lh\\dev", used, count, &other, &err));
        assert_true(lima_ipv4_net_has(subnet, other) && (other & 255) >= 10 && (other & 255) <= 249);
        for (size_t i = 0; i < count; i++)
            assert_int_not_equal(other, used[i]);
        used[count] = other;
    }
    assert_int_equal(used[0], first);
    assert_err(lima_hyperv_address_choose(subnet, "C:\\lh\\dev", used, 240, &other, &err),
               LIMA_CODE_RESOURCE_EXHAUSTED, "240", "delete");
    assert_int_equal(lima_hyperv_gateway(subnet), 0xac1d4001);
}

/* Changing them would leave behind what earlier releases have made. */
static void ids__are_stable_across_releases(void **state)
{
    (void)state;
    char vm[LIMA_GUID_SIZE], endpoint[LIMA_GUID_SIZE], network[LIMA_GUID_SIZE], other[LIMA_GUID_SIZE];
    lima_hyperv_vm_id("C:\\lh\\dev", vm);
    lima_hyperv_endpoint_id("C:\\lh\\dev", endpoint);
    lima_hyperv_network_id(network);
    assert_string_equal(vm, "536f1f19-5e54-8267-86f8-27c8e59d37d1");
    assert_string_equal(endpoint, "882e8772-b928-85bb-acd8-742766c90f7b");
    assert_string_equal(network, "2ad3ed14-6ea5-819f-acdc-820e7daf6e5f");
    lima_hyperv_vm_id("C:\\lh\\dev2", other);
    assert_string_not_equal(vm, other);
}

static void address_failed__tells_what_was_tried(void **state)
{
    (void)state;
    const char *why[HYPERV_ADDRESS_WAYS] = {"", "no entry for its MAC address", "nobody knows it"};
    assert_err(lima_hyperv_address_failed(why, &err), LIMA_CODE_UNAVAILABLE,
               "its network endpoint (nothing answers there), this computer's neighbour table (no entry",
               "its name in mshome.net (nobody knows it)", "serial.log");
    const char *none[HYPERV_ADDRESS_WAYS] = {NULL};
    assert_err(lima_hyperv_address_failed(none, &err), LIMA_CODE_UNAVAILABLE, "tried: nothing");
    assert_string_equal(lima_hyperv_address_way_name(HYPERV_ADDRESS_ENDPOINT), "its network endpoint");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mode__by_wish_and_rights),
        cmocka_unit_test(mode__words),
        cmocka_unit_test(subnet__around_what_is_there),
        cmocka_unit_test(subnet__nothing_free__says_what_to_do),
        cmocka_unit_test(address__stable_and_never_twice),
        cmocka_unit_test(ids__are_stable_across_releases),
        cmocka_unit_test(address_failed__tells_what_was_tried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
