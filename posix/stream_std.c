/* Standard input and output as streams. Both are moved to other numbers; number 0 then is /dev/null and
 * number 1 is standard error, so that what a library prints cannot get between protocol bytes. */
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posix_err.h"

static lima_posix_stream_kind kind_of(int fd)
{
    struct stat at;

    return !fstat(fd, &at) && S_ISSOCK(at.st_mode) ? LIMA_POSIX_SOCKET : LIMA_POSIX_FOREIGN;
}

/* 3 and up, so that a missing standard handle is not filled by accident. */
static int move_away(int fd)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static bool replace_std(void)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    bool ok = nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0
              && (dup2(STDERR_FILENO, STDOUT_FILENO) >= 0 || dup2(nothing, STDOUT_FILENO) >= 0);
    int saved = errno;

    if (nothing > STDERR_FILENO)
        close(nothing);
    errno = saved;
    return ok;
}

bool lima_stream_take_std(lima_stream **ret_in, lima_stream **ret_out, lima_err *err)
{
    fflush(stdout); /* what was printed before belongs to whoever reads standard output */
    int in = move_away(STDIN_FILENO);
    int out = in < 0 ? -1 : move_away(STDOUT_FILENO);
    if (out < 0 || !replace_std()) {
        lima_posix_fail(err, errno, "take over standard input and output");
        if (in >= 0)
            close(in);
        if (out >= 0)
            close(out);
        return false;
    }
    *ret_in = lima_posix_stream_new(in, kind_of(in));
    *ret_out = lima_posix_stream_new(out, kind_of(out));
    return true;
}
