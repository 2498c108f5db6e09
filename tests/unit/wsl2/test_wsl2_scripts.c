/* What the scripts are as texts; guest.py runs them. */
#include "wsl2_test.h"

#include "wsl2/argv.h"
#include "wsl2/mounts_script.h"
#include "wsl2/scripts.h"

typedef struct named_script {
    const char *name, *text;
} named_script;

enum { SCRIPTS = 12 };

static char *mounts_text;

static void all_scripts(named_script ret[SCRIPTS])
{
    char location[] = "C:\\it's \"x\" $y", point[] = "/srv/a'b";
    lima_windows_mount mount = {location, point, false};
    free(mounts_text);
    mounts_text = lima_wsl2_mounts_script(&(lima_windows_mounts){&mount, 1}, 2000, 2000);
    const named_script scripts[SCRIPTS] = {{"probe", lima_wsl2_script_probe()},
                                           {"write", lima_wsl2_script_write()},
                                           {"read", lima_wsl2_script_read()},
                                           {"cidata", lima_wsl2_script_cidata()},
                                           {"keeper", lima_wsl2_script_keeper()},
                                           {"stop", lima_wsl2_script_stop()},
                                           {"sshd-stdio", lima_wsl2_script_sshd_stdio()},
                                           {"boot", lima_wsl2_script_boot()},
                                           {"limits", lima_wsl2_script_limits()},
                                           {"relay", lima_wsl2_script_relay()},
                                           {"user", lima_wsl2_script_user()->text},
                                           {"mounts", mounts_text}};
    memcpy(ret, scripts, sizeof scripts);
}

static int free_mounts(void **state)
{
    (void)state;
    free(mounts_text);
    mounts_text = NULL;
    return 0;
}

static void texts__plain_ascii_with_lf_and_no_reserved_status(void **state)
{
    (void)state;
    named_script scripts[SCRIPTS];
    all_scripts(scripts);
    for (size_t i = 0; i < SCRIPTS; i++) {
        const char *text = scripts[i].text;
        size_t len = strlen(text);
        for (size_t k = 0; k < len; k++)
            if ((text[k] < 0x20 && text[k] != '\n') || (unsigned char)text[k] > 0x7e)
                fail_msg("%s: byte 0x%02x at %zu", scripts[i].name, (unsigned char)text[k], k);
        assert_true(len > 20 && text[len - 1] == '\n');
        assert_null(strstr(text, "exit 67"));
        assert_null(strstr(text, "exit 87"));
    }
}

static void texts__fit_a_command_line(void **state)
{
    (void)state;
    named_script scripts[SCRIPTS];
    all_scripts(scripts);
    for (size_t i = 0; i < SCRIPTS; i++) {
        lima_strv argv = {0};
        assert_ok(lima_wsl2_argv_sh("C:\\w\\wsl.exe", "lima-dev", scripts[i].text,
                                    (const char *const[]){"one", "two", NULL}, &argv, &err));
        lima_strv_free(&argv);
    }
}

/* Runs a checker that reads the script from its standard input. */
static void check_with(const char *const *argv, const named_script *script)
{
    lima_buf out = LIMA_BUF(65536), err_out = LIMA_BUF(65536);
    lima_process_exit end = {0};
    assert_ok(lima_process_run(argv, script->text, &out, &err_out, lima_clock_in(60000), NULL, &end, &err));
    if (end.signaled || end.code || out.len || err_out.len)
        fail_msg("%s %s: %s\n%s%s", argv[0], script->name, end.text, lima_buf_str(&out),
                 lima_buf_str(&err_out));
    lima_buf_free(&out);
    lima_buf_free(&err_out);
}

static void check_all_with(const char *program, const char *const *arguments)
{
    named_script scripts[SCRIPTS];
    char *path = NULL;
    if (!lima_file_find_program(program, &path, NULL)) {
        print_message("skip: %s: %s is not installed\n", __func__, program);
        skip();
    }
    lima_strv argv = {0};
    lima_strv_add(&argv, path);
    for (; *arguments; arguments++)
        lima_strv_add(&argv, *arguments);
    all_scripts(scripts);
    for (size_t i = 0; i < SCRIPTS; i++)
        check_with(lima_strv_items(&argv), &scripts[i]);
    lima_strv_free(&argv);
    free(path);
}

static void syntax__sh(void **state)
{
    (void)state;
    check_all_with("sh", (const char *const[]){"-n", NULL});
}

static void syntax__dash(void **state)
{
    (void)state;
    check_all_with("dash", (const char *const[]){"-n", NULL});
}

static void syntax__bash(void **state)
{
    (void)state;
    check_all_with("bash", (const char *const[]){"-n", NULL});
}

static void syntax__busybox(void **state)
{
    (void)state;
    check_all_with("busybox", (const char *const[]){"sh", "-n", NULL});
}

/* SC2016: dollars in single quotes are what the mounts' values are about. */
static void shellcheck__has_nothing_to_say(void **state)
{
    (void)state;
    check_all_with("shellcheck", (const char *const[]){"-s", "sh", "-e", "SC2016", "-", NULL});
}

static void user__name_and_first_line_suit_limactl(void **state)
{
    (void)state;
    const lima_boot_script *script = lima_wsl2_script_user();
    assert_true(strlen(script->name) <= 30);
    assert_true(lima_str_has_prefix(script->text, "#!/bin/sh\n"));
}

static void args__as_the_scripts_read_them(void **state)
{
    (void)state;
    lima_strv args = {0};
    lima_wsl2_keeper_args(23456, "127.0.0.1", "00ff", &args);
    lima_wsl2_limits_args(4, 1ull << 40, 2001, "lima-dev", &args);
    lima_strv hosts = {0};
    lima_strv_add(&hosts, "1.2.3.4 box");
    lima_wsl2_boot_args(70000, "", false, &hosts, &args);
    char *joined = lima_strv_join(&args, "|");
    assert_string_equal(joined, "23456|127.0.0.1|00ff|4|1099511627776|2001|lima-dev|70000|-||1.2.3.4 box");
    lima_strv_free(&args);
    lima_wsl2_boot_args(0, "1.1.1.1", true, &(lima_strv){0}, &args);
    assert_int_equal(args.len, 3);
    assert_string_equal(args.items[2], lima_wsl2_script_user()->text);
    lima_strv_free(&hosts);
    free(joined);
    lima_strv_free(&args);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(texts__plain_ascii_with_lf_and_no_reserved_status, free_mounts),
        cmocka_unit_test_teardown(texts__fit_a_command_line, free_mounts),
        cmocka_unit_test_teardown(syntax__sh, free_mounts),
        cmocka_unit_test_teardown(syntax__dash, free_mounts),
        cmocka_unit_test_teardown(syntax__bash, free_mounts),
        cmocka_unit_test_teardown(syntax__busybox, free_mounts),
        cmocka_unit_test_teardown(shellcheck__has_nothing_to_say, free_mounts),
        cmocka_unit_test(user__name_and_first_line_suit_limactl),
        cmocka_unit_test(args__as_the_scripts_read_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
