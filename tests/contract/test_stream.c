#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "stream_check.h"

typedef struct pair {
    lima_stream *a, *b;
} pair;

static pair make_pair(void)
{
    pair made = {0};

    assert_ok(lima_stream_pair(&made.a, &made.b, err));
    return made;
}

static void close_pair(pair *both)
{
    lima_stream_close(both->a);
    lima_stream_close(both->b);
}

static void assert_end(lima_stream *from)
{
    char byte;
    size_t len = 1;

    assert_ok(lima_stream_read(from, &byte, 1, patience(), NULL, &len, err));
    assert_int_equal(len, 0);
}

static void pair__both_directions__carry_bytes(void **state)
{
    pair both = make_pair();

    (void)state;
    put(both.a, "one way");
    put(both.b, "the other");
    assert_stream_says(both.b, "one way");
    assert_stream_says(both.a, "the other");
    close_pair(&both);
}

static void read__peer_closed__gives_what_is_left_and_then_the_end(void **state)
{
    pair both = make_pair();

    (void)state;
    put(both.a, "rest");
    lima_stream_close(both.a);
    assert_stream_says(both.b, "rest");
    assert_end(both.b);
    assert_end(both.b);
    lima_stream_close(both.b);
}

static void write__peer_closed__is_unavailable(void **state)
{
    pair both = make_pair();
    lima_err err = {0};
    bool ok = true;

    (void)state;
    lima_stream_close(both.a);
    for (int i = 0; ok && i < 100; i++)
        ok = lima_stream_write(both.b, "x", 1, patience(), NULL, &err);
    assert_false(ok);
    assert_int_equal(err.code, LIMA_CODE_UNAVAILABLE);
    lima_stream_close(both.b);
}

static void read__nothing_comes__ends_at_the_deadline(void **state)
{
    pair both = make_pair();
    lima_deadline deadline = lima_clock_in(30);
    char byte;
    size_t len = 77;

    (void)state;
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED, lima_stream_read(both.a, &byte, 1, deadline, NULL, &len, err));
    assert_true(lima_clock_now() >= deadline);
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED, lima_stream_read(both.a, &byte, 1, 0, NULL, &len, err));
    assert_int_equal(len, 77);
    close_pair(&both);
}

static void read__deadline_zero_but_bytes_there__reads_them(void **state)
{
    pair both = make_pair();
    char byte = 0;
    size_t len = 0;

    (void)state;
    put(both.b, "y");
    assert_ok(lima_stream_read(both.a, &byte, 1, 0, NULL, &len, err));
    assert_int_equal(byte, 'y');
    close_pair(&both);
}

enum { MUCH = 3 << 20 };

static void write__nobody_reads__ends_at_the_deadline(void **state)
{
    pair both = make_pair();
    char *much = lima_mem_zalloc(1, MUCH);

    (void)state;
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED,
                 lima_stream_write(both.a, much, MUCH, lima_clock_in(30), NULL, err));
    free(much);
    close_pair(&both);
}

static void wait__wake_raised_before__is_cancelled(void **state)
{
    pair both = make_pair();
    lima_wake *wake = lima_wake_new();
    char byte;
    size_t len;

    (void)state;
    lima_wake_raise(wake);
    assert_fails(LIMA_CODE_CANCELLED,
                 lima_stream_read(both.a, &byte, 1, LIMA_DEADLINE_NEVER, wake, &len, err));
    assert_fails(LIMA_CODE_CANCELLED, lima_stream_write(both.a, "x", 1, LIMA_DEADLINE_NEVER, wake, err));
    lima_wake_free(wake);
    close_pair(&both);
}

static void wait__wake_raised_meanwhile__is_cancelled(void **state)
{
    pair both = make_pair();
    lima_wake *wake = lima_wake_new();
    lima_thread *raiser = NULL;
    char *much = lima_mem_zalloc(1, MUCH), byte;
    size_t len;

    (void)state;
    assert_ok(lima_thread_start("raiser", raise_it, wake, &raiser, err));
    assert_fails(LIMA_CODE_CANCELLED,
                 lima_stream_read(both.a, &byte, 1, LIMA_DEADLINE_NEVER, wake, &len, err));
    assert_fails(LIMA_CODE_CANCELLED, lima_stream_write(both.a, much, MUCH, LIMA_DEADLINE_NEVER, wake, err));
    lima_thread_join(raiser);
    lima_wake_free(wake);
    free(much);
    close_pair(&both);
}

static void write_pattern(void *into)
{
    unsigned char *bytes = lima_mem_zalloc(1, MUCH);

    for (size_t i = 0; i < MUCH; i++)
        bytes[i] = (unsigned char)(i * 7 % 251);
    if (lima_stream_write(into, bytes, MUCH, patience(), NULL, NULL))
        lima_stream_end_write(into);
    free(bytes);
}

static void write__much_while_the_other_reads__arrives_whole(void **state)
{
    pair both = make_pair();
    lima_thread *writer = NULL;
    unsigned char bytes[5000];
    size_t total = 0, len = 1;

    (void)state;
    assert_ok(lima_thread_start("writer", write_pattern, both.a, &writer, err));
    while (len > 0) {
        assert_ok(lima_stream_read(both.b, bytes, sizeof bytes, patience(), NULL, &len, err));
        for (size_t i = 0; i < len; i++, total++)
            assert_int_equal(bytes[i], total * 7 % 251);
    }
    assert_int_equal(total, MUCH);
    lima_thread_join(writer);
    close_pair(&both);
}

static void end_write__one_side__leaves_the_other_direction_open(void **state)
{
    pair both = make_pair();

    (void)state;
    put(both.a, "last");
    lima_stream_end_write(both.a);
    assert_stream_says(both.b, "last");
    assert_end(both.b);
    put(both.b, "answer");
    assert_stream_says(both.a, "answer");
    close_pair(&both);
}

static void connect__missing__is_not_found(void **state)
{
    char *path = in_folder(state, "missing.sock");
    lima_stream *stream = NULL;

    assert_fails(LIMA_CODE_NOT_FOUND, lima_stream_connect(path, patience(), &stream, err));
    assert_null(stream);
    free(path);
}

static void connect__nobody_listening__is_unavailable(void **state)
{
    char *path = in_folder(state, "s.sock"), line[32];
    lima_process *child = start_child((const char *[]){"listen", path, NULL});
    lima_stream *stream = NULL;

    read_line(child, line, sizeof line);
    assert_string_equal(line, "listening");
    end_child(child);
    assert_fails(LIMA_CODE_UNAVAILABLE, lima_stream_connect(path, patience(), &stream, err));
    free(path);
}

static void connect__path_too_long_or_empty__is_refused_with_the_limit(void **state)
{
    char *name = lima_mem_zalloc(1, 151);
    lima_stream *stream = NULL;
    lima_err failed;

    memset(name, 'x', 150);
    char *path = in_folder(state, name);
    assert_false(lima_stream_connect(path, patience(), &stream, &failed));
    assert_int_equal(failed.code, LIMA_CODE_INVALID_ARGUMENT);
    assert_non_null(strstr(failed.text, "limit is 10")); /* 107, or 103 */
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_stream_connect("", patience(), &stream, err));
    free(path);
    free(name);
}

static void take_std__stray_output__does_not_reach_the_protocol(void **state)
{
    lima_process *child = start_child((const char *[]){"std", NULL});
    char line[64];
    lima_process_exit end;

    (void)state;
    put(lima_process_stream(child, 0), "protocol\n");
    read_line(child, line, sizeof line);
    assert_string_equal(line, "protocol");
    assert_end(lima_process_stream(child, 1));
    assert_ok(lima_process_wait(child, patience(), NULL, &end, err));
    assert_int_equal(end.code, 0);
    lima_process_free(child);
}

static void close__null__does_nothing(void **state)
{
    (void)state;
    lima_stream_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pair__both_directions__carry_bytes),
        cmocka_unit_test(read__peer_closed__gives_what_is_left_and_then_the_end),
        cmocka_unit_test(write__peer_closed__is_unavailable),
        cmocka_unit_test(read__nothing_comes__ends_at_the_deadline),
        cmocka_unit_test(read__deadline_zero_but_bytes_there__reads_them),
        cmocka_unit_test(write__nobody_reads__ends_at_the_deadline),
        cmocka_unit_test(wait__wake_raised_before__is_cancelled),
        cmocka_unit_test(wait__wake_raised_meanwhile__is_cancelled),
        cmocka_unit_test(write__much_while_the_other_reads__arrives_whole),
        cmocka_unit_test(end_write__one_side__leaves_the_other_direction_open),
        IN_FOLDER(connect__missing__is_not_found),
        IN_FOLDER(connect__nobody_listening__is_unavailable),
        IN_FOLDER(connect__path_too_long_or_empty__is_refused_with_the_limit),
        cmocka_unit_test(take_std__stray_output__does_not_reach_the_protocol),
        cmocka_unit_test(close__null__does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
