#include "wsl2_test.h"

#include "wsl2/network.h"

static void parse__words_of_all_versions(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        wsl2_network mode;
        const char *name;
    } table[] = {
        {"nat", WSL2_NETWORK_NAT, "nat"},
        {" NAT\r\n", WSL2_NETWORK_NAT, "nat"},
        {"mirrored", WSL2_NETWORK_MIRRORED, "mirrored"},
        {"consomme", WSL2_NETWORK_CONSOMME, "consomme"},
        {"VirtioProxy", WSL2_NETWORK_CONSOMME, "consomme"},
        {"bridged", WSL2_NETWORK_BRIDGED, "bridged"},
        {"none", WSL2_NETWORK_NONE, "none"},
        {"", WSL2_NETWORK_UNKNOWN, "unknown"},
        {"wsl1", WSL2_NETWORK_UNKNOWN, "unknown"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(lima_wsl2_network_parse(table[i].word), table[i].mode);
        assert_string_equal(lima_wsl2_network_name(table[i].mode), table[i].name);
    }
}

static void ways__by_mode(void **state)
{
    (void)state;
    static const struct {
        wsl2_network mode;
        bool forwarding;
        const char *ways, *listen;
    } table[] = {
        {WSL2_NETWORK_NAT, true, "lgs", "127.0.0.1"},     {WSL2_NETWORK_NAT, false, "gs", "0.0.0.0"},
        {WSL2_NETWORK_MIRRORED, true, "ls", "127.0.0.1"}, {WSL2_NETWORK_MIRRORED, false, "ls", "127.0.0.1"},
        {WSL2_NETWORK_CONSOMME, true, "ls", "127.0.0.1"}, {WSL2_NETWORK_CONSOMME, false, "ls", "127.0.0.1"},
        {WSL2_NETWORK_BRIDGED, true, "gs", "0.0.0.0"},    {WSL2_NETWORK_NONE, true, "s", "127.0.0.1"},
        {WSL2_NETWORK_UNKNOWN, true, "lgs", "127.0.0.1"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        wsl2_way ways[WSL2_WAYS_MAX];
        char text[WSL2_WAYS_MAX + 1] = "";
        size_t count = lima_wsl2_ways(table[i].mode, table[i].forwarding, ways);
        for (size_t k = 0; k < count; k++)
            text[k] = "lgs"[ways[k]];
        assert_string_equal(text, table[i].ways);
        assert_string_equal(lima_wsl2_listen_address(table[i].mode, table[i].forwarding), table[i].listen);
    }
}

static void host_address__by_mode(void **state)
{
    (void)state;
    static const struct {
        wsl2_network mode;
        const char *address;
    } table[] = {
        {WSL2_NETWORK_NAT, "172.20.0.1"},     {WSL2_NETWORK_CONSOMME, "172.20.0.1"},
        {WSL2_NETWORK_UNKNOWN, "172.20.0.1"}, {WSL2_NETWORK_MIRRORED, "127.0.0.1"},
        {WSL2_NETWORK_BRIDGED, ""},           {WSL2_NETWORK_NONE, ""},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_string_equal(lima_wsl2_host_address(table[i].mode, "172.20.0.1"), table[i].address);
    assert_string_equal(lima_wsl2_host_address(WSL2_NETWORK_NAT, ""), "");
}

static void banner__only_with_our_nonce(void **state)
{
    (void)state;
    static const char ours[] = "SSH-2.0-OpenSSH_9.2p1 Debian-2 lima-00ff00ff";
    assert_true(lima_wsl2_banner_check(ours, strlen(ours), "00ff00ff"));
    assert_false(lima_wsl2_banner_check(ours, strlen(ours), "00ff00fe"));
    assert_false(lima_wsl2_banner_check(ours, strlen(ours) - 1, "00ff00ff"));
    assert_false(lima_wsl2_banner_check(ours, strlen(ours), ""));
    assert_false(lima_wsl2_banner_check("HTTP/1.1 00ff00ff", 17, "00ff00ff"));
    assert_false(lima_wsl2_banner_check("", 0, "00ff00ff"));
}

static void numbers__one_path_in_any_spelling__same_numbers(void **state)
{
    (void)state;
    static const char *const spellings[] = {"C:\\Users\\J\xc3\xb6rg\\.lima\\dev",
                                            "c:/users/J\xc3\xb6rg/.lima/DEV/",
                                            "\\\\?\\C:\\Users\\J\xc3\xb6rg\\.lima\\dev"};
    for (size_t i = 1; i < 3; i++) {
        assert_int_equal(lima_wsl2_ssh_port(spellings[i], 0), lima_wsl2_ssh_port(spellings[0], 0));
        assert_int_equal(lima_wsl2_vsock_port(spellings[i], 0), lima_wsl2_vsock_port(spellings[0], 0));
        assert_int_equal(lima_wsl2_uid(spellings[i], 0), lima_wsl2_uid(spellings[0], 0));
    }
}

/* A change here would move existing instances to other numbers. */
static void numbers__are_stable_across_releases(void **state)
{
    (void)state;
    assert_int_equal(lima_wsl2_ssh_port("C:\\lh\\dev", 0), 27383);
    assert_int_equal(lima_wsl2_vsock_port("C:\\lh\\dev", 0), 36896100);
    assert_int_equal(lima_wsl2_uid("C:\\lh\\dev", 0), 9789);
}

static void numbers__ranges_and_spread(void **state)
{
    (void)state;
    enum { INSTANCES = 2000 };
    static bool ports[WSL2_SSH_PORT_MAX + 1];
    size_t different = 0;
    for (unsigned i = 0; i < INSTANCES; i++) {
        char seed[64];
        snprintf(seed, sizeof seed, "C:\\lh\\vm%u", i);
        uint16_t port = lima_wsl2_ssh_port(seed, 0);
        uint32_t vsock = lima_wsl2_vsock_port(seed, i % 7), uid = lima_wsl2_uid(seed, i % 7);
        assert_true(port >= WSL2_SSH_PORT_MIN && port <= WSL2_SSH_PORT_MAX);
        assert_true(port != 25565 && port != 27017 && port != 24800);
        assert_true(lima_wsl2_ssh_port_allowed(port));
        assert_true(vsock >= WSL2_VSOCK_MIN && vsock <= WSL2_VSOCK_MAX);
        assert_true(uid >= WSL2_UID_MIN && uid <= WSL2_UID_MAX);
        different += !ports[port];
        ports[port] = true;
    }
    assert_true(different > INSTANCES * 3 / 4); /* 1700 expected of 6000 */
}

static void numbers__next_attempt__is_another(void **state)
{
    (void)state;
    for (unsigned attempt = 1; attempt < 20; attempt++) {
        assert_int_not_equal(lima_wsl2_ssh_port("/lh/dev", attempt), lima_wsl2_ssh_port("/lh/dev", 0));
        assert_int_not_equal(lima_wsl2_uid("/lh/dev", attempt), lima_wsl2_uid("/lh/dev", 0));
    }
    assert_int_not_equal(lima_wsl2_uid("/lh/dev", 0), lima_wsl2_uid("/lh/Dev", 0)); /* POSIX: case counts */
}

static void port_allowed__servers_of_windows__not(void **state)
{
    (void)state;
    static const uint16_t owned[] = {0, 22, 53, 80, 135, 139, 445, 3389, 5985, 5986};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++)
        assert_false(lima_wsl2_ssh_port_allowed(owned[i]));
    assert_true(lima_wsl2_ssh_port_allowed(60022));
    assert_true(lima_wsl2_ssh_port_allowed(2222));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__words_of_all_versions),
        cmocka_unit_test(ways__by_mode),
        cmocka_unit_test(host_address__by_mode),
        cmocka_unit_test(banner__only_with_our_nonce),
        cmocka_unit_test(numbers__one_path_in_any_spelling__same_numbers),
        cmocka_unit_test(numbers__are_stable_across_releases),
        cmocka_unit_test(numbers__ranges_and_spread),
        cmocka_unit_test(numbers__next_attempt__is_another),
        cmocka_unit_test(port_allowed__servers_of_windows__not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
