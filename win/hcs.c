/* What hcs.h offers, as calls (hcs_call.c). */
#include "hcs.h"

#include <stdlib.h>

#include "base/mem.h"
#include "hcs_call.h"
#include "hcs_system.h"
#include "wide.h"

/* ---- of the service ---- */

static HRESULT begin_service(hcs_call *call, hcs_operation operation)
{
    (void)operation;
    return call->api->HcsGetServiceProperties(call->text, &call->answer);
}

static HRESULT begin_enumerate(hcs_call *call, hcs_operation operation)
{
    return call->api->HcsEnumerateComputeSystems(call->text, operation);
}

/* The call with its text, and then it is run. */
static bool ask(hcs_call *call, const char *text, lima_deadline deadline, lima_wake *wake, char **ret_json,
                lima_err *err)
{
    if (!call)
        return false;
    if (lima_win_hcs_call_set(&call->text, text, err))
        return lima_win_hcs_call_run(call, deadline, wake, ret_json, NULL, err);
    lima_err_wrap(err, "%s: %s", call->object, call->what);
    lima_win_hcs_call_free(call);
    return false;
}

bool lima_hcs_service(const char *query, lima_deadline deadline, lima_wake *wake, char **ret_json,
                      lima_err *err)
{
    hcs_call *call = lima_win_hcs_call_new("ask for its properties", NULL, err);

    if (call)
        call->begin = begin_service;
    return ask(call, query, deadline, wake, ret_json, err);
}

bool lima_hcs_enumerate(const char *query, lima_deadline deadline, lima_wake *wake, char **ret_json,
                        lima_err *err)
{
    hcs_call *call = lima_win_hcs_call_new("list virtual machines", NULL, err);

    if (call) {
        call->begin = begin_enumerate;
        call->kind = HCS_CALL_OPERATION;
    }
    return ask(call, query, deadline, wake, ret_json, err);
}

/* ---- of files ---- */

static HRESULT begin_guest_state(hcs_call *call, hcs_operation operation)
{
    (void)operation;
    return call->api->HcsCreateEmptyGuestStateFile(call->path);
}

static HRESULT begin_runtime_state(hcs_call *call, hcs_operation operation)
{
    (void)operation;
    return call->api->HcsCreateEmptyRuntimeStateFile(call->path);
}

static HRESULT begin_grant(hcs_call *call, hcs_operation operation)
{
    (void)operation;
    return call->api->HcsGrantVmAccess(call->id, call->path);
}

static HRESULT begin_revoke(hcs_call *call, hcs_operation operation)
{
    (void)operation;
    return call->api->HcsRevokeVmAccess(call->id, call->path);
}

static bool run_on_file(const char *what, hcs_begin *begin, const char *id, const char *path,
                        lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    hcs_call *call = lima_win_hcs_call_new(what, NULL, err);

    if (!call)
        return false;
    free(call->object);
    call->object = lima_mem_printf("'%s'", path);
    call->begin = begin;
    if (lima_wide_path_plain(path, &call->path, err) && lima_win_hcs_call_set(&call->id, id, err))
        return lima_win_hcs_call_run(call, deadline, wake, NULL, NULL, err);
    lima_win_hcs_call_free(call);
    return lima_err_wrap(err, "%s", what);
}

bool lima_hcs_make_guest_state(const char *path, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    return run_on_file("make a guest state file", begin_guest_state, NULL, path, deadline, wake, err);
}

bool lima_hcs_make_runtime_state(const char *path, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    return run_on_file("make a runtime state file", begin_runtime_state, NULL, path, deadline, wake, err);
}

bool lima_hcs_grant(const char *id, const char *path, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    return run_on_file("let the virtual machine use it", begin_grant, id, path, deadline, wake, err);
}

bool lima_hcs_revoke(const char *id, const char *path, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    return run_on_file("no longer let the virtual machine use it", begin_revoke, id, path, deadline, wake,
                       err);
}

/* ---- making and finding systems ---- */

static HRESULT begin_create(hcs_call *call, hcs_operation operation)
{
    hcs_handle made = NULL;
    HRESULT result = call->api->HcsCreateComputeSystem(call->id, call->text, operation, NULL, &made);

    if (SUCCEEDED(result))
        lima_win_hcs_system_own(call->system, made);
    return result;
}

static HRESULT begin_open(hcs_call *call, hcs_operation operation)
{
    hcs_handle found = NULL;
    HRESULT result = call->api->HcsOpenComputeSystem(call->id, GENERIC_ALL, &found);

    (void)operation;
    if (SUCCEEDED(result))
        lima_win_hcs_system_own(call->system, found);
    return result;
}

static bool make(hcs_call *call, const char *id, const char *document, lima_deadline deadline,
                 lima_wake *wake, lima_hcs_system **ret, lima_err *err)
{
    free(call->object);
    call->object = lima_mem_printf("virtual machine '%s'", id);
    call->system = lima_win_hcs_system_new(id);
    if (lima_win_hcs_call_set(&call->id, id, err) && lima_win_hcs_call_set(&call->text, document, err))
        return lima_win_hcs_call_run(call, deadline, wake, NULL, ret, err);
    lima_err_wrap(err, "%s: %s", call->object, call->what);
    lima_win_hcs_call_free(call);
    return false;
}

bool lima_hcs_create(const char *id, const char *document, lima_deadline deadline, lima_wake *wake,
                     lima_hcs_system **ret, lima_err *err)
{
    hcs_call *call = lima_win_hcs_call_new("create", NULL, err);

    if (!call)
        return false;
    call->begin = begin_create;
    call->kind = HCS_CALL_CREATE;
    return make(call, id, document, deadline, wake, ret, err);
}

bool lima_hcs_open(const char *id, lima_deadline deadline, lima_wake *wake, lima_hcs_system **ret,
                   lima_err *err)
{
    hcs_call *call = lima_win_hcs_call_new("open", NULL, err);

    if (!call)
        return false;
    call->begin = begin_open;
    call->kind = HCS_CALL_OPEN;
    return make(call, id, NULL, deadline, wake, ret, err);
}

/* ---- of a system ---- */

/* Those that take a handle, an operation and options differ by nothing but the function. */
#define BEGIN(name, function)                                                                                \
    static HRESULT name(hcs_call *call, hcs_operation operation)                                             \
    {                                                                                                        \
        return call->api->function(lima_win_hcs_system_handle(call->system), operation, call->text);         \
    }
BEGIN(begin_start, HcsStartComputeSystem)
BEGIN(begin_shut_down, HcsShutDownComputeSystem)
BEGIN(begin_terminate, HcsTerminateComputeSystem)
BEGIN(begin_pause, HcsPauseComputeSystem)
BEGIN(begin_resume, HcsResumeComputeSystem)
BEGIN(begin_save, HcsSaveComputeSystem)
BEGIN(begin_properties, HcsGetComputeSystemProperties)

static HRESULT begin_modify(hcs_call *call, hcs_operation operation)
{
    return call->api->HcsModifyComputeSystem(lima_win_hcs_system_handle(call->system), operation, call->text,
                                             NULL);
}

static bool act(const char *what, hcs_begin *begin, lima_hcs_system *system, const char *text,
                lima_deadline deadline, lima_wake *wake, char **ret_json, lima_err *err)
{
    hcs_call *call = lima_win_hcs_call_new(what, system, err);

    if (call)
        call->begin = begin;
    return ask(call, text, deadline, wake, ret_json, err);
}

bool lima_hcs_start(lima_hcs_system *system, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    return act("start", begin_start, system, NULL, deadline, wake, NULL, err);
}

bool lima_hcs_shut_down(lima_hcs_system *system, const char *options, lima_deadline deadline, lima_wake *wake,
                        lima_err *err)
{
    return act("shut down", begin_shut_down, system, options, deadline, wake, NULL, err);
}

bool lima_hcs_terminate(lima_hcs_system *system, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    return act("terminate", begin_terminate, system, NULL, deadline, wake, NULL, err);
}

bool lima_hcs_pause(lima_hcs_system *system, const char *options, lima_deadline deadline, lima_wake *wake,
                    lima_err *err)
{
    return act("pause", begin_pause, system, options, deadline, wake, NULL, err);
}

bool lima_hcs_resume(lima_hcs_system *system, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    return act("resume", begin_resume, system, NULL, deadline, wake, NULL, err);
}

bool lima_hcs_save(lima_hcs_system *system, const char *options, lima_deadline deadline, lima_wake *wake,
                   lima_err *err)
{
    return act("save", begin_save, system, options, deadline, wake, NULL, err);
}

bool lima_hcs_properties(lima_hcs_system *system, const char *query, lima_deadline deadline, lima_wake *wake,
                         char **ret_json, lima_err *err)
{
    return act("ask for its properties", begin_properties, system, query, deadline, wake, ret_json, err);
}

bool lima_hcs_modify(lima_hcs_system *system, const char *document, lima_deadline deadline, lima_wake *wake,
                     lima_err *err)
{
    return act("modify", begin_modify, system, document, deadline, wake, NULL, err);
}
