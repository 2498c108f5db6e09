/* inspect runs in a thread of its own: limactl sets no time limit on this run, so a driver that hangs would
 * hang every limactl command. The thread works on its own copy; when it is given up, nothing it touches is
 * used or freed any more. */
#include "rpc/tool.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "driver/documents.h"
#include "os/thread.h"

typedef struct inspection {
    const lima_driver *driver;
    lima_monitor *monitor;
    lima_instance *inst; /* the thread's own until done */
    char *note;
    lima_err err;
    bool done, ok;
} inspection;

static void inspect(void *arg)
{
    inspection *own = arg;
    bool ok = lima_document_inspect(own->driver, own->inst, &own->note, &own->err);
    lima_monitor_enter(own->monitor);
    own->ok = ok;
    own->done = true;
    lima_monitor_notify(own->monitor);
    lima_monitor_leave(own->monitor);
}

static bool await_done(inspection *own)
{
    lima_deadline until = lima_clock_in(LIMA_TOOL_INSPECT_MS);
    lima_monitor_enter(own->monitor);
    while (!own->done && lima_monitor_wait(own->monitor, until))
        ;
    bool done = own->done;
    lima_monitor_leave(own->monitor);
    return done;
}

static void inspection_free(inspection *own)
{
    lima_instance_free(own->inst);
    lima_monitor_free(own->monitor);
    free(own->note);
    free(own);
}

/* Puts the result, if there is one, in place of *inst. */
static void take_result(inspection *own, lima_instance **inst)
{
    if (own->ok) {
        lima_instance_free(*inst);
        *inst = own->inst;
        own->inst = NULL;
    } else {
        lima_log_warn("%s", own->err.text);
        lima_document_set_broken(*inst);
    }
    if (own->note)
        lima_log_warn("%s", own->note);
}

static bool inspect_in_time(const lima_driver *driver, lima_instance **inst, bool *ret_stuck, lima_err *err)
{
    lima_thread *thread = NULL;
    inspection *own = lima_mem_zalloc(1, sizeof *own);
    *own = (inspection){.driver = driver, .monitor = lima_monitor_new(), .inst = lima_instance_copy(*inst)};
    if (!lima_thread_start("inspect", inspect, own, &thread, err)) {
        inspection_free(own);
        return false;
    }
    if (await_done(own)) {
        lima_thread_join(thread);
        take_result(own, inst);
        inspection_free(own);
        return true;
    }
    lima_log_warn("inspect instance '%s': no answer from the hypervisor within %d ms", (*inst)->name,
                  LIMA_TOOL_INSPECT_MS);
    lima_document_set_broken(*inst);
    *ret_stuck = true;
    return true;
}

static bool decode(const char *input, size_t len, lima_instance **ret, lima_err *err)
{
    lima_json *json = NULL;
    uint8_t *bytes = NULL;
    size_t count = 0;
    if (!lima_json_parse(input, len, &json, err))
        return false;
    const char *text = lima_json_str(json, NULL, "%s", "");
    bool ok = false;
    if (text)
        ok = lima_base64_decode(text, strlen(text), &bytes, &count, err)
             && lima_instance_parse((const char *)bytes, count, ret, err);
    else
        lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "not a JSON string");
    lima_json_free(json);
    free(bytes);
    return ok;
}

static char *encode(const lima_instance *inst)
{
    char *json = lima_json_print(inst->doc), *base64 = lima_base64_encode(json, strlen(json));
    char *line = lima_mem_printf("\"%s\"\n", base64);
    free(base64);
    free(json);
    return line;
}

bool lima_tool_inspect(const lima_driver *driver, const char *input, size_t len, char **ret, bool *ret_stuck,
                       lima_err *err)
{
    lima_instance *inst = NULL;
    bool stuck = false;
    if (!decode(input, len, &inst, err))
        return lima_err_wrap(
            err, "input of --inspect-status (the instance document as a JSON string of its base64)");
    bool ok = inspect_in_time(driver, &inst, &stuck, err);
    if (ok) {
        *ret = encode(inst);
        *ret_stuck = stuck;
    }
    lima_instance_free(inst);
    return ok;
}

static bool configure(const lima_driver *driver, const char *name, const lima_json *input, char **ret,
                      lima_err *err)
{
    lima_instance *inst = NULL;
    lima_json *config = lima_json_get_copy(input, "config");
    bool ok = config ? lima_json_expect(input, LIMA_JSON_STRING, err, "filePath")
                     : lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "key 'config' is missing");
    ok = ok && lima_instance_from_config(config, lima_json_str(input, "", "filePath"), &inst, err)
         && lima_document_fill(driver, name, inst, err);
    lima_json_free(config);
    config = lima_json_get_copy(ok ? inst->doc : input, "config");
    char *text = config ? lima_json_print(config) : lima_mem_strdup("{}");
    *ret = lima_mem_printf("%s\n", text);
    free(text);
    lima_json_free(config);
    lima_instance_free(inst);
    return ok;
}

bool lima_tool_configure(const lima_driver *driver, const char *name, const char *input, size_t len,
                         char **ret, lima_err *err)
{
    lima_json *json = NULL;
    bool ok = lima_json_parse(input, len, &json, err);
    if (ok)
        ok = configure(driver, name, json, ret, err);
    else
        *ret = lima_mem_strdup("{}\n");
    lima_json_free(json);
    return ok || lima_err_wrap(err, "--pre-driver-action");
}

static bool take_action(const lima_driver_preparation *preparation, const lima_json *request, lima_json *into,
                        lima_err *err)
{
    const char *action = lima_json_str(request, "", "action"), *user = lima_json_str(request, NULL, "user");

    lima_json_set_empty_array(into, "done");
    if (user && !lima_str_eq(action, "prepare"))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'user' goes with the action 'prepare' only");
    if (lima_str_eq(action, "prepare"))
        return preparation->prepare(user, into, err);
    if (lima_str_eq(action, "undo"))
        return preparation->undo(into, err);
    return lima_str_eq(action, "status")
           || lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "action '%s' is not status, prepare or undo",
                           action);
}

bool lima_tool_prep(const lima_driver *driver, const char *input, size_t len, char **ret, lima_err *err)
{
    lima_json *request = NULL, *answer = NULL;

    if (!driver->preparation)
        return lima_err_set(err, LIMA_CODE_UNIMPLEMENTED,
                            "users of this driver need nothing that has to be prepared");
    if (!lima_json_parse(input, len, &request, err))
        return lima_err_wrap(err, "input of --prep");
    answer = lima_json_new_object();
    bool ok =
        take_action(driver->preparation, request, answer, err) && driver->preparation->look(answer, err);
    if (ok) {
        char *text = lima_json_print(answer);
        *ret = lima_mem_printf("%s\n", text);
        free(text);
    }
    lima_json_free(answer);
    lima_json_free(request);
    return ok;
}
