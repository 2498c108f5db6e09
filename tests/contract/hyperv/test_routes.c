/* win/routes.h: networks and resolvers, in a form that can be reckoned with. */
#include "../support.h"

#include <stdlib.h>
#include <string.h>

#include "seam.h"
#include "win/routes.h"

static int set_up(void **state)
{
    folder_setup(state);
    seam_begin(*state);
    return 0;
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, folder_teardown)

static void assert_net(lima_ipv4_net net)
{
    lima_ipv4_net whole = lima_ipv4_net_of(net.base, net.bits);

    assert_int_equal(net.base, whole.base); /* no bits of a host */
    assert_in_range(net.bits, 0, 31);
    assert_int_not_equal(net.bits ? net.base >> 24 : 0, 127);
    assert_true(!net.bits || net.base >> 28 < 14);
}

static void get__of_this_computer__only_networks_of_others(void **state)
{
    lima_ipv4_net *nets = NULL;
    size_t count = 0;

    (void)state;
    assert_ok(lima_routes_get(&nets, &count, err));
    for (size_t i = 0; i < count; i++)
        assert_net(nets[i]);
    print_message("%u routes and addresses\n", (unsigned)count);
    free(nets);
}

static void get__what_is_known_to_be_there__is_found(void **state)
{
    lima_ipv4_net *nets = NULL;
    size_t count = 0;

    (void)state;
    if (!seam_routes("0.0.0.0/0 10.0.0.0/8 192.168.7.0/24"))
        lima_skip("which routes this computer has is not known here");
    assert_ok(lima_routes_get(&nets, &count, err));
    assert_int_equal(count, 3);
    assert_int_equal(nets[0].bits, 0);
    assert_int_equal(nets[1].base, 10u << 24);
    assert_int_equal(nets[2].bits, 24);
    free(nets);
}

static void resolvers__of_this_computer__each_once_and_no_loopback(void **state)
{
    lima_strv list = {0};

    (void)state;
    assert_ok(lima_routes_resolvers(&list, err));
    for (size_t i = 0; i < list.len; i++) {
        uint32_t address = 0;
        assert_true(lima_ipv4_parse(list.items[i], &address));
        assert_int_not_equal(address >> 24, 127);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(list.items[k], list.items[i]);
    }
    print_message("%u resolvers\n", (unsigned)list.len);
    lima_strv_free(&list);
}

static void resolvers__what_is_known_to_be_there__keeps_its_order(void **state)
{
    lima_strv list = {0};

    (void)state;
    if (!seam_resolvers("9.9.9.9 1.1.1.1"))
        lima_skip("which resolvers this computer has is not known here");
    assert_ok(lima_routes_resolvers(&list, err));
    assert_int_equal(list.len, 2);
    assert_string_equal(list.items[0], "9.9.9.9");
    assert_string_equal(list.items[1], "1.1.1.1");
    lima_strv_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(get__of_this_computer__only_networks_of_others),
        IN_WORLD(get__what_is_known_to_be_there__is_found),
        IN_WORLD(resolvers__of_this_computer__each_once_and_no_loopback),
        IN_WORLD(resolvers__what_is_known_to_be_there__keeps_its_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
