/* Starting a child with CreateProcess.
 *
 * What the child gets is listed for Windows one by one (PROC_THREAD_ATTRIBUTE_HANDLE_LIST): its three
 * standard handles, and no other, whatever in this process is marked as inheritable. It is in a job of its
 * own from its first instant, which is its group: ending the job ends all that it has started. The job
 * does not end with this process, and lets those go who leave it on purpose (BREAKAWAY): children of
 * children that are started as groups of their own. So this process leaves a job that it is in itself, if
 * that allows it, with each child. A child has a console that nobody sees instead of ours.
 *
 * Command files (.bat, .cmd) are refused: cmd.exe would take their arguments apart by rules of its own,
 * and run what is in them. */
#include "child.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "handle.h"
#include "os/file.h"
#include "os/shared/shared.h"
#include "private.h"
#include "quote.h"
#include "stream.h"
#include "wide.h"
#include "win_err.h"

typedef struct launch {
    char *path;
    wchar_t *program, *line, *dir, *env;
    HANDLE given[3];         /* the child's standard handles, inheritable */
    lima_stream *streams[3]; /* our ends of pipes */
    HANDLE job;
    LPPROC_THREAD_ATTRIBUTE_LIST attributes;
} launch;

/* ---- standard handles ---- */

static HANDLE open_null(lima_err *err)
{
    HANDLE opened = CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                NULL, OPEN_EXISTING, 0, NULL);

    if (opened == INVALID_HANDLE_VALUE)
        lima_win_fail(err, GetLastError(), "open the null device");
    return opened;
}

/* A standard handle that this process does not have itself is nowhere for the child too. */
static HANDLE copy_ours(int number, lima_err *err)
{
    static const DWORD names[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
    HANDLE self = GetCurrentProcess(), ours = GetStdHandle(names[number]), copy;

    if (ours && ours != INVALID_HANDLE_VALUE
        && DuplicateHandle(self, ours, self, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS))
        return copy;
    return open_null(err);
}

static HANDLE open_log(const char *path, lima_err *err)
{
    SECURITY_ATTRIBUTES security;
    lima_win_open_how how = {.access = FILE_APPEND_DATA | FILE_READ_ATTRIBUTES | SYNCHRONIZE,
                             .disposition = OPEN_ALWAYS,
                             .security = &security};

    return lima_win_private(false, &security, err) ? lima_win_open_regular(path, &how, err)
                                                   : INVALID_HANDLE_VALUE;
}

static HANDLE open_pipe(launch *plan, int number, lima_err *err)
{
    HANDLE ours, theirs;

    if (!lima_win_pipe(number == 0, &ours, &theirs, err))
        return INVALID_HANDLE_VALUE;
    plan->streams[number] = lima_win_stream_of_pipe(ours);
    return theirs;
}

static HANDLE open_std(launch *plan, int number, lima_process_out how, const char *file, lima_err *err)
{
    switch (how) {
    case LIMA_PROCESS_FILE:
        return open_log(file, err);
    case LIMA_PROCESS_PIPE:
        return open_pipe(plan, number, err);
    case LIMA_PROCESS_INHERIT:
        return copy_ours(number, err);
    case LIMA_PROCESS_NULL:
    default:
        return open_null(err);
    }
}

static bool give_std(launch *plan, int number, lima_process_out how, const char *file, lima_err *err)
{
    HANDLE handle = open_std(plan, number, how, file, err);

    if (handle == INVALID_HANDLE_VALUE)
        return lima_err_wrap(err, "standard handle %d", number);
    plan->given[number] = handle;
    return SetHandleInformation(handle, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT)
           || lima_win_fail(err, GetLastError(), "standard handle %d", number);
}

/* ---- texts ---- */

static bool is_command_file(const char *program)
{
    const char *end = strrchr(program, '.');

    return end && (lima_str_eq_nocase(end, ".bat") || lima_str_eq_nocase(end, ".cmd"));
}

static bool fill_line(launch *plan, const char *const *argv, lima_err *err)
{
    char *line = NULL;
    bool ok = lima_quote(argv, &line, err) && lima_wide_from_utf8(line, &plan->line, err);

    free(line);
    if (ok && wcslen(plan->line) > LIMA_QUOTE_MAX)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "the command line has %zu characters, Windows allows %d", wcslen(plan->line),
                            LIMA_QUOTE_MAX);
    return ok;
}

/* The long form of a path only where Windows needs it: programs see it as their own name. */
static bool fill_program(launch *plan, lima_err *err)
{
    if (!lima_wide_path_plain(plan->path, &plan->program, err))
        return false;
    if (wcslen(plan->program) < MAX_PATH)
        return true;
    free(plan->program);
    plan->program = NULL;
    return lima_wide_path(plan->path, &plan->program, err);
}

static bool prepare(launch *plan, const lima_process_desc *desc, lima_err *err)
{
    return lima_file_find_program(desc->argv[0], &plan->path, err) && fill_program(plan, err)
           && fill_line(plan, desc->argv, err)
           && (!desc->dir || lima_wide_path_plain(desc->dir, &plan->dir, err))
           && lima_win_env(desc->env_add, &plan->env, err) && give_std(plan, 0, desc->in, NULL, err)
           && give_std(plan, 1, desc->out, desc->out_file, err)
           && give_std(plan, 2, desc->err, desc->err_file, err);
}

static bool check(const lima_process_desc *desc, lima_err *err)
{
    if (!lima_shared_check_process(desc, err))
        return false;
    if (desc->inherit_count > 0)
        return lima_err_set(err, LIMA_CODE_UNIMPLEMENTED, "Windows gives children no sockets");
    if (is_command_file(desc->argv[0]))
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                            "'%s' is a command file, whose arguments cmd.exe would change; name a program",
                            desc->argv[0]);
    return true;
}

/* ---- the start itself ---- */

static bool make_job(launch *plan, lima_err *err)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {
        .BasicLimitInformation = {.LimitFlags = JOB_OBJECT_LIMIT_BREAKAWAY_OK}};

    plan->job = CreateJobObjectW(NULL, NULL);
    return (plan->job
            && SetInformationJobObject(plan->job, JobObjectExtendedLimitInformation, &limits, sizeof limits))
           || lima_win_fail(err, GetLastError(), "make a job");
}

static bool fill_attributes(launch *plan, lima_err *err)
{
    DWORD count = plan->job ? 2 : 1;
    SIZE_T size = 0;

    InitializeProcThreadAttributeList(NULL, count, 0, &size);
    plan->attributes = lima_mem_zalloc(1, size);
    if (InitializeProcThreadAttributeList(plan->attributes, count, 0, &size)
        && UpdateProcThreadAttribute(plan->attributes, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, plan->given,
                                     sizeof plan->given, NULL, NULL)
        && (!plan->job
            || UpdateProcThreadAttribute(plan->attributes, 0, PROC_THREAD_ATTRIBUTE_JOB_LIST, &plan->job,
                                         sizeof plan->job, NULL, NULL)))
        return true;
    return lima_win_fail(err, GetLastError(), "describe the process");
}

/* A program of ours without a console would otherwise open a window for the child. */
static DWORD flags_for(const launch *plan)
{
    DWORD flags = CREATE_UNICODE_ENVIRONMENT | EXTENDED_STARTUPINFO_PRESENT;

    if (plan->job)
        flags |= CREATE_NEW_PROCESS_GROUP | CREATE_BREAKAWAY_FROM_JOB;
    if (plan->job || GetConsoleCP() == 0)
        flags |= CREATE_NO_WINDOW;
    return flags;
}

static DWORD create(const launch *plan, DWORD flags, PROCESS_INFORMATION *ret)
{
    STARTUPINFOEXW how = {.StartupInfo = {.cb = sizeof how,
                                          .dwFlags = STARTF_USESTDHANDLES,
                                          .hStdInput = plan->given[0],
                                          .hStdOutput = plan->given[1],
                                          .hStdError = plan->given[2]},
                          .lpAttributeList = plan->attributes};

    return CreateProcessW(plan->program, plan->line, NULL, NULL, TRUE, flags, plan->env, plan->dir,
                          &how.StartupInfo, ret)
               ? 0
               : GetLastError();
}

static bool explain(const launch *plan, const lima_process_desc *desc, DWORD failed, lima_err *err)
{
    lima_file_info at = {.kind = LIMA_FILE_DIR};

    if (desc->dir && (!lima_file_stat(desc->dir, true, &at, NULL) || at.kind != LIMA_FILE_DIR))
        return lima_err_set(err, LIMA_CODE_NOT_FOUND, "folder '%s' to run in: no such folder", desc->dir);
    return lima_win_fail(err, failed, "execute '%s'", plan->path);
}

static bool spawn(launch *plan, const lima_process_desc *desc, HANDLE *ret, lima_err *err)
{
    PROCESS_INFORMATION made;

    if ((!desc->same_group && !make_job(plan, err)) || !fill_attributes(plan, err))
        return false;
    DWORD flags = flags_for(plan), failed = create(plan, flags, &made);
    if (failed == ERROR_ACCESS_DENIED
        && plan->job) /* perhaps because the job that we are in keeps its children */
        failed = create(plan, flags & ~(DWORD)CREATE_BREAKAWAY_FROM_JOB, &made);
    if (failed)
        return explain(plan, desc, failed, err);
    CloseHandle(made.hThread);
    *ret = made.hProcess;
    return true;
}

static lima_process *adopt(launch *plan, HANDLE handle)
{
    lima_process *process = lima_mem_zalloc(1, sizeof *process);

    *process = (lima_process){.handle = handle, .job = plan->job, .id = lima_win_identify(handle)};
    memcpy(process->streams, plan->streams, sizeof process->streams);
    memset(plan->streams, 0, sizeof plan->streams);
    plan->job = NULL;
    return process;
}

static void launch_free(launch *plan)
{
    for (int i = 0; i < 3; i++) {
        if (plan->given[i])
            CloseHandle(plan->given[i]);
        lima_stream_close(plan->streams[i]);
    }
    if (plan->job)
        CloseHandle(plan->job);
    if (plan->attributes)
        DeleteProcThreadAttributeList(plan->attributes);
    free(plan->attributes);
    free(plan->env);
    free(plan->dir);
    free(plan->line);
    free(plan->program);
    free(plan->path);
}

bool lima_process_start(const lima_process_desc *desc, lima_process **ret, lima_err *err)
{
    launch plan = {0};
    HANDLE handle = NULL;

    if (!check(desc, err))
        return false;
    bool ok = (prepare(&plan, desc, err) && spawn(&plan, desc, &handle, err))
              || lima_err_wrap(err, "start '%s'", desc->argv[0]);
    if (ok)
        *ret = adopt(&plan, handle);
    launch_free(&plan);
    return ok;
}
