#include "support.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- waiting and ending ---- */

static void wait__child_goes_on__ends_at_the_deadline_or_by_the_wake(void **state)
{
    lima_process *child = start_child((const char *[]){"hang", NULL});
    lima_deadline deadline = lima_clock_in(30);
    lima_wake *wake = lima_wake_new();
    lima_process_exit end = {.code = 77};

    (void)state;
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED, lima_process_wait(child, deadline, NULL, &end, err));
    assert_true(lima_clock_now() >= deadline);
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED, lima_process_wait(child, 0, wake, &end, err));
    lima_wake_raise(wake);
    assert_fails(LIMA_CODE_CANCELLED, lima_process_wait(child, LIMA_DEADLINE_NEVER, wake, &end, err));
    assert_int_equal(end.code, 77);
    lima_wake_free(wake);
    end_child(child);
}

typedef struct waiter {
    lima_process *process;
    lima_process_exit end;
    bool ok;
} waiter;

static void wait_for_end(void *arg)
{
    waiter *mine = arg;

    mine->ok = lima_process_wait(mine->process, patience(), NULL, &mine->end, NULL);
}

static void wait__several_threads_and_again__all_get_the_same_answer(void **state)
{
    lima_process *child = start_child((const char *[]){"cat", NULL});
    waiter waiters[4];
    lima_thread *threads[4];
    lima_process_exit again;

    (void)state;
    for (int i = 0; i < 4; i++) {
        waiters[i] = (waiter){.process = child};
        assert_ok(lima_thread_start("waiter", wait_for_end, &waiters[i], &threads[i], err));
    }
    lima_process_end(child, true);
    for (int i = 0; i < 4; i++) {
        lima_thread_join(threads[i]);
        assert_true(waiters[i].ok && waiters[i].end.signaled);
    }
    assert_ok(lima_process_wait(child, 0, NULL, &again, err));
    assert_string_equal(again.text, waiters[0].end.text);
    lima_process_end(child, false);
    lima_process_end(child, true);
    lima_process_free(child);
}

/* Has not ended by itself: "hang" would give 9. */
static void end__asked__ends_a_child_that_does_nothing_about_it(void **state)
{
    lima_process *child = start_child((const char *[]){"hang", NULL});
    lima_process_exit end;

    (void)state;
    lima_process_end(child, false);
    assert_ok(lima_process_wait(child, patience(), NULL, &end, err));
    assert_true(end.signaled || end.code != 9);
    lima_process_free(child);
}

static lima_process_id read_id(lima_process *child)
{
    char line[64];
    uint64_t pid = 0, start = 0;

    read_line(child, line, sizeof line);
    assert_int_equal(sscanf(line, "%" SCNu64 " %" SCNu64, &pid, &start), 2);
    return (lima_process_id){.pid = (uint32_t)pid, .start = start};
}

static void end__forced__ends_the_whole_group(void **state)
{
    lima_process *child = start_child((const char *[]){"family", NULL});
    lima_process_id grandchild = read_id(child);
    lima_process_exit end;

    (void)state;
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED, lima_process_wait_id(grandchild, 0, NULL, err));
    lima_process_end(child, true);
    assert_ok(lima_process_wait(child, patience(), NULL, &end, err));
    assert_ok(lima_process_wait_id(grandchild, patience(), NULL, err));
    lima_process_free(child);
}

static void end__child_gone_but_not_its_group__ends_the_rest(void **state)
{
    lima_process *child = start_child((const char *[]){"family", NULL});
    lima_process_id grandchild = read_id(child);
    lima_process_exit end;

    (void)state;
    assert_ok(lima_process_end_id(lima_process_get_id(child), true, err));
    assert_ok(lima_process_wait(child, patience(), NULL, &end, err));
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED, lima_process_wait_id(grandchild, 0, NULL, err));
    lima_process_end(child, true);
    assert_ok(lima_process_wait_id(grandchild, patience(), NULL, err));
    lima_process_free(child);
}

static void free__child_runs__it_goes_on_and_leaves_no_zombie(void **state)
{
    lima_process *child = start_child((const char *[]){"hang", NULL});
    lima_process_id id = lima_process_get_id(child), found;

    (void)state;
    lima_process_free(child);
    assert_true(lima_process_find(id.pid, &found));
    assert_true(found.start == id.start);
    assert_ok(lima_process_end_id(id, true, err));
    assert_ok(lima_process_wait_id(id, patience(), NULL, err));
    lima_process_free(NULL);
}

/* ---- identity ---- */

static void find__own_and_child__agrees_with_what_they_say(void **state)
{
    lima_process *child = start_child((const char *[]){"self", NULL});
    lima_process_id said = read_id(child), own = {0}, again = {0};

    (void)state;
    assert_int_equal(lima_process_get_id(child).pid, said.pid);
    assert_true(lima_process_get_id(child).start == said.start);
    assert_true(lima_process_find(0, &own));
    assert_true(lima_process_find(own.pid, &again));
    assert_true(own.start == again.start && own.pid != said.pid);
    end_child(child);
}

static void find__ended_child__is_not_found(void **state)
{
    lima_process *child = start_child((const char *[]){"exit", "0", NULL});
    lima_process_id id = lima_process_get_id(child), found = {.pid = 77};
    lima_process_exit end;

    (void)state;
    assert_ok(lima_process_wait(child, patience(), NULL, &end, err));
    assert_false(lima_process_find(id.pid, &found));
    assert_false(lima_process_find(UINT32_MAX, &found));
    assert_int_equal(found.pid, 77);
    assert_ok(lima_process_wait_id(id, 0, NULL, err));
    assert_ok(lima_process_end_id(id, true, err));
    lima_process_free(child);
    assert_false(lima_process_find(id.pid, &found) && found.start == id.start);
}

static void identity__same_pid_other_start__is_somebody_else(void **state)
{
    lima_process *child = start_child((const char *[]){"hang", NULL});
    lima_process_id id = lima_process_get_id(child), other = {.pid = id.pid, .start = id.start - 1};

    (void)state;
    assert_ok(lima_process_wait_id(other, 0, NULL, err));
    assert_ok(lima_process_end_id(other, true, err));
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED, lima_process_wait_id(id, lima_clock_in(30), NULL, err));
    end_child(child);
}

static void identity__nobody__is_gone(void **state)
{
    lima_process_id nobody = {0};

    (void)state;
    assert_ok(lima_process_wait_id(nobody, 0, NULL, err));
    assert_ok(lima_process_end_id(nobody, true, err));
}

static void wait_id__process_goes_on__obeys_deadline_and_wake(void **state)
{
    lima_process *child = start_child((const char *[]){"hang", NULL});
    lima_process_id id = lima_process_get_id(child);
    lima_wake *wake = lima_wake_new();

    (void)state;
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED, lima_process_wait_id(id, 0, NULL, err));
    lima_wake_raise(wake);
    assert_fails(LIMA_CODE_CANCELLED, lima_process_wait_id(id, LIMA_DEADLINE_NEVER, wake, err));
    lima_wake_free(wake);
    assert_ok(lima_process_end_id(id, false, err));
    assert_ok(lima_process_wait_id(id, patience(), NULL, err));
    end_child(child);
}

/* ---- roles ---- */

static void role__asked_to_end__raises_the_wake(void **state)
{
    static const char *const roles[] = {"tool", "server"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        lima_process *child = start_child((const char *[]){"role", roles[i], NULL});
        lima_process_exit end;
        char line[16];
        read_line(child, line, sizeof line);
        assert_string_equal(line, "ready");
        lima_process_end(child, false);
        assert_ok(lima_process_wait(child, patience(), NULL, &end, err));
        assert_string_equal(end.text, "exit status 7");
        lima_process_free(child);
    }
}

static void expect_seen(const char *verb, const char *folder, const char *expected)
{
    const char *argv[] = {child_program(), verb, "mark", NULL};
    lima_process_desc desc = {
        .argv = argv, .dir = folder, .out = LIMA_PROCESS_PIPE, .err = LIMA_PROCESS_INHERIT};
    lima_process *child = NULL;
    char line[16];

    assert_ok(lima_process_start(&desc, &child, err));
    read_line(child, line, sizeof line);
    assert_string_equal(line, expected);
    end_child(child);
}

static void server__leaves_the_folder_it_was_started_in(void **state)
{
    char *folder = in_folder(state, "started here"), *mark = in_folder(state, "started here/mark");

    assert_ok(lima_dir_make(folder, LIMA_FILE_PRIVATE, err));
    put_file(mark, "");
    expect_seen("has", folder, "yes");
    expect_seen("leave", folder, "no");
    free(mark);
    free(folder);
}

/* ---- standard errors let go of ---- */

static lima_process *start_log(const char *path)
{
    const char *argv[] = {child_program(), "log", NULL};
    lima_process_desc desc = {.argv = argv,
                              .in = LIMA_PROCESS_PIPE,
                              .out = LIMA_PROCESS_PIPE,
                              .err = LIMA_PROCESS_FILE,
                              .err_file = path};
    lima_process *child = NULL;
    char line[16];

    assert_ok(lima_process_start(&desc, &child, err));
    read_line(child, line, sizeof line);
    assert_string_equal(line, "ready");
    return child;
}

static void end_log(lima_process *child)
{
    lima_process_exit end;

    lima_stream_end_write(lima_process_stream(child, 0));
    assert_ok(lima_process_wait(child, patience(), NULL, &end, err));
    assert_int_equal(end.code, 0);
    lima_process_free(child);
}

static void server__log_in_a_file__goes_on_there(void **state)
{
    char *path = in_folder(state, "child.log");
    lima_buf log = LIMA_BUF(1000);

    end_log(start_log(path));
    assert_ok(lima_file_read(path, &log, err));
    const char *first = strstr(lima_buf_str(&log), "first\n");
    assert_true(first && strstr(first, "second\n"));
    lima_buf_free(&log);
    free(path);
}

static void server__log_in_a_file__can_be_removed_with_its_folder(void **state)
{
    char *folder = in_folder(state, "instance"), *path = in_folder(state, "instance/child.log");

    assert_ok(lima_dir_make(folder, LIMA_FILE_PRIVATE, err));
    lima_process *child = start_log(path);
    for (lima_deadline until = patience(); look(folder).kind != LIMA_FILE_NONE;) {
        assert_true(lima_clock_now() < until); /* its console may hold the file a little longer (Wine) */
        assert_ok(lima_dir_remove(folder, err));
    }
    end_log(child);
    assert_int_equal(look(folder).kind, LIMA_FILE_NONE);
    free(folder);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wait__child_goes_on__ends_at_the_deadline_or_by_the_wake),
        cmocka_unit_test(wait__several_threads_and_again__all_get_the_same_answer),
        cmocka_unit_test(end__asked__ends_a_child_that_does_nothing_about_it),
        cmocka_unit_test(end__forced__ends_the_whole_group),
        cmocka_unit_test(end__child_gone_but_not_its_group__ends_the_rest),
        cmocka_unit_test(free__child_runs__it_goes_on_and_leaves_no_zombie),
        cmocka_unit_test(find__own_and_child__agrees_with_what_they_say),
        cmocka_unit_test(find__ended_child__is_not_found),
        cmocka_unit_test(identity__same_pid_other_start__is_somebody_else),
        cmocka_unit_test(identity__nobody__is_gone),
        cmocka_unit_test(wait_id__process_goes_on__obeys_deadline_and_wake),
        cmocka_unit_test(role__asked_to_end__raises_the_wake),
        IN_FOLDER(server__leaves_the_folder_it_was_started_in),
        IN_FOLDER(server__log_in_a_file__goes_on_there),
        IN_FOLDER(server__log_in_a_file__can_be_removed_with_its_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
