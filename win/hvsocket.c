/* An hvsocket is a stream socket of Winsock whose address is two GUIDs: the VM, and a service that for Linux
 * guests is made from the vsock port (facts: wsl.md 6.3, hyperv-hcs.md 6).
 *
 * Not run in our tests: Wine has no such sockets, and the machines that build this have no Hyper-V. What can
 * be tested anywhere is: the GUIDs, and the error where there are none. */
#include "hvsocket.h"

#include "stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/guid.h"
#include "base/mem.h"
#include "win_err.h"

enum {
    FAMILY_HYPERV = 34,
    PROTOCOL_RAW = 1,
    OPTION_CONNECT_TIMEOUT = 1,
    CONNECT_MS_MAX = 300000,
    BACKLOG = 64
};

typedef struct address {
    USHORT family, reserved;
    GUID vm, service;
} address;
_Static_assert(sizeof(address) == 36, "SOCKADDR_HV");

struct lima_hvsocket_listener {
    lima_win_listening at;
};

static bool make_address(const char *vm_id, uint32_t port, address *ret, lima_err *err)
{
    uint8_t bytes[16];

    if (!lima_guid_to_bytes(vm_id, bytes))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "VM id '%s': not a GUID", vm_id);
    *ret = (address){.family = FAMILY_HYPERV,
                     .service = {port, 0xfacb, 0x11e6, {0xbd, 0x58, 0x64, 0x00, 0x6a, 0x79, 0x86, 0xd3}}};
    memcpy(&ret->vm, bytes, sizeof bytes);
    return true;
}

static bool not_here(int os_error)
{
    return os_error == WSAEAFNOSUPPORT || os_error == WSAEPROTONOSUPPORT || os_error == WSAESOCKTNOSUPPORT
           || os_error == WSAEPROTOTYPE || os_error == WSAEINVAL;
}

static SOCKET make_socket(lima_err *err)
{
    lima_err failed = {0};
    SOCKET made = lima_win_socket(FAMILY_HYPERV, PROTOCOL_RAW, &failed);

    if (made != INVALID_SOCKET)
        return made;
    if (not_here(failed.os_code))
        lima_err_set(
            err, LIMA_CODE_FAILED_PRECONDITION,
            "hvsockets are not available on this Windows; they come with the Virtual Machine Platform");
    else if (err)
        *err = failed;
    return INVALID_SOCKET;
}

/* A VM that is not there, or a port where nobody listens, shows in several ways. */
static bool is_no_vm(int os_error)
{
    return os_error == WSAEADDRNOTAVAIL || os_error == WSAEINVAL || os_error == WSAENETDOWN;
}

/* Without this Windows may give up, or go on trying, by a time of its own. */
static void set_time(SOCKET socket, lima_deadline deadline)
{
    uint64_t now = lima_clock_now();
    uint64_t left = deadline > now ? deadline - now : 1;
    ULONG ms = left < CONNECT_MS_MAX ? (ULONG)left : CONNECT_MS_MAX;

    setsockopt(socket, PROTOCOL_RAW, OPTION_CONNECT_TIMEOUT, (const char *)&ms, sizeof ms);
}

bool lima_hvsocket_connect(const char *vm_id, uint32_t port, lima_deadline deadline, lima_wake *wake,
                           lima_stream **ret, lima_err *err)
{
    lima_err failed = {0};
    address to;

    if (!make_address(vm_id, port, &to, err))
        return false;
    SOCKET made = make_socket(err);
    if (made == INVALID_SOCKET)
        return lima_err_wrap(err, "VM '%s', port %lu", vm_id, (unsigned long)port);
    set_time(made, deadline);
    if (!lima_win_connect(made, (const struct sockaddr *)&to, sizeof to, deadline, wake, &failed)) {
        closesocket(made);
        failed.code = is_no_vm(failed.os_code) ? LIMA_CODE_UNAVAILABLE : failed.code;
        if (err)
            *err = failed;
        return lima_err_wrap(err, "VM '%s', port %lu", vm_id, (unsigned long)port);
    }
    *ret = lima_win_stream_of_socket(made);
    return true;
}

static bool open_listener(lima_win_listening *listening, const address *at, lima_err *err)
{
    listening->socket = make_socket(err);
    if (listening->socket == INVALID_SOCKET)
        return false;
    int failed = lima_win_listen(listening, (const struct sockaddr *)at, sizeof *at);
    if (!failed)
        return true;
    lima_win_fail(err, (DWORD)failed, "listen");
    if (err && (failed == WSAEADDRINUSE || is_no_vm(failed)))
        err->code = failed == WSAEADDRINUSE ? LIMA_CODE_ALREADY_EXISTS : LIMA_CODE_UNAVAILABLE;
    return false;
}

bool lima_hvsocket_listen(const char *vm_id, uint32_t port, lima_hvsocket_listener **ret, lima_err *err)
{
    address at;

    if (!make_address(vm_id, port, &at, err))
        return false;
    lima_hvsocket_listener *listener = lima_mem_zalloc(1, sizeof *listener);
    listener->at.socket = INVALID_SOCKET;
    if (!open_listener(&listener->at, &at, err)) {
        lima_hvsocket_close(listener);
        return lima_err_wrap(err, "VM '%s', port %lu", vm_id, (unsigned long)port);
    }
    *ret = listener;
    return true;
}

bool lima_hvsocket_accept(lima_hvsocket_listener *listener, lima_deadline deadline, lima_wake *wake,
                          lima_stream **ret, lima_err *err)
{
    return lima_win_accept_stream(&listener->at, deadline, wake, ret, err);
}

void lima_hvsocket_close(lima_hvsocket_listener *listener)
{
    if (!listener)
        return;
    lima_win_listening_close(&listener->at);
    free(listener);
}
