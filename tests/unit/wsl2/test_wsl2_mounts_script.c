#include "wsl2_test.h"

#include "wsl2/mounts_script.h"

static void script__values_are_quoted(void **state)
{
    (void)state;
    char location[] = "C:\\it's $(x) `y` \"z\"", point[] = "/srv/a b'c";
    lima_windows_mount mount = {location, point, false};
    lima_windows_mounts mounts = {&mount, 1};
    char *script = lima_wsl2_mounts_script(&mounts, 2001, 2002);
    assert_non_null(
        strstr(script, "\nshare 0 'C:\\it'\\''s $(x) `y` \"z\"' '/srv/a b'\\''c' ro 2001 2002\nexit 0\n"));
    free(script);
    mount.writable = true;
    script = lima_wsl2_mounts_script(&mounts, 0, 0);
    assert_non_null(strstr(script, " rw 0 0\n"));
    free(script);
}

static void result__lines(void **state)
{
    (void)state;
    size_t index = 99;
    bool ok = false;
    const char *why = "";
    assert_true(lima_wsl2_mounts_result("lima mount 3 ok", &index, &ok, &why));
    assert_true(index == 3 && ok && !*why);
    assert_true(lima_wsl2_mounts_result("lima mount 12 failed mount: no such device", &index, &ok, &why));
    assert_true(index == 12 && !ok);
    assert_string_equal(why, "mount: no such device");
    assert_true(lima_wsl2_mounts_result("lima mount 0 failed", &index, &ok, &why));
    assert_string_equal(why, "");
    static const char *const noise[] = {"",
                                        "mount 3 ok",
                                        "lima mount ok",
                                        "lima mount 3 okay",
                                        "lima mount 3",
                                        "lima mount x ok",
                                        "lima mount 12345 ok",
                                        "lima mount -1 ok"};
    for (size_t i = 0; i < sizeof noise / sizeof noise[0]; i++)
        assert_false(lima_wsl2_mounts_result(noise[i], &index, &ok, &why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(script__values_are_quoted),
        cmocka_unit_test(result__lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
