/* One table from codes of Windows and Winsock to ours, for all of win/. Where a call needs another code (a
 * held lock, a missing socket) its module says so itself.
 *
 * Windows words its errors in the language of the user. The number stands beside them, so that a report in
 * any language can be searched for. */
#include "win_err.h"

#include <winsock2.h>
#include <windows.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "os/shared/shared.h"
#include "wide.h"

static const struct {
    DWORD os_error;
    lima_code code;
} codes[] = {
    {ERROR_FILE_NOT_FOUND, LIMA_CODE_NOT_FOUND},
    {ERROR_PATH_NOT_FOUND, LIMA_CODE_NOT_FOUND},
    {ERROR_DELETE_PENDING, LIMA_CODE_NOT_FOUND},
    {ERROR_KEY_DELETED, LIMA_CODE_NOT_FOUND},
    {ERROR_INVALID_DRIVE, LIMA_CODE_NOT_FOUND},
    {ERROR_BAD_NETPATH, LIMA_CODE_NOT_FOUND},
    {ERROR_BAD_NET_NAME, LIMA_CODE_NOT_FOUND},
    {ERROR_DIRECTORY, LIMA_CODE_NOT_FOUND}, /* below a file */
    {ERROR_ALREADY_EXISTS, LIMA_CODE_ALREADY_EXISTS},
    {ERROR_FILE_EXISTS, LIMA_CODE_ALREADY_EXISTS},
    {ERROR_ACCESS_DENIED, LIMA_CODE_PERMISSION_DENIED},
    {ERROR_PRIVILEGE_NOT_HELD, LIMA_CODE_PERMISSION_DENIED},
    {ERROR_WRITE_PROTECT, LIMA_CODE_PERMISSION_DENIED},
    {ERROR_NETWORK_ACCESS_DENIED, LIMA_CODE_PERMISSION_DENIED},
    {ERROR_ACCESS_DISABLED_BY_POLICY, LIMA_CODE_PERMISSION_DENIED},
    {WSAEACCES, LIMA_CODE_PERMISSION_DENIED},
    {ERROR_DISK_FULL, LIMA_CODE_RESOURCE_EXHAUSTED},
    {ERROR_HANDLE_DISK_FULL, LIMA_CODE_RESOURCE_EXHAUSTED},
    {1295 /* ERROR_DISK_QUOTA_EXCEEDED, which not every MinGW-w64 knows */, LIMA_CODE_RESOURCE_EXHAUSTED},
    {ERROR_FILE_TOO_LARGE, LIMA_CODE_RESOURCE_EXHAUSTED},
    {ERROR_TOO_MANY_OPEN_FILES, LIMA_CODE_RESOURCE_EXHAUSTED},
    {ERROR_MAX_THRDS_REACHED, LIMA_CODE_RESOURCE_EXHAUSTED},
    {ERROR_NOT_ENOUGH_MEMORY, LIMA_CODE_RESOURCE_EXHAUSTED},
    {ERROR_OUTOFMEMORY, LIMA_CODE_RESOURCE_EXHAUSTED},
    {ERROR_COMMITMENT_LIMIT, LIMA_CODE_RESOURCE_EXHAUSTED},
    {ERROR_NO_SYSTEM_RESOURCES, LIMA_CODE_RESOURCE_EXHAUSTED},
    {ERROR_NOT_ENOUGH_QUOTA, LIMA_CODE_RESOURCE_EXHAUSTED},
    {WSAEMFILE, LIMA_CODE_RESOURCE_EXHAUSTED},
    {WSAENOBUFS, LIMA_CODE_RESOURCE_EXHAUSTED},
    {ERROR_DIR_NOT_EMPTY, LIMA_CODE_FAILED_PRECONDITION},
    {ERROR_NOT_SAME_DEVICE, LIMA_CODE_FAILED_PRECONDITION},
    {ERROR_BAD_EXE_FORMAT, LIMA_CODE_FAILED_PRECONDITION},
    {ERROR_EXE_MACHINE_TYPE_MISMATCH, LIMA_CODE_FAILED_PRECONDITION},
    {ERROR_CANT_RESOLVE_FILENAME, LIMA_CODE_FAILED_PRECONDITION}, /* links in a circle */
    {ERROR_SHARING_VIOLATION, LIMA_CODE_FAILED_PRECONDITION},
    {ERROR_LOCK_VIOLATION, LIMA_CODE_FAILED_PRECONDITION},
    {ERROR_USER_MAPPED_FILE, LIMA_CODE_FAILED_PRECONDITION},
    {ERROR_INVALID_NAME, LIMA_CODE_INVALID_ARGUMENT},
    {ERROR_BAD_PATHNAME, LIMA_CODE_INVALID_ARGUMENT},
    {ERROR_FILENAME_EXCED_RANGE, LIMA_CODE_INVALID_ARGUMENT},
    {ERROR_BROKEN_PIPE, LIMA_CODE_UNAVAILABLE},
    {ERROR_NO_DATA, LIMA_CODE_UNAVAILABLE},
    {ERROR_PIPE_NOT_CONNECTED, LIMA_CODE_UNAVAILABLE},
    {ERROR_NETNAME_DELETED, LIMA_CODE_UNAVAILABLE},
    {WSAECONNRESET, LIMA_CODE_UNAVAILABLE},
    {WSAECONNABORTED, LIMA_CODE_UNAVAILABLE},
    {WSAECONNREFUSED, LIMA_CODE_UNAVAILABLE},
    {WSAENOTCONN, LIMA_CODE_UNAVAILABLE},
    {WSAESHUTDOWN, LIMA_CODE_UNAVAILABLE},
    {WSAENETUNREACH, LIMA_CODE_UNAVAILABLE},
    {WSAEHOSTUNREACH, LIMA_CODE_UNAVAILABLE},
    {WSAETIMEDOUT, LIMA_CODE_UNAVAILABLE},
};

lima_code lima_win_code(unsigned long os_error)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].os_error == os_error)
            return codes[i].code;
    return LIMA_CODE_UNKNOWN;
}

bool lima_win_is_busy(unsigned long os_error)
{
    return os_error == ERROR_SHARING_VIOLATION || os_error == ERROR_LOCK_VIOLATION
           || os_error == ERROR_USER_MAPPED_FILE;
}

/* What Windows says about a code: one line without a full stop. Owned. */
static char *reason(DWORD os_error)
{
    wchar_t text[512];
    DWORD len = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS
                                   | FORMAT_MESSAGE_MAX_WIDTH_MASK,
                               NULL, os_error, 0, text, sizeof text / sizeof text[0], NULL);
    char *said = lima_wide_to_text(text, len);

    lima_str_trim(said);
    if (lima_str_has_suffix(said, "."))
        said[strlen(said) - 1] = '\0';
    if (*said)
        return said;
    free(said);
    return lima_mem_strdup("failed");
}

bool lima_win_fail(lima_err *err, unsigned long os_error, const char *fmt, ...)
{
    /* leaves room for the reason, which matters more than the end of a long path */
    char object[LIMA_ERR_TEXT_MAX - 600];
    va_list args;

    va_start(args, fmt);
    lima_shared_object(object, sizeof object, fmt, args);
    va_end(args);
    char *why = reason(os_error);
    lima_err_set(err, lima_win_code(os_error), "%s: %s (Windows error %lu)", object, why, os_error);
    if (err)
        err->os_code = (int)os_error;
    free(why);
    return false;
}
