/* win/hvsocket.h where there are no hvsockets: by way of the double's broker (hcssim/hvsocket.py), TCP on
 * 127.0.0.1. Linked in place of win/hvsocket.c, by naming the library hcs_hvsocket; nothing that ships knows
 * this. HCSSIM_STATE names the double's state folder, as a path of Linux; without it this is a Windows that
 * has no hvsockets. */
#include "win/hvsocket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "os/file.h"
#include "os/host.h"
#include "win/tcp.h"

enum {
    GUID_LEN = 36,
    ADDRESS_MAX = 128,
    LINE_MAX_LEN = 256,
    TRIES = 200,
    WAIT_MS = 30000, /* the broker is on this machine */
    ACCESS = 10013,
    UNSUPPORTED = 10047,
    IN_USE = 10048,
};

struct lima_hvsocket_listener {
    lima_tcp_listener *tcp;
    lima_stream *control; /* while it is open we are known to the broker */
};

typedef struct broker {
    unsigned port;
    char token[64];
} broker;

static bool find_broker(broker *ret, lima_err *err)
{
    char *state = lima_env_get("HCSSIM_STATE");
    char *path = state ? lima_mem_printf("%s%s/hvsocket", state[0] == '/' ? HCS_ROOT : "", state) : NULL;
    lima_buf text = LIMA_BUF(ADDRESS_MAX);
    bool ok = path && lima_file_read(path, &text, NULL)
              && sscanf(lima_buf_str(&text), "%u %63s", &ret->port, ret->token) == 2;
    if (!ok)
        lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                     "hvsockets are not available: HCSSIM_STATE names no back end");
    lima_buf_free(&text);
    free(path);
    free(state);
    return ok;
}

/* Without braces; owned. */
static char *plain_guid(const char *text, lima_err *err)
{
    size_t len = strlen(text);
    bool braces = len == GUID_LEN + 2 && text[0] == '{' && text[len - 1] == '}';
    char *guid = braces ? lima_mem_strndup(text + 1, GUID_LEN) : lima_mem_strdup(text);
    if (strlen(guid) == GUID_LEN && strspn(guid, "0123456789abcdefABCDEF-") == GUID_LEN)
        return guid;
    free(guid);
    lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "VM id '%s': not a GUID", text);
    return NULL;
}

static bool read_line(lima_stream *stream, char *line, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    size_t len = 0, got = 1;
    while (got == 1 && len < LINE_MAX_LEN - 1 && (len == 0 || line[len - 1] != '\n')) {
        if (!lima_stream_read(stream, line + len, 1, deadline, wake, &got, err))
            return false;
        len += got;
    }
    line[len] = '\0';
    return true;
}

static bool is_ok(const char *line, lima_err *err)
{
    unsigned number = 0;
    if (strcmp(line, "ok\n") == 0)
        return true;
    sscanf(line, "error %u", &number);
    lima_code code = number == ACCESS        ? LIMA_CODE_PERMISSION_DENIED
                     : number == IN_USE      ? LIMA_CODE_ALREADY_EXISTS
                     : number == UNSUPPORTED ? LIMA_CODE_FAILED_PRECONDITION
                                             : LIMA_CODE_UNAVAILABLE;
    lima_err_set(err, code, "Winsock error %u", number);
    if (err)
        err->os_code = (int)number;
    return false;
}

/* One request; the connection stays. */
static bool ask(const char *verb, const char *vm_id, uint32_t port, unsigned tcp_port, lima_deadline deadline,
                lima_wake *wake, lima_stream **ret, lima_err *err)
{
    broker at = {0};
    char line[LINE_MAX_LEN];
    lima_stream *stream = NULL;
    char *guid = plain_guid(vm_id, err);
    bool ok = guid && find_broker(&at, err)
              && lima_tcp_connect("127.0.0.1", (uint16_t)at.port, deadline, wake, &stream, err);
    if (ok) {
        snprintf(line, sizeof line, "%s %s %s %lu %u\n", at.token, verb, guid, (unsigned long)port, tcp_port);
        ok = lima_stream_write(stream, line, strlen(line), deadline, wake, err)
             && read_line(stream, line, deadline, wake, err) && is_ok(line, err);
    }
    free(guid);
    if (!ok) {
        lima_stream_close(stream);
        return lima_err_wrap(err, "VM '%s', port %lu", vm_id, (unsigned long)port);
    }
    *ret = stream;
    return true;
}

bool lima_hvsocket_connect(const char *vm_id, uint32_t port, lima_deadline deadline, lima_wake *wake,
                           lima_stream **ret, lima_err *err)
{
    return ask("connect", vm_id, port, 0, deadline, wake, ret, err);
}

/* lima_tcp_listen wants to be told the port: the first that nobody has. */
static bool listen_anywhere(lima_tcp_listener **ret, unsigned *ret_port, lima_err *err)
{
    lima_err failed = {0};
    unsigned first = 20000 + (unsigned)(lima_clock_now() * 7919 % 20000);
    for (unsigned i = 0; i < TRIES; i++) {
        *ret_port = first + i;
        if (lima_tcp_listen((uint16_t)*ret_port, ret, &failed))
            return true;
    }
    if (err)
        *err = failed;
    return false;
}

bool lima_hvsocket_listen(const char *vm_id, uint32_t port, lima_hvsocket_listener **ret, lima_err *err)
{
    unsigned tcp_port = 0;
    lima_hvsocket_listener *listener = lima_mem_zalloc(1, sizeof *listener);
    bool ok = listen_anywhere(&listener->tcp, &tcp_port, err)
              && ask("listen", vm_id, port, tcp_port, lima_clock_in(WAIT_MS), NULL, &listener->control, err);
    if (!ok) {
        lima_hvsocket_close(listener);
        return false;
    }
    *ret = listener;
    return true;
}

bool lima_hvsocket_accept(lima_hvsocket_listener *listener, lima_deadline deadline, lima_wake *wake,
                          lima_stream **ret, lima_err *err)
{
    return lima_tcp_accept(listener->tcp, deadline, wake, ret, err);
}

void lima_hvsocket_close(lima_hvsocket_listener *listener)
{
    if (!listener)
        return;
    lima_stream_close(listener->control);
    lima_tcp_close(listener->tcp);
    free(listener);
}
