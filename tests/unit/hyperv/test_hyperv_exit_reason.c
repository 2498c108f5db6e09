#include "hyperv_test.h"

#include "base/utf.h"
#include "hyperv/exit_reason.h"

static hyperv_exit read_texts(const char *exited, const char *crashed)
{
    hyperv_exit made = {.kind = HYPERV_EXIT_SERVICE};
    char *exit = exited ? json_text(exited) : NULL, *crash = crashed ? json_text(crashed) : NULL;
    lima_hyperv_exit_read(exit, crash, &made);
    free(exit);
    free(crash);
    return made;
}

static void read__kinds(void **state)
{
    (void)state;
    static const struct {
        const char *exited, *crashed;
        hyperv_exit_kind kind;
        const char *text;
    } table[] = {
        {"{'Status':0,'ExitType':'GracefulExit'}", NULL, HYPERV_EXIT_SHUT_DOWN, "shut down"},
        {"{'Status':0,'ExitType':'ForcedExit'}", NULL, HYPERV_EXIT_TERMINATED, "forced off"},
        {"{'Status':-1070137082,'ExitType':'UnexpectedExit'}", NULL, HYPERV_EXIT_SERVICE, "(0xc0370106)"},
        {"{'ExitType':'Unknown'}", NULL, HYPERV_EXIT_UNKNOWN, "does not say why"},
        {NULL, NULL, HYPERV_EXIT_UNKNOWN, "does not say why"},
        {"[]", NULL, HYPERV_EXIT_UNKNOWN, "does not say why"},
        {"{'ExitType':7,'Attribution':{'x':1}}", NULL, HYPERV_EXIT_UNKNOWN, ""},
        {"{'ExitType':'UnexpectedExit','Attribution':[{},{'WorkerExit':{'Detail':'TripleFault'}}]}", NULL,
         HYPERV_EXIT_GUEST_CRASH, "kernel crashed"},
        {"{'ExitType':'UnexpectedExit','Attribution':[{'WorkerExit':{'Detail':'ColdStartFailure'}}]}", NULL,
         HYPERV_EXIT_START_FAILED, "nothing to boot"},
        {"{'Status':-2143878912,'Attribution':[{'WorkerExit':{'Detail':'RestoreStartFailure'}}]}", NULL,
         HYPERV_EXIT_RESTORE_FAILED, "(0x80370100)"},
        {"{'ExitType':'GracefulExit','Attribution':[{'WorkerExit':{'Detail':'Reset'}}]}", NULL,
         HYPERV_EXIT_REBOOT, "rebooted"},
        {"{'ExitType':'ForcedExit','Attribution':[{'SystemExit':{'Detail':'ServiceStop','Initiator':'"
         "Internal'}}]}",
         NULL, HYPERV_EXIT_SERVICE, "Host Compute Service"},
        {"{'ExitType':'ForcedExit'}", "{'CrashLog':'x\\r\\nKernel panic - not syncing: oops\\r\\nregisters'}",
         HYPERV_EXIT_GUEST_CRASH, "crashed: Kernel panic - not syncing: oops"},
        {NULL, "{'CrashLog':'first\\nlast line\\n\\n'}", HYPERV_EXIT_GUEST_CRASH, "crashed: last line"},
        {NULL, "{'CrashLog':''}", HYPERV_EXIT_GUEST_CRASH, "crashed"},
        {NULL, "{'CrashLog':9}", HYPERV_EXIT_GUEST_CRASH, "crashed"},
        /* it crashed before and rebooted by itself */
        {"{'ExitType':'GracefulExit'}", "{'CrashLog':'Kernel panic'}", HYPERV_EXIT_SHUT_DOWN, "shut down"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        hyperv_exit made = read_texts(table[i].exited, table[i].crashed);
        if (made.kind != table[i].kind || !strstr(made.text, table[i].text))
            fail_msg("row %zu: kind %d: %s", i, (int)made.kind, made.text);
    }
}

static void read__orderly_end__has_no_number(void **state)
{
    (void)state;
    hyperv_exit made = read_texts("{'Status':5,'ExitType':'GracefulExit'}", NULL);
    assert_int_equal(made.status, 5);
    assert_string_equal(made.text, "the guest shut down");
    assert_true(lima_hyperv_exit_is_orderly(made.kind));
    assert_false(lima_hyperv_exit_is_orderly(HYPERV_EXIT_TERMINATED));
    assert_false(lima_hyperv_exit_is_orderly(HYPERV_EXIT_UNKNOWN));
}

static void read__long_last_words__are_cut_at_a_character_and_cleaned(void **state)
{
    (void)state;
    lima_json *json = lima_json_new_object();
    lima_buf log = LIMA_BUF(4096);
    lima_buf_add_str(&log, "Kernel panic\x1b[31m ");
    for (int i = 0; i < 400; i++)
        lima_buf_add_str(&log, "\xc3\xb6");
    lima_json_set_str(json, lima_buf_str(&log), "CrashLog");
    char *text = lima_json_print(json);
    hyperv_exit made = {0};
    lima_hyperv_exit_read("{", text, &made);
    assert_true(lima_utf8_valid(made.text, strlen(made.text)));
    assert_null(strchr(made.text, '\x1b'));
    assert_true(strlen(made.text) > 200 && strlen(made.text) < 300);
    free(text);
    lima_buf_free(&log);
    lima_json_free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__kinds),
        cmocka_unit_test(read__orderly_end__has_no_number),
        cmocka_unit_test(read__long_last_words__are_cut_at_a_character_and_cleaned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
