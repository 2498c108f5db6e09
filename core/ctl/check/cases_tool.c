/* Configuration by short-lived runs: --inspect-status of every release, --pre-driver-action of 2.0 and
 * 2.1. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "ctl/check/cases.h"

enum { OUTPUT_MAX = 4 * 1024 * 1024 };

static bool inspect(lima_check *check, lima_json **ret, lima_err *err)
{
    return lima_launch_inspect(lima_check_driver(check), lima_check_instance(check),
                               lima_check_in(check, LIMA_CHECK_CALL_MS), ret, err);
}

static bool inspect_echoes(lima_check *check, lima_err *err)
{
    lima_json *instance = lima_check_instance(check), *answer = NULL;
    lima_json_set_str(instance, "kept", "xUnknown.a[0].b");
    lima_json_set_str(instance, "kept", "config.xUnknown");
    lima_json_set_str(instance, "<&>\xc3\xa4\n", "config.message");
    if (!inspect(check, &answer, err))
        return false;
    bool ok = lima_check_that(lima_str_eq(lima_json_str(answer, NULL, "config.message"), "<&>\xc3\xa4\n"),
                              err, "config.message was changed")
              && lima_check_that(lima_str_eq(lima_json_str(answer, NULL, "xUnknown.a[0].b"), "kept"), err,
                                 "an unknown key of the Instance is lost")
              && lima_check_that(lima_str_eq(lima_json_str(answer, NULL, "config.xUnknown"), "kept"), err,
                                 "an unknown key of the configuration is lost");
    lima_json_free(answer);
    return ok;
}

static bool inspect_keeps_known(lima_check *check, lima_err *err)
{
    static const char *const keys[] = {"name",
                                       "dir",
                                       "vmType",
                                       "arch",
                                       "config.os",
                                       "config.user.name",
                                       "config.timezone",
                                       "config.images[0].arch"};
    lima_json *answer = NULL;
    bool ok = inspect(check, &answer, err);
    for (size_t i = 0; ok && i < sizeof keys / sizeof *keys; i++)
        ok = lima_check_that(lima_str_eq(lima_json_str(answer, NULL, "%s", keys[i]),
                                         lima_json_str(lima_check_instance(check), NULL, "%s", keys[i])),
                             err, "%s is lost or changed", keys[i]);
    lima_json_free(answer);
    return ok;
}

static bool inspect_keeps_integers(lima_check *check, lima_err *err)
{
    const int64_t odd = 9007199254740993; /* no double holds it */
    lima_json *instance = lima_check_instance(check), *answer = NULL;
    lima_json_set_int(instance, odd, "disk");
    lima_json_set_int(instance, 4294967296, "memory");
    if (!inspect(check, &answer, err))
        return false;
    bool ok = lima_json_expect(answer, LIMA_JSON_INTEGER, err, "disk")
              && lima_json_expect(answer, LIMA_JSON_INTEGER, err, "memory")
              && lima_check_that(lima_json_int(answer, 0, "disk") == odd, err,
                                 "disk 9007199254740993 came back as another number")
              && lima_check_that(lima_json_int(answer, 0, "memory") == 4294967296, err,
                                 "memory 4294967296 came back as another number");
    lima_json_free(answer);
    return ok;
}

static bool form_of(const lima_buf *out, const lima_process_exit *exit, lima_err *err)
{
    const char *end;
    return lima_check_that(exit->code == 0 && !exit->signaled, err, "--inspect-status: %s", exit->text)
           && lima_check_that(out->len > 2 && out->data[0] == '"', err,
                              "the answer does not begin with a JSON string")
           && lima_check_that((end = strchr(out->data + 1, '"')) && (end - out->data - 1) % 4 == 0, err,
                              "the base64 of the answer is not padded");
}

/* Nothing but one JSON string, whose base64 is padded. Three lengths, one of each remainder: in two of
 * them padding is due. */
static bool inspect_form(lima_check *check, lima_err *err)
{
    static const char *const messages[] = {"xx", "x", ""};
    bool ok = true;
    for (size_t i = 0; ok && i < 3; i++) {
        lima_json_set_str(lima_check_instance(check), messages[i], "config.message");
        char *text = lima_json_print(lima_check_instance(check));
        char *encoded = lima_base64_encode(text, strlen(text));
        char *input = lima_mem_printf("\"%s\"\n", encoded);
        lima_buf out = LIMA_BUF(OUTPUT_MAX);
        lima_process_exit exit;
        ok = lima_check_tool(check, "--inspect-status", input, &out, &exit, err) && form_of(&out, &exit, err);
        lima_buf_free(&out);
        free(input);
        free(encoded);
        free(text);
    }
    return ok;
}

static bool inspect_stopped(lima_check *check, lima_err *err)
{
    lima_json *answer = NULL;
    if (!inspect(check, &answer, err))
        return false;
    const char *status = lima_json_str(answer, "", "status");
    bool ok =
        lima_check_that(!*status || lima_str_eq(status, "Stopped") || lima_str_eq(status, "Uninitialized"),
                        err, "an instance that never ran has status '%s'", status)
        && lima_check_that(lima_json_count(answer, "errors") == 0, err, "it has errors: %s",
                           lima_json_str(answer, "", "errors[0]"));
    lima_json_free(answer);
    return ok;
}

static bool inspect_beside_server(lima_check *check, lima_err *err)
{
    return lima_check_serve_configured(check, err) && inspect_stopped(check, err)
           && lima_check_call(check, "Info", NULL, NULL, err);
}

static bool tool_refuses(lima_check *check, const char *flag, const char *input, const char *what,
                         lima_err *err)
{
    lima_buf out = LIMA_BUF(OUTPUT_MAX);
    lima_process_exit exit;
    bool ok =
        lima_check_tool(check, flag, input, &out, &exit, err)
        && lima_check_that(exit.code != 0 || exit.signaled, err, "%s was accepted with exit status 0", what);
    lima_buf_free(&out);
    return ok;
}

static bool inspect_refuses_garbage(lima_check *check, lima_err *err)
{
    return tool_refuses(check, "--inspect-status", "this is no JSON\n", "input that is no JSON", err)
           && tool_refuses(check, "--inspect-status", "", "no input at all", err);
}

static bool inspect_refuses_bad_base64(lima_check *check, lima_err *err)
{
    return tool_refuses(check, "--inspect-status", "\"e30\"\n", "base64 without its padding", err)
           && tool_refuses(check, "--inspect-status", "\"bm8gSlNPTg==\"\n",
                           "base64 of something that is no JSON", err);
}

/* ---- 2.0 and 2.1 ---- */

static bool pre_action(lima_check *check, const char *file_path, lima_json **ret, lima_err *err)
{
    lima_json *config = lima_json_get_copy(lima_check_instance(check), "config");
    bool ok = lima_launch_configure(lima_check_driver(check), config, file_path,
                                    lima_check_in(check, LIMA_CHECK_CALL_MS), ret, err);
    lima_json_free(config);
    return ok;
}

static bool in_instance(lima_check *check, lima_json **ret, lima_err *err)
{
    char *path = lima_mem_printf("%s/lima.yaml", lima_check_dir(check));
    bool ok = pre_action(check, path, ret, err);
    free(path);
    return ok;
}

static bool pre_action_fills(lima_check *check, lima_err *err)
{
    lima_json *answer = NULL;
    lima_json_remove(lima_check_instance(check), "config.vmType");
    if (!in_instance(check, &answer, err))
        return false;
    bool ok = lima_check_that(*lima_json_str(answer, "", "mountType"), err, "mountType is not filled in")
              && lima_check_that(*lima_json_str(answer, "", "vmType"), err, "vmType is not filled in");
    lima_json_free(answer);
    return ok;
}

static bool pre_action_echoes(lima_check *check, lima_err *err)
{
    lima_json *answer = NULL;
    lima_json_set_str(lima_check_instance(check), "kept", "config.xUnknown.a[0]");
    if (!in_instance(check, &answer, err))
        return false;
    bool ok =
        lima_check_that(lima_str_eq(lima_json_str(answer, NULL, "timezone"), "UTC"), err, "timezone is lost")
        && lima_check_that(lima_json_int(answer, 0, "user.uid") == 1234, err, "user.uid is lost")
        && lima_check_that(lima_str_eq(lima_json_str(answer, NULL, "xUnknown.a[0]"), "kept"), err,
                           "an unknown key is lost");
    lima_json_free(answer);
    return ok;
}

static bool pre_action_any_path(lima_check *check, lima_err *err)
{
    static const char *const paths[] = {"", "template:default", "/no/such/folder/x.yaml"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        lima_json *answer = NULL;
        if (!pre_action(check, paths[i], &answer, err))
            return lima_err_wrap(err, "with filePath '%s'", paths[i]);
        lima_json_free(answer);
    }
    return true;
}

static bool pre_action_refuses_garbage(lima_check *check, lima_err *err)
{
    return tool_refuses(check, "--pre-driver-action", "this is no JSON\n", "input that is no JSON", err);
}

const lima_check_case lima_check_tool_cases[] = {
    {"inspect/echoes-unknown-keys",
     "the answer replaces the whole Instance: what is not echoed is lost, also what a newer limactl has "
     "added",
     "2.2", "change the document you were given instead of building one", 0, inspect_echoes},
    {"inspect/echoes-known-keys",
     "limactl uses the configuration that comes back, and crashes where it is missing", "2.2",
     "echo config as it came", 0, inspect_keeps_known},
    {"inspect/keeps-integers", "sizes go beyond what a floating point number holds, and Go refuses exponents",
     "2.2", "keep numbers as integers or as text", 0, inspect_keeps_integers},
    {"inspect/exact-form", "limactl reads the first JSON value of standard output as base64 with padding",
     "2.2", "print one JSON string, and nothing before it; messages go to standard error", 0, inspect_form},
    {"inspect/status-of-stopped", "an instance that never ran must not look running or broken", "2.2",
     "answer Stopped, or an empty status", 0, inspect_stopped},
    {"inspect/beside-a-server", "limactl inspects while a server runs, every 500 ms at times", "2.2",
     "do not touch the server's socket, lock or state", 0, inspect_beside_server},
    {"inspect/refuses-garbage",
     "limactl shows what the driver says on standard error only when the exit status is not 0", "2.2",
     "end with a status other than 0", 0, inspect_refuses_garbage},
    {"inspect/refuses-bad-base64", "a truncated document must not be taken for a stopped instance", "2.2",
     "end with a status other than 0", 0, inspect_refuses_bad_base64},
    {"pre-action/fills-types", "limactl 2.0 and 2.1 dereference vmType and mountType of the answer", "2.3",
     "fill both when missing", 0, pre_action_fills},
    {"pre-action/echoes-config", "the answer replaces the whole configuration", "2.3",
     "change the document you were given", LIMA_CHECK_TOOL_2_1, pre_action_echoes},
    {"pre-action/any-file-path", "filePath may be a template name, a path that does not exist, or empty",
     "2.3", "do not read the file", LIMA_CHECK_TOOL_2_1, pre_action_any_path},
    {"pre-action/refuses-garbage", "exit status 0 hides the error from the user", "2.3, 8.1",
     "end with a status other than 0", LIMA_CHECK_TOOL_2_1, pre_action_refuses_garbage},
    {0},
};
