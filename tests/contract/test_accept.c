/* os/listener.h: who is accepted, who is dropped, and how many there may be. */
#include "support.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"

static char get(lima_stream *from)
{
    char byte = 0;
    size_t len = 0;

    assert_ok(lima_stream_read(from, &byte, 1, patience(), NULL, &len, err));
    return len ? byte : '\0';
}

/* A peer that was closed: reading tells the end, or that it was cut off. */
static void assert_closed(lima_stream *stream)
{
    char byte;
    size_t len = 0;
    lima_err err;

    if (lima_stream_read(stream, &byte, 1, patience(), NULL, &len, &err))
        assert_int_equal(len, 0);
    else
        assert_int_equal(err.code, LIMA_CODE_UNAVAILABLE);
}

static void accept__client_that_speaks__is_connected_both_ways(void **state)
{
    char *path = in_folder(state, "s.sock");
    lima_listener *listener = open_at(path);
    lima_stream *client = connect_to(path);

    put(client, "a");
    lima_stream *server = accept_from(listener);
    assert_int_equal(get(server), 'a');
    put(server, "b");
    assert_int_equal(get(client), 'b');
    lima_stream_close(server);
    assert_closed(client);
    lima_stream_close(client);
    lima_listener_close(listener);
    free(path);
}

static void accept__probes_that_close_and_silent_clients__are_never_returned(void **state)
{
    char *path = in_folder(state, "s.sock");
    lima_listener *listener = open_at(path);
    lima_stream *silent = connect_to(path);
    lima_stream *none = NULL;

    for (int i = 0; i < 10; i++)
        lima_stream_close(connect_to(path));
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED,
                 lima_listener_accept(listener, lima_clock_in(50), NULL, &none, err));
    lima_stream *client = connect_to(path);
    put(client, "x");
    lima_stream *server = accept_from(listener);
    assert_int_equal(get(server), 'x');
    assert_int_equal(lima_listener_look(listener).connections, 1);
    put(silent, "y");
    lima_stream *second = accept_from(listener);
    assert_int_equal(get(second), 'y');
    lima_stream_close(silent);
    lima_stream_close(client);
    lima_stream_close(server);
    lima_stream_close(second);
    lima_listener_close(listener);
    free(path);
}

static void accept__spoke_and_left__is_still_returned(void **state)
{
    char *path = in_folder(state, "s.sock");
    lima_listener *listener = open_at(path);
    lima_stream *client = connect_to(path);

    put(client, "z");
    lima_stream_close(client);
    lima_stream *server = accept_from(listener);
    assert_int_equal(get(server), 'z');
    assert_closed(server);
    lima_stream_close(server);
    lima_listener_close(listener);
    free(path);
}

static void accept__nobody_comes__ends_at_the_deadline(void **state)
{
    char *path = in_folder(state, "s.sock");
    lima_listener *listener = open_at(path);
    lima_deadline deadline = lima_clock_in(30);
    lima_stream *none = NULL;

    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED, lima_listener_accept(listener, deadline, NULL, &none, err));
    assert_true(lima_clock_now() >= deadline);
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED, lima_listener_accept(listener, 0, NULL, &none, err));
    assert_null(none);
    lima_listener_close(listener);
    free(path);
}

static void accept__wake_raised__is_cancelled(void **state)
{
    char *path = in_folder(state, "s.sock");
    lima_listener *listener = open_at(path);
    lima_wake *wake = lima_wake_new();
    lima_thread *raiser = NULL;
    lima_stream *none = NULL;

    assert_ok(lima_thread_start("raiser", raise_it, wake, &raiser, err));
    assert_fails(LIMA_CODE_CANCELLED, lima_listener_accept(listener, LIMA_DEADLINE_NEVER, wake, &none, err));
    lima_thread_join(raiser);
    lima_wake_free(wake);
    lima_listener_close(listener);
    free(path);
}

static void accept__more_silent_clients_than_fit__drops_the_oldest_and_serves(void **state)
{
    enum { SILENT = LIMA_LISTENER_PENDING_MAX + 8 };
    char *path = in_folder(state, "s.sock");
    lima_listener *listener = open_at(path);
    lima_stream *silent[SILENT], *none = NULL;

    for (int i = 0; i < SILENT; i++)
        silent[i] = connect_to(path);
    for (int i = 0; i < 3; i++) /* takes them all in, however few it does in one call */
        assert_fails(LIMA_CODE_DEADLINE_EXCEEDED,
                     lima_listener_accept(listener, lima_clock_in(20), NULL, &none, err));
    lima_stream *client = connect_to(path);
    put(client, "x");
    lima_stream *server = accept_from(listener);
    assert_int_equal(get(server), 'x');
    for (int i = 0; i < 8; i++)
        assert_closed(silent[i]);
    put(silent[SILENT - 1], "l");
    lima_stream *late = accept_from(listener);
    assert_int_equal(get(late), 'l');
    for (int i = 0; i < SILENT; i++)
        lima_stream_close(silent[i]);
    lima_stream_close(late);
    lima_stream_close(client);
    lima_stream_close(server);
    lima_listener_close(listener);
    free(path);
}

static void accept__more_connections_than_allowed__closes_the_newest_and_logs(void **state)
{
    enum { MOST = LIMA_LISTENER_CONNECTIONS_MAX };
    char *path = in_folder(state, "s.sock");
    lima_listener *listener = open_at(path);
    lima_stream *clients[MOST], *servers[MOST], *none = NULL;
    unsigned lines = 0;

    lima_log_set_sink(count_lines, &lines);
    for (int i = 0; i < MOST; i++) {
        clients[i] = connect_to(path);
        put(clients[i], "x");
        servers[i] = accept_from(listener);
    }
    assert_int_equal(lima_listener_look(listener).connections, MOST);
    assert_int_equal(lines, 0);
    lima_stream *more = connect_to(path);
    put(more, "x");
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED,
                 lima_listener_accept(listener, lima_clock_in(50), NULL, &none, err));
    assert_closed(more);
    assert_int_equal(lines, 1);
    lima_stream_close(more);
    lima_stream_close(clients[0]);
    more = connect_to(path);
    put(more, "x");
    lima_stream *server = accept_from(listener);
    lima_stream_close(server);
    lima_stream_close(more);
    for (int i = 0; i < MOST; i++) {
        lima_stream_close(servers[i]);
        if (i > 0)
            lima_stream_close(clients[i]);
    }
    lima_log_set_sink(NULL, NULL);
    lima_listener_close(listener);
    free(path);
}

static void wait_for_connections(lima_listener *listener, unsigned count)
{
    lima_deadline deadline = patience();

    while (lima_listener_look(listener).connections != count) {
        assert_true(lima_clock_now() < deadline);
        lima_wake_wait(NULL, lima_clock_in(1));
    }
}

static void connections__peers_come_and_go__are_counted_whoever_owns_them(void **state)
{
    char *path = in_folder(state, "s.sock");
    lima_listener *listener = open_at(path);
    lima_stream *clients[3], *servers[3];

    assert_int_equal(lima_listener_look(listener).connections, 0);
    for (int i = 0; i < 3; i++) {
        clients[i] = connect_to(path);
        put(clients[i], "x");
        servers[i] = accept_from(listener);
        assert_int_equal(lima_listener_look(listener).connections, i + 1);
    }
    lima_stream_close(clients[0]);
    wait_for_connections(listener, 2);
    lima_stream_close(servers[1]);
    wait_for_connections(listener, 1);
    assert_closed(clients[1]);
    lima_stream_close(clients[1]);
    lima_stream_close(clients[2]);
    wait_for_connections(listener, 0);
    lima_stream_close(servers[0]);
    lima_stream_close(servers[2]);
    lima_listener_close(listener);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(accept__client_that_speaks__is_connected_both_ways),
        IN_FOLDER(accept__probes_that_close_and_silent_clients__are_never_returned),
        IN_FOLDER(accept__spoke_and_left__is_still_returned),
        IN_FOLDER(accept__nobody_comes__ends_at_the_deadline),
        IN_FOLDER(accept__wake_raised__is_cancelled),
        IN_FOLDER(accept__more_silent_clients_than_fit__drops_the_oldest_and_serves),
        IN_FOLDER(accept__more_connections_than_allowed__closes_the_newest_and_logs),
        IN_FOLDER(connections__peers_come_and_go__are_counted_whoever_owns_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
