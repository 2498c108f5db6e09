#include "lima_test.h"

#include <string.h>

#include "base/ipv4.h"

static void parse__canonical_or_nothing(void **state)
{
    (void)state;
    static const char *const bad[] = {"",         "1.2.3",      "1.2.3.4.5", "256.1.1.1", "01.2.3.4",
                                      "1.2.3.4 ", "::1",        "1..2.3",    "a.b.c.d",   "1.2.3.",
                                      "-1.2.3.4", "1.2.3.4/20", "1.2.3.1000"};
    uint32_t address = 7;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(lima_ipv4_parse(bad[i], &address));
    assert_int_equal(address, 7);
    assert_true(lima_ipv4_parse("255.255.255.255", &address));
    assert_int_equal(address, 0xffffffff);
    assert_true(lima_ipv4_parse("172.20.0.1", &address));
    assert_int_equal(address, 0xac140001);
}

static void print__is_what_was_read(void **state)
{
    (void)state;
    static const char *const texts[] = {"0.0.0.0", "255.255.255.255", "172.20.0.1", "10.200.3.40"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        uint32_t address = 0;
        char text[LIMA_IPV4_SIZE] = "";
        assert_true(lima_ipv4_parse(texts[i], &address));
        lima_ipv4_print(address, text);
        assert_string_equal(text, texts[i]);
    }
}

static void net_parse__needs_prefix_and_clean_base(void **state)
{
    (void)state;
    static const char *const bad[] = {"10.0.0.0",    "10.0.0.0/",  "10.0.0.0/33", "10.0.0.0/8x",
                                      "10.0.0.0/08", "10.0.0/8",   "10.0.0.0/-1", "172.29.64.1/24",
                                      "/8",          "10.1.0.0/8", "10.0.0.0 /8", "10.0.0.0/8 "};
    lima_ipv4_net net = {1, 2};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (lima_ipv4_net_parse(bad[i], &net))
            fail_msg("'%s' was taken", bad[i]);
    assert_int_equal(net.base, 1);
    assert_true(lima_ipv4_net_parse("172.29.64.0/24", &net));
    assert_int_equal(net.base, 0xac1d4000);
    assert_int_equal(net.bits, 24);
    assert_true(lima_ipv4_net_parse("0.0.0.0/0", &net));
    assert_true(lima_ipv4_net_parse("1.2.3.4/32", &net));
}

static void net_overlap__one_inside_the_other(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool due;
    } table[] = {
        {"10.0.0.0/8", "10.9.8.0/24", true},         {"10.0.0.0/24", "10.0.1.0/24", false},
        {"0.0.0.0/0", "172.29.64.0/24", true},       {"172.29.64.7/32", "172.29.64.0/24", true},
        {"172.29.64.0/20", "172.29.80.0/20", false}, {"128.0.0.0/1", "127.0.0.0/8", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        lima_ipv4_net a = {0}, b = {0};
        assert_true(lima_ipv4_net_parse(table[i].a, &a) && lima_ipv4_net_parse(table[i].b, &b));
        assert_int_equal(lima_ipv4_net_overlap(a, b), table[i].due);
        assert_int_equal(lima_ipv4_net_overlap(b, a), table[i].due);
    }
}

static void net_of__has_its_addresses(void **state)
{
    (void)state;
    lima_ipv4_net net = lima_ipv4_net_of(0xc0a80a05, 24);
    assert_int_equal(net.base, 0xc0a80a00);
    assert_true(lima_ipv4_net_has(net, 0xc0a80aff));
    assert_false(lima_ipv4_net_has(net, 0xc0a80b00));
    assert_true(lima_ipv4_net_has(lima_ipv4_net_of(5, 0), 0xffffffff));
    assert_false(lima_ipv4_net_has(lima_ipv4_net_of(5, 32), 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__canonical_or_nothing),
        cmocka_unit_test(print__is_what_was_read),
        cmocka_unit_test(net_parse__needs_prefix_and_clean_base),
        cmocka_unit_test(net_overlap__one_inside_the_other),
        cmocka_unit_test(net_of__has_its_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
