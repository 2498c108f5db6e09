/* What a child of os/process.h is started with, and how its streams talk. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "os/host.h"

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

/* Its end may be known a moment before its handles are closed: what was written by then goes nowhere. */
static void stream_write__child_has_ended__is_unavailable_and_kills_nobody(void **state)
{
    lima_process *child = start_child((const char *[]){"exit", "0", NULL});
    lima_process_exit end;
    lima_err failed = {0};
    bool ok = true;

    (void)state;
    assert_ok(lima_process_wait(child, patience(), NULL, &end, err));
    for (lima_deadline until = patience(); ok && lima_clock_now() < until;)
        ok = lima_stream_write(lima_process_stream(child, 0), "x", 1, until, NULL, &failed);
    assert_false(ok);
    assert_int_equal(failed.code, LIMA_CODE_UNAVAILABLE);
    lima_process_free(child);
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
