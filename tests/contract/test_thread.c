#include "support.h"

#include "os/thread.h"

enum { THREADS = 4, ROUNDS = 10000 };

typedef struct shared {
    lima_monitor *monitor;
    lima_wake *wake;
    unsigned count; /* inside the monitor */
    bool go;        /* inside the monitor */
} shared;

static void start_all(lima_thread **threads, void (*run)(void *), void *arg)
{
    for (int i = 0; i < THREADS; i++)
        assert_ok(lima_thread_start("a name longer than fits", run, arg, &threads[i], err));
}

static void join_all(lima_thread **threads)
{
    for (int i = 0; i < THREADS; i++)
        lima_thread_join(threads[i]);
}

static void add_rounds(void *arg)
{
    shared *all = arg;

    for (int i = 0; i < ROUNDS; i++) {
        lima_monitor_enter(all->monitor);
        all->count++;
        lima_monitor_leave(all->monitor);
    }
}

static void monitor__entered_by_many__excludes_them(void **state)
{
    shared all = {.monitor = lima_monitor_new()};
    lima_thread *threads[THREADS];

    (void)state;
    start_all(threads, add_rounds, &all);
    join_all(threads);
    assert_int_equal(all.count, THREADS * ROUNDS);
    lima_monitor_free(all.monitor);
}

static void wait_for_go(void *arg)
{
    shared *all = arg;

    lima_monitor_enter(all->monitor);
    all->count++;
    lima_monitor_notify(all->monitor);
    while (!all->go)
        lima_monitor_wait(all->monitor, LIMA_DEADLINE_NEVER);
    all->count--;
    lima_monitor_leave(all->monitor);
}

static void notify__many_waiting__wakes_all(void **state)
{
    shared all = {.monitor = lima_monitor_new()};
    lima_thread *threads[THREADS];

    (void)state;
    start_all(threads, wait_for_go, &all);
    lima_monitor_enter(all.monitor);
    while (all.count < THREADS)
        assert_true(lima_monitor_wait(all.monitor, patience()));
    all.go = true;
    lima_monitor_notify(all.monitor);
    lima_monitor_leave(all.monitor);
    join_all(threads);
    assert_int_equal(all.count, 0);
    lima_monitor_free(all.monitor);
}

static void monitor_wait__nobody_notifies__ends_at_the_deadline(void **state)
{
    lima_monitor *monitor = lima_monitor_new();
    lima_deadline deadline = lima_clock_in(30);

    (void)state;
    lima_monitor_enter(monitor);
    while (lima_monitor_wait(monitor, deadline))
        assert_true(lima_clock_now() < deadline + PATIENCE_MS);
    assert_true(lima_clock_now() >= deadline);
    assert_false(lima_monitor_wait(monitor, 0));
    lima_monitor_leave(monitor);
    lima_monitor_free(monitor);
}

static void wake__not_raised__waits_until_the_deadline(void **state)
{
    lima_wake *wake = lima_wake_new();
    lima_deadline deadline = lima_clock_in(30);

    (void)state;
    assert_false(lima_wake_wait(wake, 0));
    assert_false(lima_wake_wait(wake, deadline));
    assert_true(lima_clock_now() >= deadline);
    lima_wake_free(wake);
}

static void wake__raised_twice__stays_raised(void **state)
{
    lima_wake *wake = lima_wake_new();

    (void)state;
    lima_wake_raise(wake);
    lima_wake_raise(wake);
    for (int i = 0; i < 3; i++)
        assert_true(lima_wake_wait(wake, i == 0 ? LIMA_DEADLINE_NEVER : 0));
    lima_wake_free(wake);
}

static void wait_for_wake(void *arg)
{
    shared *all = arg;

    lima_monitor_enter(all->monitor);
    all->count++;
    lima_monitor_notify(all->monitor);
    lima_monitor_leave(all->monitor);
    if (!lima_wake_wait(all->wake, LIMA_DEADLINE_NEVER))
        return;
    lima_monitor_enter(all->monitor);
    all->count--;
    lima_monitor_leave(all->monitor);
}

static void wake_raise__many_waiting__ends_all_waits(void **state)
{
    shared all = {.monitor = lima_monitor_new(), .wake = lima_wake_new()};
    lima_thread *threads[THREADS];

    (void)state;
    start_all(threads, wait_for_wake, &all);
    lima_monitor_enter(all.monitor);
    while (all.count < THREADS)
        assert_true(lima_monitor_wait(all.monitor, patience()));
    lima_monitor_leave(all.monitor);
    lima_wake_raise(all.wake);
    join_all(threads);
    assert_int_equal(all.count, 0);
    lima_wake_free(all.wake);
    lima_monitor_free(all.monitor);
}

static void wake_wait__null__is_how_to_sleep(void **state)
{
    lima_deadline deadline = lima_clock_in(20);

    (void)state;
    assert_false(lima_wake_wait(NULL, deadline));
    assert_true(lima_clock_now() >= deadline);
}

static void free__null__does_nothing(void **state)
{
    (void)state;
    lima_wake_free(NULL);
    lima_monitor_free(NULL);
    lima_thread_join(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(monitor__entered_by_many__excludes_them),
        cmocka_unit_test(notify__many_waiting__wakes_all),
        cmocka_unit_test(monitor_wait__nobody_notifies__ends_at_the_deadline),
        cmocka_unit_test(wake__not_raised__waits_until_the_deadline),
        cmocka_unit_test(wake__raised_twice__stays_raised),
        cmocka_unit_test(wake_raise__many_waiting__ends_all_waits),
        cmocka_unit_test(wake_wait__null__is_how_to_sleep),
        cmocka_unit_test(free__null__does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
