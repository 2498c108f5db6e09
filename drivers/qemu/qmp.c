/* How it works: one line of JSON each way. Every command carries a number, and lines are read until the
 * answer with that number comes; whatever else arrives (events) is dropped. A greeting {"QMP": …} comes
 * first, once QEMU's main loop runs.
 *
 * Deliberately not here: out-of-band commands, events as a stream, passing of descriptors. */
#include "qemu/qmp.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf.h"
#include "base/mem.h"
#include "base/str.h"

enum { READ_BYTES = 16 * 1024, SHOWN_BYTES = 80, CONNECT_SLICE_MS = 100 };

struct qemu_qmp {
    lima_stream *stream;
    char *name;     /* for error texts */
    lima_buf in;    /* what was read and not yet used */
    size_t scanned; /* bytes of `in` known to hold no line end */
    int64_t number; /* of the last command */
    bool broken;    /* out of step */
};

static bool fail_foreign(const qemu_qmp *qmp, const char *line, lima_err *err)
{
    return lima_err_set(err, LIMA_CODE_DATA_LOSS,
                        "control socket '%s': what answers there does not speak QEMU's protocol: '%.*s' (is "
                        "another program using this file?)",
                        qmp->name, (int)lima_utf8_cut(line, strlen(line), SHOWN_BYTES), line);
}

static bool read_more(qemu_qmp *qmp, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    char *into = lima_buf_reserve(&qmp->in, READ_BYTES);
    size_t len;

    if (!into)
        return lima_err_set(err, LIMA_CODE_DATA_LOSS,
                            "control socket '%s': QEMU sent a message over %d bytes", qmp->name,
                            QEMU_QMP_LINE_MAX);
    if (!lima_stream_read(qmp->stream, into, READ_BYTES, deadline, wake, &len, err))
        return lima_err_wrap(err, "control socket '%s'", qmp->name);
    if (len == 0)
        return lima_err_set(err, LIMA_CODE_UNAVAILABLE, "control socket '%s': QEMU closed the connection",
                            qmp->name);
    qmp->in.len += len;
    return true;
}

/* The next message, without its line end. */
static bool read_message(qemu_qmp *qmp, lima_deadline deadline, lima_wake *wake, lima_json **ret,
                         lima_err *err)
{
    char *end;

    while (!(end = qmp->in.len > qmp->scanned
                       ? memchr(qmp->in.data + qmp->scanned, '\n', qmp->in.len - qmp->scanned)
                       : NULL)) {
        qmp->scanned = qmp->in.len;
        if (!read_more(qmp, deadline, wake, err))
            return false;
    }
    size_t len = (size_t)(end - qmp->in.data);
    *end = '\0';
    bool ok = lima_json_parse(qmp->in.data, len, ret, NULL) || fail_foreign(qmp, qmp->in.data, err);
    lima_buf_consume(&qmp->in, len + 1);
    qmp->scanned = 0;
    return ok;
}

static lima_code code_of_class(const char *class)
{
    if (lima_str_eq(class, "CommandNotFound"))
        return LIMA_CODE_UNIMPLEMENTED;
    return lima_str_eq(class, "DeviceNotFound") ? LIMA_CODE_NOT_FOUND : LIMA_CODE_UNKNOWN;
}

typedef enum kind { NOT_OURS, ANSWERED, REFUSED } kind;

/* An error without a number answers a line that QEMU could not read: that can only be ours. */
static kind judge(const qemu_qmp *qmp, const lima_json *message)
{
    bool ours = lima_json_int(message, -1, "id") == qmp->number;

    if (lima_json_get_kind(message, "error") == LIMA_JSON_OBJECT)
        return ours || lima_json_get_kind(message, "id") == LIMA_JSON_ABSENT ? REFUSED : NOT_OURS;
    return ours && lima_json_get_kind(message, "return") != LIMA_JSON_ABSENT ? ANSWERED : NOT_OURS;
}

static bool await_answer(qemu_qmp *qmp, const char *command, lima_deadline deadline, lima_wake *wake,
                         lima_json **ret, lima_err *err)
{
    kind verdict = NOT_OURS;

    while (verdict == NOT_OURS) {
        lima_json *message = NULL;
        if (!read_message(qmp, deadline, wake, &message, err)) {
            qmp->broken = true;
            return false;
        }
        verdict = judge(qmp, message);
        if (verdict == ANSWERED && ret)
            *ret = lima_json_get_copy(message, "return");
        if (verdict == REFUSED)
            lima_err_set(err, code_of_class(lima_json_str(message, "", "error.class")),
                         "QEMU refused '%s': %s", command,
                         lima_json_str(message, "no reason given", "error.desc"));
        lima_json_free(message);
    }
    return verdict == ANSWERED;
}

bool lima_qemu_qmp_call(qemu_qmp *qmp, const char *command, const lima_json *arguments,
                        lima_deadline deadline, lima_wake *wake, lima_json **ret_answer, lima_err *err)
{
    if (qmp->broken)
        return lima_err_set(err, LIMA_CODE_UNAVAILABLE, "control socket '%s': no longer in step with QEMU",
                            qmp->name);
    lima_json *message = lima_json_new_object();
    lima_json_set_str(message, command, "execute");
    if (arguments)
        lima_json_set_copy(message, arguments, "arguments");
    lima_json_set_int(message, ++qmp->number, "id");
    char *compact = lima_json_print(message);
    char *line = lima_mem_printf("%s\n", compact);
    bool ok = lima_stream_write(qmp->stream, line, strlen(line), deadline, wake, err);
    if (!ok) {
        qmp->broken = true;
        lima_err_wrap(err, "control socket '%s'", qmp->name);
    }
    free(line);
    free(compact);
    lima_json_free(message);
    return ok && await_answer(qmp, command, deadline, wake, ret_answer, err);
}

static bool greet(qemu_qmp *qmp, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    lima_json *greeting = NULL;

    if (!read_message(qmp, deadline, wake, &greeting, err)) {
        if (err && err->code == LIMA_CODE_DEADLINE_EXCEEDED)
            lima_err_set(err, LIMA_CODE_DEADLINE_EXCEEDED,
                         "control socket '%s': QEMU accepted the connection but did not answer in time (it "
                         "hangs, or another program is "
                         "connected to this socket)",
                         qmp->name);
        return false;
    }
    bool ok = lima_json_get_kind(greeting, "QMP") == LIMA_JSON_OBJECT;
    if (!ok) {
        char *line = lima_json_print(greeting);
        fail_foreign(qmp, line, err);
        free(line);
    }
    lima_json_free(greeting);
    return ok && lima_qemu_qmp_call(qmp, "qmp_capabilities", NULL, deadline, wake, NULL, err);
}

bool lima_qemu_qmp_adopt(lima_stream *stream, const char *name, lima_deadline deadline, lima_wake *wake,
                         qemu_qmp **ret, lima_err *err)
{
    qemu_qmp *qmp = lima_mem_zalloc(1, sizeof *qmp);

    qmp->stream = stream;
    qmp->name = lima_mem_strdup(name);
    qmp->in = LIMA_BUF(QEMU_QMP_LINE_MAX);
    if (!greet(qmp, deadline, wake, err)) {
        lima_qemu_qmp_close(qmp);
        return false;
    }
    *ret = qmp;
    return true;
}

/* A QEMU that hangs takes no more connections after a few: that is waited for too, in slices, since
 * connecting knows no wake. */
static bool connect_to(const char *path, lima_deadline deadline, lima_wake *wake, lima_stream **ret,
                       lima_err *err)
{
    lima_err failure = {.code = LIMA_CODE_DEADLINE_EXCEEDED};

    while (failure.code == LIMA_CODE_DEADLINE_EXCEEDED) {
        lima_deadline slice = lima_clock_in(CONNECT_SLICE_MS);
        bool last = slice >= deadline;
        if (lima_wake_wait(wake, 0))
            return lima_err_set(err, LIMA_CODE_CANCELLED, "control socket '%s': cancelled", path);
        if (lima_stream_connect(path, last ? deadline : slice, ret, &failure))
            return true;
        if (last)
            break;
    }
    return lima_err_set(err, failure.code, "QEMU's control socket (is the instance running?): %s",
                        failure.text);
}

bool lima_qemu_qmp_open(const char *path, lima_deadline deadline, lima_wake *wake, qemu_qmp **ret,
                        lima_err *err)
{
    lima_stream *stream = NULL;

    return connect_to(path, deadline, wake, &stream, err)
           && lima_qemu_qmp_adopt(stream, path, deadline, wake, ret, err);
}

void lima_qemu_qmp_close(qemu_qmp *qmp)
{
    if (!qmp)
        return;
    lima_stream_close(qmp->stream);
    lima_buf_free(&qmp->in);
    free(qmp->name);
    free(qmp);
}
