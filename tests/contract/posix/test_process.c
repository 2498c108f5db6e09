/* What a child gets and does not get, and what stays of it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

#include "base/mem.h"

static void run_shell(const char *command, const char *expected)
{
    lima_buf out = LIMA_BUF(4000);
    lima_process_exit end;

    assert_ok(lima_process_run((const char *[]){"sh", "-c", command, NULL}, NULL, &out, NULL, patience(),
                               NULL, &end, err));
    assert_string_equal(lima_buf_str(&out), expected);
    lima_buf_free(&out);
}

/* Of 3 … 40, those that are open; asked of the shell, which opens none of its own there. */
#define LIST_OPEN "for n in $(seq 3 40); do { true <&$n; } 2>/dev/null && echo $n; done; true"

static void start__descriptors_without_close_on_exec__do_not_reach_the_child(void **state)
{
    int leaky[3] = {open("/dev/null", O_RDONLY), -1, -1};

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, leaky + 1), 0);
    for (int i = 0; i < 3; i++)
        assert_true(leaky[i] > 2 && leaky[i] < 40);
    run_shell(LIST_OPEN, "");
    for (int i = 0; i < 3; i++)
        close(leaky[i]);
}

static void start__sockets_to_inherit__are_3_and_up_and_the_only_ones(void **state)
{
    lima_stream *ours[2], *theirs[2];
    const char *argv[] = {"sh", "-c", "echo three >&3; cat <&4; " LIST_OPEN, NULL};
    lima_process *child = NULL;
    lima_process_exit end;
    char line[64], three[6] = "";
    size_t len = 0;

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_ok(lima_stream_pair(&ours[i], &theirs[i], err));
    lima_process_desc desc = {.argv = argv,
                              .out = LIMA_PROCESS_PIPE,
                              .err = LIMA_PROCESS_INHERIT,
                              .inherit = theirs,
                              .inherit_count = 2};
    assert_ok(lima_process_start(&desc, &child, err));
    for (int i = 0; i < 2; i++)
        lima_stream_close(theirs[i]);
    for (size_t done = 0; done < 6; done += len)
        assert_ok(lima_stream_read(ours[0], three + done, 6 - done, patience(), NULL, &len, err));
    assert_memory_equal(three, "three\n", 6);
    assert_ok(lima_stream_write(ours[1], "four\n", 5, patience(), NULL, err));
    lima_stream_end_write(ours[1]);
    read_line(child, line, sizeof line);
    assert_string_equal(line, "four");
    read_line(child, line, sizeof line);
    assert_string_equal(line, "3");
    read_line(child, line, sizeof line);
    assert_string_equal(line, "4");
    read_line(child, line, sizeof line);
    assert_string_equal(line, "");
    assert_ok(lima_process_wait(child, patience(), NULL, &end, err));
    lima_process_free(child);
    for (int i = 0; i < 2; i++)
        lima_stream_close(ours[i]);
}

static void start__too_many_to_inherit__is_refused(void **state)
{
    lima_process_desc desc = {.argv = (const char *[]){"true", NULL},
                              .inherit_count = LIMA_PROCESS_INHERIT_MAX + 1};
    lima_process *child = NULL;

    (void)state;
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_process_start(&desc, &child, err));
}

/* This process has closed its standard handles: nothing must land on their numbers by accident. */
static void start__own_standard_handles_closed__child_still_gets_three(void **state)
{
    int status = -1;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        lima_process_exit end;
        lima_process *child;
        lima_process_desc desc = {.argv =
                                      (const char *[]){"sh", "-c", "true <&0 && echo >&1 && echo >&2", NULL},
                                  .in = LIMA_PROCESS_INHERIT,
                                  .out = LIMA_PROCESS_INHERIT,
                                  .err = LIMA_PROCESS_INHERIT};
        close(0);
        close(1);
        close(2);
        _exit(lima_process_start(&desc, &child, NULL)
                      && lima_process_wait(child, patience(), NULL, &end, NULL)
                  ? end.code
                  : 99);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void start__signals_blocked_and_ignored_here__are_default_there(void **state)
{
    sigset_t all, before;

    (void)state;
    sigfillset(&all);
    assert_int_equal(sigprocmask(SIG_BLOCK, &all, &before), 0);
    void (*hangup)(int) = signal(SIGHUP, SIG_IGN);
    void (*broken)(int) = signal(SIGPIPE, SIG_IGN);
    run_shell("kill -HUP $$; echo still there", "");
    run_shell("kill -PIPE $$; echo still there", "");
    signal(SIGHUP, hangup);
    signal(SIGPIPE, broken);
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
}

static void start__group__is_its_own_session_unless_same_group(void **state)
{
    (void)state;
    for (int same = 0; same < 2; same++) {
        lima_process_desc desc = {.argv = (const char *[]){child_program(), "hang", NULL},
                                  .same_group = same};
        lima_process *child = NULL;
        lima_process_exit end;
        assert_ok(lima_process_start(&desc, &child, err));
        pid_t pid = (pid_t)lima_process_get_id(child).pid;
        assert_int_equal(getsid(pid), same ? getsid(0) : pid);
        assert_int_equal(getpgid(pid), same ? getpgid(0) : pid);
        lima_process_end(child, true); /* with same_group the child alone: we are still here */
        assert_ok(lima_process_wait(child, patience(), NULL, &end, err));
        lima_process_free(child);
    }
}

static void start__script_without_interpreter__says_so(void **state)
{
    char *path = in_folder(state, "script");
    lima_process *child = NULL;
    lima_err err;

    put_file(path, "#!/no/such/interpreter\n");
    assert_int_equal(chmod(path, 0700), 0);
    assert_false(
        lima_process_start(&(lima_process_desc){.argv = (const char *[]){path, NULL}}, &child, &err));
    assert_int_equal(err.code, LIMA_CODE_NOT_FOUND);
    assert_non_null(strstr(err.text, "interpreter"));
    free(path);
}

static void start__not_executable__is_permission_denied(void **state)
{
    char *path = in_folder(state, "plain");
    lima_process *child = NULL;

    put_file(path, "");
    assert_fails(LIMA_CODE_PERMISSION_DENIED,
                 lima_process_start(&(lima_process_desc){.argv = (const char *[]){path, NULL}}, &child, err));
    free(path);
}

static void start__failing__leaves_no_descriptor_and_no_child(void **state)
{
    char *path = in_folder(state, "not a program");
    lima_process *child = NULL;

    put_file(path, "\x7f"
                   "ELF");
    assert_int_equal(chmod(path, 0700), 0);
    lima_process_desc desc = {.argv = (const char *[]){path, NULL},
                              .in = LIMA_PROCESS_PIPE,
                              .out = LIMA_PROCESS_PIPE,
                              .err = LIMA_PROCESS_PIPE};
    int before = dup(0);
    close(before);
    assert_false(lima_process_start(&desc, &child, NULL));
    int after = dup(0);
    close(after);
    assert_int_equal(before, after);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    free(path);
}

static void end__killed_by_a_signal__is_told(void **state)
{
    lima_process *child = start_child((const char *[]){"hang", NULL});
    lima_process_exit end;

    (void)state;
    lima_process_end(child, true);
    assert_ok(lima_process_wait(child, patience(), NULL, &end, err));
    assert_true(end.signaled);
    assert_int_equal(end.code, SIGKILL);
    assert_string_equal(end.text, "killed by signal 9");
    lima_process_free(child);
}

static void wait_until_reaped(lima_process_id id)
{
    lima_deadline deadline = patience();

    while (kill((pid_t)id.pid, 0) == 0) {
        assert_true(lima_clock_now() < deadline);
        lima_wake_wait(NULL, lima_clock_in(1));
    }
    assert_int_equal(errno, ESRCH);
}

static void free__running_children__are_reaped_when_they_end(void **state)
{
    lima_process_id ids[5];

    (void)state;
    for (int round = 0; round < 2; round++) { /* the reaping thread comes, goes and comes again */
        for (int i = 0; i < 5; i++) {
            lima_process *child = start_child((const char *[]){"hang", NULL});
            ids[i] = lima_process_get_id(child);
            lima_process_free(child);
        }
        for (int i = 4; i >= 0; i--)
            assert_ok(lima_process_end_id(ids[i], true, err));
        for (int i = 0; i < 5; i++)
            wait_until_reaped(ids[i]);
    }
}

static void free__ended_child__leaves_no_zombie(void **state)
{
    lima_process *child = start_child((const char *[]){"exit", "0", NULL});
    lima_process_id id = lima_process_get_id(child);
    lima_process_exit end;

    (void)state;
    assert_ok(lima_process_wait(child, patience(), NULL, &end, err));
    lima_process_free(child);
    wait_until_reaped(id);
}

static void wait__sigchld_ignored__still_ends(void **state)
{
    void (*before)(int) = signal(SIGCHLD, SIG_IGN);
    lima_process *child = start_child((const char *[]){"exit", "3", NULL});
    lima_process_exit end = {0};

    (void)state;
    assert_ok(lima_process_wait(child, patience(), NULL, &end, err));
    assert_int_equal(end.code, -1);
    signal(SIGCHLD, before);
    lima_process_free(child);
}

static void find__name_with_spaces_and_parentheses__is_parsed(void **state)
{
    char *path = in_folder(state, "a) (b 1 2"), *copy;
    lima_process *child = NULL;
    lima_process_exit end;
    lima_process_id id, again = {0};

    copy = lima_mem_printf("cp '%s' '%s'", child_program(), path);
    run_shell(copy, "");
    assert_ok(
        lima_process_start(&(lima_process_desc){.argv = (const char *[]){path, "hang", NULL}}, &child, err));
    id = lima_process_get_id(child);
    assert_true(id.start > 0);
    assert_true(lima_process_find(id.pid, &again));
    assert_true(again.start == id.start);
    lima_process_end(child, true);
    assert_ok(lima_process_wait(child, patience(), NULL, &end, err));
    lima_process_free(child);
    free(copy);
    free(path);
}

#ifdef __linux__
#include <sys/syscall.h>

typedef struct numbered {
    lima_monitor *monitor;
    pid_t number; /* inside the monitor */
    lima_wake *stop;
} numbered;

static void tell_number(void *arg)
{
    numbered *mine = arg;

    lima_monitor_enter(mine->monitor);
    mine->number = gettid();
    lima_monitor_notify(mine->monitor);
    lima_monitor_leave(mine->monitor);
    lima_wake_wait(mine->stop, patience());
}

/* /proc answers for it as for a process, and so does kill(2). */
static void find__number_of_a_live_thread__is_no_process(void **state)
{
    lima_thread *thread = NULL;
    lima_process_id found;
    int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);

    (void)state;
    if (fd < 0)
        lima_skip("this kernel has no pidfds");
    close(fd);
    numbered mine = {.monitor = lima_monitor_new(), .stop = lima_wake_new()};
    assert_ok(lima_thread_start("t", tell_number, &mine, &thread, err));
    lima_monitor_enter(mine.monitor);
    while (!mine.number)
        assert_true(lima_monitor_wait(mine.monitor, patience()));
    lima_monitor_leave(mine.monitor);
    assert_int_equal(kill(mine.number, 0), 0);
    assert_false(lima_process_find((uint32_t)mine.number, &found));
    lima_wake_raise(mine.stop);
    lima_thread_join(thread);
    lima_wake_free(mine.stop);
    lima_monitor_free(mine.monitor);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start__descriptors_without_close_on_exec__do_not_reach_the_child),
        cmocka_unit_test(start__sockets_to_inherit__are_3_and_up_and_the_only_ones),
        cmocka_unit_test(start__too_many_to_inherit__is_refused),
        cmocka_unit_test(start__own_standard_handles_closed__child_still_gets_three),
        cmocka_unit_test(start__signals_blocked_and_ignored_here__are_default_there),
        cmocka_unit_test(start__group__is_its_own_session_unless_same_group),
        IN_FOLDER(start__script_without_interpreter__says_so),
        IN_FOLDER(start__not_executable__is_permission_denied),
        IN_FOLDER(start__failing__leaves_no_descriptor_and_no_child),
        cmocka_unit_test(end__killed_by_a_signal__is_told),
        cmocka_unit_test(free__running_children__are_reaped_when_they_end),
        cmocka_unit_test(free__ended_child__leaves_no_zombie),
        cmocka_unit_test(wait__sigchld_ignored__still_ends),
        IN_FOLDER(find__name_with_spaces_and_parentheses__is_parsed),
#ifdef __linux__
        cmocka_unit_test(find__number_of_a_live_thread__is_no_process),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
