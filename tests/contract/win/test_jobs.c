/* Calls that are made on a thread of their own: whoever comes second, thread or caller, frees; exactly once. */
#include <windows.h>

#include <stdatomic.h>
#include <stdlib.h>

#include "jobs_left.h"
#include "support.h"

#include "job.h"

enum { ROUNDS = 300 };

/* What one job is told and tells. */
typedef struct job_script {
    HANDLE go;       /* the job runs until this is set; NULL: it does not wait */
    HANDLE disposed; /* set when it has been disposed of */
    DWORD thread;
    atomic_int runs, disposals;
} job_script;

static void run(void *arg)
{
    job_script *script = arg;

    if (script->go)
        WaitForSingleObject(script->go, INFINITE);
    script->thread = GetCurrentThreadId();
    atomic_fetch_add(&script->runs, 1);
}

static void dispose(void *arg)
{
    job_script *script = arg;

    atomic_fetch_add(&script->disposals, 1);
    if (script->disposed)
        SetEvent(script->disposed);
}

static const lima_win_work work = {run, dispose};

static HANDLE make_event(void)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);

    assert_non_null(event);
    return event;
}

static void await(HANDLE event)
{
    assert_int_equal(WaitForSingleObject(event, PATIENCE_MS), WAIT_OBJECT_0);
}

static void job__that_ends_in_time__runs_on_another_thread_and_is_the_callers(void **state)
{
    job_script script = {0};

    (void)state;
    assert_ok(lima_win_job(&work, &script, patience(), NULL, err));
    assert_int_equal(script.runs, 1);
    assert_int_equal(script.disposals, 0);
    assert_int_not_equal(script.thread, GetCurrentThreadId());
    assert_int_equal(lima_win_jobs_left(), 0);
}

static void job__that_takes_too_long__goes_on_and_is_disposed_of_at_its_end(void **state)
{
    job_script script = {.go = make_event(), .disposed = make_event()};

    (void)state;
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED, lima_win_job(&work, &script, lima_clock_in(500), NULL, err));
    assert_int_equal(lima_win_jobs_left(), 1);
    assert_int_equal(script.runs + script.disposals, 0);
    SetEvent(script.go);
    await(script.disposed);
    assert_true(none_left());
    assert_int_equal(script.runs, 1);
    assert_int_equal(script.disposals, 1);
    CloseHandle(script.go);
    CloseHandle(script.disposed);
}

static void job__wake_raised_meanwhile__is_cancelled_and_goes_on(void **state)
{
    job_script script = {.go = make_event(), .disposed = make_event()};
    lima_wake *wake = lima_wake_new();
    lima_thread *raiser = NULL;

    (void)state;
    assert_ok(lima_thread_start("raise", raise_it, wake, &raiser, err));
    assert_fails(LIMA_CODE_CANCELLED, lima_win_job(&work, &script, patience(), wake, err));
    lima_thread_join(raiser);
    SetEvent(script.go);
    if (lima_win_jobs_left() > 0 || script.runs > 0) /* else it was cancelled before it began */
        await(script.disposed);
    assert_true(none_left());
    assert_int_equal(script.disposals, 1);
    lima_wake_free(wake);
    CloseHandle(script.go);
    CloseHandle(script.disposed);
}

static void job__deadline_past_or_wake_raised_before__never_runs(void **state)
{
    job_script script = {0};
    lima_wake *wake = lima_wake_new();

    (void)state;
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED, lima_win_job(&work, &script, 0, NULL, err));
    lima_wake_raise(wake);
    assert_fails(LIMA_CODE_CANCELLED, lima_win_job(&work, &script, patience(), wake, err));
    assert_int_equal(script.runs, 0);
    assert_int_equal(script.disposals, 2);
    lima_wake_free(wake);
}

static void job__too_many_left__no_more_are_begun(void **state)
{
    job_script scripts[LIMA_WIN_JOBS_LEFT_MAX] = {{0}}, more = {0};
    HANDLE go = make_event();

    (void)state;
    for (int i = 0; i < LIMA_WIN_JOBS_LEFT_MAX; i++) {
        scripts[i] = (job_script){.go = go, .disposed = make_event()};
        assert_fails(LIMA_CODE_DEADLINE_EXCEEDED,
                     lima_win_job(&work, &scripts[i], lima_clock_in(1), NULL, err));
    }
    /* one whose deadline passed before it began does not count, so there may be fewer */
    if (lima_win_jobs_left() == LIMA_WIN_JOBS_LEFT_MAX) {
        assert_fails(LIMA_CODE_RESOURCE_EXHAUSTED, lima_win_job(&work, &more, patience(), NULL, err));
        assert_int_equal(more.runs, 0);
        assert_int_equal(more.disposals, 1);
    }
    SetEvent(go);
    for (int i = 0; i < LIMA_WIN_JOBS_LEFT_MAX; i++) {
        await(scripts[i].disposed);
        assert_int_equal(scripts[i].disposals, 1);
        CloseHandle(scripts[i].disposed);
    }
    assert_true(none_left());
    assert_ok(lima_win_job(&work, &more, patience(), NULL, err));
    CloseHandle(go);
}

/* Deadline and end fall together, or nearly. */
static void job__ends_about_at_its_deadline__is_freed_once(void **state)
{
    static job_script scripts[ROUNDS];
    unsigned in_time = 0;

    (void)state;
    for (int i = 0; i < ROUNDS; i++)
        in_time += lima_win_job(&work, &scripts[i], lima_clock_in(1), NULL, NULL);
    assert_true(none_left());
    unsigned disposals = 0;
    for (int i = 0; i < ROUNDS; i++) {
        assert_true(scripts[i].runs <= 1 && scripts[i].disposals <= 1);
        disposals += (unsigned)scripts[i].disposals;
    }
    assert_int_equal(in_time + disposals, ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(job__that_ends_in_time__runs_on_another_thread_and_is_the_callers),
        cmocka_unit_test(job__that_takes_too_long__goes_on_and_is_disposed_of_at_its_end),
        cmocka_unit_test(job__wake_raised_meanwhile__is_cancelled_and_goes_on),
        cmocka_unit_test(job__deadline_past_or_wake_raised_before__never_runs),
        cmocka_unit_test(job__too_many_left__no_more_are_begun),
        cmocka_unit_test(job__ends_about_at_its_deadline__is_freed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
