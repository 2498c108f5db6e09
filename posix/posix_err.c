/* One table from errno to codes for all of posix/. Where a call needs another code (a missing socket, a held
 * lock) its module says so itself with lima_err_vset or lima_err_set. */
#include "posix_err.h"

#include <errno.h>
#include <string.h>

#include "os/shared/shared.h"

static const struct {
    int os_error;
    lima_code code;
} codes[] = {
    {ENOENT, LIMA_CODE_NOT_FOUND},
    {ENOTDIR, LIMA_CODE_NOT_FOUND},
    {ESRCH, LIMA_CODE_NOT_FOUND},
    {EEXIST, LIMA_CODE_ALREADY_EXISTS},
    {ENOTEMPTY, LIMA_CODE_FAILED_PRECONDITION},
    {EISDIR, LIMA_CODE_FAILED_PRECONDITION},
    {ELOOP, LIMA_CODE_FAILED_PRECONDITION},
    {EXDEV, LIMA_CODE_FAILED_PRECONDITION},
    {ENOEXEC, LIMA_CODE_FAILED_PRECONDITION},
    {ETXTBSY, LIMA_CODE_FAILED_PRECONDITION},
    {EACCES, LIMA_CODE_PERMISSION_DENIED},
    {EPERM, LIMA_CODE_PERMISSION_DENIED},
    {EROFS, LIMA_CODE_PERMISSION_DENIED},
    {ENOSPC, LIMA_CODE_RESOURCE_EXHAUSTED},
    {EDQUOT, LIMA_CODE_RESOURCE_EXHAUSTED},
    {EFBIG, LIMA_CODE_RESOURCE_EXHAUSTED},
    {EMFILE, LIMA_CODE_RESOURCE_EXHAUSTED},
    {ENFILE, LIMA_CODE_RESOURCE_EXHAUSTED},
    {ENOMEM, LIMA_CODE_RESOURCE_EXHAUSTED},
    {ENOBUFS, LIMA_CODE_RESOURCE_EXHAUSTED},
    {EAGAIN, LIMA_CODE_RESOURCE_EXHAUSTED},
    {ENAMETOOLONG, LIMA_CODE_INVALID_ARGUMENT},
    {E2BIG, LIMA_CODE_INVALID_ARGUMENT},
    {EPIPE, LIMA_CODE_UNAVAILABLE},
    {ECONNRESET, LIMA_CODE_UNAVAILABLE},
    {ECONNREFUSED, LIMA_CODE_UNAVAILABLE},
    {ENOTCONN, LIMA_CODE_UNAVAILABLE},
};

static lima_code code_of(int os_error)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].os_error == os_error)
            return codes[i].code;
    return LIMA_CODE_UNKNOWN;
}

bool lima_posix_fail(lima_err *err, int os_error, const char *fmt, ...)
{
    char object[LIMA_ERR_TEXT_MAX
                - 160]; /* leaves room for the reason, which matters more than the end of a long path */
    va_list args;

    va_start(args, fmt);
    lima_shared_object(object, sizeof object, fmt, args);
    va_end(args);
    bool full = os_error == ENOSPC || os_error == EDQUOT;
    lima_err_set(err, code_of(os_error), "%s: %s%s", object, strerror(os_error),
                 full ? "; free space there" : "");
    if (err)
        err->os_code = os_error;
    return false;
}
