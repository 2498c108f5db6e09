/* win/hcs.h by the double's back end. Whatever a call that timed out still needs stays until it has ended. */
#include "win/hcs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "calls.h"
#include "win/hcs_words.h"
#include "win/hresult.h"

enum { EXITED = 1, CRASH_REPORT = 3, CLOSE_MS = 5000 };
#define DISCONNECT 0x02000000u

struct lima_hcs_system {
    lima_hcs_system *next;
    uint64_t handle;
    char *id;
    lima_wake *ended;
    lima_hcs_end end;
    int late; /* calls of it that nobody waits for any more */
    bool closed;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static lima_hcs_system *systems;
static uint64_t last_handle;

/* ---- events ---- */

static void note(lima_hcs_system *of, uint32_t type, const char *data)
{
    if (type == CRASH_REPORT) {
        free(of->end.crash);
        of->end.crash = lima_mem_strdup(data ? data : "");
    }
    if ((type != EXITED && type != DISCONNECT) || of->end.how != LIMA_HCS_GOES_ON)
        return;
    of->end.how = type == EXITED ? LIMA_HCS_EXITED : LIMA_HCS_DISCONNECTED;
    of->end.status = type == EXITED ? lima_mem_strdup(data ? data : "") : NULL;
    lima_wake_raise(of->ended);
}

static void event(uint64_t handle, uint32_t type, const char *data)
{
    pthread_mutex_lock(&lock);
    for (lima_hcs_system *at = systems; at; at = at->next) {
        if (at->handle == handle || handle == 0)
            note(at, type, data);
    }
    pthread_mutex_unlock(&lock);
}

/* ---- calls ---- */

/* Waits for the call; its answer, if it succeeds, is the caller's. Takes `one` over. */
static bool run(call *one, bool tracked, lima_deadline deadline, lima_wake *wake, char **ret_json,
                lima_err *err, const char *what)
{
    if (!call_run(one, tracked, deadline, wake, err))
        return lima_err_wrap(err, "%s", what);
    uint32_t code = call_code(one);
    const char *result = call_field(one, "result");
    char *words = code ? lima_hcs_words(result) : NULL;
    if (!code && ret_json)
        *ret_json = lima_mem_strdup(result ? result : "");
    if (code)
        lima_hresult_fail(err, code, words, "%s", what);
    free(words);
    call_free(one);
    return code == 0;
}

bool lima_hcs_service(const char *query, lima_deadline deadline, lima_wake *wake, char **ret_json,
                      lima_err *err)
{
    call *one = call_new(CALL_HCS, "HcsGetServiceProperties");
    call_text(one, "query", query);
    return run(one, false, deadline, wake, ret_json, err, "Host Compute Service");
}

bool lima_hcs_enumerate(const char *query, lima_deadline deadline, lima_wake *wake, char **ret_json,
                        lima_err *err)
{
    call *one = call_new(CALL_HCS, "HcsEnumerateComputeSystems");
    call_text(one, "query", query);
    return run(one, true, deadline, wake, ret_json, err, "compute systems");
}

static bool about_file(const char *name, const char *id, const char *path, lima_deadline deadline,
                       lima_wake *wake, lima_err *err)
{
    call *one = call_new(CALL_HCS, name);
    call_text(one, "system", id);
    call_text(one, "path", path);
    return run(one, false, deadline, wake, NULL, err, path);
}

bool lima_hcs_make_guest_state(const char *path, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    return about_file("HcsCreateEmptyGuestStateFile", NULL, path, deadline, wake, err);
}

bool lima_hcs_make_runtime_state(const char *path, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    return about_file("HcsCreateEmptyRuntimeStateFile", NULL, path, deadline, wake, err);
}

bool lima_hcs_grant(const char *id, const char *path, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    return about_file("HcsGrantVmAccess", id, path, deadline, wake, err);
}

bool lima_hcs_revoke(const char *id, const char *path, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    return about_file("HcsRevokeVmAccess", id, path, deadline, wake, err);
}

/* ---- a compute system ---- */

static lima_hcs_system *new_system(const char *id)
{
    lima_hcs_system *made = lima_mem_zalloc(1, sizeof *made);
    made->id = lima_mem_strdup(id);
    made->ended = lima_wake_new();
    call_on_event(event);
    pthread_mutex_lock(&lock);
    made->handle = ++last_handle;
    made->next = systems;
    systems = made;
    pthread_mutex_unlock(&lock);
    return made;
}

/* As on Windows the handle is gone when its owner comes back; the thread that brings answers cannot wait for one. */
static void close_handle(uint64_t handle, bool by_owner)
{
    call *one = call_new(CALL_HCS, "HcsCloseComputeSystem");
    call_number(one, "handle", handle);
    if (!by_owner)
        call_send(one);
    else if (call_run(one, false, lima_clock_in(CLOSE_MS), NULL, NULL))
        call_free(one);
}

/* Once nobody uses it: neither its owner nor a call. */
static void drop(lima_hcs_system *system, bool by_owner)
{
    pthread_mutex_lock(&lock);
    lima_hcs_system **at = &systems;
    while (*at != system)
        at = &(*at)->next;
    *at = system->next;
    pthread_mutex_unlock(&lock);
    close_handle(system->handle, by_owner);
    lima_hcs_end_free(&system->end);
    lima_wake_free(system->ended);
    free(system->id);
    free(system);
}

static void release(lima_hcs_system *system, bool by_owner)
{
    pthread_mutex_lock(&lock);
    system->closed = system->closed || by_owner;
    system->late -= !by_owner;
    bool unused = system->closed && system->late == 0;
    pthread_mutex_unlock(&lock);
    if (unused)
        drop(system, by_owner);
}

void lima_hcs_close(lima_hcs_system *system)
{
    if (system)
        release(system, true);
}

static void ended_late(void *context, uint32_t number)
{
    (void)number;
    release(context, false);
}

/* A system that nobody waited for any more: it is terminated, and closed after that. */
static void created_late(void *context, uint32_t number)
{
    lima_hcs_system *system = context;

    if (number) {
        release(system, false);
        return;
    }
    call *one = call_new(CALL_HCS, "HcsTerminateComputeSystem");
    call_number(one, "handle", system->handle);
    call_set_late(one, ended_late, system);
    call_send(one);
}

/* As run, of a system: counted as late until it has ended. */
static bool run_on(lima_hcs_system *system, call *one, bool tracked, call_late *late, lima_deadline deadline,
                   lima_wake *wake, char **ret_json, lima_err *err, const char *what)
{
    lima_err failed = {0};
    char *words = lima_mem_printf("compute system '%s': %s", system->id, what);
    call_set_late(one, late, system);
    pthread_mutex_lock(&lock);
    system->late++;
    pthread_mutex_unlock(&lock);
    bool ok = run(one, tracked, deadline, wake, ret_json, &failed, words);
    if (failed.code != LIMA_CODE_DEADLINE_EXCEEDED && failed.code != LIMA_CODE_CANCELLED)
        release(system, false);
    if (!ok && err)
        *err = failed;
    free(words);
    return ok;
}

static bool make(const char *name, const char *id, const char *document, lima_deadline deadline,
                 lima_wake *wake, lima_hcs_system **ret, lima_err *err)
{
    lima_hcs_system *system = new_system(id);
    call *one = call_new(CALL_HCS, name);
    call_text(one, "system", id);
    call_text(one, "document", document);
    call_number(one, "handle", system->handle);
    if (!run_on(system, one, document != NULL, document ? created_late : ended_late, deadline, wake, NULL,
                err, document ? "create" : "open")) {
        lima_hcs_close(system);
        return false;
    }
    *ret = system;
    return true;
}

bool lima_hcs_create(const char *id, const char *document, lima_deadline deadline, lima_wake *wake,
                     lima_hcs_system **ret, lima_err *err)
{
    return make("HcsCreateComputeSystem", id, document, deadline, wake, ret, err);
}

bool lima_hcs_open(const char *id, lima_deadline deadline, lima_wake *wake, lima_hcs_system **ret,
                   lima_err *err)
{
    return make("HcsOpenComputeSystem", id, NULL, deadline, wake, ret, err);
}

static bool tell(lima_hcs_system *system, const char *name, const char *field, const char *text,
                 lima_deadline deadline, lima_wake *wake, char **ret_json, lima_err *err, const char *what)
{
    call *one = call_new(CALL_HCS, name);
    call_number(one, "handle", system->handle);
    call_text(one, field, text);
    return run_on(system, one, true, ended_late, deadline, wake, ret_json, err, what);
}

bool lima_hcs_start(lima_hcs_system *system, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    return tell(system, "HcsStartComputeSystem", "options", NULL, deadline, wake, NULL, err, "start");
}

bool lima_hcs_shut_down(lima_hcs_system *system, const char *options, lima_deadline deadline, lima_wake *wake,
                        lima_err *err)
{
    return tell(system, "HcsShutDownComputeSystem", "options", options, deadline, wake, NULL, err,
                "shut down");
}

bool lima_hcs_terminate(lima_hcs_system *system, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    return tell(system, "HcsTerminateComputeSystem", "options", NULL, deadline, wake, NULL, err, "terminate");
}

bool lima_hcs_pause(lima_hcs_system *system, const char *options, lima_deadline deadline, lima_wake *wake,
                    lima_err *err)
{
    return tell(system, "HcsPauseComputeSystem", "options", options, deadline, wake, NULL, err, "pause");
}

bool lima_hcs_resume(lima_hcs_system *system, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    return tell(system, "HcsResumeComputeSystem", "options", NULL, deadline, wake, NULL, err, "resume");
}

bool lima_hcs_save(lima_hcs_system *system, const char *options, lima_deadline deadline, lima_wake *wake,
                   lima_err *err)
{
    return tell(system, "HcsSaveComputeSystem", "options", options, deadline, wake, NULL, err, "save");
}

bool lima_hcs_properties(lima_hcs_system *system, const char *query, lima_deadline deadline, lima_wake *wake,
                         char **ret_json, lima_err *err)
{
    return tell(system, "HcsGetComputeSystemProperties", "query", query, deadline, wake, ret_json, err,
                "properties");
}

bool lima_hcs_modify(lima_hcs_system *system, const char *document, lima_deadline deadline, lima_wake *wake,
                     lima_err *err)
{
    return tell(system, "HcsModifyComputeSystem", "document", document, deadline, wake, NULL, err, "modify");
}

/* ---- its end ---- */

lima_wake *lima_hcs_ended(lima_hcs_system *system)
{
    return system->ended;
}

void lima_hcs_end_get(lima_hcs_system *system, lima_hcs_end *ret)
{
    pthread_mutex_lock(&lock);
    *ret = (lima_hcs_end){.how = system->end.how,
                          .status = system->end.status ? lima_mem_strdup(system->end.status) : NULL,
                          .crash = system->end.crash ? lima_mem_strdup(system->end.crash) : NULL};
    pthread_mutex_unlock(&lock);
}

void lima_hcs_end_free(lima_hcs_end *end)
{
    if (!end)
        return;
    free(end->status);
    free(end->crash);
    *end = (lima_hcs_end){0};
}

bool lima_hcs_wait_end(lima_hcs_system *system, lima_deadline deadline, lima_wake *wake, lima_hcs_end *ret,
                       lima_err *err)
{
    enum { SLICE_MS = 20 };
    while (!lima_wake_wait(system->ended, lima_clock_in(SLICE_MS))) {
        if (wake && lima_wake_wait(wake, 0))
            return lima_err_set(err, LIMA_CODE_CANCELLED, "compute system '%s': cancelled", system->id);
        if (lima_clock_now() >= deadline)
            return lima_err_set(err, LIMA_CODE_DEADLINE_EXCEEDED, "compute system '%s': has not ended",
                                system->id);
    }
    lima_hcs_end_get(system, ret);
    return true;
}
