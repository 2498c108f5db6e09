#include "lima_test.h"

#include "base/str.h"
#include "ctl_table.h"

static void assert_offer(const char *before, const char *current, const char *expected)
{
    lima_strv words = {0};
    lima_buf offered = LIMA_BUF(65536);
    assert_true(lima_str_split_words(before, &words, NULL));
    lima_ctl_offer(&TABLE, &words, current, &offered);
    assert_string_equal(lima_buf_str(&offered), expected);
    lima_buf_free(&offered);
    lima_strv_free(&words);
}

static void offer__first_word__commands(void **state)
{
    (void)state;
    assert_offer("", "", "plain\tdoes little\nfull\thas everything\nhelp\texplains a command\n");
    assert_offer("", "fu", "full\thas everything\n");
    assert_offer("help", "p", "plain\tdoes little\n");
    assert_offer("--level plain", "f", "full\thas everything\n");
}

static void offer__dash__flags_of_command_and_program(void **state)
{
    (void)state;
    assert_offer("full", "--c", "--count\tA number\n--color\tA colour\n");
    assert_offer("full", "--t", "--tty\tUse the terminal\n");
    assert_offer("plain", "--c", "");
}

static void offer__value_of_choice__choices(void **state)
{
    (void)state;
    assert_offer("full --color", "", "red\ngreen\n");
    assert_offer("full --color", "g", "green\n");
    assert_offer("full", "--color=g", "--color=green\n");
    assert_offer("full", "--tty=", "--tty=true\n--tty=false\n");
}

/* bash cuts words at '='. */
static void offer__value_cut_at_equals__choices(void **state)
{
    (void)state;
    assert_offer("full --color", "=", "red\ngreen\n");
    assert_offer("full --color =", "r", "red\n");
}

static void offer__operand__what_the_machine_knows(void **state)
{
    (void)state;
    assert_offer("full", "", "qemux\nhyperv\n:files\n");
    assert_offer("full", "q", "qemux\n:files\n");
    assert_offer("full --json", "h", "hyperv\n:files\n");
    assert_offer("full --name x", "h", "hyperv\n:files\n");
    assert_offer("full qemux", "", "");
}

static void offer__value_of_file_flag__files(void **state)
{
    (void)state;
    assert_offer("full -n", "", ":files\n");
    assert_offer("full --name", "x", ":files\n");
}

static void offer__behind_dashes__nothing(void **state)
{
    (void)state;
    assert_offer("full x --", "-", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offer__first_word__commands),
        cmocka_unit_test(offer__dash__flags_of_command_and_program),
        cmocka_unit_test(offer__value_of_choice__choices),
        cmocka_unit_test(offer__value_cut_at_equals__choices),
        cmocka_unit_test(offer__operand__what_the_machine_knows),
        cmocka_unit_test(offer__value_of_file_flag__files),
        cmocka_unit_test(offer__behind_dashes__nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
