#include "unit/qemu/qemu_test.h"

#include "driver/windows_mounts.h"

#define HOME "C:\\Users\\J\xc3\xb6rg M"

static void read__forms_of_locations(void **state)
{
    (void)state;
    static const struct {
        const char *location, *wanted, *point;
    } table[] = {
        {"C:\\a b", "C:\\a b", "/mnt/c/a b"},
        {"D:/x/", "D:\\x", "/mnt/d/x"},
        {"/e/y", "e:\\y", "/mnt/e/y"},
        {"~", HOME, "/mnt/c/Users/J\xc3\xb6rg M"},
        {"~/src", HOME "\\src", "/mnt/c/Users/J\xc3\xb6rg M/src"},
        {"C:\\", "C:\\", "/mnt/c"},
        {"C:\\it's $100 & 50%", "C:\\it's $100 & 50%", "/mnt/c/it's $100 & 50%"},
        {"C:\\\xf0\x9f\x98\x80\xe6\xbc\xa2", "C:\\\xf0\x9f\x98\x80\xe6\xbc\xa2",
         "/mnt/c/\xf0\x9f\x98\x80\xe6\xbc\xa2"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        /* make_instance reads ' as ", so the location goes in afterwards */
        lima_instance *inst = make_instance("{'mounts':[{'writable':true}]}");
        lima_json_set_str(inst->doc, table[i].location, "config.mounts[0].location");
        lima_windows_mounts mounts = {0};
        assert_ok(lima_windows_mounts_read(inst, HOME, &mounts, &err));
        assert_int_equal(mounts.len, 1);
        assert_string_equal(mounts.items[0].location, table[i].wanted);
        assert_string_equal(mounts.items[0].point, table[i].point);
        assert_true(mounts.items[0].writable);
        lima_windows_mounts_free(&mounts);
        lima_instance_free(inst);
    }
}

static void read__share_needs_a_point(void **state)
{
    (void)state;
    lima_windows_mounts mounts = {0};
    lima_instance *inst = make_instance("{'mounts':[{'location':'//server/share'}]}");
    assert_err(lima_windows_mounts_read(inst, HOME, &mounts, &err), LIMA_CODE_INVALID_ARGUMENT,
               "mounts[0].mountPoint");
    lima_json_set_str(inst->doc, "/srv//share/.", "config.mounts[0].mountPoint");
    assert_ok(lima_windows_mounts_read(inst, HOME, &mounts, &err));
    assert_string_equal(mounts.items[0].location, "\\\\server\\share");
    assert_string_equal(mounts.items[0].point, "/srv/share");
    assert_false(mounts.items[0].writable);
    lima_windows_mounts_free(&mounts);
    lima_instance_free(inst);
}

static void read__bad_entry__is_named(void **state)
{
    (void)state;
    static const struct {
        const char *config, *word;
    } table[] = {
        {"{'mounts':[{}]}", "mounts[0].location"},
        {"{'mounts':[{'location':'C:x'}]}", "mounts[0].location"},
        {"{'mounts':[{'location':'rel/x'}]}", "mounts[0].location"},
        {"{'mounts':[{'location':'/usr/share'}]}", "mounts[0].location"},
        {"{'mounts':[{'location':'//./pipe/x'}]}", "mounts[0].location"},
        {"{'mounts':[{'location':'//?/C:/x'}]}", "mounts[0].location"},
        {"{'mounts':[{'location':'C:/a\\nb'}]}", "mounts[0].location"},
        {"{'mounts':[{'location':7}]}", "mounts[0].location"},
        {"{'mounts':[{'location':'C:/a','writable':'yes'}]}", "writable"},
        {"{'mounts':[{'location':'C:/a','mountPoint':'rel'}]}", "mounts[0].mountPoint"},
        {"{'mounts':[{'location':'C:/a','mountPoint':'/'}]}", "mounts[0].mountPoint"},
        {"{'mounts':[{'location':'C:/a','mountPoint':'/x/../etc'}]}", "mounts[0].mountPoint"},
        {"{'mounts':[{'location':'C:/a','mountPoint':'/etc/'}]}", "mounts[0].mountPoint"},
        {"{'mounts':[{'location':'C:/a','mountPoint':'//proc/x'}]}", "mounts[0].mountPoint"},
        {"{'mounts':[{'location':'C:/a','mountPoint':'/mnt/lima-cidata'}]}", "mounts[0].mountPoint"},
        {"{'mounts':[{'location':'C:/a','mountPoint':'/x'},{'location':'C:/b','mountPoint':'/x/'}]}",
         "mounts[1]"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        lima_instance *inst = make_instance(table[i].config);
        lima_windows_mounts mounts = {0};
        assert_err(lima_windows_mounts_read(inst, HOME, &mounts, &err), LIMA_CODE_INVALID_ARGUMENT,
                   table[i].word);
        assert_null(mounts.items);
        lima_instance_free(inst);
    }
}

static void read__too_many__is_refused(void **state)
{
    (void)state;
    lima_instance *inst = make_instance("{}");
    lima_windows_mounts mounts = {0};
    for (int i = 0; i <= LIMA_WINDOWS_MOUNTS_MAX; i++)
        lima_json_set_str(inst->doc, "C:/a", "config.mounts[%d].location", i);
    assert_err(lima_windows_mounts_read(inst, HOME, &mounts, &err), LIMA_CODE_INVALID_ARGUMENT, "256");
    lima_instance_free(inst);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__forms_of_locations),
        cmocka_unit_test(read__share_needs_a_point),
        cmocka_unit_test(read__bad_entry__is_named),
        cmocka_unit_test(read__too_many__is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
