/* The listener, as another user, the file system and a process without descriptors see it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

#include "base/log.h"
#include "base/mem.h"
#include "os/listener.h"

enum { STRANGER = 65533 };

static void open__whatever_the_umask__is_0600_and_leaves_no_folder(void **state)
{
    char *path = in_folder(state, "s.sock");
    struct stat at;
    mode_t before = umask(0);
    lima_listener *listener = open_at(path);

    umask(before);
    assert_int_equal(lstat(path, &at), 0);
    assert_int_equal(at.st_mode & 07777, 0600);
    assert_int_equal(count_entries(*state), 1);
    lima_listener_close(listener);
    free(path);
}

/* 0 connected and was served, 1 could not connect, 2 was closed. */
static int try_as(uid_t user, const char *path)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        lima_stream *stream;
        char byte;
        size_t len = 0;
        if (setgid(user) || setuid(user))
            _exit(99);
        if (!lima_stream_connect(path, patience(), &stream, NULL))
            _exit(1);
        lima_stream_write(stream, "x", 1, patience(), NULL, NULL);
        _exit(lima_stream_read(stream, &byte, 1, patience(), NULL, &len, NULL) && len == 1 ? 0 : 2);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void connect__another_user__is_kept_out_by_the_file_system(void **state)
{
    if (geteuid() != 0)
        lima_skip("needs root to become another user");
    char *path = in_folder(state, "s.sock");
    assert_int_equal(chmod(*state, 0755), 0);
    lima_listener *listener = open_at(path);
    assert_int_equal(try_as(STRANGER, path), 1);
    lima_listener_close(listener);
    free(path);
}

typedef struct server {
    lima_listener *listener;
    lima_wake *stop;
    unsigned served;
} server;

static void serve(void *arg)
{
    server *mine = arg;
    lima_stream *stream;

    while (lima_listener_accept(mine->listener, patience(), mine->stop, &stream, NULL)) {
        mine->served++;
        lima_stream_close(stream);
    }
}

static void accept__another_user_gets_in_by_the_file_system__is_closed_and_logged(void **state)
{
    unsigned lines = 0;
    lima_thread *thread = NULL;

    if (geteuid() != 0)
        lima_skip("needs root to become another user");
    char *path = in_folder(state, "s.sock");
    assert_int_equal(chmod(*state, 0755), 0);
    server mine = {.listener = open_at(path), .stop = lima_wake_new()};
    assert_int_equal(chmod(path, 0666), 0);
    lima_log_set_sink(count_lines, &lines);
    assert_ok(lima_thread_start("server", serve, &mine, &thread, err));
    assert_int_equal(try_as(STRANGER, path), 2);
    lima_wake_raise(mine.stop);
    lima_thread_join(thread);
    lima_log_set_sink(NULL, NULL);
    assert_int_equal(mine.served, 0);
    assert_int_equal(lines, 1);
    lima_listener_close(mine.listener);
    lima_wake_free(mine.stop);
    free(path);
}

static void make_stale(void **state, const char *name, char **ret)
{
    char *folder = in_folder(state, name), *socket = lima_mem_printf("%s/s", folder);

    assert_int_equal(mkdir(folder, 0700), 0);
    lima_listener *listener = open_at(socket);
    /* The socket file alone is wanted: a second name keeps it when the listener removes its own. */
    char *spare = lima_mem_printf("%s/t", folder);
    assert_int_equal(link(socket, spare), 0);
    lima_listener_close(listener);
    assert_int_equal(rename(spare, socket), 0);
    free(spare);
    free(socket);
    *ret = folder;
}

static void open__folders_left_by_killed_processes__are_removed_but_nothing_else(void **state)
{
    char *path = in_folder(state, "s.sock"), *stale, *in_use, *foreign = in_folder(state, ".sk-aaaa");
    char *content = in_folder(state, ".sk-aaaa/precious"), *other = in_folder(state, ".sk-toolong");

    make_stale(state, ".sk-bbbb", &stale);
    make_stale(state, ".sk-cccc", &in_use);
    assert_int_equal(mkdir(foreign, 0700), 0);
    assert_int_equal(mkdir(other, 0700), 0);
    put_file(content, "kept");
    int fd = open(in_use, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    lima_listener *listener = open_at(path);
    assert_int_equal(access(stale, F_OK), -1);
    assert_int_equal(access(in_use, F_OK), 0);
    assert_int_equal(access(other, F_OK), 0);
    assert_file(content, "kept");
    close(fd);
    lima_listener_close(listener);
    free(path);
    free(stale);
    free(in_use);
    free(foreign);
    free(content);
    free(other);
}

#ifdef __linux__
/* The folder for the time of opening has a longer name than this socket. */
static void open__long_folder_and_short_name__still_fits(void **state)
{
    char name[108];
    size_t len = 107 - strlen("/s") - strlen(*state) - 1;

    memset(name, 'd', len);
    name[len] = '\0';
    char *folder = in_folder(state, name), *path = lima_mem_printf("%s/s", folder);
    assert_int_equal(strlen(path), 107);
    assert_ok(lima_dir_make(folder, LIMA_FILE_PRIVATE, err));
    lima_listener *listener = open_at(path);
    lima_stream *client = NULL;
    assert_ok(lima_stream_connect(path, patience(), &client, err));
    lima_stream_close(client);
    lima_listener_close(listener);
    free(folder);
    free(path);
}
#endif

typedef struct opener {
    char *path;
    bool ok;
} opener;

static void open_and_close(void *arg)
{
    opener *mine = arg;

    mine->ok = true;
    for (int i = 0; mine->ok && i < 30; i++) {
        lima_listener *listener = NULL;
        mine->ok = lima_listener_open(mine->path, &listener, NULL) && lima_listener_look(listener).in_place;
        lima_listener_close(listener);
    }
}

static void open__many_at_once_in_one_folder__do_not_disturb_each_other(void **state)
{
    opener openers[4];
    lima_thread *threads[4];

    for (int i = 0; i < 4; i++) {
        char name[] = "s0.sock";
        name[1] = (char)('0' + i);
        openers[i].path = in_folder(state, name);
        assert_ok(lima_thread_start("opener", open_and_close, &openers[i], &threads[i], err));
    }
    for (int i = 0; i < 4; i++) {
        lima_thread_join(threads[i]);
        assert_true(openers[i].ok);
        free(openers[i].path);
    }
    assert_int_equal(count_entries(*state), 0);
}

static void open__relative_path__works(void **state)
{
    int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_int_equal(chdir(*state), 0);
    lima_listener *listener = open_at("s.sock");
    assert_true(lima_listener_look(listener).in_place);
    lima_listener_close(listener);
    assert_int_equal(fchdir(here), 0);
    close(here);
    assert_int_equal(count_entries(*state), 0);
}

/* As many as the process may have, but `left`. */
static int take_descriptors(int *taken, int size, int left)
{
    int count = 0, fd;

    while (count < size && (fd = fcntl(0, F_DUPFD_CLOEXEC, 3)) >= 0)
        taken[count++] = fd;
    while (left-- > 0)
        close(taken[--count]);
    return count;
}

enum { DESCRIPTORS = 100 };

static void accept__no_descriptors_left__waits_and_serves_when_there_are(void **state)
{
    char *path = in_folder(state, "s.sock");
    struct rlimit before, few = {.rlim_cur = DESCRIPTORS};
    lima_listener *listener = open_at(path);
    lima_stream *client = NULL, *accepted = NULL;
    int taken[DESCRIPTORS];

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few.rlim_max = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    assert_ok(lima_stream_connect(path, patience(), &client, err));
    assert_ok(lima_stream_write(client, "x", 1, patience(), NULL, err));
    for (int left = 0; left < 2; left++) { /* none to accept with; none to keep a duplicate with */
        int count = take_descriptors(taken, DESCRIPTORS, left);
        assert_fails(LIMA_CODE_DEADLINE_EXCEEDED,
                     lima_listener_accept(listener, lima_clock_in(20), NULL, &accepted, err));
        while (count > 0)
            close(taken[--count]);
    }
    assert_ok(lima_listener_accept(listener, patience(), NULL, &accepted, err));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    lima_stream_close(accepted);
    lima_stream_close(client);
    lima_listener_close(listener);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(open__whatever_the_umask__is_0600_and_leaves_no_folder),
        IN_FOLDER(connect__another_user__is_kept_out_by_the_file_system),
        IN_FOLDER(accept__another_user_gets_in_by_the_file_system__is_closed_and_logged),
        IN_FOLDER(open__folders_left_by_killed_processes__are_removed_but_nothing_else),
#ifdef __linux__
        IN_FOLDER(open__long_folder_and_short_name__still_fits),
#endif
        IN_FOLDER(open__many_at_once_in_one_folder__do_not_disturb_each_other),
        IN_FOLDER(open__relative_path__works),
        IN_FOLDER(accept__no_descriptors_left__waits_and_serves_when_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
