#include "wsl2_test.h"

#include "wsl2/wslconfig.h"

static const uint64_t gib = 1024ull * 1024 * 1024;

static void read__nothing__defaults(void **state)
{
    (void)state;
    wsl2_user_config config;
    lima_strv warnings = {0};
    lima_wsl2_wslconfig_read("", 0, &config, &warnings);
    assert_int_equal(config.network, WSL2_NETWORK_NAT);
    assert_true(config.localhost_forwarding);
    assert_true(config.vm_idle_ms == 60000 && config.instance_idle_ms == 15000);
    assert_int_equal(lima_wsl2_wslconfig_cpus(&config, 8), 8);
    assert_true(lima_wsl2_wslconfig_memory(&config, 16 * gib) == 8 * gib);
    assert_int_equal(warnings.len, 0);
}

static const char full[] =
    "# mine\r\n[wsl2]\r\nmemory=6GB # enough\r\nprocessors = 3\r\nswap=0\r\n"
    "networkingMode=Mirrored\r\nlocalhostForwarding=FALSE\r\nkernel=C:\\\\k\\\\bz\r\n"
    "vmIdleTimeout=-1\r\n[General]\r\ninstanceIdleTimeout=-1\r\n[experimental]\r\nmemory=1GB\r\n";

static void assert_full(const wsl2_user_config *config)
{
    assert_true(config->memory == 6 * gib && config->processors == 3 && config->has_swap
                && config->swap == 0);
    assert_int_equal(config->network, WSL2_NETWORK_MIRRORED);
    assert_false(config->localhost_forwarding);
    assert_true(config->vm_idle_ms == -1 && config->instance_idle_ms == -1);
    assert_true(config->has_kernel);
    assert_string_equal(config->kernel, "C:\\k\\bz");
}

static void read__every_encoding__same_values(void **state)
{
    (void)state;
    static const char *const boms[] = {"", "\xef\xbb\xbf"};
    for (size_t i = 0; i < 2; i++) {
        wsl2_user_config config;
        char *text = lima_mem_printf("%s%s", boms[i], full);
        lima_buf wide = LIMA_BUF(4096);
        add_utf16(&wide, text);
        lima_wsl2_wslconfig_read(text, strlen(text), &config, NULL);
        assert_full(&config);
        lima_wsl2_wslconfig_read(wide.data, wide.len, &config, NULL);
        assert_full(&config);
        lima_buf_free(&wide);
        free(text);
    }
}

static void read__bad_values__count_as_not_set_and_are_named(void **state)
{
    (void)state;
    static const char text[] = "[wsl2]\nmemory=lots\nprocessors=0\nswap=-1\nnetworkingMode=magic\n"
                               "localhostForwarding=perhaps\nvmIdleTimeout=soon\n";
    wsl2_user_config config;
    lima_strv warnings = {0};
    lima_wsl2_wslconfig_read(text, strlen(text), &config, &warnings);
    assert_int_equal(warnings.len, 6);
    char *all = lima_strv_join(&warnings, "\n");
    assert_non_null(strstr(all, "line 2: memory=lots"));
    assert_non_null(strstr(all, "line 5: networkingMode=magic"));
    free(all);
    lima_strv_free(&warnings);
    assert_true(config.memory == 0 && config.processors == 0 && !config.has_swap
                && config.vm_idle_ms == 60000);
    assert_int_equal(config.network, WSL2_NETWORK_UNKNOWN);
    assert_true(config.localhost_forwarding);
}

static void effective__never_more_than_the_host_has(void **state)
{
    (void)state;
    wsl2_user_config config = {.processors = 64, .memory = 64 * gib};
    assert_int_equal(lima_wsl2_wslconfig_cpus(&config, 4), 4);
    assert_true(lima_wsl2_wslconfig_memory(&config, 8 * gib) == 8 * gib);
    assert_true(lima_wsl2_wslconfig_memory(&config, 0) == 64 * gib); /* the host does not tell */
}

static void explain__only_what_differs(void **state)
{
    (void)state;
    wsl2_user_config config = {.processors = 2};
    lima_instance *inst = make_instance("{}"); /* 2 cpus, 1 GiB */
    lima_strv sentences = {0};
    lima_wsl2_wslconfig_explain(&config, inst, 8, 2 * gib, &sentences);
    assert_int_equal(sentences.len, 0);
    lima_wsl2_wslconfig_explain(&config, inst, 1, 16 * gib, &sentences);
    assert_int_equal(sentences.len, 2);
    assert_non_null(strstr(sentences.items[0], "cpus: 2 "));
    assert_non_null(strstr(sentences.items[0], "share 1 (as .wslconfig says)"));
    assert_non_null(strstr(sentences.items[1], "memory: 1.0 GiB"));
    assert_non_null(strstr(sentences.items[1], "share 8.0 GiB (WSL's default)"));
    lima_strv_free(&sentences);
    lima_instance_free(inst);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__nothing__defaults),
        cmocka_unit_test(read__every_encoding__same_values),
        cmocka_unit_test(read__bad_values__count_as_not_set_and_are_named),
        cmocka_unit_test(effective__never_more_than_the_host_has),
        cmocka_unit_test(explain__only_what_differs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
