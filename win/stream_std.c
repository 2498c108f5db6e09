/* Standard input and output as streams. The handles move into streams; the C library's standard input then
 * is the null device and its standard output goes to standard error, so that what a library prints cannot
 * get between protocol bytes. Windows' own idea of the standard handles follows the C library's. */
#include "stream.h"

#include <windows.h>

#include <fcntl.h>
#include <io.h>
#include <stdio.h>

#include "win_err.h"

static HANDLE copy_of(int fd, lima_err *err)
{
    HANDLE self = GetCurrentProcess(), copy = NULL;
    HANDLE given = (HANDLE)_get_osfhandle(fd);

    if (!DuplicateHandle(self, given, self, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS))
        lima_win_fail(err, GetLastError(), "take over standard %s", fd == 0 ? "input" : "output");
    return copy;
}

static bool start_worker(int fd, lima_win_worker **ret, lima_err *err)
{
    HANDLE copy = copy_of(fd, err);

    return copy && lima_win_worker_start(copy, fd == 1, ret, err);
}

static void replace_std(void)
{
    int nothing = _open("NUL", _O_RDWR | _O_BINARY | _O_NOINHERIT);

    _dup2(nothing, 0);
    if (_dup2(2, 1))
        _dup2(nothing, 1);
    if (nothing > 2)
        _close(nothing);
    SetStdHandle(STD_INPUT_HANDLE, (HANDLE)_get_osfhandle(0));
    SetStdHandle(STD_OUTPUT_HANDLE, (HANDLE)_get_osfhandle(1));
}

bool lima_stream_take_std(lima_stream **ret_in, lima_stream **ret_out, lima_err *err)
{
    lima_win_worker *in, *out;

    fflush(stdout); /* what was printed before belongs to whoever reads standard output */
    if (!start_worker(0, &in, err))
        return false;
    if (!start_worker(1, &out, err)) {
        lima_win_worker_free(in);
        return false;
    }
    replace_std();
    *ret_in = lima_win_stream_of_worker(in);
    *ret_out = lima_win_stream_of_worker(out);
    return true;
}
