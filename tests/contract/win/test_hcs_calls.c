/* Calls of the Host Compute Service on a table of functions instead of the DLL (fake_hcs.c): results, errors, time-outs,
 * events, and that no handle is used, or closed, at the wrong time. */
#include <windows.h>

#include <stdlib.h>
#include <string.h>

#include "handles.h"
#include "jobs_left.h"
#include "support.h"

#include "base/mem.h"
#include "fake_hcs.h"
#include "hcs.h"
#include "hresult.h"

#define ID "12345678-1234-1234-1234-123456789012"

enum { ROUNDS = 50 };

static int setup(void **state)
{
    (void)state;
    fake_hcs_reset();
    return 0;
}

static int teardown(void **state)
{
    bool ended = none_left();

    (void)state;
    fake_hcs_reset();
    return !ended;
}

static lima_hcs_system *create(void)
{
    lima_hcs_system *system = NULL;

    assert_ok(lima_hcs_create(ID, "{}", patience(), NULL, &system, err));
    return system;
}

static void assert_said(const wchar_t *wanted)
{
    if (wcscmp(fake.said, wanted) != 0)
        fail_msg("'%ls', not '%ls'", fake.said, wanted);
}

static void calls__each__reaches_its_function_with_its_text(void **state)
{
    lima_hcs_system *system = create();
    char *json = NULL;

    (void)state;
    assert_said(L"create|" ID "|{}");
    assert_ok(lima_hcs_start(system, patience(), NULL, err));
    assert_said(L"start|-|-");
    assert_ok(lima_hcs_shut_down(system, "{\"Type\":\"\xc3\xbc\"}", patience(), NULL, err));
    assert_said(L"shut_down|-|{\"Type\":\"\x00fc\"}");
    assert_ok(lima_hcs_pause(system, NULL, patience(), NULL, err));
    assert_said(L"pause|-|-");
    assert_ok(lima_hcs_save(system, "{\"s\":1}", patience(), NULL, err));
    assert_said(L"save|-|{\"s\":1}");
    assert_ok(lima_hcs_resume(system, patience(), NULL, err));
    assert_said(L"resume|-|-");
    assert_ok(lima_hcs_modify(system, "{\"m\":1}", patience(), NULL, err));
    assert_said(L"modify|-|{\"m\":1}");
    fake.answer = L"{\"State\":\"Running\"}";
    assert_ok(lima_hcs_properties(system, "{\"q\":1}", patience(), NULL, &json, err));
    assert_said(L"properties|-|{\"q\":1}");
    assert_string_equal(json, "{\"State\":\"Running\"}");
    free(json);
    assert_ok(lima_hcs_terminate(system, patience(), NULL, err));
    assert_said(L"terminate|-|-");
    lima_hcs_close(system);
}

static void calls__without_a_system__reach_their_functions(void **state)
{
    lima_hcs_system *system = NULL;
    char *json = NULL;

    (void)state;
    assert_ok(lima_hcs_enumerate("{\"e\":1}", patience(), NULL, &json, err));
    assert_said(L"enumerate|-|{\"e\":1}");
    assert_string_equal(json, ""); /* the service gave none */
    free(json);
    fake.answer = L"{}";
    assert_ok(lima_hcs_service("{\"p\":1}", patience(), NULL, &json, err));
    assert_said(L"service|-|{\"p\":1}");
    assert_string_equal(json, "{}");
    free(json);
    assert_ok(lima_hcs_make_guest_state("C:/a b/x.vmgs", patience(), NULL, err));
    assert_said(L"guest_state|C:\\a b\\x.vmgs|-");
    assert_ok(lima_hcs_make_runtime_state("C:\\x.vmrs", patience(), NULL, err));
    assert_said(L"runtime_state|C:\\x.vmrs|-");
    assert_ok(lima_hcs_grant(ID, "C:\\x", patience(), NULL, err));
    assert_said(L"grant|" ID "|C:\\x");
    assert_ok(lima_hcs_revoke(ID, "C:\\x", patience(), NULL, err));
    assert_said(L"revoke|" ID "|C:\\x");
    assert_ok(lima_hcs_open(ID, patience(), NULL, &system, err));
    assert_said(L"open|" ID "|-");
    lima_hcs_close(system);
}

static void failure__of_the_call_or_of_its_operation__quotes_the_words(void **state)
{
    lima_hcs_system *system = create();
    lima_err err = {0};

    (void)state;
    fake.answer = L"{\"ErrorEvents\":[{\"Message\":\"disk \x00fc\"}]}";
    fake.begin = (HRESULT)LIMA_HCS_E_INVALID_STATE;
    assert_false(lima_hcs_save(system, "{}", patience(), NULL, &err));
    assert_int_equal(err.code, LIMA_CODE_FAILED_PRECONDITION);
    assert_int_equal((uint32_t)err.os_code, LIMA_HCS_E_INVALID_STATE);
    assert_string_equal(err.text,
                        "virtual machine '" ID "': save: the virtual machine's state does not allow this "
                        "(HCS_E_INVALID_STATE 0x80370105): \"disk \xc3\xbc\"; look at its state and try "
                        "again");
    fake.begin = S_OK;
    fake.end = (HRESULT)LIMA_HCS_E_TERMINATED_DURING_START;
    assert_false(lima_hcs_start(system, patience(), NULL, &err));
    assert_int_equal((uint32_t)err.os_code, LIMA_HCS_E_TERMINATED_DURING_START);
    assert_non_null(strstr(err.text, ": start: "));
    assert_non_null(strstr(err.text, "\"disk \xc3\xbc\""));
    lima_hcs_close(system);
}

static void failure__every_number_that_is_known__comes_through_with_its_row(void **state)
{
    lima_hcs_system *system = create();
    const lima_hresult *row;

    (void)state;
    for (size_t i = 0; (row = lima_hresult_at(i)) != NULL; i++) {
        lima_err failed = {0};
        fake.begin = (HRESULT)row->number;
        assert_false(lima_hcs_start(system, patience(), NULL, &failed));
        assert_int_equal(failed.code, row->code);
        assert_int_equal((uint32_t)failed.os_code, row->number);
        if (!strstr(failed.text, row->symbol) || !strstr(failed.text, row->cause)
            || !strstr(failed.text, row->next))
            fail_msg("%s", failed.text);
    }
    lima_hcs_close(system);
}

static void create__that_fails__leaves_nothing(void **state)
{
    lima_hcs_system *system = NULL;

    (void)state;
    fake.begin = (HRESULT)LIMA_HCS_E_SYSTEM_ALREADY_EXISTS;
    assert_fails(LIMA_CODE_ALREADY_EXISTS, lima_hcs_create(ID, "{}", patience(), NULL, &system, err));
    fake.begin = S_OK;
    fake.end = (HRESULT)LIMA_HCS_E_INVALID_JSON;
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_hcs_create(ID, "{}", patience(), NULL, &system, err));
    assert_int_equal(fake.terminations, 0);
    fake.end = S_OK;
    fake.listen = E_FAIL;
    assert_fails(LIMA_CODE_UNKNOWN, lima_hcs_create(ID, "{}", patience(), NULL, &system, err));
    assert_int_equal(fake.terminations, 1);
    assert_fails(LIMA_CODE_UNKNOWN, lima_hcs_open(ID, patience(), NULL, &system, err));
    assert_int_equal(fake.terminations, 1); /* what was there before is not ended */
    assert_int_equal(fake.systems + fake.operations, 0);
    assert_null(system);
}

/* Operations are held from now on, and whoever waits for one gives up as soon as it is. */
static void hold_operations(void)
{
    fake.hold = CreateEventW(NULL, TRUE, FALSE, NULL);
    fake.closed = CreateEventW(NULL, TRUE, FALSE, NULL);
    fake.held = lima_wake_new();
}

/* They end, and the system is closed: only then. */
static void release_operations(void)
{
    assert_int_equal(fake.systems, 1);
    SetEvent(fake.hold);
    assert_int_equal(WaitForSingleObject(fake.closed, PATIENCE_MS), WAIT_OBJECT_0);
    assert_true(none_left());
    assert_int_equal(fake.systems, 0);
    CloseHandle(fake.hold);
    CloseHandle(fake.closed);
    lima_wake_free(fake.held);
}

static void giving_up__close_meanwhile__the_handle_stays_open_until_the_call_ends(void **state)
{
    lima_hcs_system *system = create();

    (void)state;
    hold_operations();
    assert_fails(LIMA_CODE_CANCELLED, lima_hcs_start(system, patience(), fake.held, err));
    lima_hcs_close(system);
    release_operations();
}

static void giving_up__create__terminates_what_comes_of_it(void **state)
{
    lima_hcs_system *system = NULL;

    (void)state;
    hold_operations();
    assert_fails(LIMA_CODE_CANCELLED, lima_hcs_create(ID, "{}", patience(), fake.held, &system, err));
    assert_null(system);
    release_operations();
    assert_int_equal(fake.terminations, 1);
}

static void time_out__of_the_service_itself__is_waited_through(void **state)
{
    lima_hcs_system *system = create();

    (void)state;
    fake.own_time_outs = 3;
    fake.answer = L"{}"; /* one that must be freed each time */
    assert_ok(lima_hcs_save(system, "{}", patience(), NULL, err));
    lima_hcs_close(system);
}

/* ---- events ---- */

static void events__exit_and_crash__are_told_and_raise_the_wake(void **state)
{
    lima_hcs_system *system = create();
    lima_hcs_end end = {0};

    (void)state;
    lima_hcs_end_get(system, &end);
    assert_int_equal(end.how, LIMA_HCS_GOES_ON);
    assert_null(end.status);
    fake_hcs_event(HCS_EVENT_CRASH_REPORT, L"{\"CrashLog\":\"first\"}");
    fake_hcs_event(HCS_EVENT_CRASH_REPORT, L"{\"CrashLog\":\"panic\"}");
    fake_hcs_event(2, L"{}");
    fake_hcs_event((int)0x80000001, NULL);
    assert_false(lima_wake_wait(lima_hcs_ended(system), 0));
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED, lima_hcs_wait_end(system, lima_clock_in(5), NULL, &end, err));
    fake_hcs_event(HCS_EVENT_EXITED, L"{\"ExitType\":\"GracefulExit\"}");
    assert_true(lima_wake_wait(lima_hcs_ended(system), 0));
    assert_ok(lima_hcs_wait_end(system, 0, NULL, &end, err));
    assert_int_equal(end.how, LIMA_HCS_EXITED);
    assert_string_equal(end.status, "{\"ExitType\":\"GracefulExit\"}");
    assert_string_equal(end.crash, "{\"CrashLog\":\"panic\"}");
    lima_hcs_end_free(&end);
    lima_hcs_end_free(&end);
    fake_hcs_event(HCS_EVENT_DISCONNECT, NULL); /* an exit stands */
    lima_hcs_end_get(system, &end);
    assert_int_equal(end.how, LIMA_HCS_EXITED);
    lima_hcs_end_free(&end);
    lima_hcs_close(system);
}

static void send_exit(void *unused)
{
    (void)unused;
    fake_hcs_event(HCS_EVENT_EXITED, NULL);
}

static void wait_end__exit_while_waiting__ends_the_wait(void **state)
{
    lima_hcs_system *system = create();
    lima_hcs_end end = {0};
    lima_thread *sender = NULL;

    (void)state;
    assert_ok(lima_thread_start("exit", send_exit, NULL, &sender, err));
    assert_ok(lima_hcs_wait_end(system, patience(), NULL, &end, err));
    lima_thread_join(sender);
    assert_int_equal(end.how, LIMA_HCS_EXITED);
    assert_string_equal(end.status, "");
    lima_hcs_end_free(&end);
    lima_hcs_close(system);
}

static void wait_end__wake_raised__is_cancelled(void **state)
{
    lima_hcs_system *system = create();
    lima_wake *wake = lima_wake_new();
    lima_hcs_end end = {0};

    (void)state;
    lima_wake_raise(wake);
    assert_fails(LIMA_CODE_CANCELLED, lima_hcs_wait_end(system, patience(), wake, &end, err));
    lima_wake_free(wake);
    lima_hcs_close(system);
}

static void disconnect__afterwards__no_function_is_called_with_the_handle(void **state)
{
    lima_hcs_system *system = create();
    lima_hcs_end end = {0};
    char *json = NULL;

    (void)state;
    fake_hcs_event(HCS_EVENT_DISCONNECT, NULL);
    assert_ok(lima_hcs_wait_end(system, patience(), NULL, &end, err));
    assert_int_equal(end.how, LIMA_HCS_DISCONNECTED);
    lima_hcs_end_free(&end);
    LONG calls = fake.calls;
    assert_fails(LIMA_CODE_UNAVAILABLE, lima_hcs_start(system, patience(), NULL, err));
    assert_fails(LIMA_CODE_UNAVAILABLE, lima_hcs_properties(system, NULL, patience(), NULL, &json, err));
    assert_int_equal(fake.calls, calls);
    lima_hcs_close(system);
}

static void documents__over_the_limit__are_refused_in_both_directions(void **state)
{
    size_t len = LIMA_HCS_DOCUMENT_MAX + 1;
    char *document = lima_mem_zalloc(len + 1, 1), *json = NULL;
    wchar_t *answer = lima_mem_zalloc(len + 1, sizeof *answer);
    lima_hcs_system *system = create();

    (void)state;
    memset(document, ' ', len);
    for (size_t i = 0; i < len; i++)
        answer[i] = L' ';
    assert_fails(LIMA_CODE_OUT_OF_RANGE, lima_hcs_modify(system, document, patience(), NULL, err));
    fake.answer = answer;
    assert_fails(LIMA_CODE_OUT_OF_RANGE, lima_hcs_properties(system, NULL, patience(), NULL, &json, err));
    answer[len - 1] = 0;
    assert_ok(lima_hcs_properties(system, NULL, patience(), NULL, &json, err));
    assert_int_equal(strlen(json), LIMA_HCS_DOCUMENT_MAX);
    lima_hcs_close(system);
    free(json);
    free(document);
    free(answer);
}

static void texts__that_are_no_utf_8__are_refused(void **state)
{
    lima_hcs_system *system = NULL;

    (void)state;
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_hcs_create(ID, "\xff", patience(), NULL, &system, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_hcs_grant("\xff", "C:\\x", patience(), NULL, err));
    assert_int_equal(fake.calls, 0);
}

static void live_and_die(void *unused)
{
    lima_hcs_system *system = create();
    lima_hcs_end end = {0};

    (void)unused;
    assert_ok(lima_hcs_start(system, patience(), NULL, err));
    fake_hcs_event(HCS_EVENT_EXITED, L"{}");
    assert_ok(lima_hcs_wait_end(system, patience(), NULL, &end, err));
    lima_hcs_end_free(&end);
    lima_hcs_close(system);
    assert_false(lima_hcs_open(ID, 0, NULL, &system, NULL));
}

static void rounds__of_a_life__leave_no_handle(void **state)
{
    (void)state;
    assert_no_growth(live_and_die, NULL, ROUNDS);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(calls__each__reaches_its_function_with_its_text),
        CASE(calls__without_a_system__reach_their_functions),
        CASE(failure__of_the_call_or_of_its_operation__quotes_the_words),
        CASE(failure__every_number_that_is_known__comes_through_with_its_row),
        CASE(create__that_fails__leaves_nothing),
        CASE(giving_up__close_meanwhile__the_handle_stays_open_until_the_call_ends),
        CASE(giving_up__create__terminates_what_comes_of_it),
        CASE(time_out__of_the_service_itself__is_waited_through),
        CASE(events__exit_and_crash__are_told_and_raise_the_wake),
        CASE(wait_end__exit_while_waiting__ends_the_wait),
        CASE(wait_end__wake_raised__is_cancelled),
        CASE(disconnect__afterwards__no_function_is_called_with_the_handle),
        CASE(documents__over_the_limit__are_refused_in_both_directions),
        CASE(texts__that_are_no_utf_8__are_refused),
        CASE(rounds__of_a_life__leave_no_handle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
