#include "lima_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/utf.h"
#include "os/thread.h"

enum { STAMP_LEN = 24 }; /* 2026-11-21T14:03:07.123Z */

static lima_buf caught = {.limit = 1 << 20};
static unsigned line_count;
static bool broken; /* a line was not one line */

/* Not locked: TSan sees it if calls are not serialised. */
static void catch_line(void *arg, const char *line, size_t len)
{
    assert_ptr_equal(arg, &caught);
    broken = broken || len == 0 || memchr(line, '\n', len) != line + len - 1;
    line_count++;
    lima_buf_add(&caught, line, len);
}

static int start(void **state)
{
    (void)state;
    lima_buf_clear(&caught);
    line_count = 0;
    broken = false;
    lima_log_set_level(LIMA_LOG_DEBUG);
    lima_log_set_sink(catch_line, &caught);
    return 0;
}

static int end(void **state)
{
    (void)state;
    lima_log_set_sink(NULL, NULL);
    return 0;
}

/* The last message: what follows "STAMP level ". */
static const char *message(void)
{
    assert_int_equal(line_count, 1);
    assert_false(broken);
    return strchr(caught.data + STAMP_LEN + 1, ' ') + 1;
}

static void line__has_time_level_and_message(void **state)
{
    (void)state;
    lima_log_warn("disk '%s' has %d bytes", "a", 7);
    int year, month, day, hour, minute, second, milli, used = 0;
    sscanf(caught.data, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &year, &month, &day, &hour, &minute, &second,
           &milli, &used);
    assert_int_equal(used, STAMP_LEN);
    assert_in_range(year, 2024, 9999);
    assert_in_range(month, 1, 12);
    assert_in_range(day, 1, 31);
    assert_in_range(hour, 0, 23);
    assert_string_equal(caught.data + STAMP_LEN, " warn disk 'a' has 7 bytes\n");
}

static void level__filters(void **state)
{
    (void)state;
    static const char *const EXPECTED[] = {"error", "error warn", "error warn info", "error warn info debug"};
    for (int level = LIMA_LOG_ERROR; level <= LIMA_LOG_DEBUG; level++) {
        start(NULL);
        lima_log_set_level((lima_log_level)level);
        assert_int_equal(lima_log_get_level(), level);
        lima_log_error("x");
        lima_log_warn("x");
        lima_log_info("x");
        lima_log_debug("x");
        char seen[64] = "";
        for (const char *at = caught.data; *at; at = strchr(at, '\n') + 1)
            sprintf(seen + strlen(seen), "%s%.*s", *seen ? " " : "", (int)strcspn(at + STAMP_LEN + 1, " "),
                    at + STAMP_LEN + 1);
        assert_string_equal(seen, EXPECTED[level]);
    }
}

static void parse_level__names_only(void **state)
{
    (void)state;
    lima_log_level level = LIMA_LOG_INFO;
    lima_err err = {0};
    assert_true(lima_log_parse_level("debug", &level, &err));
    assert_int_equal(level, LIMA_LOG_DEBUG);
    assert_true(lima_log_parse_level("ERROR", &level, &err));
    assert_int_equal(level, LIMA_LOG_ERROR);
    assert_false(lima_log_parse_level("loud", &level, &err));
    assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
    assert_string_equal(err.text, "log level 'loud' is none of error, warn, info, debug");
    assert_int_equal(level, LIMA_LOG_ERROR);
}

static void control_bytes__are_escaped(void **state)
{
    (void)state;
    lima_log_info("a\nb\rc\td\x1b[1m\x7f\xC2\x9B\xC3\xA4\xFF\\n%c", 1);
    assert_string_equal(message(), "a\\nb\\rc\\td\\x1b[1m\\x7f\\xc2\\x9b\xC3\xA4\\xff\\n\\x01\n");
}

static void long_message__is_cut(void **state)
{
    (void)state;
    lima_log_info("%*s", 3 * LIMA_LOG_LINE_MAX, "x");
    assert_int_equal(caught.len, LIMA_LOG_LINE_MAX);
    assert_string_equal(message() + strlen(message()) - 5, " ...\n");
}

/* Every position of the cut in characters and escapes of several bytes. */
static void long_message__is_cut_between_characters(void **state)
{
    (void)state;
    for (int shift = 0; shift < 8; shift++) {
        start(NULL);
        char text[2 * LIMA_LOG_LINE_MAX];
        for (size_t i = 0; i + 5 < sizeof text; i += 5)
            memcpy(text + i, "\xF0\x9F\x98\x80\x01", 6);
        lima_log_info("%.*s%s", shift, "12345678", text);
        assert_true(caught.len <= LIMA_LOG_LINE_MAX);
        assert_true(caught.len > LIMA_LOG_LINE_MAX - 8);
        assert_true(lima_utf8_valid(caught.data, caught.len));
        const char *tail = message() + strlen(message()) - 8;
        assert_true(strcmp(tail, "\\x01...\n") == 0 || strcmp(tail, "\xF0\x9F\x98\x80...\n") == 0);
    }
}

static void exact_fit__is_not_cut(void **state)
{
    (void)state;
    size_t room = LIMA_LOG_LINE_MAX - strlen("...\n") - STAMP_LEN - strlen(" info ");
    lima_log_info("%*s", (int)room, "x");
    assert_string_equal(message() + room - 1, "x\n");
    start(NULL);
    lima_log_info("%*s", (int)room + 1, "x");
    assert_string_equal(message() + room - 1, " ...\n");
}

/* One test, because secrets cannot be taken back: fills the table. */
static void secrets__never_appear(void **state)
{
    (void)state;
    assert_false(lima_log_add_secret("abc"));
    assert_true(lima_log_add_secret("hunter2"));
    assert_true(lima_log_add_secret("hunter2-and-more"));
    assert_true(lima_log_add_secret("line\nbreak"));
    lima_log_info("hunter2hunter2 hunter2-and-more! hunter2-and line\nbreak hunter");
    assert_string_equal(message(), "****** ***! ***-and *** hunter\n");
    start(NULL);
    /* where the line is cut, no half of a secret stays */
    lima_log_info("%*shunter2hunter2", LIMA_LOG_LINE_MAX - STAMP_LEN - 14, "");
    assert_null(strstr(caught.data, "hunt"));
    for (int i = 3; i < LIMA_LOG_SECRETS_MAX; i++) {
        char secret[32];
        snprintf(secret, sizeof secret, "secret-%d", i);
        assert_true(lima_log_add_secret(secret));
    }
    assert_false(lima_log_add_secret("one too many"));
    start(NULL);
    lima_log_info("secret-15 one too many");
    assert_string_equal(message(), "*** one too many\n");
}

static void sink_back_to_stderr(void **state)
{
    (void)state;
    lima_log_set_sink(NULL, NULL);
    lima_log_info("this line is meant for stderr");
    assert_int_equal(line_count, 0);
}

enum { THREADS = 4, LINES = 300 };

static void write_lines(void *arg)
{
    for (int i = 0; i < LINES; i++)
        lima_log_info("thread %s line %d of hunter2", (const char *)arg, i);
}

static void many_threads__lines_stay_whole(void **state)
{
    (void)state;
    static char names[THREADS][2];
    lima_thread *threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        names[i][0] = (char)('A' + i);
        assert_true(lima_thread_start("logger", write_lines, names[i], &threads[i], NULL));
    }
    for (int i = 0; i < THREADS; i++)
        lima_thread_join(threads[i]);
    assert_int_equal(line_count, THREADS * LINES);
    assert_false(broken);
    assert_null(strstr(caught.data, "hunter2"));
    int next[THREADS] = {0}; /* each thread's lines are there, in its order */
    for (const char *at = caught.data; *at; at = strchr(at, '\n') + 1) {
        char name = 0;
        int number = -1;
        assert_int_equal(sscanf(at + STAMP_LEN, " info thread %c line %d of ***", &name, &number), 2);
        assert_int_equal(number, next[name - 'A']++);
    }
}

/* Before any level is set: the first look reads the environment, which ctest leaves without LIMA_DRIVER_LOG
 * here. */
static void level__without_environment__is_info(void **state)
{
    (void)state;
    if (getenv("LIMA_DRIVER_LOG"))
        lima_skip("LIMA_DRIVER_LOG is set");
    assert_int_equal(lima_log_get_level(), LIMA_LOG_INFO);
    assert_int_equal(lima_log_get_level(), LIMA_LOG_INFO);
}

int main(int argc, char **argv)
{
    if (argc == 2) { /* run with LIMA_DRIVER_LOG set: is the level the expected one? */
        printf("level %d, expected %s\n", (int)lima_log_get_level(), argv[1]);
        return (int)lima_log_get_level() != atoi(argv[1]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(level__without_environment__is_info),
        cmocka_unit_test_setup_teardown(line__has_time_level_and_message, start, end),
        cmocka_unit_test_setup_teardown(level__filters, start, end),
        cmocka_unit_test(parse_level__names_only),
        cmocka_unit_test_setup_teardown(control_bytes__are_escaped, start, end),
        cmocka_unit_test_setup_teardown(long_message__is_cut, start, end),
        cmocka_unit_test_setup_teardown(long_message__is_cut_between_characters, start, end),
        cmocka_unit_test_setup_teardown(exact_fit__is_not_cut, start, end),
        cmocka_unit_test_setup_teardown(secrets__never_appear, start, end),
        cmocka_unit_test_setup_teardown(sink_back_to_stderr, start, end),
        cmocka_unit_test_setup_teardown(many_threads__lines_stay_whole, start, end),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    lima_buf_free(&caught);
    return failed;
}
