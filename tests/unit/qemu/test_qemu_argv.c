/* Command lines against golden/NAME.args, one argument per line (a line break inside one is written \n).
 * LIMA_GOLDEN_UPDATE=1 writes the files anew: read the difference before committing it. */
#include "qemu_test.h"

#include "os/host.h"
#include "qemu/argv.h"
#include "scenario.h"

static char *print_argv(const lima_strv *argv)
{
    lima_buf text = LIMA_BUF(1 << 20);
    for (size_t i = 0; i < argv->len; i++) {
        for (const char *c = argv->items[i]; *c; c++) {
            if (*c == '\n')
                lima_buf_add_str(&text, "\\n");
            else
                lima_buf_add(&text, c, 1);
        }
        lima_buf_add_str(&text, "\n");
    }
    return lima_buf_take(&text);
}

static void compare(const char *name, const char *text)
{
    char *file = lima_mem_printf("golden/%s.args", name);
    compare_golden(file, text);
    free(file);
}

static lima_strv argv_of(const scenario *s)
{
    qemu_settings settings = {0};
    lima_strv argv = {0};
    scenario_settings(s, "/lh/dev", NULL, &settings);
    lima_qemu_argv(&settings, &argv);
    lima_qemu_settings_free(&settings);
    return argv;
}

static void argv__of_each_scenario__is_golden(void **state)
{
    (void)state;
    for (const scenario *s = scenarios; s->name; s++) {
        lima_strv argv = argv_of(s);
        char *text = print_argv(&argv);
        compare(s->name, text);
        free(text);
        lima_strv_free(&argv);
    }
}

static void check_overridden(const char *name, const char *expected)
{
    const scenario *s = scenarios;
    while (s->name && strcmp(s->name, name) != 0)
        s++;
    qemu_settings settings = {0};
    lima_strv options = {0};
    scenario_settings(s, "/lh/dev", NULL, &settings);
    lima_qemu_argv_overridden(&settings, &options);
    char *joined = lima_strv_join(&options, " ");
    assert_string_equal(joined, expected);
    free(joined);
    lima_strv_free(&options);
    lima_qemu_settings_free(&settings);
}

static void overridden__lists_what_the_words_replace(void **state)
{
    (void)state;
    check_overridden("x86_64-words", "-machine -accel -cpu -smp -m -boot -kernel -append -initrd -display");
    check_overridden("x86_64-words-accel", "-accel -numa");
    check_overridden("x86_64-words-enable-kvm", "-machine -accel");
    check_overridden("aarch64-words-bios", "-m -bios");
    check_overridden("x86_64-tcg-kernel", "");
}

/* All of QEMU's block devices have their format said: nothing is probed. */
static void argv__every_drive__has_a_format(void **state)
{
    (void)state;
    for (const scenario *s = scenarios; s->name; s++) {
        lima_strv argv = argv_of(s);
        for (size_t i = 0; i + 1 < argv.len; i++)
            if (lima_str_eq(argv.items[i], "-drive"))
                assert_non_null(strstr(argv.items[i + 1], ",format="));
        lima_strv_free(&argv);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(argv__of_each_scenario__is_golden),
        cmocka_unit_test(overridden__lists_what_the_words_replace),
        cmocka_unit_test(argv__every_drive__has_a_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
