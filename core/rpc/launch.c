/* Starting driver programs as limactl does (facts: lima-driver-contract 2.2 to 2.4).
 *
 * Server modes differ only in how the socket becomes known: a fixed name that is polled (2.2+), a line of
 * JSON on standard output (2.0, 2.1), or standard input and output themselves. A pid file, which limactl
 * writes beside the socket, is not written here: it belongs to whoever manages the instance, and two
 * managers would fight over it.
 *
 * Ending goes to the one process, not to its group: a VM that a driver keeps in its own group must survive
 * a stopped driver. */
#include "rpc/launch.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "os/file.h"

enum {
    PROBE_MS = 2000,            /* one connection attempt */
    POLL_MS = 20,               /* between attempts; limactl takes 100 */
    KILL_MS = 2000,             /* for a killed process to be gone */
    LINE_MAX_BYTES = 64 * 1024, /* of the announcement: the limit of limactl's reader */
    STDERR_TAIL = 4096,
    ANSWER_MAX = 4 * (LIMA_JSON_BYTES_MAX / 3) + 1024, /* base64 of the largest document */
};

char *lima_launch_driver_name(const char *program)
{
    char *base = lima_path_base(program);
    size_t skip = lima_str_has_prefix(base, "lima-driver-") ? strlen("lima-driver-") : 0;
    size_t len = strlen(base) - skip;
    if (len > 4 && lima_str_has_suffix(base, ".exe"))
        len -= 4;
    char *name = lima_mem_strndup(base + skip, len);
    free(base);
    return name;
}

static lima_deadline sooner(lima_deadline a, lima_deadline b)
{
    return a < b ? a : b;
}

static bool start(const char *const *argv, lima_process_out in, lima_process_out out, const char *stderr_file,
                  lima_process **ret, lima_err *err)
{
    lima_process_desc desc = {
        .argv = argv,
        .in = in,
        .out = out,
        .err = stderr_file ? LIMA_PROCESS_FILE : LIMA_PROCESS_NULL,
        .err_file = stderr_file,
    };
    return lima_process_start(&desc, ret, err) || lima_err_wrap(err, "driver '%s'", argv[0]);
}

static void end_process(lima_process *process, uint32_t grace_ms)
{
    lima_process_id id = lima_process_get_id(process);
    lima_process_exit status;
    lima_process_end_id(id, false, NULL);
    if (!lima_process_wait(process, lima_clock_in(grace_ms), NULL, &status, NULL)) {
        lima_process_end_id(id, true, NULL);
        lima_process_wait(process, lima_clock_in(KILL_MS), NULL, &status, NULL);
    }
    lima_process_free(process);
}

/* ---- 2.2+: the fixed socket ---- */

static bool connect_once(const char *socket, lima_deadline deadline, lima_client **ret)
{
    return lima_client_connect(socket, sooner(deadline, lima_clock_in(PROBE_MS)), ret, NULL);
}

static bool wait_for_socket(lima_process *process, const char *socket, lima_deadline deadline,
                            lima_client **ret, lima_err *err)
{
    while (!connect_once(socket, deadline, ret)) {
        lima_process_exit status;
        if (lima_process_wait(process, sooner(deadline, lima_clock_in(POLL_MS)), NULL, &status, NULL))
            return lima_err_set(err, LIMA_CODE_UNAVAILABLE,
                                "ended before its socket '%s' accepted connections: %s", socket, status.text);
        if (lima_clock_now() >= deadline)
            return lima_err_set(err, LIMA_CODE_DEADLINE_EXCEEDED, "no connectable socket '%s' in time",
                                socket);
    }
    return true;
}

static bool launch_inst_dir(const char *program, const char *inst_dir, const char *stderr_file,
                            lima_deadline deadline, lima_launched *ret, lima_err *err)
{
    const char *argv[] = {program, "--inst-dir", inst_dir, NULL};
    char *name = lima_launch_driver_name(program);
    char *file = lima_mem_printf("%s.drv.sock", name);
    lima_launched got = {.socket = lima_path_join(inst_dir, file)};
    bool ok = connect_once(got.socket, deadline, &got.client)
              || (start(argv, LIMA_PROCESS_NULL, LIMA_PROCESS_NULL, stderr_file, &got.process, err)
                  && (wait_for_socket(got.process, got.socket, deadline, &got.client, err)
                      || lima_err_wrap(err, "driver '%s'", program)));
    if (ok)
        *ret = got;
    else
        lima_launched_stop(&got, 0);
    free(name);
    free(file);
    return ok;
}

/* ---- 2.0, 2.1: the announced socket ---- */

/* Byte by byte up to the line end: what follows stays in the pipe for whoever looks at the rest of the
 * output. */
static bool read_line(lima_stream *from, lima_deadline deadline, lima_buf *line, lima_err *err)
{
    for (;;) {
        char byte;
        size_t got;
        if (!lima_stream_read(from, &byte, 1, deadline, NULL, &got, err))
            return false;
        if (got == 0)
            return lima_err_set(err, LIMA_CODE_UNAVAILABLE, "standard output closed before the socket line");
        if (byte == '\n')
            return true;
        if (!lima_buf_add(line, &byte, 1))
            return lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "socket line longer than %d bytes",
                                (int)LINE_MAX_BYTES);
    }
}

/* limactl decodes into a map of strings: one value of another kind and it gives up. */
static bool parse_announcement(const lima_buf *line, char **ret_socket, lima_err *err)
{
    lima_json *doc = NULL;
    lima_strv keys = {0};
    const char *path = NULL;
    bool ok = lima_json_parse(lima_buf_str(line), line->len, &doc, err)
              && lima_json_expect(doc, LIMA_JSON_OBJECT, err, "%s", "");
    if (ok)
        lima_json_keys(doc, &keys, "%s", "");
    for (size_t i = 0; ok && i < keys.len; i++)
        ok = lima_json_expect(doc, LIMA_JSON_STRING, err, "\"%s\"", keys.items[i]);
    if (ok && !(path = lima_json_str(doc, NULL, "socketPath")))
        ok = lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "no key socketPath");
    if (ok)
        *ret_socket = lima_mem_strdup(path);
    else
        lima_err_wrap(err, "socket line '%.200s'", lima_buf_str(line));
    lima_strv_free(&keys);
    lima_json_free(doc);
    return ok;
}

static bool launch_announce(const char *program, const char *stderr_file, lima_deadline deadline,
                            lima_launched *ret, lima_err *err)
{
    const char *argv[] = {program, NULL};
    lima_launched got = {0};
    lima_buf line = LIMA_BUF(LINE_MAX_BYTES);
    bool ok = start(argv, LIMA_PROCESS_NULL, LIMA_PROCESS_PIPE, stderr_file, &got.process, err)
              && ((read_line(lima_process_stream(got.process, 1), deadline, &line, err)
                   && parse_announcement(&line, &got.socket, err)
                   && lima_client_connect(got.socket, deadline, &got.client, err))
                  || lima_err_wrap(err, "driver '%s'", program));
    got.announced = got.socket != NULL;
    if (ok)
        *ret = got;
    else
        lima_launched_stop(&got, 0);
    lima_buf_free(&line);
    return ok;
}

/* ---- ours: standard input and output ---- */

static bool launch_stdio(const char *program, const char *stderr_file, lima_launched *ret, lima_err *err)
{
    const char *argv[] = {program, "--stdio", NULL};
    lima_launched got = {0};
    lima_stream *socket;
    bool ok = start(argv, LIMA_PROCESS_PIPE, LIMA_PROCESS_PIPE, stderr_file, &got.process, err)
              && lima_pump_start(lima_process_stream(got.process, 1), lima_process_stream(got.process, 0),
                                 &socket, &got.pump, err)
              && lima_client_adopt(socket, &got.client, err);
    if (ok)
        *ret = got;
    else
        lima_launched_stop(&got, 0);
    return ok;
}

bool lima_launch(const char *program, lima_launch_mode mode, const char *inst_dir, const char *stderr_file,
                 lima_deadline deadline, lima_launched *ret, lima_err *err)
{
    switch (mode) {
    case LIMA_LAUNCH_INST_DIR:
        return launch_inst_dir(program, inst_dir, stderr_file, deadline, ret, err);
    case LIMA_LAUNCH_ANNOUNCE:
        return launch_announce(program, stderr_file, deadline, ret, err);
    case LIMA_LAUNCH_STDIO:
        break;
    }
    return launch_stdio(program, stderr_file, ret, err);
}

void lima_launched_stop(lima_launched *launched, uint32_t grace_ms)
{
    lima_client_close(launched->client);
    lima_pump_end(launched->pump, lima_clock_in(launched->pump ? PROBE_MS : 0));
    if (launched->process)
        end_process(launched->process, grace_ms);
    if (launched->announced)
        lima_file_remove(launched->socket, NULL);
    free(launched->socket);
    *launched = (lima_launched){0};
}

/* ---- short-lived runs ---- */

/* The answer on standard output; what the driver said on standard error becomes the error text. */
static bool run_tool(const char *program, const char *flag, const char *input, lima_deadline deadline,
                     lima_wake *wake, lima_buf *out, lima_err *err)
{
    const char *argv[] = {program, flag, NULL};
    lima_buf said = LIMA_BUF(STDERR_TAIL);
    lima_process_exit status;
    bool ok = lima_process_run(argv, input, out, &said, deadline, wake, &status, err);
    if (ok && (status.signaled || status.code != 0)) {
        char *text = lima_buf_take(&said);
        lima_str_trim(text);
        ok = lima_err_set(err, LIMA_CODE_UNKNOWN, "%s%s%s", status.text, *text ? ": " : "", text);
        free(text);
    }
    lima_buf_free(&said);
    return ok;
}

static bool decode_inspect(const lima_buf *out, lima_json **ret, lima_err *err)
{
    lima_json *outer = NULL;
    uint8_t *bytes = NULL;
    size_t used, len = 0;
    bool ok = lima_json_parse_first(lima_buf_str(out), out->len, &outer, &used, err);
    const char *text = ok ? lima_json_str(outer, NULL, "%s", "") : NULL;
    if (ok && !text)
        ok = lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "not a JSON string");
    ok = ok && text && lima_base64_decode(text, strlen(text), &bytes, &len, err)
         && lima_json_parse((const char *)bytes, len, ret, err);
    free(bytes);
    lima_json_free(outer);
    return ok || lima_err_wrap(err, "answer on standard output");
}

bool lima_launch_inspect(const char *program, const lima_json *instance, lima_deadline deadline,
                         lima_json **ret, lima_err *err)
{
    char *text = lima_json_print(instance);
    char *encoded = lima_base64_encode(text, strlen(text));
    char *input = lima_mem_printf("\"%s\"\n", encoded);
    lima_buf out = LIMA_BUF(ANSWER_MAX);
    bool ok = (run_tool(program, "--inspect-status", input, deadline, NULL, &out, err)
               && decode_inspect(&out, ret, err))
              || lima_err_wrap(err, "'%s --inspect-status'", program);
    lima_buf_free(&out);
    free(input);
    free(encoded);
    free(text);
    return ok;
}

bool lima_launch_configure(const char *program, const lima_json *config, const char *file_path,
                           lima_deadline deadline, lima_json **ret, lima_err *err)
{
    lima_json *request = lima_json_new_object();
    lima_json_set_copy(request, config, "config");
    lima_json_set_str(request, file_path, "filePath");
    char *text = lima_json_print(request);
    char *input = lima_mem_printf("%s\n", text);
    lima_buf out = LIMA_BUF(LIMA_JSON_BYTES_MAX);
    lima_json *answer = NULL;
    size_t used;
    bool ok = run_tool(program, "--pre-driver-action", input, deadline, NULL, &out, err)
              && lima_json_parse_first(lima_buf_str(&out), out.len, &answer, &used, err)
              && lima_json_expect(answer, LIMA_JSON_OBJECT, err, "%s", "");
    if (ok)
        *ret = answer;
    else {
        lima_json_free(answer);
        lima_err_wrap(err, "'%s --pre-driver-action'", program);
    }
    lima_buf_free(&out);
    free(input);
    free(text);
    lima_json_free(request);
    return ok;
}

bool lima_launch_prep(const char *program, const char *action, const char *user, lima_deadline deadline,
                      lima_wake *wake, lima_json **ret, lima_err *err)
{
    lima_json *request = lima_json_new_object(), *answer = NULL;
    lima_buf out = LIMA_BUF(ANSWER_MAX);

    lima_json_set_str(request, action, "action");
    if (user)
        lima_json_set_str(request, user, "user");
    char *input = lima_json_print(request);
    bool ok = run_tool(program, "--prep", input, deadline, wake, &out, err)
              && lima_json_parse(lima_buf_str(&out), out.len, &answer, err)
              && (lima_json_str(answer, NULL, "next")
                  || lima_err_set(err, LIMA_CODE_UNKNOWN, "its answer does not say what comes next"));
    if (ok) {
        *ret = answer;
    } else {
        lima_json_free(answer);
        lima_err_wrap(err, "'%s --prep'", program);
    }
    lima_buf_free(&out);
    free(input);
    lima_json_free(request);
    return ok;
}
