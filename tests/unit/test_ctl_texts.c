#include "lima_test.h"

#include <string.h>

#include "base/str.h"
#include "ctl_table.h"

static void assert_has(const lima_buf *text, const char *piece)
{
    if (!strstr(lima_buf_str(text), piece))
        fail_msg("'%s' is not in:\n%s", piece, lima_buf_str(text));
}

static void help__command__has_every_part(void **state)
{
    static const char *const pieces[] = {
        "tool full - has everything\n",
        "\n  tool full FIRST [SECOND] [FLAGS] [-- COMMAND...]\n",
        "\n  FIRST                     what comes first\n",
        "\n  -j, --json                Print JSON\n",
        "--color COLOR         A colour: red or green (default red)\n",
        "--tty                 Use the terminal (default true)\n",
        "\n  # Says x\n  tool full x\n",
        "\n  9                         not fine\n",
    };
    lima_buf text = LIMA_BUF(65536);
    (void)state;
    lima_ctl_add_help(&TABLE, &TABLE_COMMANDS[1], &text);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        assert_has(&text, pieces[i]);
    lima_buf_free(&text);
}

static void help__program__lists_commands(void **state)
{
    lima_buf text = LIMA_BUF(65536);
    (void)state;
    lima_ctl_add_help(&TABLE, NULL, &text);
    assert_has(&text, "\n  plain                     does little\n");
    assert_has(&text, "\n  TOOL_HOME                 where it lives\n");
    lima_buf_free(&text);
}

static void assert_lines_fit(const char *text)
{
    lima_strv lines = {0};
    lima_str_split(text, '\n', &lines);
    for (size_t i = 0; i < lines.len; i++)
        if (strlen(lines.items[i]) > 100
            || (strlen(lines.items[i]) > 80 && !strstr(lines.items[i], "limadrv")))
            fail_msg("too long: %s", lines.items[i]);
    lima_strv_free(&lines);
}

/* Summaries begin small and end without a full stop, flags explain themselves, everything fits on a terminal.
 */
static void limadrv_table__every_row__in_house_form(void **state)
{
    (void)state;
    for (const lima_ctl_command *command = lima_ctl_limadrv.commands; command->name; command++) {
        lima_buf text = LIMA_BUF(65536);
        assert_non_null(command->run);
        assert_true(command->summary[0] >= 'a' && command->summary[0] <= 'z');
        assert_false(lima_str_has_suffix(command->summary, "."));
        assert_true(lima_str_has_suffix(command->text, "."));
        for (const lima_ctl_flag *flag = command->flags; flag && flag->name; flag++) {
            assert_true(flag->type == LIMA_CTL_BOOL || flag->value);
            assert_true(flag->type != LIMA_CTL_CHOICE || flag->choices);
            assert_false(lima_str_has_suffix(flag->help, "."));
        }
        lima_ctl_add_help(&lima_ctl_limadrv, command, &text);
        assert_lines_fit(lima_buf_str(&text));
        lima_buf_free(&text);
    }
}

/* Defaults are parsed when a command is chosen, and a wrong one is an assert. */
static void limadrv_table__every_command__parses(void **state)
{
    (void)state;
    for (const lima_ctl_command *command = lima_ctl_limadrv.commands; command->name; command++) {
        lima_strv words = {0};
        lima_strv_add(&words, "limadrv");
        lima_strv_add(&words, command->name);
        for (const lima_ctl_operand *operand = command->operands;
             operand && operand->name && !operand->optional; operand++)
            lima_strv_add(&words, "word");
        lima_ctl_args *args = NULL;
        assert_true(lima_ctl_parse(&lima_ctl_limadrv, (int)words.len, words.items, NULL, &args, NULL));
        assert_ptr_equal(lima_ctl_args_command(args), command);
        lima_ctl_args_free(args);
        lima_strv_free(&words);
    }
}

static void man__text_with_roff_characters__escaped(void **state)
{
    static const lima_ctl_command commands[] = {
        {.name = "odd",
         .summary = "is odd",
         .text = "First.\n.Sh like a macro, 'quoted, C:\\path, an-option.",
         .run = table_run},
        {0}};
    const lima_ctl_program program = {.name = "odd",
                                      .summary = "s",
                                      .text = "t",
                                      .date = "January 1, 2026",
                                      .commands = commands,
                                      .environment = "A b"};
    lima_buf text = LIMA_BUF(65536);
    (void)state;
    lima_ctl_add_man(&program, &text);
    assert_has(&text, "\n\\&.Sh like a macro, 'quoted, C:\\epath, an\\-option.\n");
    lima_buf_free(&text);
}

static void completion__unknown_shell__refused(void **state)
{
    lima_buf text = LIMA_BUF(65536);
    lima_err err = {0};
    (void)state;
    assert_false(lima_ctl_add_completion(&TABLE, "csh", &text, &err));
    assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
    assert_int_equal(text.len, 0);
    lima_buf_free(&text);
}

static void completion__every_shell__names_the_program(void **state)
{
    (void)state;
    for (const char *const *shell = lima_ctl_shells(); *shell; shell++) {
        lima_buf text = LIMA_BUF(65536);
        assert_true(lima_ctl_add_completion(&TABLE, *shell, &text, NULL));
        assert_has(&text, "completion of tool");
        assert_null(strstr(lima_buf_str(&text), "PROGRAM"));
        lima_buf_free(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help__command__has_every_part),
        cmocka_unit_test(help__program__lists_commands),
        cmocka_unit_test(limadrv_table__every_row__in_house_form),
        cmocka_unit_test(limadrv_table__every_command__parses),
        cmocka_unit_test(man__text_with_roff_characters__escaped),
        cmocka_unit_test(completion__unknown_shell__refused),
        cmocka_unit_test(completion__every_shell__names_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
