/* Configuration over the wire: Info, Configure and Validate. */
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/str.h"
#include "ctl/check/cases.h"

enum { ANSWER_MAX = 20 * 1024 * 1024 };

static bool info_before_configure(lima_check *check, lima_err *err)
{
    return lima_check_serve(check, err) && lima_check_call(check, "Info", NULL, NULL, err);
}

/* ---- the Info document ---- */

static bool check_features(const lima_json *info, lima_err *err)
{
    static const char *const flags[] = {
        "canRunGui",   "dynamicSSHAddress", "staticSSHPort", "skipSocketForwarding",
        "noCloudInit", "rosettaEnabled",    "rosettaBinFmt"};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (!lima_json_expect(info, LIMA_JSON_BOOL, err, "features.%s", flags[i]))
            return false;
    if (!lima_json_expect(info, LIMA_JSON_ARRAY, err, "features.supportedImageFormats"))
        return false;
    for (size_t i = 0; i < lima_json_count(info, "features.supportedImageFormats"); i++)
        if (!lima_json_expect(info, LIMA_JSON_STRING, err, "features.supportedImageFormats[%zu]", i))
            return false;
    return true;
}

static bool info_fields(lima_check *check, lima_err *err)
{
    lima_json *info = NULL;
    if (!lima_check_serve_configured(check, err) || !lima_check_call(check, "Info", NULL, &info, err))
        return false;
    bool ok = lima_json_expect(info, LIMA_JSON_OBJECT, err, "%s", "")
              && lima_check_that(*lima_json_str(info, "", "name"), err, "Info has no name")
              && lima_json_expect(info, LIMA_JSON_INTEGER, err, "vsockPort")
              && lima_json_expect(info, LIMA_JSON_STRING, err, "virtioPort")
              && lima_json_expect(info, LIMA_JSON_STRING, err, "instanceDir")
              && lima_json_expect(info, LIMA_JSON_OBJECT, err, "features") && check_features(info, err);
    lima_json_free(info);
    return ok;
}

static bool names_folder(lima_check *check, lima_err *err)
{
    lima_json *info = NULL;
    if (!lima_check_call(check, "Info", NULL, &info, err))
        return false;
    const char *dir = lima_json_str(info, lima_check_dir(check), "instanceDir");
    bool ok = lima_check_that(*dir == '\0' || lima_str_eq(dir, lima_check_dir(check)), err,
                              "instanceDir is '%s', configured was '%s'", dir, lima_check_dir(check));
    lima_json_free(info);
    return ok;
}

static bool info_instance_dir(lima_check *check, lima_err *err)
{
    return lima_check_serve_configured(check, err) && names_folder(check, err);
}

static bool no_gui_promised(lima_check *check, lima_err *err)
{
    lima_json *info = NULL;
    if (!lima_check_serve_configured(check, err) || !lima_check_call(check, "Info", NULL, &info, err))
        return false;
    bool ok = lima_check_that(!lima_json_bool(info, false, "features.canRunGui"), err, "canRunGui is true");
    lima_json_free(info);
    return ok;
}

/* ---- the answer of Configure ---- */

static bool configured(lima_check *check, lima_json **ret, lima_err *err)
{
    return lima_check_serve_as(check, LIMA_LAUNCH_INST_DIR, err) && lima_check_configure(check, ret, err);
}

static bool answers_object(lima_check *check, lima_err *err)
{
    char *text = lima_json_print(lima_check_instance(check));
    lima_buf answer = LIMA_BUF(ANSWER_MAX);
    lima_json *doc = NULL;
    bool ok = lima_check_serve_as(check, LIMA_LAUNCH_INST_DIR, err)
              && lima_check_configure_bytes(check, text, strlen(text), &answer, err)
              && lima_check_that(answer.len > 0, err, "the answer holds no document")
              && (lima_json_parse(answer.data, answer.len, &doc, err) || lima_err_wrap(err, "the answer"))
              && lima_check_that(lima_json_get_kind(doc, "%s", "") == LIMA_JSON_OBJECT, err,
                                 "the answer is no JSON object");
    lima_json_free(doc);
    lima_buf_free(&answer);
    free(text);
    return ok;
}

static bool fills_mount_type(lima_check *check, lima_err *err)
{
    lima_json *answer = NULL;
    if (!configured(check, &answer, err))
        return false;
    const char *type = lima_json_str(answer, "", "config.mountType");
    bool ok = lima_check_that(*type, err, "config.mountType is not filled in");
    lima_json_free(answer);
    return ok;
}

/* What is absent from the answer keeps its value; what is there must not differ. */
static bool keeps_what_it_does_not_know(lima_check *check, lima_err *err)
{
    lima_json *instance = lima_check_instance(check), *answer = NULL;
    lima_json_set_str(instance, "kept", "xUnknown.a.b");
    lima_json_set_str(instance, "kept", "config.xUnknown[0].c");
    if (!configured(check, &answer, err))
        return false;
    bool ok = lima_check_that(lima_str_eq(lima_json_str(answer, "kept", "xUnknown.a.b"), "kept"), err,
                              "an unknown key of the Instance was changed")
              && lima_check_that(lima_str_eq(lima_json_str(answer, "kept", "config.xUnknown[0].c"), "kept"),
                                 err, "an unknown key of the configuration was changed")
              && lima_check_that(lima_str_eq(lima_json_str(answer, "chk", "name"), "chk"), err,
                                 "the name was changed");
    lima_json_free(answer);
    return ok;
}

static bool plain_integers(lima_check *check, lima_err *err)
{
    static const char *const keys[] = {"cpus",      "memory",       "disk",        "sshLocalPort",
                                       "driverPID", "hostAgentPID", "config.cpus", "config.ssh.localPort"};
    lima_json *instance = lima_check_instance(check), *answer = NULL;
    lima_json_set_int(instance, 4294967296, "memory");
    lima_json_set_str(instance, "4GiB", "config.memory");
    bool ok = configured(check, &answer, err);
    for (size_t i = 0; ok && i < sizeof keys / sizeof *keys; i++)
        ok = lima_json_expect(answer, LIMA_JSON_INTEGER, err, "%s", keys[i])
             || lima_err_wrap(err, "the answer to Configure");
    ok = ok
         && lima_check_that(lima_json_int(answer, 4294967296, "memory") == 4294967296, err,
                            "memory was changed");
    lima_json_free(answer);
    return ok;
}

static bool twice(lima_check *check, lima_err *err)
{
    if (!lima_check_serve_configured(check, err))
        return false;
    lima_json_set_int(lima_check_instance(check), 60022, "sshLocalPort");
    return (lima_check_configure(check, NULL, err) || lima_err_wrap(err, "the second time"))
           && lima_check_call(check, "Info", NULL, NULL, err);
}

/* limactl 2.0 and 2.1 use one server for several instances, one after the other. */
static bool other_instance(lima_check *check, lima_err *err)
{
    return lima_check_serve_as(check, LIMA_LAUNCH_ANNOUNCE, err) && lima_check_configure(check, NULL, err)
           && lima_check_use_folder(check, "other", err)
           && (lima_check_configure(check, NULL, err) || lima_err_wrap(err, "with another instance"))
           && names_folder(check, err);
}

static bool validates(lima_check *check, lima_err *err)
{
    return lima_check_serve_configured(check, err) && lima_check_call(check, "Validate", NULL, NULL, err);
}

/* ---- documents that are none ---- */

static bool refuses(lima_check *check, const char *document, const char *what, lima_err *err)
{
    lima_err got = {0};
    if (!lima_check_serve(check, err))
        return false;
    bool ok = lima_check_configure_bytes(check, document, strlen(document), NULL, &got);
    return lima_check_refused(ok, &got, what, err) && lima_check_alive(check, err);
}

static bool refuses_null(lima_check *check, lima_err *err)
{
    return refuses(check, "null", "Configure with the document null", err);
}

static bool refuses_nothing(lima_check *check, lima_err *err)
{
    return refuses(check, "", "Configure without a document", err);
}

static bool refuses_truncated(lima_check *check, lima_err *err)
{
    return refuses(check, "{\"name\":\"chk\",\"config\":{\"cpus\":1", "Configure with a truncated document",
                   err);
}

static bool refuses_array(lima_check *check, lima_err *err)
{
    return refuses(check, "[1,2,3]", "Configure with an array", err);
}

static bool refuses_wrong_types(lima_check *check, lima_err *err)
{
    return refuses(check, "{\"name\":\"chk\",\"dir\":7,\"cpus\":\"two\",\"config\":\"text\"}",
                   "Configure with values of wrong types", err);
}

static bool survives_empty_object(lima_check *check, lima_err *err)
{
    if (!lima_check_serve(check, err))
        return false;
    lima_err got = {0};
    bool ok = lima_check_configure_bytes(check, "{}", 2, NULL, &got);
    return lima_check_that(ok || got.code != LIMA_CODE_UNAVAILABLE, err,
                           "Configure with {} broke the connection: %s", got.text)
           && lima_check_alive(check, err);
}

const lima_check_case lima_check_config_cases[] = {
    {"config/info-before-configure", "limactl asks Info right after connecting, before it configures", "3.3",
     "answer Info without an instance", 0, info_before_configure},
    {"config/info-fields", "limactl decodes Info into fixed types; a wrong one makes every feature false",
     "4.4", "send name, vsockPort, virtioPort and features with the types of the table", 0, info_fields},
    {"config/info-names-configured-folder", "instanceDir tells which instance a server is for", "4.4",
     "fill instanceDir from the last Configure, or leave it out", 0, info_instance_dir},
    {"config/no-gui-promised",
     "a driver that says canRunGui gets RunGUI, whose return in any form ends the host agent", "8.1",
     "leave canRunGui out; open windows by yourself", 0, no_gui_promised},
    {"config/configure-answers-an-object",
     "limactl 2.2 decodes the answer as the Instance; zero bytes are an error", "3.5",
     "answer with a JSON object, {} at least", LIMA_CHECK_INST_DIR, answers_object},
    {"config/configure-fills-mount-type",
     "limactl crashes on an instance without mountType, and only the driver can fill it", "4.3",
     "set config.mountType in the answer when it is missing", LIMA_CHECK_INST_DIR, fills_mount_type},
    {"config/configure-keeps-unknown-keys",
     "the answer is merged into limactl's own value: what comes back changed is changed", "3.5",
     "echo the document, or send only what you changed", LIMA_CHECK_INST_DIR, keeps_what_it_does_not_know},
    {"config/configure-plain-integers", "Go refuses 4.29e9 and 1.0 where it wants an integer", "2.2",
     "write integers without fraction and exponent", LIMA_CHECK_INST_DIR, plain_integers},
    {"config/configure-twice", "every command configures the server again, with other ports too", "3.5",
     "take the new values, forget nothing that runs", 0, twice},
    {"config/configure-other-instance", "limactl 2.0 and 2.1 use one server for several instances in turn",
     "2.3", "keep state by instance folder", LIMA_CHECK_ANNOUNCE, other_instance},
    {"config/validate-accepts", "a plain Linux instance of the host's own architecture must be fine", "3.3",
     "refuse only what cannot work", 0, validates},
    {"config/configure-null", "a document null is valid JSON and decodes to nothing", "3.5",
     "check for an object before using it; answer INVALID_ARGUMENT", 0, refuses_null},
    {"config/configure-nothing", "a message with zero bytes is valid protobuf and has no document", "3.2",
     "answer INVALID_ARGUMENT", 0, refuses_nothing},
    {"config/configure-truncated", "a document may be cut off by a bug elsewhere", "3.5",
     "answer INVALID_ARGUMENT with the position", 0, refuses_truncated},
    {"config/configure-array", "another JSON value than an object is no Instance", "4.1",
     "answer INVALID_ARGUMENT", 0, refuses_array},
    {"config/configure-wrong-types", "values of other types must not be taken for zero", "4.1",
     "answer INVALID_ARGUMENT naming the key", 0, refuses_wrong_types},
    {"config/configure-empty-object",
     "an Instance without any key may be refused or not, but must not end the server", "4.1",
     "treat every key as possibly absent", 0, survives_empty_object},
    {0},
};
