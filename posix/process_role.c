/* What signals mean to this program. The one handler raises the wake, which a handler may do (wake.c), and
 * nothing else.
 *
 * Whoever started us may have blocked or ignored signals: blocked ones are let in again; a tool started under
 * nohup, or in the background by a shell without job control, keeps ignoring what it was told to ignore. */
#include "os/process.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#include "posix_err.h"

static lima_wake *_Atomic stop_wake;

static void on_stop(int number)
{
    lima_wake *wake = atomic_load(&stop_wake);

    (void)number;
    if (wake)
        lima_wake_raise(wake);
}

static void set_handler(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

static bool is_ignored(int number)
{
    struct sigaction action;

    return !sigaction(number, NULL, &action) && action.sa_handler == SIG_IGN;
}

static void stop_on(int number)
{
    sigset_t only;

    set_handler(number, on_stop);
    sigemptyset(&only);
    sigaddset(&only, number);
    pthread_sigmask(SIG_UNBLOCK, &only, NULL);
}

static void become_tool(void)
{
    static const int from_terminal[] = {SIGINT, SIGHUP};

    for (size_t i = 0; i < sizeof from_terminal / sizeof from_terminal[0]; i++)
        if (!is_ignored(from_terminal[i]))
            stop_on(from_terminal[i]);
}

/* setsid fails for the leader of a group (started by hand from a shell): then ignoring the terminal's signals
 * must do. */
static bool become_server(lima_err *err)
{
    static const int from_terminal[] = {SIGINT, SIGQUIT, SIGHUP, SIGTSTP, SIGTTIN, SIGTTOU};

    for (size_t i = 0; i < sizeof from_terminal / sizeof from_terminal[0]; i++)
        set_handler(from_terminal[i], SIG_IGN);
    setsid();
    return !chdir("/") || lima_posix_fail(err, errno, "leave the folder for '/'");
}

bool lima_process_set_role(lima_process_role role, lima_wake *stop, lima_err *err)
{
    bool ok = true;

    atomic_store(&stop_wake, stop);
    set_handler(SIGPIPE, SIG_IGN); /* a peer that has gone is an error code */
    set_handler(SIGXFSZ, SIG_IGN); /* so is a file over the limit */
    set_handler(SIGCHLD, SIG_DFL); /* ignored, it would lose exit codes */
    if (role == LIMA_PROCESS_SERVER)
        ok = become_server(err);
    else
        become_tool();
    stop_on(SIGTERM);
    return ok;
}
