/* core/rpc: options.c, generation.c, tool.c, pool.c: what a driver program is without its server. */
#include "lima_test.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "../rpc/scripted.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "rpc/generation.h"
#include "rpc/options.h"
#include "rpc/pool.h"
#include "rpc/tool.h"

/* ---- options ---- */

static bool parse(const char *line, lima_options *ret, lima_err *err)
{
    static lima_strv words;
    lima_strv_free(&words);
    lima_strv_add(&words, "lima-driver-x");
    lima_strv more = {0};
    assert_true(lima_str_split_words(line, &more, NULL));
    lima_strv_add_all(&words, &more);
    lima_strv_free(&more);
    bool ok = lima_options_parse((int)words.len, words.items, ret, err);
    if (ok && ret->inst_dir) { /* it points into argv */
        static char copy[64];
        strncpy(copy, ret->inst_dir, sizeof copy - 1);
        ret->inst_dir = copy;
    }
    lima_strv_free(&words);
    return ok;
}

static void options__every_mode(void **state)
{
    static const struct {
        const char *line;
        lima_options_mode mode;
        const char *inst_dir;
        bool json;
    } cases[] = {
        {"", LIMA_MODE_ANNOUNCE, NULL, false},
        {"--inst-dir /d", LIMA_MODE_INST_DIR, "/d", false},
        {"-inst-dir /d", LIMA_MODE_INST_DIR, "/d", false},
        {"--inst-dir=/d=e", LIMA_MODE_INST_DIR, "/d=e", false},
        {"-inst-dir='a b'", LIMA_MODE_INST_DIR, "a b", false},
        {"--stdio", LIMA_MODE_STDIO, NULL, false},
        {"--inst-dir /d --stdio", LIMA_MODE_STDIO, "/d", false},
        {"--pre-driver-action", LIMA_MODE_PRE_DRIVER_ACTION, NULL, false},
        {"--inspect-status", LIMA_MODE_INSPECT_STATUS, NULL, false},
        {"--prep", LIMA_MODE_PREP, NULL, false},
        {"--help", LIMA_MODE_HELP, NULL, false},
        {"-h", LIMA_MODE_HELP, NULL, false},
        {"--version", LIMA_MODE_VERSION, NULL, false},
        {"--version --json", LIMA_MODE_VERSION, NULL, true},
        {"--json --version", LIMA_MODE_VERSION, NULL, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lima_options options = {0};
        lima_err err = {0};
        if (!parse(cases[i].line, &options, &err))
            fail_msg("'%s': %s", cases[i].line, err.text);
        assert_int_equal(options.mode, cases[i].mode);
        assert_true(lima_str_eq(options.inst_dir, cases[i].inst_dir));
        assert_int_equal(options.json, cases[i].json);
    }
}

static void options__wrong_ones__are_named(void **state)
{
    static const struct {
        const char *line, *named;
    } cases[] = {
        {"serve", "'serve'"},
        {"--nope", "'--nope'"},
        {"---stdio", "'---stdio'"},
        {"stdio", "'stdio'"},
        {"--inst-dir", "--inst-dir"},
        {"--inst-dir=", "--inst-dir"},
        {"--inst-dir ''", "--inst-dir"},
        {"--inst-dirs /d", "'--inst-dirs'"},
        {"--stdio --help", "'--help'"},
        {"--inspect-status --inst-dir /d", "'--inspect-status'"},
        {"--json", "'--json'"},
        {"''", "''"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lima_options options = {0};
        lima_err err = {0};
        if (parse(cases[i].line, &options, &err))
            fail_msg("'%s' was taken", cases[i].line);
        assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
        if (!strstr(err.text, cases[i].named))
            fail_msg("'%s' does not name %s", err.text, cases[i].named);
    }
}

static void name__is_that_of_the_file(void **state)
{
    static const char *const cases[][2] = {
        {"/usr/libexec/lima/lima-driver-qemux", "qemux"},
        {"lima-driver-a.b", "a.b"},
        {"C:\\lima\\lima-driver-wsl2x.exe", "wsl2x"},
        {"lima-driver-", "scripted"},
        {"/tmp/a.out", "scripted"},
        {"", "scripted"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *name = lima_options_name(cases[i][0], &scripted_driver);
        assert_string_equal(name, cases[i][1]);
        free(name);
    }
}

static void version__is_the_drivers_or_the_librarys(void **state)
{
    (void)state;
    char *own = lima_options_version("x", &scripted_driver, false),
         *json = lima_options_version("x", &scripted_driver, true);
    assert_string_equal(own, "lima-driver-x 1.2.3\n");
    assert_string_equal(json, "{\"name\":\"x\",\"version\":\"1.2.3\"}\n");
    assert_true(*lima_options_version_text(&scripted_bare_driver));
    free(own);
    free(json);
}

/* ---- generations ---- */

static void generation__of_each_release(void **state)
{
    static const struct {
        lima_process_contract contract;
        const char *user_agent;
        lima_generation generation;
    } cases[] = {
        {LIMA_CONTRACT_INST_DIR, "grpc-go/1.76.0", LIMA_GENERATION_2_2}, /* --inst-dir says it */
        {LIMA_CONTRACT_ANNOUNCE, "grpc-go/1.76.0", LIMA_GENERATION_2_0_0},
        {LIMA_CONTRACT_ANNOUNCE, "grpc-go/1.77.0", LIMA_GENERATION_2_0_0},
        {LIMA_CONTRACT_ANNOUNCE, "grpc-go/1.78.0", LIMA_GENERATION_2_0_3},
        {LIMA_CONTRACT_ANNOUNCE, "grpc-go/1.79.2", LIMA_GENERATION_2_1},
        {LIMA_CONTRACT_ANNOUNCE, "grpc-go/1.81.1", LIMA_GENERATION_2_1},
        {LIMA_CONTRACT_ANNOUNCE, "grpc-go/1.90.0", LIMA_GENERATION_2_1}, /* no arguments: not 2.2 */
        {LIMA_CONTRACT_ANY, "grpc-go/1.77.0 (x)", LIMA_GENERATION_2_0_0},
        {LIMA_CONTRACT_ANY, "grpc-go/1.82.0", LIMA_GENERATION_2_2},
        {LIMA_CONTRACT_ANNOUNCE, "grpc-c/29.0.0", LIMA_GENERATION_2_2},
        {LIMA_CONTRACT_ANY, "", LIMA_GENERATION_2_2},
        {LIMA_CONTRACT_ANY, "grpc-go/1.", LIMA_GENERATION_2_2},
        {LIMA_CONTRACT_ANY, "grpc-go/1.99999999999999999999", LIMA_GENERATION_2_2},
        {LIMA_CONTRACT_ANY, "grpc-go/2.0.0", LIMA_GENERATION_2_2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (lima_generation_of(cases[i].contract, cases[i].user_agent, strlen(cases[i].user_agent))
            != cases[i].generation)
            fail_msg("'%s' under contract %d", cases[i].user_agent, cases[i].contract);
}

/* ---- short-lived runs ---- */

static char *inspect_input(const char *document)
{
    char *base64 = lima_base64_encode(document, strlen(document)),
         *line = lima_mem_printf("\"%s\"\n", base64);
    free(base64);
    return line;
}

static char *decode(const char *line)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    assert_true(lima_base64_decode(line + 1, strlen(line) - 3, &bytes, &len, NULL));
    char *text = lima_mem_strndup((char *)bytes, len);
    free(bytes);
    return text;
}

static void limactl__is_who_gives_no_name_of_its_own(void **state)
{
    static const char *const others[] = {"", "grpc-go", "grpc-c/29 (linux; chttp2)", "mine grpc-go/1.82.0"};
    (void)state;
    assert_true(lima_generation_is_limactl("grpc-go/1.82.0", strlen("grpc-go/1.82.0")));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(lima_generation_is_limactl(others[i], strlen(others[i])));
}

static void inspect__driver_cannot_tell__is_broken_and_no_failure(void **state)
{
    char *input = inspect_input("{\"name\":\"d\",\"k\":[1]}"), *output = NULL;
    bool stuck = true;
    (void)state;
    scripted_reset();
    scripted_fail("inspect", LIMA_CODE_UNAVAILABLE, "no hypervisor");
    assert_true(lima_tool_inspect(&scripted_driver, input, strlen(input), &output, &stuck, NULL));
    assert_false(stuck);
    char *text = decode(output);
    assert_string_equal(text, "{\"name\":\"d\",\"k\":[1],\"status\":\"Broken\"}");
    free(text);
    free(output);
    free(input);
}

static void configure__prints_json_even_when_it_fails(void **state)
{
    static const char input[] = "{\"config\":{\"cpus\":1},\"filePath\":\"\"}";
    char *output = NULL;
    lima_err err = {0};
    (void)state;
    scripted_reset();
    assert_true(lima_tool_configure(&scripted_driver, "x", input, sizeof input - 1, &output, &err));
    assert_string_equal(output, "{\"cpus\":1,\"mountType\":\"9p\",\"vmType\":\"x\"}\n");
    free(output);
    scripted_fail("configure", LIMA_CODE_INVALID_ARGUMENT, "no");
    assert_false(lima_tool_configure(&scripted_driver, "x", input, sizeof input - 1, &output, &err));
    assert_string_equal(output, "{\"cpus\":1}\n");
    free(output);
}

static bool look(lima_json *into, lima_err *err)
{
    (void)err;
    lima_json_set_bool(into, false, "ready");
    lima_json_set_str(into, "wait", "next");
    return true;
}

static bool prepare(const char *user, lima_json *into, lima_err *err)
{
    if (lima_str_eq(user, "nobody"))
        return lima_err_set(err, LIMA_CODE_NOT_FOUND, "no such user");
    lima_json_set_str(into, user ? user : "me", "done[0]");
    return true;
}

static bool undo(lima_json *into, lima_err *err)
{
    (void)err;
    lima_json_set_str(into, "undone", "done[0]");
    return true;
}

static void prep__each_action__then_looks(void **state)
{
    static const lima_driver_preparation preparation = {.look = look, .prepare = prepare, .undo = undo};
    static const lima_driver driver = {.name = "x", .preparation = &preparation};
    static const struct {
        const char *input, *done;
    } cases[] = {{"{\"action\":\"status\"}", ""},
                 {"{\"action\":\"prepare\"}", "\"me\""},
                 {"{\"action\":\"prepare\",\"user\":\"anna\"}", "\"anna\""},
                 {"{\"action\":\"undo\"}", "\"undone\""}};
    lima_err err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *output = NULL;
        if (!lima_tool_prep(&driver, cases[i].input, strlen(cases[i].input), &output, &err))
            fail_msg("%s: %s", cases[i].input, err.text);
        char *due = lima_mem_printf("{\"done\":[%s],\"ready\":false,\"next\":\"wait\"}\n", cases[i].done);
        assert_string_equal(output, due);
        free(due);
        free(output);
    }
}

static void prep__what_cannot_be_done__is_refused(void **state)
{
    static const lima_driver_preparation preparation = {.look = look, .prepare = prepare, .undo = undo};
    static const lima_driver driver = {.name = "x", .preparation = &preparation};
    static const struct {
        const char *input;
        lima_code code;
    } cases[] = {{"", LIMA_CODE_INVALID_ARGUMENT},
                 {"{}", LIMA_CODE_INVALID_ARGUMENT},
                 {"{\"action\":\"look\"}", LIMA_CODE_INVALID_ARGUMENT},
                 {"{\"action\":\"status\",\"user\":\"anna\"}", LIMA_CODE_INVALID_ARGUMENT},
                 {"{\"action\":\"prepare\",\"user\":\"nobody\"}", LIMA_CODE_NOT_FOUND}};
    char *output = NULL;
    lima_err err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_false(lima_tool_prep(&driver, cases[i].input, strlen(cases[i].input), &output, &err));
        assert_int_equal(err.code, cases[i].code);
        assert_null(output);
    }
    assert_false(lima_tool_prep(&scripted_driver, "{}", 2, &output, &err));
    assert_int_equal(err.code, LIMA_CODE_UNIMPLEMENTED);
}

/* ---- pool ---- */

typedef struct gate {
    lima_monitor *monitor;
    unsigned inside, most, done;
    bool open;
} gate;

static void pass_gate(void *arg)
{
    gate *g = arg;
    lima_monitor_enter(g->monitor);
    if (++g->inside > g->most)
        g->most = g->inside;
    lima_monitor_notify(g->monitor);
    while (!g->open)
        lima_monitor_wait(g->monitor, LIMA_DEADLINE_NEVER);
    g->inside--;
    g->done++;
    lima_monitor_notify(g->monitor);
    lima_monitor_leave(g->monitor);
}

static void await_inside(gate *g, unsigned count)
{
    lima_deadline until = lima_clock_in(SCRIPTED_PATIENCE_MS);
    lima_monitor_enter(g->monitor);
    while (g->inside < count && lima_monitor_wait(g->monitor, until))
        ;
    assert_int_equal(g->inside, count);
    lima_monitor_leave(g->monitor);
}

static void pool__bounds_threads_and_queue(void **state)
{
    gate g = {.monitor = lima_monitor_new()};
    lima_pool *pool = lima_pool_new("test", 3, 2);
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        assert_true(lima_pool_submit(pool, pass_gate, &g));
        await_inside(&g, i + 1);
    }
    assert_true(lima_pool_submit(pool, pass_gate, &g));
    assert_true(lima_pool_submit(pool, pass_gate, &g));
    assert_false(lima_pool_submit(pool, pass_gate, &g)); /* 3 run, 2 wait */
    lima_monitor_enter(g.monitor);
    g.open = true;
    lima_monitor_notify(g.monitor);
    lima_monitor_leave(g.monitor);
    lima_pool_free(pool);
    assert_int_equal(g.done, 5);
    assert_int_equal(g.most, 3);
    lima_monitor_free(g.monitor);
}

static void pool__without_queue__takes_again_when_a_thread_is_free(void **state)
{
    gate g = {.monitor = lima_monitor_new(), .open = true};
    lima_pool *pool = lima_pool_new("test", 1, 0);
    (void)state;
    for (unsigned done = 0; done < 100; done++) {
        lima_deadline until = lima_clock_in(SCRIPTED_PATIENCE_MS);
        while (!lima_pool_submit(pool, pass_gate, &g) && lima_clock_now() < until)
            ;
        lima_monitor_enter(g.monitor);
        while (g.done <= done && lima_monitor_wait(g.monitor, until))
            ;
        lima_monitor_leave(g.monitor);
    }
    lima_pool_free(pool);
    assert_int_equal(g.done, 100);
    lima_monitor_free(g.monitor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options__every_mode),
        cmocka_unit_test(options__wrong_ones__are_named),
        cmocka_unit_test(name__is_that_of_the_file),
        cmocka_unit_test(version__is_the_drivers_or_the_librarys),
        cmocka_unit_test(generation__of_each_release),
        cmocka_unit_test(limactl__is_who_gives_no_name_of_its_own),
        cmocka_unit_test(inspect__driver_cannot_tell__is_broken_and_no_failure),
        cmocka_unit_test(configure__prints_json_even_when_it_fails),
        cmocka_unit_test(prep__each_action__then_looks),
        cmocka_unit_test(prep__what_cannot_be_done__is_refused),
        cmocka_unit_test(pool__bounds_threads_and_queue),
        cmocka_unit_test(pool__without_queue__takes_again_when_a_thread_is_free),
    };
    lima_log_set_level(LIMA_LOG_ERROR);
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
