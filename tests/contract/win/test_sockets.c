/* What only win/ promises of streams and listeners, or what only Windows calls can see. */
#include <winsock2.h>
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "os/host.h"
#include "stream.h"
#include "wide.h"

static char get(lima_stream *from)
{
    char byte = 0;
    size_t len = 0;

    assert_ok(lima_stream_read(from, &byte, 1, patience(), NULL, &len, err));
    return len ? byte : '\0';
}

/* ---- listeners ---- */

static void open__socket_file__is_mine_and_nobody_else_may_connect(void **state)
{
    char *path = in_folder(state, "s.sock");
    lima_listener *listener = open_at(path);
    lima_file_info at = look(path);

    assert_int_equal(at.kind, LIMA_FILE_SOCKET);
    assert_false(at.others_write);
    lima_listener_close(listener);
    free(path);
}

static void open__folder_left_by_a_killed_process__is_removed(void **state)
{
    char *path = in_folder(state, "s.sock"), *left = in_folder(state, ".sk-left"),
         *inside = in_folder(state, ".sk-left/s");
    char *kept = in_folder(state, ".sk-kept"), *file = in_folder(state, ".sk-kept/precious");

    assert_ok(lima_dir_make(left, LIMA_FILE_PRIVATE, err));
    assert_ok(lima_dir_make(kept, LIMA_FILE_PRIVATE, err));
    put_file(file, "precious");
    lima_listener *stale = open_at(inside);
    lima_listener *listener = open_at(path);
    assert_int_equal(look(left).kind, LIMA_FILE_NONE);
    assert_file(file, "precious");
    assert_int_equal(count_entries(*state), 2);
    lima_listener_close(stale);
    lima_listener_close(listener);
    free(path);
    free(left);
    free(inside);
    free(kept);
    free(file);
}

static void open__folder_in_use_by_another_opening__stays(void **state)
{
    char *path = in_folder(state, "s.sock"), *used = in_folder(state, ".sk-used");
    wchar_t *wide = NULL;

    assert_ok(lima_dir_make(used, LIMA_FILE_PRIVATE, err));
    assert_ok(lima_wide_path(used, &wide, err));
    HANDLE held = CreateFileW(wide, FILE_LIST_DIRECTORY, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                              OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    assert_true(held != INVALID_HANDLE_VALUE);
    lima_listener_close(open_at(path));
    assert_int_equal(look(used).kind, LIMA_FILE_DIR);
    CloseHandle(held);
    free(wide);
    free(path);
    free(used);
}

/* The longest folder in which a socket of two letters fits, but not the private folder beside it. */
static char *deep_folder(void **state)
{
    char name[110] = "";
    size_t have = strlen(*state) + 1, wanted = 107 - 3;

    assert_true(have + 10 < wanted);
    memset(name, 'd', wanted - have);
    char *path = in_folder(state, name);
    assert_ok(lima_dir_make(path, LIMA_FILE_PRIVATE, err));
    return path;
}

static void open__no_room_for_a_private_folder__binds_in_place_and_replaces_a_stale_socket(void **state)
{
    char *folder = deep_folder(state), *path = lima_mem_printf("%s\\ss", folder), line[32];
    lima_process *child = start_child((const char *[]){"listen", path, NULL});

    read_line(child, line, sizeof line);
    assert_string_equal(line, "listening");
    end_child(child);
    lima_listener *listener = open_at(path);
    assert_int_equal(count_entries(folder), 1);
    lima_stream *client = connect_to(path);
    put(client, "x");
    lima_stream *server = accept_from(listener);
    assert_int_equal(get(server), 'x');
    lima_stream_close(server);
    lima_stream_close(client);
    lima_listener_close(listener);
    assert_int_equal(count_entries(folder), 0);
    free(path);
    free(folder);
}

static void wait_for_connections(lima_listener *listener, unsigned count)
{
    lima_deadline deadline = patience();

    while (lima_listener_look(listener).connections != count) {
        assert_true(lima_clock_now() < deadline);
        lima_wake_wait(NULL, lima_clock_in(1));
    }
}

/* As gRPC does: the socket goes onto a completion port and is closed there. */
static void release__accepted_socket__is_driven_by_a_completion_port_and_counted_until_closed(void **state)
{
    char *path = in_folder(state, "s.sock"), byte = 0;
    lima_listener *listener = open_at(path);
    lima_stream *client = connect_to(path);
    OVERLAPPED over = {0}, *done = NULL;
    WSABUF into = {.len = 1, .buf = &byte};
    DWORD len = 0, flags = 0;
    ULONG_PTR key = 0;

    put(client, "x");
    SOCKET socket = (SOCKET)lima_stream_release(accept_from(listener));
    HANDLE port = CreateIoCompletionPort((HANDLE)socket, NULL, 5, 1);
    assert_non_null(port);
    int failed = WSARecv(socket, &into, 1, NULL, &flags, &over, NULL);
    assert_true(!failed || WSAGetLastError() == WSA_IO_PENDING);
    assert_true(GetQueuedCompletionStatus(port, &len, &key, &done, PATIENCE_MS));
    assert_true(done == &over && key == 5 && len == 1 && byte == 'x');
    assert_int_equal(recv(socket, &byte, 1, 0), -1);
    assert_int_equal(WSAGetLastError(), WSAEWOULDBLOCK);
    assert_int_equal(lima_listener_look(listener).connections, 1);
    closesocket(socket);
    wait_for_connections(listener, 0);
    CloseHandle(port);
    lima_stream_close(client);
    lima_listener_close(listener);
    free(path);
}

/* The thread that accepted a connection may end before the connection does. */
static void accept_in_thread(void *arg)
{
    void **both = arg;

    both[1] = accept_from(both[0]);
}

static void connections__accepting_thread_has_ended__are_still_counted(void **state)
{
    char *path = in_folder(state, "s.sock");
    lima_listener *listener = open_at(path);
    lima_stream *client = connect_to(path);
    void *both[2] = {listener, NULL};
    lima_thread *thread = NULL;

    put(client, "x");
    assert_ok(lima_thread_start("acceptor", accept_in_thread, both, &thread, err));
    lima_thread_join(thread);
    assert_int_equal(lima_listener_look(listener).connections, 1);
    lima_stream_close(client);
    wait_for_connections(listener, 0);
    lima_stream_close(both[1]);
    lima_listener_close(listener);
    free(path);
}

/* ---- pairs and pipes ---- */

static void list_pair_folders(lima_strv *ret)
{
    lima_strv names = {0};

    assert_ok(lima_dir_list(lima_host_get()->temp, 100000, &names, err));
    for (size_t i = 0; i < names.len; i++)
        if (lima_str_has_prefix(names.items[i], ".sp-"))
            lima_strv_add(ret, names.items[i]);
    lima_strv_free(&names);
}

/* Tests beside this one make pairs in the same folder: what is theirs goes away in a moment. */
static void pair__made__leaves_no_file(void **state)
{
    lima_strv before = {0}, after = {0};
    lima_stream *a = NULL, *b = NULL;

    (void)state;
    list_pair_folders(&before);
    assert_ok(lima_stream_pair(&a, &b, err));
    list_pair_folders(&after);
    for (size_t i = 0; i < after.len; i++) {
        if (lima_strv_has(&before, after.items[i]))
            continue;
        char *path = lima_path_join(lima_host_get()->temp, after.items[i]);
        for (lima_deadline until = patience(); look(path).kind != LIMA_FILE_NONE && lima_clock_now() < until;)
            lima_wake_wait(NULL, lima_clock_in(20));
        assert_int_equal(look(path).kind, LIMA_FILE_NONE);
        free(path);
    }
    lima_strv_free(&before);
    lima_strv_free(&after);
    lima_stream_close(a);
    lima_stream_close(b);
}

static void read__nothing_is_written_into_a_pipe__is_not_its_end(void **state)
{
    HANDLE ours = NULL, theirs = NULL;
    DWORD len;

    (void)state;
    assert_ok(lima_win_pipe(false, &ours, &theirs, err));
    lima_stream *stream = lima_win_stream_of_pipe(ours);
    assert_true(WriteFile(theirs, "", 0, &len, NULL));
    assert_true(WriteFile(theirs, "x", 1, &len, NULL));
    assert_int_equal(get(stream), 'x');
    CloseHandle(theirs);
    assert_int_equal(get(stream), '\0');
    lima_stream_close(stream);
}

/* ---- handles that block ---- */

typedef struct blocking {
    lima_stream *stream;
    HANDLE far_end;
} blocking;

/* As a parent that does not know us makes a pipe for our standard input (or output, with `write`). */
static blocking make_blocking(bool write, DWORD size)
{
    HANDLE ends[2];
    lima_win_worker *worker = NULL;

    assert_true(CreatePipe(&ends[0], &ends[1], NULL, size));
    assert_ok(lima_win_worker_start(ends[write], write, &worker, err));
    return (blocking){.stream = lima_win_stream_of_worker(worker), .far_end = ends[!write]};
}

static void worker_read__deadline_before_the_bytes__loses_none(void **state)
{
    blocking in = make_blocking(false, 0);
    lima_wake *wake = lima_wake_new();
    char byte;
    size_t len = 77;
    DWORD put_len;

    (void)state;
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED,
                 lima_stream_read(in.stream, &byte, 1, lima_clock_in(30), NULL, &len, err));
    lima_wake_raise(wake);
    assert_fails(LIMA_CODE_CANCELLED,
                 lima_stream_read(in.stream, &byte, 1, LIMA_DEADLINE_NEVER, wake, &len, err));
    assert_int_equal(len, 77);
    assert_true(WriteFile(in.far_end, "ab", 2, &put_len, NULL));
    assert_int_equal(get(in.stream), 'a');
    assert_int_equal(get(in.stream), 'b');
    CloseHandle(in.far_end);
    assert_int_equal(get(in.stream), '\0');
    assert_int_equal(get(in.stream), '\0');
    lima_stream_close(in.stream);
    lima_wake_free(wake);
}

/* The bytes may come at the very moment at which the deadline passes. */
static void worker_read__bytes_around_the_deadline__are_never_lost(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 200; i++) {
        blocking in = make_blocking(false, 0);
        char byte = 0;
        size_t len = 0;
        DWORD put_len;
        assert_fails(LIMA_CODE_DEADLINE_EXCEEDED,
                     lima_stream_read(in.stream, &byte, 1, lima_clock_in(i % 4), NULL, &len, err));
        assert_true(WriteFile(in.far_end, "ab", 2, &put_len, NULL));
        assert_int_equal(get(in.stream), 'a');
        assert_int_equal(get(in.stream), 'b');
        lima_stream_close(in.stream);
        CloseHandle(in.far_end);
    }
}

static void worker_write__nobody_reads__ends_at_the_deadline_and_closes(void **state)
{
    blocking out = make_blocking(true, 4096);
    char *much = lima_mem_zalloc(1, 1 << 20);

    (void)state;
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED,
                 lima_stream_write(out.stream, much, 1 << 20, lima_clock_in(30), NULL, err));
    lima_stream_close(out.stream);
    CloseHandle(out.far_end);
    free(much);
}

static void worker_write__reader_has_gone__is_unavailable(void **state)
{
    blocking out = make_blocking(true, 4096);

    (void)state;
    CloseHandle(out.far_end);
    assert_fails(LIMA_CODE_UNAVAILABLE, lima_stream_write(out.stream, "x", 1, patience(), NULL, err));
    lima_stream_close(out.stream);
}

static void worker_close__read_under_way__does_not_hang(void **state)
{
    blocking in = make_blocking(false, 0);
    char byte;
    size_t len;

    (void)state;
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED, lima_stream_read(in.stream, &byte, 1, 0, NULL, &len, err));
    lima_stream_close(in.stream);
    CloseHandle(in.far_end);
}

/* Some parents give children the overlapped end of a pipe. */
static void worker_read__overlapped_pipe__is_read_too(void **state)
{
    HANDLE ours = NULL, theirs = NULL;
    lima_win_worker *worker = NULL;
    DWORD len;

    (void)state;
    assert_ok(lima_win_pipe(false, &ours, &theirs, err));
    assert_ok(lima_win_worker_start(ours, false, &worker, err));
    lima_stream *stream = lima_win_stream_of_worker(worker);
    assert_true(WriteFile(theirs, "x", 1, &len, NULL));
    assert_int_equal(get(stream), 'x');
    lima_stream_close(stream);
    CloseHandle(theirs);
}

static void worker_read__file__gives_all_of_it_and_the_end(void **state)
{
    char *path = in_folder(state, "in.txt");
    wchar_t *wide = NULL;
    lima_win_worker *worker = NULL;

    put_file(path, "xy");
    assert_ok(lima_wide_path(path, &wide, err));
    HANDLE file = CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    assert_ok(lima_win_worker_start(file, false, &worker, err));
    lima_stream *stream = lima_win_stream_of_worker(worker);
    assert_int_equal(get(stream), 'x');
    assert_int_equal(get(stream), 'y');
    assert_int_equal(get(stream), '\0');
    lima_stream_close(stream);
    free(wide);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(open__socket_file__is_mine_and_nobody_else_may_connect),
        IN_FOLDER(open__folder_left_by_a_killed_process__is_removed),
        IN_FOLDER(open__folder_in_use_by_another_opening__stays),
        IN_FOLDER(open__no_room_for_a_private_folder__binds_in_place_and_replaces_a_stale_socket),
        IN_FOLDER(release__accepted_socket__is_driven_by_a_completion_port_and_counted_until_closed),
        IN_FOLDER(connections__accepting_thread_has_ended__are_still_counted),
        cmocka_unit_test(pair__made__leaves_no_file),
        cmocka_unit_test(read__nothing_is_written_into_a_pipe__is_not_its_end),
        cmocka_unit_test(worker_read__deadline_before_the_bytes__loses_none),
        cmocka_unit_test(worker_read__bytes_around_the_deadline__are_never_lost),
        cmocka_unit_test(worker_write__nobody_reads__ends_at_the_deadline_and_closes),
        cmocka_unit_test(worker_write__reader_has_gone__is_unavailable),
        cmocka_unit_test(worker_close__read_under_way__does_not_hang),
        cmocka_unit_test(worker_read__overlapped_pipe__is_read_too),
        IN_FOLDER(worker_read__file__gives_all_of_it_and_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
