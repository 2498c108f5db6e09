/* os/listener.h: the socket's way into the file system and out of it; test_accept.c has the rest. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "os/host.h"

static void assert_serves(lima_listener *listener, const char *path)
{
    lima_stream *client = connect_to(path);

    put(client, "x");
    lima_stream_close(accept_from(listener));
    lima_stream_close(client);
}

static void open__stale_socket__is_replaced(void **state)
{
    char *path = in_folder(state, "s.sock"), line[32];
    lima_process *child = start_child((const char *[]){"listen", path, NULL});
    lima_file_info at;

    read_line(child, line, sizeof line);
    assert_string_equal(line, "listening");
    end_child(child);
    assert_ok(lima_file_stat(path, false, &at, err));
    assert_int_equal(at.kind, LIMA_FILE_SOCKET);
    lima_listener *listener = open_at(path);
    assert_serves(listener, path);
    lima_listener_close(listener);
    free(path);
}

static void open__another_file_in_the_way__stays_and_is_reported(void **state)
{
    char *path = in_folder(state, "s.sock");
    lima_listener *listener = NULL;

    put_file(path, "precious");
    assert_fails(LIMA_CODE_ALREADY_EXISTS, lima_listener_open(path, &listener, err));
    assert_file(path, "precious");
    assert_fails(LIMA_CODE_ALREADY_EXISTS, lima_listener_open(*state, &listener, err));
    assert_int_equal(count_entries(*state), 1);
    assert_null(listener);
    free(path);
}

/* A path of exactly `len` bytes in the test's folder. */
static char *path_of(void **state, size_t len)
{
    char name[200];
    size_t base = strlen(*state) + 1;

    assert_true(base < len);
    memset(name, 'n', len - base);
    name[len - base] = '\0';
    return in_folder(state, name);
}

static size_t limit(void)
{
    return strcmp(lima_host_get()->os, "darwin") ? 107 : 103;
}

static void open__longest_path__works(void **state)
{
    char *path = path_of(state, limit());
    lima_listener *listener = open_at(path);

    assert_serves(listener, path);
    lima_listener_close(listener);
    free(path);
}

static void open__path_one_too_long__is_refused_with_the_limit(void **state)
{
    char *path = path_of(state, limit() + 1);
    lima_listener *listener = NULL;
    lima_err err;

    assert_false(lima_listener_open(path, &listener, &err));
    assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
    assert_non_null(strstr(err.text, "limit is 10"));
    assert_int_equal(count_entries(*state), 0);
    free(path);
}

static void open__folder_missing__is_not_found(void **state)
{
    char *path = in_folder(state, "missing/s.sock");
    lima_listener *listener = NULL;

    assert_fails(LIMA_CODE_NOT_FOUND, lima_listener_open(path, &listener, err));
    free(path);
}

typedef struct watch {
    const char *path;
    unsigned refused, connected;
} watch;

/* Connects until it has succeeded once; counts sockets that were there but not listening. */
static void connect_eagerly(void *arg)
{
    watch *mine = arg;
    lima_deadline deadline = patience();

    while (!mine->connected && lima_clock_now() < deadline) {
        lima_stream *stream;
        lima_err err;
        if (lima_stream_connect(mine->path, deadline, &stream, &err)) {
            mine->connected++;
            lima_stream_close(stream);
        } else {
            mine->refused += err.code != LIMA_CODE_NOT_FOUND;
        }
    }
}

static void open__client_waiting_for_it__sees_it_only_complete(void **state)
{
    for (int i = 0; i < 20; i++) {
        char *path = in_folder(state, "s.sock");
        watch mine = {.path = path};
        lima_thread *watcher = NULL;
        assert_ok(lima_thread_start("watcher", connect_eagerly, &mine, &watcher, err));
        lima_listener *listener = open_at(path);
        lima_thread_join(watcher);
        assert_int_equal(mine.refused, 0);
        assert_int_equal(mine.connected, 1);
        lima_listener_close(listener);
        free(path);
    }
}

static void close__own_socket__leaves_nothing(void **state)
{
    char *path = in_folder(state, "s.sock");
    lima_listener *listener = open_at(path);

    assert_int_equal(count_entries(*state), 1);
    assert_true(lima_listener_look(listener).in_place);
    lima_listener_close(listener);
    lima_listener_close(NULL);
    assert_int_equal(count_entries(*state), 0);
    free(path);
}

static void in_place__socket_removed_or_replaced__is_false_and_close_spares_the_new_one(void **state)
{
    char *path = in_folder(state, "s.sock");
    lima_listener *first = open_at(path);

    assert_ok(lima_file_remove(path, err));
    assert_false(lima_listener_look(first).in_place);
    lima_listener *second = open_at(path);
    assert_false(lima_listener_look(first).in_place);
    assert_true(lima_listener_look(second).in_place);
    lima_listener_close(first);
    assert_true(lima_listener_look(second).in_place);
    assert_serves(second, path);
    lima_listener_close(second);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(open__stale_socket__is_replaced),
        IN_FOLDER(open__another_file_in_the_way__stays_and_is_reported),
        IN_FOLDER(open__longest_path__works),
        IN_FOLDER(open__path_one_too_long__is_refused_with_the_limit),
        IN_FOLDER(open__folder_missing__is_not_found),
        IN_FOLDER(open__client_waiting_for_it__sees_it_only_complete),
        IN_FOLDER(close__own_socket__leaves_nothing),
        IN_FOLDER(in_place__socket_removed_or_replaced__is_false_and_close_spares_the_new_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
