#include "support.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "os/host.h"

/* ---- starting ---- */

static void run_child(const char *const *words, lima_buf *out, int *ret_code)
{
    const char *argv[12] = {child_program()};
    lima_process_exit end;

    for (unsigned i = 0; words[i]; i++)
        argv[i + 1] = words[i];
    assert_ok(lima_process_run(argv, NULL, out, NULL, patience(), NULL, &end, err));
    assert_false(end.signaled);
    *ret_code = end.code;
}

static void drop_cr(lima_buf *text)
{
    size_t kept = 0;

    for (size_t i = 0; i < text->len; i++)
        if (text->data[i] != '\r')
            text->data[kept++] = text->data[i];
    text->len = kept;
    if (text->data)
        text->data[kept] = '\0';
}

static void run__odd_arguments__arrive_unchanged(void **state)
{
    lima_buf out = LIMA_BUF(1000);
    int code;

    (void)state;
    run_child((const char *[]){"args", "", "a b", "quote\"s", "back\\slash\\", "\\\"", "gr\xc3\xbc\xc3\x9f e",
                               "$HOME *", "-x", NULL},
              &out, &code);
    drop_cr(&out);
    assert_string_equal(
        lima_buf_str(&out),
        "[]\n[a b]\n[quote\"s]\n[back\\slash\\]\n[\\\"]\n[gr\xc3\xbc\xc3\x9f e]\n[$HOME *]\n[-x]\n");
    assert_int_equal(code, 0);
    lima_buf_free(&out);
}

static void run__exit_status__is_told_with_a_text(void **state)
{
    lima_process *child = start_child((const char *[]){"exit", "3", NULL});
    lima_process_exit end = {0};

    (void)state;
    assert_ok(lima_process_wait(child, patience(), NULL, &end, err));
    assert_false(end.signaled);
    assert_int_equal(end.code, 3);
    assert_string_equal(end.text, "exit status 3");
    lima_process_free(child);
}

static void start__missing_or_unusable_program__fails_here(void **state)
{
    char *path = in_folder(state, "plain.txt"), *missing = in_folder(state, "missing");
    lima_process *process = NULL;

    put_file(path, "no program");
    lima_process_desc no_name = {.argv = (const char *[]){NULL}};
    lima_process_desc unknown = {.argv = (const char *[]){"lima-test-no-such-program", NULL}};
    lima_process_desc absent = {.argv = (const char *[]){missing, NULL}};
    lima_process_desc plain = {.argv = (const char *[]){path, NULL}};
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_process_start(&no_name, &process, err));
    assert_fails(LIMA_CODE_NOT_FOUND, lima_process_start(&unknown, &process, err));
    assert_fails(LIMA_CODE_NOT_FOUND, lima_process_start(&absent, &process, err));
    assert_false(lima_process_start(&plain, &process, NULL));
    assert_null(process);
    free(path);
    free(missing);
}

static void start__environment__is_ours_with_additions_and_removals(void **state)
{
    const char *argv[] = {child_program(), "env", "LIMA_TEST_A", NULL};
    const char *add[] = {"LIMA_TEST_A=first", "PATH", "LIMA_TEST_A=a=b \xc3\xa4", NULL};
    lima_process_desc desc = {
        .argv = argv, .env_add = add, .out = LIMA_PROCESS_PIPE, .err = LIMA_PROCESS_INHERIT};
    const char *expected[][2] = {
        {"LIMA_TEST_A", "a=b \xc3\xa4"}, {"PATH", "unset"}, {"LIMA_TEST_B", "unset"}};

    (void)state;
    for (int i = 0; i < 3; i++) {
        lima_process *child = NULL;
        lima_process_exit end;
        char line[100];
        argv[2] = expected[i][0];
        assert_ok(lima_process_start(&desc, &child, err));
        read_line(child, line, sizeof line);
        assert_string_equal(line, expected[i][1]);
        assert_ok(lima_process_wait(child, patience(), NULL, &end, err));
        lima_process_free(child);
    }
}

static void start__no_additions__passes_the_environment_on(void **state)
{
    lima_buf out = LIMA_BUF(10000);
    char *path = lima_env_get("PATH");
    int code;

    (void)state;
    run_child((const char *[]){"env", "PATH", NULL}, &out, &code);
    lima_str_trim(out.data);
    assert_string_equal(out.data, path);
    lima_buf_free(&out);
    free(path);
}

static void start__folder__is_where_it_runs(void **state)
{
    char *path = in_folder(state, "marker"), *missing = in_folder(state, "missing"), line[10];
    const char *argv[] = {child_program(), "has", "marker", NULL};
    lima_process_desc desc = {
        .argv = argv, .dir = *state, .out = LIMA_PROCESS_PIPE, .err = LIMA_PROCESS_INHERIT};
    lima_process *child = NULL;
    lima_process_exit end;

    put_file(path, "");
    assert_ok(lima_process_start(&desc, &child, err));
    read_line(child, line, sizeof line);
    assert_string_equal(line, "yes");
    assert_ok(lima_process_wait(child, patience(), NULL, &end, err));
    lima_process_free(child);
    desc.dir = missing;
    lima_err failed;
    assert_false(lima_process_start(&desc, &child, &failed));
    assert_int_equal(failed.code, LIMA_CODE_NOT_FOUND);
    assert_non_null(strstr(failed.text, "missing"));
    free(path);
    free(missing);
}

static void start__output_to_files__is_appended(void **state)
{
    char *out = in_folder(state, "out.log"), *errors = in_folder(state, "err.log");
    const char *argv[] = {child_program(), "both", NULL};
    lima_process_desc desc = {.argv = argv,
                              .out = LIMA_PROCESS_FILE,
                              .err = LIMA_PROCESS_FILE,
                              .out_file = out,
                              .err_file = errors};

    put_file(out, "before ");
    for (int i = 0; i < 2; i++) {
        lima_process *child = NULL;
        lima_process_exit end;
        assert_ok(lima_process_start(&desc, &child, err));
        assert_null(lima_process_stream(child, 0));
        assert_null(lima_process_stream(child, 1));
        assert_null(lima_process_stream(child, 7));
        assert_ok(lima_process_wait(child, patience(), NULL, &end, err));
        lima_process_free(child);
    }
    assert_file(out, "before outout");
    assert_file(errors, "errerr");
    free(out);
    free(errors);
}

static void start__bad_description__is_refused(void **state)
{
    const char *argv[] = {child_program(), "both", NULL};
    lima_process_desc in_file = {.argv = argv, .in = LIMA_PROCESS_FILE};
    lima_process_desc no_file = {.argv = argv, .out = LIMA_PROCESS_FILE};
    lima_process *child = NULL;

    (void)state;
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_process_start(&in_file, &child, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_process_start(&no_file, &child, err));
    assert_null(child);
}

static void stream__pipes__talk_to_the_child(void **state)
{
    lima_process *child = start_child((const char *[]){"cat", NULL});
    char line[32];
    lima_process_exit end;

    (void)state;
    assert_ok(lima_stream_write(lima_process_stream(child, 0), "hello\n", 6, patience(), NULL, err));
    lima_stream_end_write(lima_process_stream(child, 0));
    read_line(child, line, sizeof line);
    assert_string_equal(line, "hello");
    assert_ok(lima_process_wait(child, patience(), NULL, &end, err));
    assert_int_equal(end.code, 0);
    assert_fails(LIMA_CODE_UNAVAILABLE,
                 lima_stream_write(lima_process_stream(child, 0), "x", 1, patience(), NULL, err));
    lima_process_free(child);
}

static void stream_write__child_has_ended__is_unavailable_and_kills_nobody(void **state)
{
    lima_process *child = start_child((const char *[]){"exit", "0", NULL});
    lima_process_exit end;

    (void)state;
    assert_ok(lima_process_wait(child, patience(), NULL, &end, err));
    assert_fails(LIMA_CODE_UNAVAILABLE,
                 lima_stream_write(lima_process_stream(child, 0), "x", 1, patience(), NULL, err));
    lima_process_free(child);
}

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

/* ---- run ---- */

static void run__output_and_errors__are_kept_apart(void **state)
{
    const char *argv[] = {child_program(), "both", NULL};
    lima_buf out = LIMA_BUF(10), errors = LIMA_BUF(10);
    lima_process_exit end;

    (void)state;
    assert_ok(lima_process_run(argv, NULL, &out, &errors, patience(), NULL, &end, err));
    assert_string_equal(lima_buf_str(&out), "out");
    assert_string_equal(lima_buf_str(&errors), "err");
    assert_int_equal(end.code, 0);
    lima_buf_free(&out);
    lima_buf_free(&errors);
}

static void run__input__reaches_the_child(void **state)
{
    const char *argv[] = {child_program(), "cat", NULL};
    lima_buf out = LIMA_BUF(1 << 20);
    lima_process_exit end;
    char *input = lima_mem_zalloc(1, 300001);

    (void)state;
    memset(input, 'i', 300000);
    assert_ok(lima_process_run(argv, input, &out, NULL, patience(), NULL, &end, err));
    assert_string_equal(lima_buf_str(&out), input);
    free(input);
    lima_buf_free(&out);
}

static void run__input_nobody_reads__is_no_failure(void **state)
{
    const char *argv[] = {child_program(), "exit", "4", NULL};
    lima_process_exit end;
    char *input = lima_mem_zalloc(1, 300001);

    (void)state;
    memset(input, 'i', 300000);
    assert_ok(lima_process_run(argv, input, NULL, NULL, patience(), NULL, &end, err));
    assert_int_equal(end.code, 4);
    free(input);
}

static void run__more_output_than_the_limit__is_dropped_and_marked(void **state)
{
    const char *argv[] = {child_program(), "flood", "500000", NULL};
    lima_buf out = LIMA_BUF(1000);
    lima_process_exit end;

    (void)state;
    assert_ok(lima_process_run(argv, NULL, &out, NULL, patience(), NULL, &end, err));
    assert_int_equal(end.code, 0);
    assert_int_equal(out.len, 1000);
    assert_int_equal(strspn(lima_buf_str(&out), "x"), 1000);
    assert_true(out.full);
    lima_buf_free(&out);
}

static void run__deadline__kills_it(void **state)
{
    const char *argv[] = {child_program(), "family", NULL};
    lima_buf out = LIMA_BUF(100);
    lima_process_exit end = {.code = 77};
    lima_err failed;
    uint64_t pid = 0, start = 0;

    (void)state;
    for (unsigned ms = 100; out.len == 0; ms *= 2) { /* until it had the time to say whom it started */
        assert_true(ms < PATIENCE_MS);
        assert_false(lima_process_run(argv, NULL, &out, NULL, lima_clock_in(ms), NULL, &end, &failed));
        assert_int_equal(failed.code, LIMA_CODE_DEADLINE_EXCEEDED);
    }
    assert_int_equal(end.code, 77);
    assert_int_equal(sscanf(lima_buf_str(&out), "%" SCNu64 " %" SCNu64, &pid, &start), 2);
    assert_ok(
        lima_process_wait_id((lima_process_id){.pid = (uint32_t)pid, .start = start}, patience(), NULL, err));
    lima_buf_free(&out);
}

static void run__wake__is_cancelled(void **state)
{
    const char *argv[] = {child_program(), "hang", NULL};
    lima_wake *wake = lima_wake_new();
    lima_process_exit end;

    (void)state;
    lima_wake_raise(wake);
    assert_fails(LIMA_CODE_CANCELLED,
                 lima_process_run(argv, NULL, NULL, NULL, LIMA_DEADLINE_NEVER, wake, &end, err));
    lima_wake_free(wake);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run__odd_arguments__arrive_unchanged),
        cmocka_unit_test(run__exit_status__is_told_with_a_text),
        IN_FOLDER(start__missing_or_unusable_program__fails_here),
        cmocka_unit_test(start__environment__is_ours_with_additions_and_removals),
        cmocka_unit_test(start__no_additions__passes_the_environment_on),
        IN_FOLDER(start__folder__is_where_it_runs),
        IN_FOLDER(start__output_to_files__is_appended),
        cmocka_unit_test(start__bad_description__is_refused),
        cmocka_unit_test(stream__pipes__talk_to_the_child),
        cmocka_unit_test(stream_write__child_has_ended__is_unavailable_and_kills_nobody),
        cmocka_unit_test(wait__child_goes_on__ends_at_the_deadline_or_by_the_wake),
        cmocka_unit_test(wait__several_threads_and_again__all_get_the_same_answer),
        cmocka_unit_test(end__asked__ends_a_child_that_does_nothing_about_it),
        cmocka_unit_test(end__forced__ends_the_whole_group),
        cmocka_unit_test(end__child_gone_but_not_its_group__ends_the_rest),
        cmocka_unit_test(free__child_runs__it_goes_on_and_leaves_no_zombie),
        cmocka_unit_test(run__output_and_errors__are_kept_apart),
        cmocka_unit_test(run__input__reaches_the_child),
        cmocka_unit_test(run__input_nobody_reads__is_no_failure),
        cmocka_unit_test(run__more_output_than_the_limit__is_dropped_and_marked),
        cmocka_unit_test(run__deadline__kills_it),
        cmocka_unit_test(run__wake__is_cancelled),
        cmocka_unit_test(find__own_and_child__agrees_with_what_they_say),
        cmocka_unit_test(find__ended_child__is_not_found),
        cmocka_unit_test(identity__same_pid_other_start__is_somebody_else),
        cmocka_unit_test(identity__nobody__is_gone),
        cmocka_unit_test(wait_id__process_goes_on__obeys_deadline_and_wake),
        cmocka_unit_test(role__asked_to_end__raises_the_wake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
