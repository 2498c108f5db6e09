#include "lima_test.h"

#include <string.h>

#include "rpc/pump.h"

enum { PATIENCE_MS = 60000 };

typedef struct ends {
    lima_stream *in_near, *in_far, *out_near, *out_far, *socket;
    lima_pump *pump;
} ends;

static void set_up(ends *e)
{
    assert_true(lima_stream_pair(&e->in_near, &e->in_far, NULL));
    assert_true(lima_stream_pair(&e->out_near, &e->out_far, NULL));
    assert_true(lima_pump_start(e->in_far, e->out_near, &e->socket, &e->pump, NULL));
}

static void tear_down(ends *e, lima_deadline deadline)
{
    lima_stream_close(e->socket);
    lima_pump_end(e->pump, deadline);
    lima_stream_close(e->in_near);
    lima_stream_close(e->in_far);
    lima_stream_close(e->out_near);
    lima_stream_close(e->out_far);
}

static void expect(lima_stream *from, const char *text)
{
    char got[64] = "";
    for (size_t at = 0, len; at < strlen(text); at += len) {
        assert_true(lima_stream_read(from, got + at, strlen(text) - at, lima_clock_in(PATIENCE_MS), NULL,
                                     &len, NULL));
        assert_true(len > 0);
    }
    assert_string_equal(got, text);
}

static void pump__bytes_either_way__arrive(void **state)
{
    ends e;
    (void)state;
    set_up(&e);
    assert_true(lima_stream_write(e.in_near, "hello", 5, lima_clock_in(PATIENCE_MS), NULL, NULL));
    expect(e.socket, "hello");
    assert_true(lima_stream_write(e.socket, "world", 5, lima_clock_in(PATIENCE_MS), NULL, NULL));
    expect(e.out_far, "world");
    tear_down(&e, 0);
}

static void pump__one_side_ends__the_other_sees_the_end_after_the_bytes(void **state)
{
    char byte;
    size_t len = 1;
    ends e;
    (void)state;
    set_up(&e);
    assert_true(lima_stream_write(e.in_near, "last", 4, lima_clock_in(PATIENCE_MS), NULL, NULL));
    lima_stream_end_write(e.in_near);
    expect(e.socket, "last");
    assert_true(lima_stream_read(e.socket, &byte, 1, lima_clock_in(PATIENCE_MS), NULL, &len, NULL));
    assert_int_equal(len, 0);
    lima_stream_end_write(e.socket);
    assert_true(lima_stream_read(e.out_far, &byte, 1, lima_clock_in(PATIENCE_MS), NULL, &len, NULL));
    assert_int_equal(len, 0);
    tear_down(&e, lima_clock_in(PATIENCE_MS));
}

static void end__nobody_has_ended__stops_at_the_deadline(void **state)
{
    ends e;
    (void)state;
    set_up(&e);
    lima_pump_end(e.pump, 0);
    e.pump = NULL;
    tear_down(&e, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pump__bytes_either_way__arrive),
        cmocka_unit_test(pump__one_side_ends__the_other_sees_the_end_after_the_bytes),
        cmocka_unit_test(end__nobody_has_ended__stops_at_the_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
