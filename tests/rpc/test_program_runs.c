/* Driver programs as limactl starts them, lima-driver-example: runs that end by themselves. */
#include "place.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "os/host.h"

static void version_and_help__exit_0_on_stdout(void **state)
{
    place *p = *state;
    lima_buf out = LIMA_BUF(64 * 1024);
    assert_int_equal(run_driver(p, "--version", NULL, NULL, &out, NULL), 0);
    assert_true(lima_str_has_prefix(lima_buf_str(&out), "lima-driver-trial "));
    lima_buf_clear(&out);
    assert_int_equal(run_driver(p, "--version", "--json", NULL, &out, NULL), 0);
    assert_true(lima_str_has_prefix(lima_buf_str(&out), "{\"name\":\"trial\",\"version\":\""));
    lima_buf_clear(&out);
    assert_int_equal(run_driver(p, "-h", NULL, NULL, &out, NULL), 0);
    assert_non_null(strstr(lima_buf_str(&out), "--inst-dir DIR"));
    lima_buf_free(&out);
}

static void unknown_argument__exit_2_naming_it(void **state)
{
    place *p = *state;
    lima_buf out = LIMA_BUF(1024), err = LIMA_BUF(1024);
    assert_int_equal(run_driver(p, "--nope", NULL, NULL, &out, &err), 2);
    assert_int_equal(out.len, 0);
    assert_non_null(strstr(lima_buf_str(&err), "'--nope'"));
    lima_buf_free(&err);
}

static void inspect_status__keeps_every_key(void **state)
{
    place *p = *state;
    lima_buf out = LIMA_BUF(64 * 1024);
    static const char in[] =
        "{\"name\":\"dev\",\"dir\":\"/d\",\"sshLocalPort\":22,\"new\":[0.10,12345678901234567890]}";
    char *base64 = lima_base64_encode(in, sizeof in - 1), *line = lima_mem_printf("\"%s\"\n", base64);
    assert_int_equal(run_driver(p, "--inspect-status", NULL, line, &out, NULL), 0);
    uint8_t *bytes = NULL;
    size_t len = 0;
    assert_true(lima_base64_decode(out.data + 1, out.len - 3, &bytes, &len, NULL));
    char *text = lima_mem_strndup((char *)bytes, len);
    assert_string_equal(
        text, "{\"name\":\"dev\",\"dir\":\"/"
              "d\",\"sshLocalPort\":22,\"new\":[0.10,12345678901234567890],\"status\":\"Stopped\"}");
    free(text);
    free(bytes);
    free(line);
    free(base64);
    lima_buf_free(&out);
}

static void inspect_status__bad_input__exit_1_and_nothing_on_stdout(void **state)
{
    static const char *const inputs[] = {
        "", "x", "{}", "\"???\"", "\"e30\"", "\"WzFd\"", "\"eyJuYW1lIjo3fQ==\""};
    place *p = *state;
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        lima_buf out = LIMA_BUF(1024), err = LIMA_BUF(4096);
        assert_int_equal(run_driver(p, "--inspect-status", NULL, inputs[i], &out, &err), 1);
        assert_int_equal(out.len, 0);
        assert_non_null(strstr(lima_buf_str(&err), "--inspect-status"));
        lima_buf_free(&err);
    }
}

static void pre_driver_action__fills_the_configuration(void **state)
{
    place *p = *state;
    lima_json *config = NULL, *reply = NULL;
    lima_err err = {0};
    static const char text[] = "{\"cpus\":2,\"memory\":\"1GiB\",\"new\":1e400}";
    must(lima_json_parse(text, sizeof text - 1, &config, &err), &err);
    must(lima_launch_configure(p->driver, config, "/x/dev/lima.yaml", patience(), &reply, &err), &err);
    char *printed = lima_json_print(reply);
    assert_string_equal(printed, "{\"cpus\":2,\"memory\":\"1GiB\",\"new\":1e400,\"vmType\":\"trial\","
                                 "\"mountType\":\"reverse-sshfs\"}");
    free(printed);
    lima_json_free(config);
    lima_json_free(reply);
}

/* limactl shows the error text only when it finds JSON on standard output. */
static void pre_driver_action__bad_input__exit_1_with_json(void **state)
{
    static const char *const inputs[] = {"", "{\"filePath\":\"\"}",
                                         "{\"config\":{\"cpus\":\"two\"},\"filePath\":\"\"}",
                                         "{\"config\":{},\"filePath\":7}"};
    place *p = *state;
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        lima_buf out = LIMA_BUF(1024), err = LIMA_BUF(4096);
        lima_json *json = NULL;
        assert_int_equal(run_driver(p, "--pre-driver-action", NULL, inputs[i], &out, &err), 1);
        assert_true(lima_json_parse(lima_buf_str(&out), out.len, &json, NULL));
        assert_true(err.len > 0);
        lima_json_free(json);
        lima_buf_free(&out);
        lima_buf_free(&err);
    }
}

static void inst_dir__unusable__exit_1_naming_it(void **state)
{
    place *p = *state;
    char *file = lima_path_join(p->root, "file"), *missing = lima_path_join(p->root, "missing");
    const char *const bad[] = {file, missing};
    const char *const next[] = {"something else has its name", "was the instance deleted?"};
    assert_true(lima_file_write(file, "", 0, LIMA_FILE_PRIVATE, NULL));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        lima_buf err = LIMA_BUF(4096);
        assert_int_equal(run_driver(p, "--inst-dir", bad[i], NULL, NULL, &err), 1);
        assert_non_null(strstr(lima_buf_str(&err), bad[i]));
        assert_non_null(strstr(lima_buf_str(&err), next[i]));
        lima_buf_free(&err);
    }
    free(file);
    free(missing);
}

static void inst_dir__of_another_user__exit_1_and_nothing_made(void **state)
{
    place *p = *state;
    lima_file_info info = {0};
    lima_strv names = {0};
    lima_buf err = LIMA_BUF(4096);
    const char *foreign = "/";
    need_tool("chown");
    if (lima_host_get()->uid == 0) {
        foreign = p->inst;
        run_tool("chown", "65534", foreign, NULL);
    }
    if (!lima_file_stat(foreign, true, &info, NULL) || info.mine)
        lima_skip("there is no folder of another user");
    assert_int_equal(run_driver(p, "--inst-dir", foreign, NULL, NULL, &err), 1);
    assert_non_null(strstr(lima_buf_str(&err), "belongs to another user"));
    assert_true(lima_dir_list(foreign, 1000, &names, NULL));
    assert_false(lima_strv_has(&names, "trial.drv.lock"));
    lima_strv_free(&names);
    lima_buf_free(&err);
}

static void inst_dir__socket_path_too_long__exit_1_with_the_limit(void **state)
{
    place *p = *state;
    lima_buf err = LIMA_BUF(4096);
    char *deep = lima_path_join(
        p->inst,
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890");
    assert_true(lima_dir_make(deep, LIMA_FILE_PRIVATE, NULL));
    assert_int_equal(run_driver(p, "--inst-dir", deep, NULL, NULL, &err), 1);
    assert_non_null(strstr(lima_buf_str(&err), "107"));
    lima_buf_free(&err);
    free(deep);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(version_and_help__exit_0_on_stdout),
        TEST(unknown_argument__exit_2_naming_it),
        TEST(inspect_status__keeps_every_key),
        TEST(inspect_status__bad_input__exit_1_and_nothing_on_stdout),
        TEST(pre_driver_action__fills_the_configuration),
        TEST(pre_driver_action__bad_input__exit_1_with_json),
        TEST(inst_dir__unusable__exit_1_naming_it),
        TEST(inst_dir__of_another_user__exit_1_and_nothing_made),
        TEST(inst_dir__socket_path_too_long__exit_1_with_the_limit),
    };
    return cmocka_run_group_tests_name("program_runs", tests, NULL, NULL);
}
