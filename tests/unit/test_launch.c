/* Drivers that are wrong from the first line, as lima_launch and its tools report them. Good ones are started
 * by tests/rpc and by the kit. */
#include "lima_test.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "rpc/launch.h"

static char *program(const char *name)
{
    return lima_mem_printf("launch/lima-driver-%s", name); /* tests run in their source folder */
}

static void fails(const char *name, lima_launch_mode mode, lima_code code, const char *text)
{
    char *path = program(name);
    lima_launched got = {0};
    lima_err err = {0};
    assert_false(lima_launch(path, mode, ".", NULL, lima_clock_in(20000), &got, &err));
    assert_int_equal(err.code, code);
    assert_non_null(strstr(err.text, text));
    assert_non_null(strstr(err.text, path));
    assert_null(got.process);
    free(path);
}

static void driver_name__prefix_and_suffix__are_taken_off(void **state)
{
    static const char *const cases[][2] = {{"/a/lima-driver-x", "x"},         {"lima-driver-x.exe", "x"},
                                           {"C:\\d\\lima-driver-y.exe", "y"}, {"/a/other", "other"},
                                           {"lima-driver-a.b", "a.b"},        {"lima-driver-.exe", ".exe"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *name = lima_launch_driver_name(cases[i][0]);
        assert_string_equal(name, cases[i][1]);
        free(name);
    }
}

static void launch__no_such_program__not_found(void **state)
{
    (void)state;
    fails("missing", LIMA_LAUNCH_ANNOUNCE, LIMA_CODE_NOT_FOUND, "missing");
}

static void launch__first_line_no_json__invalid_argument_quotes_it(void **state)
{
    (void)state;
    fails("garbage", LIMA_LAUNCH_ANNOUNCE, LIMA_CODE_INVALID_ARGUMENT, "this is no JSON");
}

static void launch__value_that_is_no_string__invalid_argument_names_key(void **state)
{
    (void)state;
    fails("number", LIMA_LAUNCH_ANNOUNCE, LIMA_CODE_INVALID_ARGUMENT, "pid");
}

static void launch__no_socket_path__invalid_argument(void **state)
{
    (void)state;
    fails("keyless", LIMA_LAUNCH_ANNOUNCE, LIMA_CODE_INVALID_ARGUMENT, "socketPath");
}

static void launch__endless_first_line__out_of_range(void **state)
{
    (void)state;
    fails("endless", LIMA_LAUNCH_ANNOUNCE, LIMA_CODE_OUT_OF_RANGE, "65536");
}

static void launch__ends_without_a_line__unavailable(void **state)
{
    (void)state;
    fails("early", LIMA_LAUNCH_ANNOUNCE, LIMA_CODE_UNAVAILABLE, "standard output closed");
}

static void launch__ends_before_its_socket__unavailable_with_exit_status(void **state)
{
    (void)state;
    fails("early", LIMA_LAUNCH_INST_DIR, LIMA_CODE_UNAVAILABLE, "exit status 3");
}

static void launch__never_says_a_word__deadline_exceeded(void **state)
{
    lima_launched got = {0};
    lima_err err = {0};
    (void)state;
    assert_false(lima_launch("launch/lima-driver-mute", LIMA_LAUNCH_ANNOUNCE, NULL, NULL, lima_clock_in(50),
                             &got, &err));
    assert_int_equal(err.code, LIMA_CODE_DEADLINE_EXCEEDED);
    assert_false(lima_launch("launch/lima-driver-mute", LIMA_LAUNCH_INST_DIR, ".", NULL, lima_clock_in(50),
                             &got, &err));
    assert_int_equal(err.code, LIMA_CODE_DEADLINE_EXCEEDED);
}

static void inspect__exit_status__error_has_the_drivers_words(void **state)
{
    lima_json *in = lima_json_new_object(), *out = NULL;
    lima_err err = {0};
    (void)state;
    assert_false(lima_launch_inspect("launch/lima-driver-early", in, lima_clock_in(20000), &out, &err));
    assert_non_null(strstr(err.text, "exit status 3: no such hypervisor"));
    assert_null(out);
    lima_json_free(in);
}

static void inspect__answer_no_json__invalid_argument(void **state)
{
    lima_json *in = lima_json_new_object(), *out = NULL;
    lima_err err = {0};
    (void)state;
    assert_false(lima_launch_inspect("launch/lima-driver-garbage", in, lima_clock_in(20000), &out, &err));
    assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
    assert_false(lima_launch_inspect("launch/lima-driver-keyless", in, lima_clock_in(20000), &out, &err));
    assert_non_null(strstr(err.text, "not a JSON string"));
    lima_json_free(in);
}

static void configure__answer_no_object__invalid_argument(void **state)
{
    lima_json *in = lima_json_new_object(), *out = NULL;
    lima_err err = {0};
    (void)state;
    assert_false(
        lima_launch_configure("launch/lima-driver-garbage", in, "", lima_clock_in(20000), &out, &err));
    assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
    assert_non_null(strstr(err.text, "--pre-driver-action"));
    assert_null(out);
    lima_json_free(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(driver_name__prefix_and_suffix__are_taken_off),
        cmocka_unit_test(launch__no_such_program__not_found),
        cmocka_unit_test(launch__first_line_no_json__invalid_argument_quotes_it),
        cmocka_unit_test(launch__value_that_is_no_string__invalid_argument_names_key),
        cmocka_unit_test(launch__no_socket_path__invalid_argument),
        cmocka_unit_test(launch__endless_first_line__out_of_range),
        cmocka_unit_test(launch__ends_without_a_line__unavailable),
        cmocka_unit_test(launch__ends_before_its_socket__unavailable_with_exit_status),
        cmocka_unit_test(launch__never_says_a_word__deadline_exceeded),
        cmocka_unit_test(inspect__exit_status__error_has_the_drivers_words),
        cmocka_unit_test(inspect__answer_no_json__invalid_argument),
        cmocka_unit_test(configure__answer_no_object__invalid_argument),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
