#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "folder.h"
#include "os/host.h"

lima_deadline patience(void)
{
    return lima_clock_in(PATIENCE_MS);
}

int folder_setup(void **state)
{
    *state = test_folder_make();
    return 0;
}

int folder_teardown(void **state)
{
    test_folder_remove(*state);
    return 0;
}

char *in_folder(void **state, const char *name)
{
    return lima_path_join(*state, name);
}

void put_file(const char *path, const char *text)
{
    assert_ok(lima_file_write(path, text, strlen(text), LIMA_FILE_PRIVATE, err));
}

void assert_file(const char *path, const char *text)
{
    lima_buf found = LIMA_BUF(1 << 20);

    assert_ok(lima_file_read(path, &found, err));
    assert_string_equal(lima_buf_str(&found), text);
    lima_buf_free(&found);
}

unsigned count_entries(const char *path)
{
    lima_strv names = {0};

    assert_ok(lima_dir_list(path, 1000, &names, err));
    unsigned count = (unsigned)names.len;
    lima_strv_free(&names);
    return count;
}

lima_file_info look(const char *path)
{
    lima_file_info at = {0};

    assert_ok(lima_file_stat(path, false, &at, err));
    return at;
}

const char *child_program(void)
{
    static char path[4096];
    char *dir = lima_path_dir(lima_host_get()->program);
    char *found = lima_path_join(dir, "contract_child");

    assert_true(strlen(found) < sizeof path);
    memcpy(path, found, strlen(found) + 1);
    free(found);
    free(dir);
    return path;
}

lima_process *start_child(const char *const *words)
{
    const char *argv[10] = {child_program()};
    lima_process_desc desc = {
        .argv = argv, .in = LIMA_PROCESS_PIPE, .out = LIMA_PROCESS_PIPE, .err = LIMA_PROCESS_INHERIT};
    lima_process *process = NULL;

    for (unsigned i = 0; words[i]; i++) {
        assert_true(i + 2 < sizeof argv / sizeof argv[0]);
        argv[i + 1] = words[i];
    }
    assert_ok(lima_process_start(&desc, &process, err));
    return process;
}

void read_line(lima_process *process, char *into, size_t size)
{
    lima_stream *from = lima_process_stream(process, 1);

    for (size_t len = 0; len + 1 < size; len++) {
        size_t got = 0;
        assert_ok(lima_stream_read(from, into + len, 1, patience(), NULL, &got, err));
        if (got == 1 && into[len] == '\r') { /* what text mode makes of a line end on Windows */
            len--;
            continue;
        }
        if (got == 0 || into[len] == '\n') {
            into[len] = '\0';
            return;
        }
    }
    fail_msg("a line longer than %zu bytes", size);
}

void end_child(lima_process *process)
{
    lima_process_exit end;

    lima_process_end(process, true);
    assert_ok(lima_process_wait(process, patience(), NULL, &end, err));
    lima_process_free(process);
}

lima_listener *open_at(const char *path)
{
    lima_listener *listener = NULL;

    assert_ok(lima_listener_open(path, &listener, err));
    return listener;
}

lima_stream *connect_to(const char *path)
{
    lima_stream *stream = NULL;

    assert_ok(lima_stream_connect(path, patience(), &stream, err));
    return stream;
}

lima_stream *accept_from(lima_listener *listener)
{
    lima_stream *stream = NULL;

    assert_ok(lima_listener_accept(listener, patience(), NULL, &stream, err));
    return stream;
}

void put(lima_stream *into, const char *text)
{
    assert_ok(lima_stream_write(into, text, strlen(text), patience(), NULL, err));
}

void raise_it(void *wake)
{
    lima_wake_raise(wake);
}

void count_lines(void *count, const char *line, size_t len)
{
    (void)line;
    (void)len;
    ++*(unsigned *)count;
}
