/* limadrv call: one method, JSON in and out. What the driver answers is printed as it came. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "command.h"
#include "connect.h"
#include "find.h"
#include "instances.h"
#include "out.h"
#include "values.h"

static bool read_stdin(lima_buf *into, lima_err *err)
{
    char part[65536];
    for (size_t len; (len = fread(part, 1, sizeof part, stdin)) > 0;)
        if (!lima_buf_add(into, part, len))
            return lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "standard input: over %zu bytes", into->limit);
    if (ferror(stdin))
        return lima_err_set(err, LIMA_CODE_UNKNOWN, "standard input: cannot be read");
    return true;
}

static bool read_request(const char *text, lima_json **ret, lima_err *err)
{
    lima_buf input = LIMA_BUF(LIMA_JSON_BYTES_MAX);
    bool ok = true;
    if (text && lima_str_eq(text, "-"))
        ok = read_stdin(&input, err);
    else if (text)
        ok = lima_buf_add_str(&input, text)
             || lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "the request is over %zu bytes", input.limit);
    if (ok && text && !lima_json_parse(lima_buf_str(&input), input.len, ret, err))
        ok = lima_err_wrap(err, "request");
    lima_buf_free(&input);
    return ok;
}

/* A driver serves one folder: that of --dir, or the one in the document that is sent. NULL: any. */
static const char *folder(const lima_ctl_args *args, const lima_json *request)
{
    const char *given = lima_ctl_str(args, "dir"), *named = request ? lima_json_str(request, "", "dir") : "";
    return given ? given : *named ? named : NULL;
}

static bool connect(const lima_ctl_args *args, const lima_json *request, lima_connection *ret, lima_err *err)
{
    const char *target = lima_ctl_operand_at(args, 0);
    enum { START_MS = 10000 };
    char *program = NULL;
    if (lima_ctl_bool(args, "socket"))
        return lima_connection_attach(target, START_MS, ret, err);
    bool ok = lima_find_driver(target, &program, err)
              && lima_connection_start(program, lima_ctl_str(args, "mode"), folder(args, request), START_MS,
                                       ret, err);
    free(program);
    return ok;
}

/* limactl sends Configure before everything else but Info. Here lima.yaml is sent, unless the user sends a
 * document. */
static bool configure(const lima_ctl_args *args, lima_client *client, lima_deadline deadline, lima_err *err)
{
    const char *name = lima_ctl_str(args, "dir");
    lima_json *doc = NULL, *reply = NULL;
    char *dir = NULL;
    if (!name || lima_ctl_bool(args, "socket") || lima_str_eq(lima_ctl_operand_at(args, 1), "Configure"))
        return true;
    bool ok = lima_instances_find(name, &dir, err) && lima_instances_read(dir, &doc, err)
              && lima_client_call(client, "Configure", doc, deadline, lima_ctl_wake(args), &reply, err);
    lima_json_free(reply);
    lima_json_free(doc);
    free(dir);
    return ok;
}

static void print_event(const lima_ctl_args *args, const lima_start_event *event)
{
    lima_json *line = lima_json_new_object();
    if (event->ended) {
        lima_json_set_bool(line, true, "ended");
        lima_json_set_str(line, lima_code_name(event->code), "code");
    } else {
        lima_json_set_bool(line, event->success, "success");
    }
    lima_json_set_str(line, event->error, "error");
    char *text = lima_json_print(line);
    puts(text);
    lima_out_flush(args);
    free(text);
    lima_json_free(line);
}

/* Until the stream ends, or Ctrl-C cancels it. */
static bool stream(const lima_ctl_args *args, lima_client *client, lima_err *err)
{
    lima_start_stream *start = NULL;
    bool ok = lima_client_start(client, &start, err), ended = false;
    while (ok && !ended) {
        lima_start_event event = {0};
        ok = lima_start_stream_next(start, LIMA_DEADLINE_NEVER, lima_ctl_wake(args), &event, err);
        if (!ok)
            break;
        print_event(args, &event);
        ended = event.ended;
        if (ended && event.code != LIMA_CODE_OK)
            ok = lima_err_set(err, event.code, "Start: %s", event.error);
        lima_start_event_free(&event);
    }
    lima_start_stream_close(start);
    return ok;
}

static bool call(const lima_ctl_args *args, lima_client *client, const lima_json *request, lima_err *err)
{
    const char *method = lima_ctl_operand_at(args, 1);
    lima_deadline deadline = lima_clock_in(lima_ctl_number(args, "timeout"));
    lima_json *reply = NULL;
    if (!configure(args, client, deadline, err))
        return false;
    if (lima_str_eq(method, "Start"))
        return stream(args, client, err);
    if (!lima_client_call(client, method, request, deadline, lima_ctl_wake(args), &reply, err))
        return false;
    if (reply)
        lima_out_json(reply);
    lima_json_free(reply);
    return true;
}

/* A misspelt method is found before a driver is started for it. */
static bool check_method(const char *method, lima_err *err)
{
    lima_strv methods = {0};
    lima_ctl_values(LIMA_CTL_METHODS, &methods);
    bool known = lima_strv_has(&methods, method);
    char *all = lima_strv_join(&methods, ", ");
    if (!known)
        lima_err_set(err, LIMA_CODE_UNIMPLEMENTED, "the driver service has no method '%s'; there are: %s",
                     method, all);
    free(all);
    lima_strv_free(&methods);
    return known;
}

int lima_ctl_call(const lima_ctl_args *args)
{
    lima_err err = {0};
    lima_json *request = NULL;
    lima_connection connection = {0};
    if (!check_method(lima_ctl_operand_at(args, 1), &err)
        || !read_request(lima_ctl_operand_at(args, 2), &request, &err))
        return lima_ctl_misuse(args, "%s", err.text);
    bool ok = connect(args, request, &connection, &err);
    if (ok && !call(args, connection.launched.client, request, &err)) {
        lima_err cause = err;
        ok = lima_err_set(&err, cause.code, "%s (%s)", cause.text, lima_code_name(cause.code));
    }
    lima_connection_end(&connection);
    lima_json_free(request);
    return ok ? LIMA_CTL_OK : lima_ctl_fail(args, &err);
}
