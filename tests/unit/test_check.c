/* The parts of the conformance kit that need no driver: patterns, skip files, reports, and the catalogue
 * itself. */
#include "lima_test.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "ctl/check/check.h"
#include "data/json.h"
#include "folder.h"
#include "os/file.h"

static void matches__star_and_question_mark__fit_any(void **state)
{
    (void)state;
    assert_true(lima_check_matches(NULL, "a/b"));
    assert_true(lima_check_matches("a/b", "a/b"));
    assert_true(lima_check_matches("a/*", "a/b"));
    assert_true(lima_check_matches("*b*", "a/b"));
    assert_true(lima_check_matches("a?b", "a/b"));
    assert_false(lima_check_matches("a", "a/b"));
    assert_false(lima_check_matches("a/bc", "a/b"));
    assert_false(lima_check_matches("?", ""));
    assert_false(lima_check_matches("a*c", "a/b"));
}

static void catalogue__every_case__has_group_name_and_texts(void **state)
{
    const lima_check_case *const *cases;
    size_t count = lima_check_cases(&cases);
    (void)state;
    assert_true(count >= 40);
    for (size_t i = 0; i < count; i++) {
        const char *slash = strchr(cases[i]->id, '/');
        assert_true(slash && slash != cases[i]->id && slash[1]);
        assert_true(*cases[i]->why && *cases[i]->source && *cases[i]->remedy && cases[i]->run);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(cases[i]->id, cases[k]->id);
    }
}

/* ---- skip files ---- */

static bool read_skips(const char *text, lima_check_config *into, lima_err *err)
{
    char *folder = test_folder_make(), *path = lima_path_join(folder, "skips");
    assert_true(lima_file_write(path, text, strlen(text), LIMA_FILE_PRIVATE, NULL));
    bool ok = lima_check_read_skips(path, into, err);
    free(path);
    test_folder_remove(folder);
    return ok;
}

static void skips__lines_comments_patterns__are_read(void **state)
{
    lima_check_config config = {0};
    (void)state;
    assert_true(read_skips("# why\n\nwire/many-calls   too slow here\r\nrobust/* \t no\n", &config, NULL));
    assert_int_equal(config.skip_ids.len, 2);
    assert_string_equal(config.skip_ids.items[0], "wire/many-calls");
    assert_string_equal(config.skip_reasons.items[0], "too slow here");
    assert_string_equal(config.skip_reasons.items[1], "no");
    lima_check_config_free(&config);
}

static void skips__unknown_case_or_no_reason__invalid_argument_with_line(void **state)
{
    lima_check_config config = {0};
    lima_err err = {0};
    (void)state;
    assert_false(read_skips("\nwire/no-such-case  x\n", &config, &err));
    assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
    assert_non_null(strstr(err.text, "line 2"));
    assert_false(read_skips("wire/many-calls\n", &config, &err));
    assert_non_null(strstr(err.text, "needs a reason"));
    lima_check_config_free(&config);
}

/* ---- reports ---- */

static char failed_text[] = "a <b> & \"c\"\nsecond\x01 line", skipped_text[] = "no guest",
            log_text[] = "]]> said\nthis";

static lima_check_report sample(lima_check_result results[3])
{
    const lima_check_case *const *cases;
    lima_check_cases(&cases);
    results[0] = (lima_check_result){.of = cases[0], .outcome = LIMA_CHECK_PASSED, .ms = 1500};
    results[1] = (lima_check_result){
        .of = cases[1], .outcome = LIMA_CHECK_FAILED, .text = failed_text, .log = log_text};
    results[2] = (lima_check_result){.of = cases[2], .outcome = LIMA_CHECK_SKIPPED, .text = skipped_text};
    return (lima_check_report){"./lima-driver-<x>", results, 3, 1, 1, 1, 1500};
}

static void tap__three_outcomes__one_line_each_and_comments(void **state)
{
    lima_check_result results[3];
    lima_check_report report = sample(results);
    lima_buf out = LIMA_BUF(LIMA_CHECK_OUTPUT_MAX);
    (void)state;
    for (size_t i = 0; i < 3; i++)
        lima_check_add_tap_result(&report, i, &out);
    lima_check_add_tap_tail(&report, &out);
    assert_non_null(strstr(out.data, "TAP version 13\nok 1 - process/inst-dir-serves\nnot ok 2 - "));
    assert_non_null(strstr(out.data, "# found: a <b> & \"c\"\n#   second. line\n"));
    assert_non_null(strstr(out.data, " # SKIP no guest\n1..3\n# 1 passed, 1 failed, 1 skipped in 1.5 s\n"));
    lima_buf_free(&out);
}

static void junit__special_and_control_characters__are_escaped(void **state)
{
    lima_check_result results[3];
    lima_check_report report = sample(results);
    lima_buf out = LIMA_BUF(LIMA_CHECK_OUTPUT_MAX);
    (void)state;
    lima_check_add_junit(&report, &out);
    assert_non_null(strstr(
        out.data, "./lima-driver-&lt;x&gt;\" tests=\"3\" failures=\"1\" skipped=\"1\" time=\"1.500\">"));
    assert_non_null(strstr(out.data, "message=\"a &lt;b&gt; &amp; &quot;c&quot;&#10;second  line\""));
    assert_non_null(strstr(out.data, "<system-err>]]&gt; said&#10;this</system-err>"));
    assert_non_null(
        strstr(out.data, "<testcase classname=\"process\" name=\"inst-dir-serves\" time=\"1.500\"/>"));
    assert_non_null(strstr(out.data, "<skipped message=\"no guest\"/>"));
    lima_buf_free(&out);
}

static void json__report__reads_back(void **state)
{
    lima_check_result results[3];
    lima_check_report report = sample(results);
    lima_buf out = LIMA_BUF(LIMA_CHECK_OUTPUT_MAX);
    lima_json *doc;
    (void)state;
    lima_check_add_json(&report, &out);
    assert_true(lima_json_parse(out.data, out.len, &doc, NULL));
    assert_int_equal(lima_json_int(doc, 0, "failed"), 1);
    assert_int_equal(lima_json_count(doc, "cases"), 3);
    assert_string_equal(lima_json_str(doc, "", "cases[1].outcome"), "failed");
    assert_string_equal(lima_json_str(doc, "", "cases[1].text"), failed_text);
    assert_string_equal(lima_json_str(doc, "", "cases[2].outcome"), "skipped");
    lima_json_free(doc);
    lima_buf_free(&out);
}

static void run__no_such_case_or_program__fails(void **state)
{
    lima_check_config config = {.driver = "no/such/program"};
    lima_check_report report = {0};
    lima_err err = {0};
    (void)state;
    assert_false(lima_check_run(&config, NULL, NULL, &report, &err));
    assert_int_equal(err.code, LIMA_CODE_NOT_FOUND);
    config.only = "no/case";
    assert_false(lima_check_run(&config, NULL, NULL, &report, &err));
    assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches__star_and_question_mark__fit_any),
        cmocka_unit_test(catalogue__every_case__has_group_name_and_texts),
        cmocka_unit_test(skips__lines_comments_patterns__are_read),
        cmocka_unit_test(skips__unknown_case_or_no_reason__invalid_argument_with_line),
        cmocka_unit_test(tap__three_outcomes__one_line_each_and_comments),
        cmocka_unit_test(junit__special_and_control_characters__are_escaped),
        cmocka_unit_test(json__report__reads_back),
        cmocka_unit_test(run__no_such_case_or_program__fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
