/* lima_process_run of os/process.h. */
#include "support.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run__output_and_errors__are_kept_apart),
        cmocka_unit_test(run__input__reaches_the_child),
        cmocka_unit_test(run__input_nobody_reads__is_no_failure),
        cmocka_unit_test(run__more_output_than_the_limit__is_dropped_and_marked),
        cmocka_unit_test(run__deadline__kills_it),
        cmocka_unit_test(run__wake__is_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
