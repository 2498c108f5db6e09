/* The one wait of win/: order, gaps, deadlines, wakes. */
#include "support.h"

#include "wait.h"

static HANDLE make_event(bool set)
{
    HANDLE event = CreateEventW(NULL, TRUE, set, NULL);

    assert_non_null(event);
    return event;
}

static void wait__several_ready__tells_the_first_by_its_place(void **state)
{
    HANDLE handles[] = {NULL, NULL, make_event(false), NULL, make_event(true), make_event(true)};
    DWORD which = 0;

    (void)state;
    assert_ok(lima_win_wait(handles, 6, 0, NULL, &which, err));
    assert_int_equal(which, 4);
    SetEvent(handles[2]);
    assert_ok(lima_win_wait(handles, 6, LIMA_DEADLINE_NEVER, NULL, &which, err));
    assert_int_equal(which, 2);
    for (int i = 0; i < 6; i++)
        if (handles[i])
            CloseHandle(handles[i]);
}

static void wait__nothing_ready__ends_at_the_deadline(void **state)
{
    HANDLE handles[] = {NULL, make_event(false)};
    lima_deadline deadline = lima_clock_in(30);
    DWORD which = 77;

    (void)state;
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED, lima_win_wait(handles, 2, deadline, NULL, &which, err));
    assert_true(lima_clock_now() >= deadline);
    assert_int_equal(which, 77);
    CloseHandle(handles[1]);
}

static void wait__wake_raised_and_something_ready__is_cancelled(void **state)
{
    HANDLE handles[] = {NULL, make_event(true)};
    lima_wake *wake = lima_wake_new();

    (void)state;
    assert_ok(lima_win_wait(handles, 2, 0, wake, NULL, err));
    lima_wake_raise(wake);
    assert_fails(LIMA_CODE_CANCELLED, lima_win_wait(handles, 2, 0, wake, NULL, err));
    assert_int_equal(WaitForSingleObject(lima_win_wake_event(wake), 0), WAIT_OBJECT_0);
    lima_wake_free(wake);
    CloseHandle(handles[1]);
}

static void wait__no_handle_any_more__fails_and_says_so(void **state)
{
    HANDLE handles[] = {NULL, make_event(true)};

    (void)state;
    CloseHandle(handles[1]);
    assert_fails(LIMA_CODE_UNKNOWN, lima_win_wait(handles, 2, LIMA_DEADLINE_NEVER, NULL, NULL, err));
}

static void pause__again_and_again__grows_to_the_limit(void **state)
{
    unsigned pause_ms = 1;
    lima_wake *wake = lima_wake_new();

    (void)state;
    for (int i = 0; i < 8; i++)
        assert_ok(lima_win_pause(&pause_ms, LIMA_DEADLINE_NEVER, NULL, err));
    assert_int_equal(pause_ms, LIMA_WIN_PAUSE_MAX);
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED, lima_win_pause(&pause_ms, 0, NULL, err));
    lima_wake_raise(wake);
    assert_fails(LIMA_CODE_CANCELLED, lima_win_pause(&pause_ms, LIMA_DEADLINE_NEVER, wake, err));
    lima_wake_free(wake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wait__several_ready__tells_the_first_by_its_place),
        cmocka_unit_test(wait__nothing_ready__ends_at_the_deadline),
        cmocka_unit_test(wait__wake_raised_and_something_ready__is_cancelled),
        cmocka_unit_test(wait__no_handle_any_more__fails_and_says_so),
        cmocka_unit_test(pause__again_and_again__grows_to_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
