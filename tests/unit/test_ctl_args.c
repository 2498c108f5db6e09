#include "lima_test.h"

#include <string.h>

#include "base/str.h"
#include "ctl_table.h"

static lima_strv words; /* arguments point into it */

static int forget_words(void **state)
{
    (void)state;
    lima_strv_free(&words);
    return 0;
}

/* "a b c" as argv of the tool. */
static bool parse(const char *line, lima_ctl_args **ret, lima_err *err)
{
    lima_strv given = {0};
    forget_words(NULL);
    lima_strv_add(&words, "tool");
    lima_str_split_words(line, &given, NULL);
    lima_strv_add_all(&words, &given);
    lima_strv_free(&given);
    return lima_ctl_parse(&TABLE, (int)words.len, words.items, NULL, ret, err);
}

static lima_ctl_args *parsed(const char *line)
{
    lima_ctl_args *args = NULL;
    lima_err err = {0};
    if (!parse(line, &args, &err))
        fail_msg("%s: %s", line, err.text);
    return args;
}

static void refused(const char *line, const char *text)
{
    lima_ctl_args *args = NULL;
    lima_err err = {0};
    if (parse(line, &args, &err)) {
        lima_ctl_args_free(args);
        fail_msg("'%s' was taken", line);
    }
    assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
    if (!strstr(err.text, text))
        fail_msg("'%s': '%s' lacks '%s'", line, err.text, text);
    assert_null(args);
}

static void parse__nothing_given__defaults(void **state)
{
    (void)state;
    lima_ctl_args *args = parsed("full x");
    assert_string_equal(lima_ctl_args_command(args)->name, "full");
    assert_false(lima_ctl_bool(args, "json"));
    assert_true(lima_ctl_bool(args, "tty"));
    assert_null(lima_ctl_str(args, "name"));
    assert_string_equal(lima_ctl_str(args, "color"), "red");
    assert_int_equal(lima_ctl_number(args, "count"), 3);
    assert_int_equal(lima_ctl_number(args, "memory"), 0);
    assert_int_equal(lima_ctl_number(args, "wait"), 5000);
    assert_false(lima_ctl_given(args, "count"));
    assert_string_equal(lima_ctl_operand_at(args, 0), "x");
    assert_null(lima_ctl_operand_at(args, 1));
    lima_ctl_args_free(args);
}

static void parse__values_in_every_form__taken(void **state)
{
    (void)state;
    lima_ctl_args *args =
        parsed("full --name=one x --count 7 -j --memory=2GiB --wait 250ms --color green --tty=false y");
    assert_string_equal(lima_ctl_str(args, "name"), "one");
    assert_int_equal(lima_ctl_number(args, "count"), 7);
    assert_true(lima_ctl_given(args, "count"));
    assert_true(lima_ctl_bool(args, "json"));
    assert_true(lima_ctl_number(args, "memory") == 2ull << 30);
    assert_int_equal(lima_ctl_number(args, "wait"), 250);
    assert_string_equal(lima_ctl_str(args, "color"), "green");
    assert_false(lima_ctl_bool(args, "tty"));
    assert_string_equal(lima_ctl_operand_at(args, 1), "y");
    lima_ctl_args_free(args);
}

static void parse__durations__milliseconds(void **state)
{
    static const struct {
        const char *line;
        uint64_t ms;
    } cases[] = {{"full x --wait 30", 30000},
                 {"full x --wait 2m", 120000},
                 {"full x --wait 1h", 3600000},
                 {"full x --wait 0s", 0}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lima_ctl_args *args = parsed(cases[i].line);
        assert_int_equal(lima_ctl_number(args, "wait"), cases[i].ms);
        lima_ctl_args_free(args);
    }
}

static void parse__program_flags_before_command__taken(void **state)
{
    (void)state;
    lima_ctl_args *args = parsed("--tty=false --level plain full x");
    assert_string_equal(lima_ctl_args_command(args)->name, "full");
    assert_string_equal(lima_ctl_str(args, "level"), "plain");
    assert_false(lima_ctl_bool(args, "tty"));
    lima_ctl_args_free(args);
}

static void parse__words_after_dashes__rest_untouched(void **state)
{
    (void)state;
    lima_ctl_args *args = parsed("full x -- ls --help -n");
    assert_int_equal(lima_ctl_rest(args)->len, 3);
    assert_string_equal(lima_ctl_rest(args)->items[1], "--help");
    assert_false(lima_ctl_wants_help(args));
    lima_ctl_args_free(args);
}

static void parse__dashes_without_rest__operands(void **state)
{
    (void)state;
    refused("plain -- -x", "'-x' is one argument too many");
}

static void parse__mistakes__named(void **state)
{
    (void)state;
    refused("nonsense", "unknown command 'nonsense'");
    refused("full", "FIRST is missing");
    refused("full x y z", "'z' is one argument too many");
    refused("full x --bogus", "unknown flag '--bogus'");
    refused("full x -x", "unknown flag '-x'");
    refused("full x --name", "needs a value NAME");
    refused("full x --count many", "--count");
    refused("full x --count -1", "--count");
    refused("full x --memory 5parsecs", "--memory");
    refused("full x --wait soon", "'soon' is not a time");
    refused("full x --wait 99999999999999999h", "is not a time");
    refused("full x --color blue", "'blue' is not one of red, green");
    refused("full x --json=maybe", "'maybe' is neither true nor false");
    refused("--json full x", "unknown flag '--json'");
    refused("--tty", "no command given");
}

static void parse__mistake__says_who_as_commands_do(void **state)
{
    (void)state;
    refused("full x --bogus", "tool full: error: unknown flag '--bogus'\nSee 'tool full --help'.");
    refused("nonsense", "tool: error: unknown command 'nonsense'");
    refused("--bogus", "tool: error: unknown flag '--bogus'; flags of a command stand after its name\n"
                       "See 'tool --help'.");
}

static void parse__help_anywhere__wins(void **state)
{
    static const char *const lines[] = {"full -h", "full --bogus --help", "help full", "--help full",
                                        "--level plain full -h"};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        lima_ctl_args *args = parsed(lines[i]);
        assert_true(lima_ctl_wants_help(args));
        assert_string_equal(lima_ctl_args_command(args)->name, "full");
        lima_ctl_args_free(args);
    }
}

static void parse__help_of_nothing__program(void **state)
{
    static const char *const lines[] = {"", "help", "-h"};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        lima_ctl_args *args = parsed(lines[i]);
        assert_true(lima_ctl_wants_help(args));
        assert_null(lima_ctl_args_command(args));
        lima_ctl_args_free(args);
    }
    refused("help nonsense", "unknown command 'nonsense'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__nothing_given__defaults),
        cmocka_unit_test(parse__values_in_every_form__taken),
        cmocka_unit_test(parse__durations__milliseconds),
        cmocka_unit_test(parse__program_flags_before_command__taken),
        cmocka_unit_test(parse__words_after_dashes__rest_untouched),
        cmocka_unit_test(parse__dashes_without_rest__operands),
        cmocka_unit_test(parse__mistakes__named),
        cmocka_unit_test(parse__mistake__says_who_as_commands_do),
        cmocka_unit_test(parse__help_anywhere__wins),
        cmocka_unit_test(parse__help_of_nothing__program),
    };
    return cmocka_run_group_tests(tests, NULL, forget_words);
}
