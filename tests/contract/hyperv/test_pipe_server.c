/* win/pipe_server.h: one client of a pipe, which may have come and gone before anybody asks. */
#include "../support.h"

#include <stdlib.h>
#include <string.h>

#include "seam.h"
#include "stream_check.h"
#include "win/pipe_server.h"

static int set_up(void **state)
{
    folder_setup(state);
    seam_begin(*state);
    return 0;
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, folder_teardown)

static lima_pipe_server *listen_at(const char *name)
{
    lima_pipe_server *server = NULL;

    assert_ok(lima_pipe_listen(name, &server, err));
    return server;
}

static seam_client *connect_as_vm(const char *name)
{
    seam_client *client = seam_connect(name);

    assert_non_null(client);
    return client;
}

static lima_stream *accept_vm(lima_pipe_server *server)
{
    lima_stream *stream = NULL;

    assert_ok(lima_pipe_accept(server, patience(), NULL, &stream, err));
    return stream;
}

static void accept__client__bytes_go_both_ways_until_it_ends(void **state)
{
    char *name = seam_pipe_name(), byte = 0;
    lima_pipe_server *server = listen_at(name);
    seam_client *client = connect_as_vm(name);
    lima_stream *stream = accept_vm(server);

    (void)state;
    seam_write(client, "Linux version");
    assert_stream_says(stream, "Linux version");
    put(stream, "x");
    assert_int_equal(seam_read(client, &byte, 1), 1);
    assert_int_equal(byte, 'x');
    seam_write(client, "last");
    seam_close(client);
    assert_stream_says(stream, "last");
    assert_stream_over(stream);
    lima_stream_close(stream);
    lima_pipe_close(server);
    free(name);
}

static void accept__client_that_has_come_and_written_before__all_counts(void **state)
{
    char *name = seam_pipe_name();
    lima_pipe_server *server = listen_at(name);
    seam_client *client = connect_as_vm(name);

    (void)state;
    seam_write(client, "first words");
    lima_stream *stream = accept_vm(server);
    assert_stream_says(stream, "first words");
    seam_close(client);
    assert_stream_over(stream);
    lima_stream_close(stream);
    lima_pipe_close(server);
    free(name);
}

static void accept__client_that_has_gone_again__its_last_words_count(void **state)
{
    char *name = seam_pipe_name();
    lima_pipe_server *server = listen_at(name);
    seam_client *client = connect_as_vm(name);

    (void)state;
    seam_write(client, "panic");
    seam_close(client);
    lima_stream *stream = accept_vm(server);
    assert_stream_says(stream, "panic");
    assert_stream_over(stream);
    lima_stream_close(stream);
    lima_pipe_close(server);
    free(name);
}

static void accept__nobody_comes__deadline_and_wake_end_it_and_it_can_be_called_again(void **state)
{
    char *name = seam_pipe_name();
    lima_pipe_server *server = listen_at(name);
    lima_stream *stream = NULL;
    lima_wake *wake = lima_wake_new();
    lima_thread *thread = NULL;

    (void)state;
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED,
                 lima_pipe_accept(server, lima_clock_in(20), NULL, &stream, err));
    assert_ok(lima_thread_start("raiser", raise_it, wake, &thread, err));
    assert_fails(LIMA_CODE_CANCELLED, lima_pipe_accept(server, patience(), wake, &stream, err));
    lima_thread_join(thread);
    assert_null(stream);
    seam_client *client = connect_as_vm(name);
    seam_write(client, "at last");
    stream = accept_vm(server);
    assert_stream_says(stream, "at last");
    lima_stream_close(stream);
    seam_close(client);
    lima_wake_free(wake);
    lima_pipe_close(server);
    free(name);
}

static void accept__a_second_time__is_refused(void **state)
{
    char *name = seam_pipe_name();
    lima_pipe_server *server = listen_at(name);
    seam_client *client = connect_as_vm(name);
    lima_stream *stream = accept_vm(server), *none = NULL;

    (void)state;
    assert_fails(LIMA_CODE_FAILED_PRECONDITION, lima_pipe_accept(server, patience(), NULL, &none, err));
    assert_null(none);
    lima_stream_close(stream);
    seam_close(client);
    lima_pipe_close(server);
    free(name);
}

static void close__the_stream_lives_on(void **state)
{
    char *name = seam_pipe_name();
    lima_pipe_server *server = listen_at(name);
    seam_client *client = connect_as_vm(name);
    lima_stream *stream = accept_vm(server);

    (void)state;
    lima_pipe_close(server);
    seam_write(client, "still here");
    assert_stream_says(stream, "still here");
    lima_stream_close(stream);
    char byte;
    assert_int_equal(seam_read(client, &byte, 1), 0);
    seam_close(client);
    free(name);
}

static void listen__name_is_served__already_exists_until_that_is_closed(void **state)
{
    char *name = seam_pipe_name();
    lima_pipe_server *server = listen_at(name), *second = NULL;

    (void)state;
    assert_fails(LIMA_CODE_ALREADY_EXISTS, lima_pipe_listen(name, &second, err));
    assert_null(second);
    lima_pipe_close(server);
    assert_null(seam_connect(name));
    lima_pipe_close(listen_at(name));
    lima_pipe_close(NULL);
    free(name);
}

static void listen__no_name_of_a_pipe__invalid(void **state)
{
    lima_pipe_server *server = NULL;

    (void)state;
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_pipe_listen("console", &server, err));
    assert_null(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(accept__client__bytes_go_both_ways_until_it_ends),
        IN_WORLD(accept__client_that_has_come_and_written_before__all_counts),
        IN_WORLD(accept__client_that_has_gone_again__its_last_words_count),
        IN_WORLD(accept__nobody_comes__deadline_and_wake_end_it_and_it_can_be_called_again),
        IN_WORLD(accept__a_second_time__is_refused),
        IN_WORLD(close__the_stream_lives_on),
        IN_WORLD(listen__name_is_served__already_exists_until_that_is_closed),
        IN_WORLD(listen__no_name_of_a_pipe__invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
