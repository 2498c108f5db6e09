/* Handles are counted before and after many rounds of everything that makes some. */
#include <winsock2.h>
#include <windows.h>

#include <stdlib.h>

#include "handles.h"
#include "support.h"

enum { ROUNDS = 200, CHILDREN = 50 };

static void make_pair(void *unused)
{
    lima_stream *a = NULL, *b = NULL;
    char byte;
    size_t len;

    (void)unused;
    assert_ok(lima_stream_pair(&a, &b, err));
    put(a, "x");
    assert_ok(lima_stream_read(b, &byte, 1, patience(), NULL, &len, err));
    lima_stream_close(a);
    lima_stream_close(b);
}

static void pair__many_times__leaves_no_handle(void **state)
{
    (void)state;
    assert_no_growth(make_pair, NULL, ROUNDS);
}

typedef struct place {
    const char *path;
    lima_listener *listener;
} place;

static void connect_and_accept(void *arg)
{
    place *at = arg;
    lima_stream *client = connect_to(at->path);

    put(client, "x");
    lima_stream *server = accept_from(at->listener);
    lima_stream_close(server);
    lima_stream_close(client);
    lima_stream_close(connect_to(at->path)); /* one that says nothing */
}

static void accept__many_times__leaves_no_handle(void **state)
{
    char *path = in_folder(state, "s.sock");
    place at = {.path = path, .listener = open_at(path)};
    lima_stream *none = NULL;

    assert_no_growth(connect_and_accept, &at, ROUNDS);
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED, lima_listener_accept(at.listener, 0, NULL, &none, err));
    assert_int_equal(lima_listener_look(at.listener).connections, 0);
    lima_listener_close(at.listener);
    free(path);
}

static void open_and_close(void *path)
{
    lima_listener_close(open_at(path));
}

static void open__many_times__leaves_no_handle_and_no_file(void **state)
{
    char *path = in_folder(state, "s.sock");

    assert_no_growth(open_and_close, path, ROUNDS);
    assert_int_equal(count_entries(*state), 0);
    free(path);
}

static void start_and_wait(void *unused)
{
    lima_process *child = start_child((const char *[]){"exit", "0", NULL});
    lima_process_id id = lima_process_get_id(child);
    lima_process_exit end;

    (void)unused;
    assert_ok(lima_process_wait(child, patience(), NULL, &end, err));
    assert_ok(lima_process_wait_id(id, 0, NULL, err));
    assert_ok(lima_process_end_id(id, false, err));
    lima_process_free(child);
}

static void start__many_times__leaves_no_handle(void **state)
{
    (void)state;
    assert_no_growth(start_and_wait, NULL, CHILDREN);
}

static void run_once(void *unused)
{
    const char *argv[] = {child_program(), "cat", NULL};
    lima_buf out = LIMA_BUF(100), errors = LIMA_BUF(100);
    lima_process_exit end;

    (void)unused;
    assert_ok(lima_process_run(argv, "x", &out, &errors, patience(), NULL, &end, err));
    lima_buf_free(&out);
    lima_buf_free(&errors);
}

static void run__many_times__leaves_no_handle(void **state)
{
    (void)state;
    assert_no_growth(run_once, NULL, CHILDREN);
}

static void fail_to_start(void *file)
{
    lima_process_desc desc = {.argv = (const char *[]){file, NULL},
                              .in = LIMA_PROCESS_PIPE,
                              .out = LIMA_PROCESS_PIPE,
                              .err = LIMA_PROCESS_PIPE};
    lima_process *child;

    assert_false(lima_process_start(&desc, &child, NULL));
}

static void start__that_fails_many_times__leaves_no_handle(void **state)
{
    char *path = in_folder(state, "no program.exe");

    put_file(path, "no program");
    assert_no_growth(fail_to_start, path, CHILDREN);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pair__many_times__leaves_no_handle),
        IN_FOLDER(accept__many_times__leaves_no_handle),
        IN_FOLDER(open__many_times__leaves_no_handle_and_no_file),
        cmocka_unit_test(start__many_times__leaves_no_handle),
        cmocka_unit_test(run__many_times__leaves_no_handle),
        IN_FOLDER(start__that_fails_many_times__leaves_no_handle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
