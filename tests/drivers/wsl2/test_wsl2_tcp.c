/* win/tcp.h and win/file_use.h, on Windows and as the tests on Linux implement them: the same source. */
#include "lima_test.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "folder.h"
#include "os/file.h"
#include "os/host.h"
#include "stream_check.h"
#include "win/file_use.h"
#include "win/tcp.h"

enum { PATIENCE_MS = 60000 };

static lima_err err;

#define assert_ok(call)                                                                                      \
    do {                                                                                                     \
        if (!(call))                                                                                         \
            fail_msg("%s: %s", #call, err.text);                                                             \
    } while (0)

#define assert_fails(expected, call)                                                                         \
    do {                                                                                                     \
        assert_false(call);                                                                                  \
        if (err.code != (expected) || !err.text[0])                                                          \
            fail_msg("%s: %s: %s", #call, lima_code_name(err.code), err.text);                               \
    } while (0)

static lima_deadline patience(void)
{
    return lima_clock_in(PATIENCE_MS);
}

static uint16_t free_port(void)
{
    uint16_t port = 0;

    assert_ok(lima_host_free_port(&port, &err));
    return port;
}

static lima_tcp_listener *listen_on(uint16_t port)
{
    lima_tcp_listener *listener = NULL;

    assert_ok(lima_tcp_listen(port, &listener, &err));
    return listener;
}

static void connect__listener_there__carries_bytes_and_the_end(void **state)
{
    uint16_t port = free_port();
    lima_tcp_listener *listener = listen_on(port);
    lima_stream *client = NULL, *server = NULL;
    char byte;
    size_t len = 1;

    (void)state;
    assert_ok(lima_tcp_connect("127.0.0.1", port, patience(), NULL, &client, &err));
    assert_ok(lima_tcp_accept(listener, patience(), NULL, &server, &err));
    assert_ok(lima_stream_write(client, "there", 5, patience(), NULL, &err));
    assert_stream_says(server, "there");
    assert_ok(lima_stream_write(server, "back", 4, patience(), NULL, &err));
    assert_stream_says(client, "back");
    lima_stream_end_write(client);
    assert_ok(lima_stream_read(server, &byte, 1, patience(), NULL, &len, &err));
    assert_int_equal(len, 0);
    lima_stream_close(client);
    lima_tcp_close(listener);
    assert_ok(lima_stream_write(server, "x", 1, patience(), NULL, &err) || err.code == LIMA_CODE_UNAVAILABLE);
    lima_stream_close(server);
}

static void connect__nobody_listens__unavailable(void **state)
{
    lima_stream *client = NULL;

    (void)state;
    assert_fails(LIMA_CODE_UNAVAILABLE,
                 lima_tcp_connect("127.0.0.1", free_port(), patience(), NULL, &client, &err));
}

static void connect__no_address__invalid(void **state)
{
    static const char *const texts[] = {"", "localhost", "1.2.3", "::1", "1.2.3.4.5"};
    lima_stream *client = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_fails(LIMA_CODE_INVALID_ARGUMENT,
                     lima_tcp_connect(texts[i], 80, patience(), NULL, &client, &err));
}

static void listen__port_taken__already_exists__free_again_after_close(void **state)
{
    uint16_t port = free_port();
    lima_tcp_listener *first = listen_on(port), *second = NULL;

    (void)state;
    assert_fails(LIMA_CODE_ALREADY_EXISTS, lima_tcp_listen(port, &second, &err));
    lima_tcp_close(first);
    lima_tcp_close(listen_on(port));
}

static void accept__nobody_comes__deadline_or_wake(void **state)
{
    lima_tcp_listener *listener = listen_on(free_port());
    lima_wake *wake = lima_wake_new();
    lima_stream *server = NULL;

    (void)state;
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED, lima_tcp_accept(listener, 0, NULL, &server, &err));
    lima_wake_raise(wake);
    assert_fails(LIMA_CODE_CANCELLED, lima_tcp_accept(listener, patience(), wake, &server, &err));
    lima_wake_free(wake);
    lima_tcp_close(listener);
    lima_tcp_close(NULL);
}

static void in_use__free_file_and_no_file__told(void **state)
{
    char *folder = test_folder_make(), *path = lima_path_join(folder, "disk");
    bool in_use = true;

    (void)state;
    assert_fails(LIMA_CODE_NOT_FOUND, lima_file_in_use(path, &in_use, &err));
    assert_ok(lima_file_write(path, "x", 1, LIMA_FILE_PRIVATE, &err));
    assert_ok(lima_file_in_use(path, &in_use, &err));
    assert_false(in_use);
    free(path);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connect__listener_there__carries_bytes_and_the_end),
        cmocka_unit_test(connect__nobody_listens__unavailable),
        cmocka_unit_test(connect__no_address__invalid),
        cmocka_unit_test(listen__port_taken__already_exists__free_again_after_close),
        cmocka_unit_test(accept__nobody_comes__deadline_or_wake),
        cmocka_unit_test(in_use__free_file_and_no_file__told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
