/* An hvsocket is a stream socket of Winsock whose address is two GUIDs: the VM, and a service that for Linux
 * guests is made from the vsock port (facts: wsl.md 6.3).
 *
 * Not run in our tests: Wine has no such sockets, and the machines that build this have no Hyper-V. What can
 * be tested anywhere is: the GUIDs, and the error where there are none. */
#include "stream.h"

#include <winsock2.h>
#include <windows.h>

#include "hvsocket.h"
#include "win_err.h"

enum { FAMILY_HYPERV = 34, PROTOCOL_RAW = 1, GUID_DIGITS = 32 };

typedef struct address {
    USHORT family, reserved;
    GUID vm, service;
} address;

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Whether a hyphen belongs behind that many digits. */
static bool hyphen_after(unsigned digits)
{
    return digits == 8 || digits == 12 || digits == 16 || digits == 20;
}

/* The 16 bytes as they are written. */
static bool parse_bytes(const char *text, BYTE bytes[16])
{
    bool braces = *text == '{';
    unsigned digits = 0;

    text += braces;
    for (; digits < GUID_DIGITS; text++) {
        int value = digit(*text);
        if (value < 0)
            return false;
        bytes[digits / 2] = (BYTE)(bytes[digits / 2] << 4 | value);
        digits++;
        if (hyphen_after(digits) && *++text != '-')
            return false;
    }
    return braces ? text[0] == '}' && !text[1] : !text[0];
}

static bool parse_guid(const char *text, GUID *ret)
{
    BYTE bytes[16] = {0};

    if (!parse_bytes(text, bytes))
        return false;
    ret->Data1 = (ULONG)bytes[0] << 24 | (ULONG)bytes[1] << 16 | (ULONG)bytes[2] << 8 | bytes[3];
    ret->Data2 = (USHORT)(bytes[4] << 8 | bytes[5]);
    ret->Data3 = (USHORT)(bytes[6] << 8 | bytes[7]);
    for (int i = 0; i < 8; i++)
        ret->Data4[i] = bytes[8 + i];
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
static void set_code(lima_err *err)
{
    if (err->os_code == WSAEADDRNOTAVAIL || err->os_code == WSAEINVAL || err->os_code == WSAENETDOWN)
        err->code = LIMA_CODE_UNAVAILABLE;
}

bool lima_hvsocket_connect(const char *vm_id, uint32_t port, lima_deadline deadline, lima_wake *wake,
                           lima_stream **ret, lima_err *err)
{
    address to = {.family = FAMILY_HYPERV,
                  .service = {port, 0xfacb, 0x11e6, {0xbd, 0x58, 0x64, 0x00, 0x6a, 0x79, 0x86, 0xd3}}};
    lima_err failed = {0};

    if (!parse_guid(vm_id, &to.vm))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "VM id '%s': not a GUID", vm_id);
    SOCKET made = make_socket(err);
    if (made == INVALID_SOCKET)
        return lima_err_wrap(err, "VM '%s', port %lu", vm_id, (unsigned long)port);
    if (!lima_win_connect(made, (const struct sockaddr *)&to, sizeof to, deadline, wake, &failed)) {
        closesocket(made);
        set_code(&failed);
        if (err)
            *err = failed;
        return lima_err_wrap(err, "VM '%s', port %lu", vm_id, (unsigned long)port);
    }
    *ret = lima_win_stream_of_socket(made);
    return true;
}
