/* The service Driver: which method runs where, and what it makes of its request.
 *
 * Inline ones cannot block: they touch memory only. Readers and changers have threads of their own, so that a
 * queue of slow CreateDisk calls leaves the readers alone. Start holds its thread for the life of the VM.
 *
 * ListSnapshots answers with the text of 2.0 to 2.2. The structured form that 2.3 may bring has one place:
 * reply_snapshots. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "driver/snapshot.h"
#include "rpc/server_call.h"

typedef enum where { INLINE = 0, READER, CHANGER, SESSION } where;

typedef bool direct_run(lima_server *server, const lima_message *request, lima_message *reply, lima_err *err);
typedef bool call_run(lima_call *call, const lima_message *request, lima_message *reply, lima_err *err);

typedef struct handler {
    where where;
    direct_run *direct; /* needs no configured instance */
    call_run *run;
} handler;

static void set_text(lima_message *reply, char *text)
{
    reply->text = text;
    reply->len = strlen(text);
}

static const char *text_of(const lima_message *request)
{
    return request->text ? request->text : "";
}

/* ---- without an instance ---- */

static bool run_info(lima_server *server, const lima_message *request, lima_message *reply, lima_err *err)
{
    (void)request;
    (void)err;
    set_text(reply, lima_controls_info(server->config.controls));
    return true;
}

static bool run_configure(lima_server *server, const lima_message *request, lima_message *reply,
                          lima_err *err)
{
    char *text = NULL;
    if (!lima_controls_configure(server->config.controls, text_of(request), request->len, &text, err))
        return false;
    set_text(reply, text);
    return true;
}

static bool run_gui(lima_server *server, const lima_message *request, lima_message *reply, lima_err *err)
{
    (void)server;
    (void)request;
    (void)reply;
    return lima_err_set(err, LIMA_CODE_UNIMPLEMENTED,
                        "an external driver cannot show a window; use video.display: vnc");
}

static bool run_forward_agent(lima_server *server, const lima_message *request, lima_message *reply,
                              lima_err *err)
{
    (void)request;
    (void)err;
    reply->flag = lima_controls_forward_agent(server->config.controls);
    return true;
}

/* ---- with an instance ---- */

#define PLAIN(name, control)                                                                                 \
    static bool name(lima_call *call, const lima_message *request, lima_message *reply, lima_err *err)       \
    {                                                                                                        \
        (void)request;                                                                                       \
        (void)reply;                                                                                         \
        return control(call, err);                                                                           \
    }
PLAIN(run_validate, lima_control_validate)
PLAIN(run_create, lima_control_create)
PLAIN(run_create_disk, lima_control_create_disk)
PLAIN(run_setup_ssh, lima_control_setup_ssh)
PLAIN(run_stop, lima_control_stop)
PLAIN(run_delete, lima_control_remove)
PLAIN(run_agent_conn, lima_control_agent_connect)

#define WITH_TEXT(name, control)                                                                             \
    static bool name(lima_call *call, const lima_message *request, lima_message *reply, lima_err *err)       \
    {                                                                                                        \
        (void)reply;                                                                                         \
        return control(call, text_of(request), err);                                                         \
    }
WITH_TEXT(run_create_snapshot, lima_control_snapshot_create)
WITH_TEXT(run_apply_snapshot, lima_control_snapshot_apply)
WITH_TEXT(run_delete_snapshot, lima_control_snapshot_remove)

#define GIVES_TEXT(name, control)                                                                            \
    static bool name(lima_call *call, const lima_message *request, lima_message *reply, lima_err *err)       \
    {                                                                                                        \
        char *text = NULL;                                                                                   \
        (void)request;                                                                                       \
        if (!control(call, &text, err))                                                                      \
            return false;                                                                                    \
        set_text(reply, text);                                                                               \
        return true;                                                                                         \
    }
GIVES_TEXT(run_ssh_address, lima_control_ssh_address)
GIVES_TEXT(run_display_connection, lima_control_display_connection)

static bool run_boot_scripts(lima_call *call, const lima_message *request, lima_message *reply, lima_err *err)
{
    (void)request;
    (void)err;
    lima_control_boot_scripts(call, &reply->names, &reply->contents);
    return true;
}

static bool run_change_password(lima_call *call, const lima_message *request, lima_message *reply,
                                lima_err *err)
{
    (void)reply;
    lima_log_add_secret(text_of(request));
    return lima_control_change_password(call, text_of(request), err);
}

static void reply_snapshots(const lima_snapshot_list *list, lima_message *reply)
{
    set_text(reply, lima_snapshot_list_text(list));
}

static bool run_list_snapshots(lima_call *call, const lima_message *request, lima_message *reply,
                               lima_err *err)
{
    lima_snapshot_list list = {0};
    (void)request;
    if (!lima_control_snapshot_list(call, &list, err))
        return false;
    reply_snapshots(&list, reply);
    lima_snapshot_list_free(&list);
    return true;
}

static const handler handlers[LIMA_METHODS] = {
    [LIMA_METHOD_INFO] = {INLINE, run_info, NULL},
    [LIMA_METHOD_CONFIGURE] = {READER, run_configure, NULL},
    [LIMA_METHOD_VALIDATE] = {READER, NULL, run_validate},
    [LIMA_METHOD_CREATE] = {CHANGER, NULL, run_create},
    [LIMA_METHOD_CREATE_DISK] = {CHANGER, NULL, run_create_disk},
    [LIMA_METHOD_BOOT_SCRIPTS] = {READER, NULL, run_boot_scripts},
    [LIMA_METHOD_START] = {SESSION, NULL, NULL},
    [LIMA_METHOD_SETUP_SSH] = {CHANGER, NULL, run_setup_ssh},
    [LIMA_METHOD_SSH_ADDRESS] = {READER, NULL, run_ssh_address},
    [LIMA_METHOD_STOP] = {CHANGER, NULL, run_stop},
    [LIMA_METHOD_DELETE] = {CHANGER, NULL, run_delete},
    [LIMA_METHOD_RUN_GUI] = {INLINE, run_gui, NULL},
    [LIMA_METHOD_CHANGE_PASSWORD] = {READER, NULL, run_change_password},
    [LIMA_METHOD_DISPLAY_CONNECTION] = {READER, NULL, run_display_connection},
    [LIMA_METHOD_CREATE_SNAPSHOT] = {CHANGER, NULL, run_create_snapshot},
    [LIMA_METHOD_APPLY_SNAPSHOT] = {CHANGER, NULL, run_apply_snapshot},
    [LIMA_METHOD_DELETE_SNAPSHOT] = {CHANGER, NULL, run_delete_snapshot},
    [LIMA_METHOD_LIST_SNAPSHOTS] = {CHANGER, NULL, run_list_snapshots},
    [LIMA_METHOD_FORWARD_AGENT] = {INLINE, run_forward_agent, NULL},
    [LIMA_METHOD_AGENT_CONN] = {READER, NULL, run_agent_conn},
};

/* ---- running them ---- */

bool lima_server_is_inline(const lima_method *method)
{
    return handlers[method - lima_method_table()].where == INLINE;
}

static const handler *handler_of(const server_call *call)
{
    return &handlers[call->method - lima_method_table()];
}

/* The control's call, tied to the client's. */
static bool open_call(server_call *call, lima_call **ret, lima_err *err)
{
    if (!lima_controls_call(call->server->config.controls, lima_server_call_generation(call), ret, err))
        return false;
    lima_server_call_tie(call, *ret);
    return true;
}

static void close_call(server_call *call, lima_call *own)
{
    lima_server_call_tie(call, NULL);
    lima_call_free(own);
}

static bool run_method(server_call *call, const lima_message *request, lima_message *reply, lima_err *err)
{
    lima_call *own = NULL;
    if (handler_of(call)->direct)
        return handler_of(call)->direct(call->server, request, reply, err);
    if (!open_call(call, &own, err))
        return false;
    bool ok = handler_of(call)->run(own, request, reply, err);
    close_call(call, own);
    return ok;
}

static bool read_request(server_call *call, lima_message *ret, lima_err *err)
{
    grpc_slice bytes = lima_server_call_take_request(call);
    bool ok = lima_message_unpack(call->method->request, GRPC_SLICE_START_PTR(bytes),
                                  GRPC_SLICE_LENGTH(bytes), ret, err);
    grpc_slice_unref(bytes);
    return ok;
}

static bool write_reply(const lima_message *reply, lima_buf *into, lima_err *err)
{
    return lima_message_pack(reply, into)
           || lima_err_set(err, LIMA_CODE_RESOURCE_EXHAUSTED, "the answer is larger than %d bytes",
                           LIMA_MESSAGE_MAX);
}

static void serve_unary(void *arg)
{
    server_call *call = arg;
    lima_message request = {0}, reply = {.kind = call->method->reply};
    lima_buf bytes = LIMA_BUF(LIMA_MESSAGE_MAX);
    lima_err err = {0};
    bool ok = read_request(call, &request, &err) && run_method(call, &request, &reply, &err)
              && write_reply(&reply, &bytes, &err);
    lima_server_call_finish(call, ok ? &bytes : NULL, ok ? LIMA_CODE_OK : err.code, ok ? NULL : err.text);
    lima_buf_free(&bytes);
    lima_message_free(&reply);
    lima_message_free(&request);
}

static void send_start(void *arg, bool success, const char *error)
{
    lima_message message = {.kind = LIMA_MESSAGE_START, .flag = success};
    lima_buf bytes = LIMA_BUF(LIMA_MESSAGE_MAX);
    set_text(&message, lima_mem_strdup(error));
    lima_message_pack(&message, &bytes);
    lima_server_call_send(arg, &bytes);
    lima_buf_free(&bytes);
    lima_message_free(&message);
}

static void serve_start(void *arg)
{
    server_call *call = arg;
    lima_message request = {0};
    lima_call *own = NULL;
    lima_err err = {0};
    bool ok = read_request(call, &request, &err) && open_call(call, &own, &err);
    if (ok) {
        ok = lima_control_start(own, send_start, call, &err);
        close_call(call, own);
    } else {
        send_start(call, false, err.text);
    }
    lima_server_call_finish(call, NULL, ok ? LIMA_CODE_OK : err.code, ok ? NULL : err.text);
    lima_message_free(&request);
}

void lima_server_dispatch(server_call *call)
{
    lima_server *server = call->server;
    lima_pool *const pools[] = {
        [READER] = server->readers, [CHANGER] = server->changers, [SESSION] = server->sessions};
    where at = handler_of(call)->where;
    if (at == INLINE)
        serve_unary(call);
    else if (!lima_pool_submit(pools[at], at == SESSION ? serve_start : serve_unary, call))
        lima_server_call_finish(call, NULL, LIMA_CODE_RESOURCE_EXHAUSTED,
                                "too many calls of this kind at once; try again later");
}
