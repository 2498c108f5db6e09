#include "wsl2_test.h"

#include "wsl2/argv.h"

#define EXE "C:\\Program Files\\WSL\\wsl.exe"
#define GUEST "-d|lima-dev|-u|root|--cd|/|--exec|"

/* The words behind the program, joined with '|'. */
static void assert_words(lima_strv *argv, const char *wanted)
{
    char *joined = lima_strv_join(argv, "|");
    assert_true(lima_str_has_prefix(joined, EXE "|"));
    assert_string_equal(joined + strlen(EXE "|"), wanted);
    free(joined);
    lima_strv_free(argv);
}

static void verbs__have_their_exact_form(void **state)
{
    (void)state;
    lima_strv argv = {0};
    lima_wsl2_argv_version(EXE, &argv);
    assert_words(&argv, "--version");
    lima_wsl2_argv_list(EXE, false, &argv);
    assert_words(&argv, "--list|--quiet");
    lima_wsl2_argv_list(EXE, true, &argv);
    assert_words(&argv, "--list|--running|--quiet");
    assert_ok(lima_wsl2_argv_import(EXE, "lima-dev", "C:\\a b", "C:\\a b\\image", false, &argv, &err));
    assert_words(&argv, "--import|lima-dev|C:\\a b|C:\\a b\\image|--version|2");
    assert_ok(lima_wsl2_argv_import(EXE, "lima-dev", "C:\\a b", "-", true, &argv, &err));
    assert_words(&argv, "--import|lima-dev|C:\\a b|-|--version|2|--vhd");
    assert_ok(lima_wsl2_argv_import_in_place(EXE, "lima-dev", "C:\\\xc3\xa4\\ext4.vhdx", &argv, &err));
    assert_words(&argv, "--import-in-place|lima-dev|C:\\\xc3\xa4\\ext4.vhdx");
    assert_ok(lima_wsl2_argv_unregister(EXE, "lima-dev", &argv, &err));
    assert_words(&argv, "--unregister|lima-dev");
    assert_ok(lima_wsl2_argv_terminate(EXE, "lima-dev", &argv, &err));
    assert_words(&argv, "--terminate|lima-dev");
    assert_ok(lima_wsl2_argv_move(EXE, "lima-dev", "D:\\x", &argv, &err));
    assert_words(&argv, "--manage|lima-dev|--move|D:\\x");
}

static void export__formats_of_new_and_old(void **state)
{
    (void)state;
    static const struct {
        wsl2_format format;
        bool with_format;
        const char *wanted;
    } table[] = {{WSL2_FORMAT_TAR, true, "--format|tar"},
                 {WSL2_FORMAT_TAR_GZ, true, "--format|tar.gz"},
                 {WSL2_FORMAT_VHD, true, "--format|vhd"},
                 {WSL2_FORMAT_VHD, false, "--vhd"}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        lima_strv argv = {0};
        assert_ok(lima_wsl2_argv_export(EXE, "lima-dev", "C:\\t", table[i].format, table[i].with_format,
                                        &argv, &err));
        char *wanted = lima_mem_printf("--export|lima-dev|C:\\t|%s", table[i].wanted);
        assert_words(&argv, wanted);
        free(wanted);
    }
    lima_strv argv = {0};
    assert_ok(lima_wsl2_argv_export(EXE, "lima-dev", "-", WSL2_FORMAT_TAR, false, &argv, &err));
    assert_words(&argv, "--export|lima-dev|-");
    assert_err(lima_wsl2_argv_export(EXE, "lima-dev", "-", WSL2_FORMAT_TAR_GZ, false, &argv, &err),
               LIMA_CODE_UNIMPLEMENTED, "wsl --update");
}

static void resize__bytes__whole_mebibytes_rounded_up(void **state)
{
    (void)state;
    static const struct {
        uint64_t bytes;
        const char *wanted;
    } table[] = {
        {100ull << 30, "102400MB"}, {1, "1MB"}, {(1 << 20) + 1, "2MB"}, {UINT64_MAX, "17592186044416MB"}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        lima_strv argv = {0};
        assert_ok(lima_wsl2_argv_resize(EXE, "lima-dev", table[i].bytes, &argv, &err));
        char *wanted = lima_mem_printf("--manage|lima-dev|--resize|%s", table[i].wanted);
        assert_words(&argv, wanted);
        free(wanted);
    }
}

static void exec__canonical_form(void **state)
{
    (void)state;
    lima_strv argv = {0};
    assert_ok(lima_wsl2_argv_exec(EXE, "lima-dev", "root", (const char *const[]){"/bin/id", "-u", NULL},
                                  &argv, &err));
    assert_words(&argv, GUEST "/bin/id|-u");
    assert_ok(
        lima_wsl2_argv_sh(EXE, "lima-dev", "echo \"$1\"", (const char *const[]){"a b", NULL}, &argv, &err));
    assert_words(&argv, GUEST "/bin/sh|-c|echo \"$1\"|lima|a b");
    assert_ok(lima_wsl2_argv_sh(EXE, "lima-dev", "x", NULL, &argv, &err));
    assert_words(&argv, GUEST "/bin/sh|-c|x|lima");
    assert_ok(lima_wsl2_argv_sh_stdin(EXE, "lima-dev", &argv, &err));
    assert_words(&argv, GUEST "/bin/sh|-s");
}

static void names__traps__are_refused_by_every_verb(void **state)
{
    (void)state;
    static const char *const names[] = {"",    "a b", "\"x\"", "x\ty", "\xc3\xa4", "Legacy", "legacy",
                                        "a/b", "a&b", "a'b",   "$x",   "%x%",      "x\n"};
    lima_strv argv = {0};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *name = names[i];
        const char *const id[] = {"/bin/id", NULL};
        assert_err(lima_wsl2_name_check(name, &err), LIMA_CODE_INVALID_ARGUMENT, "not possible");
        assert_false(lima_wsl2_argv_import(EXE, name, "C:\\d", "C:\\f", false, &argv, NULL));
        assert_false(lima_wsl2_argv_import_in_place(EXE, name, "C:\\d", &argv, NULL));
        assert_false(lima_wsl2_argv_export(EXE, name, "-", WSL2_FORMAT_TAR, true, &argv, NULL));
        assert_false(lima_wsl2_argv_unregister(EXE, name, &argv, NULL));
        assert_false(lima_wsl2_argv_terminate(EXE, name, &argv, NULL));
        assert_false(lima_wsl2_argv_resize(EXE, name, 1, &argv, NULL));
        assert_false(lima_wsl2_argv_move(EXE, name, "C:\\d", &argv, NULL));
        assert_false(lima_wsl2_argv_exec(EXE, name, "root", id, &argv, NULL));
        assert_false(lima_wsl2_argv_sh(EXE, name, "x", NULL, &argv, NULL));
        assert_int_equal(argv.len, 0);
    }
}

static void names__length__at_most_256(void **state)
{
    (void)state;
    char name[WSL2_NAME_MAX + 2];
    memset(name, 'x', sizeof name);
    name[WSL2_NAME_MAX] = '\0';
    assert_true(lima_wsl2_name_valid(name));
    name[WSL2_NAME_MAX] = 'x';
    name[WSL2_NAME_MAX + 1] = '\0';
    assert_false(lima_wsl2_name_valid(name));
    assert_true(lima_wsl2_name_valid("lima-a.b_c-9"));
    assert_true(lima_wsl2_name_valid("Legacy2"));
    char *distro = lima_wsl2_distro_name("dev");
    assert_string_equal(distro, "lima-dev");
    free(distro);
}

static void paths__relative_or_quoted__are_refused(void **state)
{
    (void)state;
    static const char *const paths[] = {"", "x", "--vhd", "C:x", "..\\x", "C:\\a\"b", "C:\\a\nb"};
    lima_strv argv = {0};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_err(lima_wsl2_argv_import(EXE, "n", paths[i], "-", false, &argv, &err),
                   LIMA_CODE_INVALID_ARGUMENT, "absolute");
        assert_err(lima_wsl2_argv_import(EXE, "n", "C:\\d", paths[i], false, &argv, &err),
                   LIMA_CODE_INVALID_ARGUMENT, "absolute");
    }
    assert_false(lima_wsl2_argv_import_in_place(EXE, "n", "-", &argv, NULL));
    assert_int_equal(argv.len, 0);
}

static void exec__bad_user_or_command__is_refused(void **state)
{
    (void)state;
    const char *const id[] = {"/bin/id", NULL}, *const relative[] = {"id", NULL}, *const none[] = {NULL};
    const char *const bytes[] = {"/bin/id", "\xff", NULL};
    lima_strv argv = {0};
    assert_false(lima_wsl2_argv_exec(EXE, "n", "", id, &argv, NULL));
    assert_false(lima_wsl2_argv_exec(EXE, "n", "-x", id, &argv, NULL));
    assert_false(lima_wsl2_argv_exec(EXE, "n", "a b", id, &argv, NULL));
    assert_err(lima_wsl2_argv_exec(EXE, "n", "root", relative, &argv, &err), LIMA_CODE_INVALID_ARGUMENT,
               "absolute");
    assert_false(lima_wsl2_argv_exec(EXE, "n", "root", none, &argv, NULL));
    assert_err(lima_wsl2_argv_exec(EXE, "n", "root", bytes, &argv, &err), LIMA_CODE_INVALID_ARGUMENT,
               "UTF-8");
    assert_int_equal(argv.len, 0);
}

static void length__counts_utf16_units_in_the_worst_quoting(void **state)
{
    (void)state;
    char *quotes = lima_mem_zalloc(WSL2_COMMAND_LINE_MAX + 1, 1);
    lima_strv argv = {0};
    memset(quotes, '"', WSL2_COMMAND_LINE_MAX / 2);
    assert_err(lima_wsl2_argv_sh(EXE, "n", quotes, NULL, &argv, &err), LIMA_CODE_OUT_OF_RANGE, "32767");
    memset(quotes, 'x', WSL2_COMMAND_LINE_MAX / 2);
    assert_ok(lima_wsl2_argv_sh(EXE, "n", quotes, NULL, &argv, &err));
    lima_strv_free(&argv);
    for (int i = 0; i < WSL2_COMMAND_LINE_MAX / 4; i++)
        memcpy(quotes + 4 * (size_t)i, "\xf0\x9f\x98\x80", 4); /* two units each */
    assert_ok(lima_wsl2_argv_sh(EXE, "n", quotes, NULL, &argv, &err));
    lima_strv_free(&argv);
    free(quotes);
}

static void environment__utf8_and_nothing_of_the_users(void **state)
{
    (void)state;
    const char *const *added = lima_wsl2_environment();
    assert_string_equal(added[0], "WSL_UTF8=1");
    assert_string_equal(added[1], "WSLENV");
    assert_string_equal(added[2], "WSL_DISABLE_WARNINGS");
    assert_null(added[3]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verbs__have_their_exact_form),
        cmocka_unit_test(export__formats_of_new_and_old),
        cmocka_unit_test(resize__bytes__whole_mebibytes_rounded_up),
        cmocka_unit_test(exec__canonical_form),
        cmocka_unit_test(names__traps__are_refused_by_every_verb),
        cmocka_unit_test(names__length__at_most_256),
        cmocka_unit_test(paths__relative_or_quoted__are_refused),
        cmocka_unit_test(exec__bad_user_or_command__is_refused),
        cmocka_unit_test(length__counts_utf16_units_in_the_worst_quoting),
        cmocka_unit_test(environment__utf8_and_nothing_of_the_users),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
