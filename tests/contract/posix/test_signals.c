/* Roles, broken pipes, and wakes without descriptors. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

static lima_process *start_role(const char *role, bool same_group)
{
    const char *argv[] = {child_program(), "role", role, NULL};
    lima_process_desc desc = {
        .argv = argv, .out = LIMA_PROCESS_PIPE, .err = LIMA_PROCESS_INHERIT, .same_group = same_group};
    lima_process *child = NULL;
    char line[16];

    assert_ok(lima_process_start(&desc, &child, err));
    read_line(child, line, sizeof line);
    assert_string_equal(line, "ready");
    return child;
}

static void assert_woken(lima_process *child)
{
    lima_process_exit end;

    assert_ok(lima_process_wait(child, patience(), NULL, &end, err));
    assert_string_equal(end.text, "exit status 7");
    lima_process_free(child);
}

static pid_t number_of(const lima_process *child)
{
    return (pid_t)lima_process_get_id(child).pid;
}

static void server__signals_of_a_terminal__change_nothing(void **state)
{
    static const int signals[] = {SIGINT, SIGQUIT, SIGHUP, SIGTSTP, SIGTTIN, SIGTTOU, SIGPIPE};
    lima_process *child = start_role("server", false);

    (void)state;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        assert_int_equal(kill(number_of(child), signals[i]), 0);
    /* Signals of one sender arrive in order of their numbers at worst, but none after this one is
     * answered. */
    assert_int_equal(kill(number_of(child), SIGTERM), 0);
    assert_woken(child);
}

static void server__started_in_our_session__leaves_it(void **state)
{
    lima_process *child = start_role("server", true);

    (void)state;
    assert_int_equal(getsid(number_of(child)), number_of(child));
    assert_int_equal(kill(number_of(child), SIGTERM), 0);
    assert_woken(child);
}

static void tool__signals_of_a_terminal__raise_the_wake(void **state)
{
    static const int signals[] = {SIGINT, SIGHUP, SIGTERM};

    (void)state;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        lima_process *child = start_role("tool", false);
        assert_int_equal(kill(number_of(child), signals[i]), 0);
        assert_woken(child);
    }
}

static void tool__signals_blocked_by_whoever_started_it__get_through(void **state)
{
    sigset_t term, before;
    int status = -1;

    (void)state;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    assert_int_equal(sigprocmask(SIG_BLOCK, &term, &before), 0);
    pid_t pid = fork(); /* lima_process_start would unblock it */
    if (pid == 0) {
        execl(child_program(), "contract_child", "role", "tool", (char *)NULL);
        _exit(99);
    }
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
    kill(pid, SIGTERM); /* pending until the role is set */
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
}

/* In a child whose SIGPIPE kills, as it does in every program that has set no role. */
static void write__peer_gone_and_sigpipe_default__is_unavailable_and_kills_nobody(void **state)
{
    int status = -1;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        lima_stream *a, *b;
        lima_process_exit end;
        lima_process *child;
        lima_err err = {0};
        lima_process_desc desc = {.argv = (const char *[]){"true", NULL}, .in = LIMA_PROCESS_PIPE};
        signal(SIGPIPE, SIG_DFL);
        if (!lima_stream_pair(&a, &b, NULL) || !lima_process_start(&desc, &child, NULL)
            || !lima_process_wait(child, patience(), NULL, &end, NULL))
            _exit(1);
        lima_stream_close(a);
        if (lima_stream_write(b, "x", 1, patience(), NULL, &err) || err.code != LIMA_CODE_UNAVAILABLE)
            _exit(2);
        if (lima_stream_write(lima_process_stream(child, 0), "x", 1, patience(), NULL, &err)
            || err.code != LIMA_CODE_UNAVAILABLE)
            _exit(3);
        lima_stream_close(b);
        lima_process_free(child);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void wake__no_descriptors_left__works_all_the_same(void **state)
{
    struct rlimit before, none;
    lima_stream *a = NULL, *b = NULL;
    lima_thread *thread = NULL;
    char byte;
    size_t len;

    (void)state;
    assert_ok(lima_stream_pair(&a, &b, err));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = 3, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    lima_wake *wake = lima_wake_new();
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_false(lima_wake_wait(wake, lima_clock_in(5)));
    assert_ok(lima_thread_start("raiser", raise_it, wake, &thread, err));
    assert_fails(LIMA_CODE_CANCELLED, lima_stream_read(a, &byte, 1, LIMA_DEADLINE_NEVER, wake, &len, err));
    assert_true(lima_wake_wait(wake, LIMA_DEADLINE_NEVER));
    lima_thread_join(thread);
    lima_wake_free(wake);
    lima_stream_close(a);
    lima_stream_close(b);
}

static void release__socket__is_a_non_blocking_descriptor(void **state)
{
    lima_stream *a = NULL, *b = NULL;

    (void)state;
    assert_ok(lima_stream_pair(&a, &b, err));
    int fd = (int)lima_stream_release(a);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
    lima_stream_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(server__signals_of_a_terminal__change_nothing),
        cmocka_unit_test(server__started_in_our_session__leaves_it),
        cmocka_unit_test(tool__signals_of_a_terminal__raise_the_wake),
        cmocka_unit_test(tool__signals_blocked_by_whoever_started_it__get_through),
        cmocka_unit_test(write__peer_gone_and_sigpipe_default__is_unavailable_and_kills_nobody),
        cmocka_unit_test(wake__no_descriptors_left__works_all_the_same),
        cmocka_unit_test(release__socket__is_a_non_blocking_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
