#include "wsl2_test.h"

#include "wsl2/ini.h"
#include "wsl2/wslconf.h"

/* Merges one key. */
static char *merge(const char *text, wsl2_conf_key key, bool *ret_changed)
{
    char *merged = NULL;
    assert_ok(lima_wsl2_wslconf_merge(text, strlen(text), &key, 1, &merged, ret_changed, &err));
    return merged;
}

static void merge__one_key__goes_to_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
        bool force;
    } table[] = {
        {"", "[boot]\nsystemd=true\n", false},
        {"[boot]\n", "[boot]\nsystemd=true\n", false},
        {"[boot]", "[boot]\nsystemd=true\n", false},
        {"[boot]\ncommand=x\n\n# end\n[user]\ndefault=me\n",
         "[boot]\ncommand=x\nsystemd=true\n\n# end\n[user]\ndefault=me\n", false},
        {"# mine\n[user]\ndefault=me", "# mine\n[user]\ndefault=me\n[boot]\nsystemd=true\n", false},
        {"[boot]\r\ncommand=x\r\n", "[boot]\r\ncommand=x\r\nsystemd=true\r\n", false},
        {"[boot]\nsystemd=false # no\n", "[boot]\n# no\nsystemd=true\n", true},
        {"[boot]\nsystemd=\n", "[boot]\nsystemd=true\n", true},
        {"[boot]\n systemd = \"false\" \n", "[boot]\n systemd = true\n", true},
        {"[boot]\nsystemd=a\n[x]\n[BOOT]\nSystemd=b\n", "[boot]\nsystemd=a\n[x]\n[BOOT]\nSystemd=true\n",
         true},
        {"[other]\nsystemd=false\n", "[other]\nsystemd=false\n[boot]\nsystemd=true\n", true},
        {"systemd=false\n", "systemd=false\n[boot]\nsystemd=true\n", true},
        {"\xef\xbb\xbf[boot]\n", "\xef\xbb\xbf[boot]\nsystemd=true\n", false},
        {"#[boot]\n#systemd=false\n", "#[boot]\n#systemd=false\n[boot]\nsystemd=true\n", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        bool changed = false;
        char *merged =
            merge(table[i].before, (wsl2_conf_key){"boot", "systemd", "true", table[i].force}, &changed);
        assert_string_equal(merged, table[i].after);
        assert_true(changed);
        bool again = true;
        char *twice = merge(merged, (wsl2_conf_key){"boot", "systemd", "true", table[i].force}, &again);
        assert_string_equal(twice, merged);
        assert_false(again);
        free(merged);
        free(twice);
    }
}

static void merge__value_of_the_user__stays_unless_forced(void **state)
{
    (void)state;
    static const char text[] = "[boot]\nsystemd = false\n";
    bool changed = true;
    char *merged = merge(text, (wsl2_conf_key){"boot", "systemd", "true", false}, &changed);
    assert_string_equal(merged, text);
    assert_false(changed);
    free(merged);
}

static void merge__all_that_we_want__keeps_all_else(void **state)
{
    (void)state;
    static const char text[] = "# of the image\n[automount]\nroot=/\n\n[user]\ndefault=me # me\nnonsense\n";
    wsl2_conf_key keys[WSL2_CONF_KEYS];
    size_t count = lima_wsl2_wslconf_wanted("lima-dev", true, keys);
    assert_int_equal(count, WSL2_CONF_KEYS);
    assert_int_equal(lima_wsl2_wslconf_wanted("lima-dev", false, keys), WSL2_CONF_KEYS - 1);
    lima_wsl2_wslconf_wanted("lima-dev", true, keys);
    char *merged = NULL;
    bool changed = false;
    assert_ok(lima_wsl2_wslconf_merge(text, strlen(text), keys, count, &merged, &changed, &err));
    assert_string_equal(
        merged, "# of the image\n[automount]\nroot=/\noptions=\"metadata\"\n\n[user]\ndefault=me # me\n"
                "nonsense\n[network]\nhostname=lima-dev\n[interop]\nappendWindowsPath=false\n"
                "[general]\nguiApplications=false\n[boot]\nsystemd=true\n");
    wsl2_conf conf;
    lima_wsl2_wslconf_read(merged, strlen(merged), &conf);
    assert_true(conf.systemd && conf.automount && conf.interop);
    assert_string_equal(conf.automount_root, "/");
    free(merged);
}

static void merge__bad_input__is_refused(void **state)
{
    (void)state;
    wsl2_conf_key key = {"boot", "systemd", "true", false}, bad = {"boot", "command", "a\nb", false};
    char *merged = NULL, *big = lima_mem_zalloc(WSL2_CONF_MAX + 2, 1);
    bool changed = false;
    memset(big, '#', WSL2_CONF_MAX + 1);
    assert_err(lima_wsl2_wslconf_merge(big, WSL2_CONF_MAX + 1, &key, 1, &merged, &changed, &err),
               LIMA_CODE_OUT_OF_RANGE, "/etc/wsl.conf");
    assert_err(lima_wsl2_wslconf_merge("a\0b", 3, &key, 1, &merged, &changed, &err),
               LIMA_CODE_INVALID_ARGUMENT, "/etc/wsl.conf");
    assert_err(lima_wsl2_wslconf_merge("", 0, &bad, 1, &merged, &changed, &err), LIMA_CODE_INVALID_ARGUMENT,
               "command");
    assert_ok(lima_wsl2_wslconf_merge(big, WSL2_CONF_MAX, &key, 1, &merged, &changed, &err));
    free(merged);
    free(big);
}

static void read__defaults_and_nonsense(void **state)
{
    (void)state;
    wsl2_conf conf;
    lima_wsl2_wslconf_read("", 0, &conf);
    assert_true(!conf.systemd && conf.automount && conf.interop);
    assert_string_equal(conf.automount_root, "/mnt/");
    static const char text[] =
        "[Boot]\nSYSTEMD=TRUE\n[automount]\nenabled=0\nroot=relative\n[interop]\nenabled=perhaps";
    lima_wsl2_wslconf_read(text, strlen(text), &conf);
    assert_true(conf.systemd && !conf.automount && conf.interop);
    assert_string_equal(conf.automount_root, "/mnt/");
}

static void ini_get__last_value_unquoted(void **state)
{
    (void)state;
    static const char text[] = "[a]\nk=1\nk = \"C:\\\\x # y\" # z\n[b]\nk=3\n[a\nk=4\n";
    size_t number = 0;
    char *value = lima_wsl2_ini_get(text, strlen(text), "A", "K", &number);
    assert_string_equal(value, "C:\\x # y");
    assert_int_equal(number, 3);
    free(value);
    assert_null(lima_wsl2_ini_get(text, strlen(text), "a", "x", NULL));
    value = lima_wsl2_ini_get(text, strlen(text), "b", "k", NULL);
    assert_string_equal(value, "4");
    free(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merge__one_key__goes_to_its_place),
        cmocka_unit_test(merge__value_of_the_user__stays_unless_forced),
        cmocka_unit_test(merge__all_that_we_want__keeps_all_else),
        cmocka_unit_test(merge__bad_input__is_refused),
        cmocka_unit_test(read__defaults_and_nonsense),
        cmocka_unit_test(ini_get__last_value_unquoted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
