/* Starting a child with posix_spawn: no code of ours runs between fork and exec, where a program with threads
 * may do next to nothing.
 *
 * All descriptors for the child are first lifted above the numbers it will know, so that putting them in
 * place (dup2) overwrites none that is still needed; lima_posix_spawn_rest closes the others. Signals are
 * back to default and unblocked. A failing exec is posix_spawn's return value. The number of the child is
 * also that of its session and group, unless it stays in ours. */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "fd.h"
#include "os/file.h"
#include "os/shared/shared.h"
#include "platform.h"
#include "posix_err.h"
#include "stream.h"

enum { KEEP_MAX = 3 + LIMA_PROCESS_INHERIT_MAX };

extern char **environ;

typedef struct launch {
    char *program; /* absolute */
    lima_strv argv, env;
    int keep;                /* the child gets descriptors 0 … keep-1 */
    int given[KEEP_MAX];     /* which of ours become them */
    lima_stream *streams[3]; /* our ends of pipes */
} launch;

/* Above all numbers of the child; the old one is closed. */
static int lift(int fd, int keep)
{
    int lifted = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, keep);
    int saved = errno;

    if (fd >= 0)
        close(fd);
    errno = saved;
    return lifted;
}

/* The child's end; ours becomes a stream. Numbers: 0 is read by the child, 1 and 2 are written. */
static int open_pipe(launch *plan, int number)
{
    int fds[2];
    int theirs = number == 0 ? 0 : 1;

    if (lima_posix_pipe(fds))
        return -1;
    plan->streams[number] = lima_posix_stream_new(fds[!theirs], LIMA_POSIX_PIPE);
    return fds[theirs];
}

static int open_null(void)
{
    return open("/dev/null", O_RDWR | O_CLOEXEC);
}

/* A standard handle that this process does not have itself is nowhere for the child too. */
static int inherited(int number, int keep)
{
    int fd = fcntl(number, F_DUPFD_CLOEXEC, keep);

    return fd < 0 && errno == EBADF ? open_null() : fd;
}

static int open_log(const char *path, lima_err *err)
{
    struct stat at;
    int fd = lima_posix_open_regular(path, O_WRONLY | O_CREAT | O_APPEND, &at, err);

    if (fd >= 0)
        fcntl(fd, F_SETFL, O_APPEND); /* without O_NONBLOCK, which only served opening */
    return fd;
}

static bool give_std(launch *plan, int number, lima_process_out how, const char *file, lima_err *err)
{
    int fd = -1;

    switch (how) {
    case LIMA_PROCESS_FILE:
        fd = open_log(file, err);
        if (fd < 0)
            return lima_err_wrap(err, "file for the output");
        break;
    case LIMA_PROCESS_PIPE:
        fd = open_pipe(plan, number);
        break;
    case LIMA_PROCESS_INHERIT:
        fd = inherited(number, plan->keep);
        break;
    case LIMA_PROCESS_NULL:
    default:
        fd = open_null();
        break;
    }
    plan->given[number] = lift(fd, plan->keep);
    return plan->given[number] >= 0 || lima_posix_fail(err, errno, "handle %d", number);
}

static bool give_all(launch *plan, const lima_process_desc *desc, lima_err *err)
{
    if (!give_std(plan, 0, desc->in, NULL, err) || !give_std(plan, 1, desc->out, desc->out_file, err)
        || !give_std(plan, 2, desc->err, desc->err_file, err))
        return false;
    for (int i = 3; i < plan->keep; i++) {
        plan->given[i] = fcntl(lima_posix_stream_fd(desc->inherit[i - 3]), F_DUPFD_CLOEXEC, plan->keep);
        if (plan->given[i] < 0)
            return lima_posix_fail(err, errno, "handle %d", i);
    }
    return true;
}

static size_t name_len(const char *entry)
{
    return strcspn(entry, "=");
}

static bool same_name(const char *a, const char *b)
{
    return name_len(a) == name_len(b) && !strncmp(a, b, name_len(a));
}

static bool is_named(const char *const *entries, const char *entry)
{
    for (; entries && *entries; entries++)
        if (same_name(*entries, entry))
            return true;
    return false;
}

static void merge_env(lima_strv *env, const char *const *add)
{
    for (char **entry = environ; entry && *entry; entry++)
        if (!is_named(add, *entry))
            lima_strv_add(env, *entry);
    for (; add && *add; add++)
        if (strchr(*add, '=') && !is_named(add + 1, *add))
            lima_strv_add(env, *add);
}

static bool check(const lima_process_desc *desc, lima_err *err)
{
    if (!lima_shared_check_process(desc, err))
        return false;
    if (desc->inherit_count > LIMA_PROCESS_INHERIT_MAX)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "more than %d sockets to inherit",
                            LIMA_PROCESS_INHERIT_MAX);
    return true;
}

static bool prepare(launch *plan, const lima_process_desc *desc, lima_err *err)
{
    if (!lima_file_find_program(desc->argv[0], &plan->program, err) || !give_all(plan, desc, err))
        return false;
    for (const char *const *arg = desc->argv; *arg; arg++)
        lima_strv_add(&plan->argv, *arg);
    merge_env(&plan->env, desc->env_add);
    return true;
}

/* errno-like; 0 on success. */
static int fill_actions(posix_spawn_file_actions_t *actions, const launch *plan, const char *dir,
                        short *flags)
{
    int failed = dir ? posix_spawn_file_actions_addchdir_np(actions, dir) : 0;

    for (int i = 0; !failed && i < plan->keep; i++)
        failed = posix_spawn_file_actions_adddup2(actions, plan->given[i], i);
    return failed ? failed : lima_posix_spawn_rest(actions, flags, plan->keep);
}

static int fill_attributes(posix_spawnattr_t *attributes, short flags)
{
    sigset_t all, none;

    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setsigmask(attributes, &none);
    return posix_spawnattr_setflags(attributes, flags);
}

static int spawn(const launch *plan, const lima_process_desc *desc, pid_t *ret_pid)
{
    static char *no_env[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;

    if (!desc->same_group)
        flags |= POSIX_SPAWN_SETSID;
    if (posix_spawn_file_actions_init(&actions))
        return ENOMEM;
    if (posix_spawnattr_init(&attributes)) {
        posix_spawn_file_actions_destroy(&actions);
        return ENOMEM;
    }
    int failed = fill_actions(&actions, plan, desc->dir, &flags);
    if (!failed)
        failed = fill_attributes(&attributes, flags);
    if (!failed)
        failed = posix_spawn(ret_pid, plan->program, &actions, &attributes, plan->argv.items,
                             plan->env.items ? plan->env.items : no_env);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

/* posix_spawn does not tell which step failed. */
static bool explain(const launch *plan, const lima_process_desc *desc, int failed, lima_err *err)
{
    if (desc->dir && access(desc->dir, X_OK))
        return lima_posix_fail(err, errno, "folder '%s' to run in", desc->dir);
    if (failed
        /* it was there when we looked: a script names an interpreter, or a program a loader, that is
         * missing */
        == ENOENT)
        return lima_err_set(err, LIMA_CODE_NOT_FOUND, "execute '%s': its interpreter is not found",
                            plan->program);
    return lima_posix_fail(err, failed, "execute '%s'", plan->program);
}

static lima_process *adopt(launch *plan, pid_t pid, bool own_group)
{
    lima_process *process = lima_mem_zalloc(1, sizeof *process);
    bool zombie;

    *process = (lima_process){.pid = pid, .exit_fd = lima_posix_exit_fd(pid), .own_group = own_group};
    process->id.pid = (uint32_t)pid;
    lima_posix_identify(pid, &process->id, &zombie);
    memcpy(process->streams, plan->streams, sizeof process->streams);
    memset(plan->streams, 0, sizeof plan->streams);
    return process;
}

static void launch_free(launch *plan)
{
    for (int i = 0; i < plan->keep; i++)
        if (plan->given[i] >= 0)
            close(plan->given[i]);
    for (int i = 0; i < 3; i++)
        lima_stream_close(plan->streams[i]);
    lima_strv_free(&plan->argv);
    lima_strv_free(&plan->env);
    free(plan->program);
}

bool lima_process_start(const lima_process_desc *desc, lima_process **ret, lima_err *err)
{
    launch plan = {0};
    pid_t pid;

    if (!check(desc, err))
        return false;
    plan.keep = 3 + (int)desc->inherit_count;
    for (int i = 0; i < plan.keep; i++)
        plan.given[i] = -1;
    bool ok = prepare(&plan, desc, err);
    if (ok) {
        int failed = spawn(&plan, desc, &pid);
        ok = !failed || explain(&plan, desc, failed, err);
    }
    if (ok)
        *ret = adopt(&plan, pid, !desc->same_group);
    else
        lima_err_wrap(err, "start '%s'", desc->argv[0]);
    launch_free(&plan);
    return ok;
}
