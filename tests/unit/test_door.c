/* core/driver: way.c, door.c. The guest is the other ends of pairs of streams, which the test holds. */
#include "lima_test.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "driver/door.h"
#include "folder.h"
#include "os/file.h"
#include "stream_check.h"

enum { PATIENCE_MS = 60000 };

static lima_err err;

#define assert_ok(call)                                                                                      \
    do {                                                                                                     \
        if (!(call))                                                                                         \
            fail_msg("%s: %s", #call, err.text);                                                             \
    } while (0)

static lima_deadline patience(void)
{
    return lima_clock_in(PATIENCE_MS);
}

static void put(lima_stream *into, const char *text)
{
    assert_ok(lima_stream_write(into, text, strlen(text), patience(), NULL, &err));
}

/* ---- the guest ---- */

typedef struct guest {
    lima_monitor *monitor;
    lima_stream *ends[LIMA_DOOR_MAX + 1]; /* in the order of dialling */
    size_t count;
    _Atomic bool away; /* nobody is there */
} guest;

static bool dial(const void *arg, lima_wake *wake, lima_way *ret, lima_err *why)
{
    guest *g = *(guest *const *)arg;
    lima_stream *here = NULL, *there = NULL;

    (void)wake;
    if (g->away)
        return lima_err_set(why, LIMA_CODE_UNAVAILABLE, "nobody is there");
    if (!lima_stream_pair(&here, &there, why))
        return false;
    *ret = lima_way_of(here);
    lima_monitor_enter(g->monitor);
    g->ends[g->count++] = there;
    lima_monitor_notify(g->monitor);
    lima_monitor_leave(g->monitor);
    return true;
}

/* … tells the visitor that she is in. */
static bool dial_and_greet(const void *arg, lima_wake *wake, lima_way *ret, lima_err *why)
{
    const guest *g = *(guest *const *)arg;

    if (!dial(arg, wake, ret, why))
        return false;
    lima_monitor_enter(g->monitor);
    lima_stream *end = g->ends[g->count - 1];
    lima_monitor_leave(g->monitor);
    return lima_stream_write(end, ".", 1, patience(), NULL, why);
}

static bool dial_and_wait(const void *arg, lima_wake *wake, lima_way *ret, lima_err *why)
{
    guest *g = *(guest *const *)arg;

    (void)ret;
    lima_monitor_enter(g->monitor);
    g->count++;
    lima_monitor_notify(g->monitor);
    lima_monitor_leave(g->monitor);
    lima_wake_wait(wake, patience());
    return lima_err_set(why, LIMA_CODE_CANCELLED, "cancelled");
}

static void await_count(guest *g, size_t count)
{
    lima_monitor_enter(g->monitor);
    while (g->count < count)
        if (!lima_monitor_wait(g->monitor, patience()))
            fail_msg("only %zu were dialled", g->count);
    lima_monitor_leave(g->monitor);
}

/* ---- the place ---- */

typedef struct place {
    char *dir, *path;
    guest guest, *guest_at;
    lima_door *door;
} place;

static int set_up(void **state)
{
    place *p = test_calloc(1, sizeof *p);

    p->dir = test_folder_make();
    p->path = lima_path_join(p->dir, "d.sock");
    p->guest.monitor = lima_monitor_new();
    p->guest_at = &p->guest;
    *state = p;
    err = (lima_err){0};
    return 0;
}

static int tear_down(void **state)
{
    place *p = *state;

    lima_door_close(p->door);
    for (size_t i = 0; i < p->guest.count; i++)
        lima_stream_close(p->guest.ends[i]);
    lima_monitor_free(p->guest.monitor);
    test_folder_remove(p->dir);
    free(p->path);
    test_free(p);
    return 0;
}

static void open_door(place *p, bool (*way)(const void *, lima_wake *, lima_way *, lima_err *))
{
    lima_door_desc desc = {.name = "test", .dial = way, .arg = &p->guest_at};

    assert_ok(lima_door_open_local(p->path, &desc, &p->door, &err));
}

/* A listener returns only those that have spoken. */
static lima_stream *knock(const place *p, const char *word)
{
    lima_stream *stream = NULL;

    assert_ok(lima_stream_connect(p->path, patience(), &stream, &err));
    put(stream, word);
    return stream;
}

/* ---- ways ---- */

typedef struct join {
    lima_way near, far;        /* what is joined */
    lima_stream *left, *right; /* their other ends */
    lima_wake *wake;
    lima_thread *thread;
} join;

static void run_join(void *arg)
{
    join *j = arg;

    lima_way_join(&j->near, &j->far, j->wake);
}

static void begin_join(join *j)
{
    lima_stream *near = NULL, *far = NULL;

    *j = (join){.wake = lima_wake_new()};
    assert_ok(lima_stream_pair(&j->left, &near, &err));
    assert_ok(lima_stream_pair(&j->right, &far, &err));
    j->near = lima_way_of(near);
    j->far = lima_way_of(far);
    assert_ok(lima_thread_start("join", run_join, j, &j->thread, &err));
}

static void end_join(join *j)
{
    lima_thread_join(j->thread);
    lima_way_close(&j->near);
    lima_way_close(&j->far);
    lima_way_close(&j->far); /* {0} */
    lima_stream_close(j->left);
    lima_stream_close(j->right);
    lima_wake_free(j->wake);
}

static void way_join__one_side_ends__the_other_still_answers(void **state)
{
    join j;

    (void)state;
    begin_join(&j);
    put(j.left, "question");
    lima_stream_end_write(j.left);
    assert_stream_says(j.right, "question");
    assert_stream_over(j.right);
    put(j.right, "answer");
    lima_stream_end_write(j.right);
    assert_stream_says(j.left, "answer");
    assert_stream_over(j.left);
    lima_thread_join(j.thread);
    j.thread = NULL;
    assert_false(lima_wake_wait(j.wake, 0)); /* nothing failed */
    end_join(&j);
}

static void way_join__a_side_is_gone__raises_the_wake_and_returns(void **state)
{
    join j;

    (void)state;
    begin_join(&j);
    lima_stream_close(j.right);
    j.right = NULL;
    while (lima_stream_write(j.left, "x", 1, patience(), j.wake, &err) && !lima_wake_wait(j.wake, 0))
        ;
    assert_true(lima_wake_wait(j.wake, patience()));
    end_join(&j);
}

static void way_join__wake_raised_by_others__returns(void **state)
{
    join j;

    (void)state;
    begin_join(&j);
    put(j.left, "x");
    assert_stream_says(j.right, "x");
    lima_wake_raise(j.wake);
    end_join(&j);
}

/* ---- doors ---- */

static void door__two_visitors__each_has_its_way__the_end_is_passed_on(void **state)
{
    place *p = *state;

    open_door(p, dial);
    lima_stream *one = knock(p, "first");
    await_count(&p->guest, 1);
    lima_stream *two = knock(p, "second");
    await_count(&p->guest, 2);
    assert_stream_says(p->guest.ends[1], "second");
    assert_stream_says(p->guest.ends[0], "first");
    lima_stream_end_write(one);
    assert_stream_over(p->guest.ends[0]);
    put(p->guest.ends[0], "last");
    lima_stream_end_write(p->guest.ends[0]);
    assert_stream_says(one, "last");
    assert_stream_over(one);
    put(p->guest.ends[1], "still there");
    assert_stream_says(two, "still there");
    lima_stream_close(one);
    lima_stream_close(two);
}

static void door__no_way_in__visitor_is_sent_away_and_the_next_one_may_try(void **state)
{
    place *p = *state;

    open_door(p, dial);
    p->guest.away = true;
    lima_stream *one = knock(p, "x");
    assert_stream_over(one);
    lima_stream_close(one);
    p->guest.away = false;
    lima_stream *two = knock(p, "y");
    await_count(&p->guest, 1);
    assert_stream_says(p->guest.ends[0], "y");
    lima_stream_close(two);
}

static bool is_admitted(lima_stream *visitor)
{
    char byte;
    size_t len = 0;

    if (lima_stream_read(visitor, &byte, 1, patience(), NULL, &len, &err) && len)
        return true;
    lima_stream_close(visitor);
    return false;
}

static void door__one_too_many__is_refused_until_another_has_left(void **state)
{
    place *p = *state;
    lima_stream *in[LIMA_DOOR_MAX];

    open_door(p, dial_and_greet);
    for (size_t i = 0; i < LIMA_DOOR_MAX; i++) {
        in[i] = knock(p, "x");
        assert_stream_says(in[i], ".");
    }
    lima_stream *more = knock(p, "y");
    assert_stream_over(more);
    lima_stream_close(more);
    assert_int_equal(p->guest.count, LIMA_DOOR_MAX);
    lima_stream_close(in[7]);
    lima_stream_close(p->guest.ends[7]);
    p->guest.ends[7] = NULL;
    do /* the accepting thread notices it when it looks next */
        more = knock(p, "z");
    while (!is_admitted(more));
    assert_stream_says(p->guest.ends[LIMA_DOOR_MAX], "z");
    lima_stream_close(more);
    for (size_t i = 0; i < LIMA_DOOR_MAX; i++)
        lima_stream_close(i == 7 ? NULL : in[i]);
}

static void door_close__visitors_inside_and_on_their_way__all_are_sent_away(void **state)
{
    place *p = *state;

    open_door(p, dial);
    lima_stream *one = knock(p, "x");
    await_count(&p->guest, 1);
    assert_stream_says(p->guest.ends[0], "x");
    lima_door_close(p->door);
    p->door = NULL;
    assert_stream_over(one);
    lima_stream_close(one);
    assert_stream_over(p->guest.ends[0]);
}

static void door_close__a_way_is_being_looked_for__it_is_broken_off(void **state)
{
    place *p = *state;

    open_door(p, dial_and_wait);
    lima_stream *one = knock(p, "x");
    await_count(&p->guest, 1);
    lima_door_close(p->door);
    p->door = NULL;
    p->guest.count = 0; /* nobody has an end */
    assert_stream_over(one);
    lima_stream_close(one);
}

static void door_open_local__a_file_is_there__stays_and_is_told(void **state)
{
    place *p = *state;
    lima_door_desc desc = {.name = "test", .dial = dial, .arg = &p->guest_at};

    assert_ok(lima_file_write(p->path, "mine", 4, LIMA_FILE_PRIVATE, &err));
    assert_false(lima_door_open_local(p->path, &desc, &p->door, &err));
    assert_int_equal(err.code, LIMA_CODE_ALREADY_EXISTS);
    assert_null(p->door);
    lima_door_close(NULL);
}

static bool accept_none(void *listener, lima_deadline deadline, lima_wake *wake, lima_stream **ret,
                        lima_err *why)
{
    (void)listener;
    (void)ret;
    return lima_err_set(why,
                        lima_wake_wait(wake, deadline) ? LIMA_CODE_CANCELLED : LIMA_CODE_DEADLINE_EXCEEDED,
                        "nobody comes");
}

static void count_close(void *listener)
{
    ++*(unsigned *)listener;
}

static void door_close__listener_of_another_kind__is_closed_once(void **state)
{
    place *p = *state;
    unsigned closed = 0;
    lima_door_desc desc = {
        .name = "test", .listener = &closed, .accept = accept_none, .close = count_close, .dial = dial};

    assert_ok(lima_door_open(&desc, &p->door, &err));
    assert_int_equal(closed, 0);
    lima_door_close(p->door);
    p->door = NULL;
    assert_int_equal(closed, 1);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(way_join__one_side_ends__the_other_still_answers),
        cmocka_unit_test(way_join__a_side_is_gone__raises_the_wake_and_returns),
        cmocka_unit_test(way_join__wake_raised_by_others__returns),
        IN_PLACE(door__two_visitors__each_has_its_way__the_end_is_passed_on),
        IN_PLACE(door__no_way_in__visitor_is_sent_away_and_the_next_one_may_try),
        IN_PLACE(door__one_too_many__is_refused_until_another_has_left),
        IN_PLACE(door_close__visitors_inside_and_on_their_way__all_are_sent_away),
        IN_PLACE(door_close__a_way_is_being_looked_for__it_is_broken_off),
        IN_PLACE(door_open_local__a_file_is_there__stays_and_is_told),
        IN_PLACE(door_close__listener_of_another_kind__is_closed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
