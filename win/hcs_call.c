/* Each call has a thread of its own (job.h), which makes an operation, begins, waits for the result without a limit,
 * and closes the operation. So a deadline needs no callback of the DLL, no operation is ever closed or used twice while
 * it runs, and whatever it uses belongs to the call until it has ended, even if nobody waits for it any more.
 *
 * A system that was created for somebody who no longer waits is terminated: the error said that there is none. */
#include "hcs_call.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/mem.h"
#include "hcs_system.h"
#include "hcs_words.h"
#include "hresult.h"
#include "job.h"
#include "wide.h"

enum { ROUND_MS = 60 * 1000, TERMINATE_MS = 60 * 1000 };

hcs_call *lima_win_hcs_call_new(const char *what, lima_hcs_system *system, lima_err *err)
{
    const hcs_api *api = lima_win_hcs(err);

    if (!api) {
        lima_err_wrap(err, "Host Compute Service: %s", what);
        return NULL;
    }
    if (system && lima_win_hcs_system_is_dead(system)) {
        lima_hresult_fail(err, LIMA_HCS_E_SERVICE_DISCONNECT, NULL, "virtual machine '%s': %s",
                          lima_win_hcs_system_id(system), what);
        return NULL;
    }
    hcs_call *call = lima_mem_zalloc(1, sizeof *call);
    call->what = what;
    call->api = api;
    call->kind = system ? HCS_CALL_OPERATION : HCS_CALL_PLAIN;
    call->object = system ? lima_mem_printf("virtual machine '%s'", lima_win_hcs_system_id(system))
                          : lima_mem_strdup("Host Compute Service");
    call->system = system;
    if (system)
        lima_win_hcs_system_ref(system);
    return call;
}

void lima_win_hcs_call_free(hcs_call *call)
{
    if (call->system)
        lima_win_hcs_system_unref(call->system);
    free(call->object);
    free(call->id);
    free(call->text);
    free(call->path);
    free(call->document);
    free(call);
}

bool lima_win_hcs_call_set(wchar_t **into, const char *text, lima_err *err)
{
    if (!text)
        return true;
    if (strlen(text) > LIMA_HCS_DOCUMENT_MAX)
        return lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "the document has more than %d bytes",
                            LIMA_HCS_DOCUMENT_MAX);
    return lima_wide_from_utf8(text, into, err);
}

/* ---- on the call's thread ---- */

static void keep_answer(hcs_call *call)
{
    size_t len = call->answer ? wcsnlen(call->answer, LIMA_HCS_DOCUMENT_MAX + 1) : 0;

    call->too_long = len > LIMA_HCS_DOCUMENT_MAX;
    if (call->answer && !call->too_long)
        call->document = lima_wide_to_text(call->answer, len);
    if (call->answer)
        LocalFree(call->answer);
    call->answer = NULL;
}

/* The service goes on after a time-out of its own; so does the waiting. */
static HRESULT await(const hcs_api *api, hcs_operation operation, DWORD round_ms, PWSTR *answer)
{
    for (;;) {
        HRESULT result = api->HcsWaitForOperationResult(operation, round_ms, answer);
        if ((uint32_t)result != LIMA_HCS_E_OPERATION_TIMEOUT)
            return result;
        if (*answer)
            LocalFree(*answer);
        *answer = NULL;
    }
}

static HRESULT run_operation(hcs_call *call)
{
    hcs_operation operation = call->api->HcsCreateOperation(NULL, NULL);

    if (!operation)
        return E_OUTOFMEMORY;
    HRESULT result = call->begin(call, operation);
    if (SUCCEEDED(result))
        result = await(call->api, operation, ROUND_MS, &call->answer);
    else /* which sometimes says why */
        call->api->HcsGetOperationResult(operation, &call->answer);
    call->api->HcsCloseOperation(operation);
    return result;
}

/* Of a system that nobody will ever have. */
static void terminate(hcs_call *call)
{
    hcs_operation operation = call->api->HcsCreateOperation(NULL, NULL);
    PWSTR answer = NULL;

    if (!operation)
        return;
    if (SUCCEEDED(
            call->api->HcsTerminateComputeSystem(lima_win_hcs_system_handle(call->system), operation, NULL)))
        call->api->HcsWaitForOperationResult(operation, TERMINATE_MS, &answer);
    if (answer)
        LocalFree(answer);
    call->api->HcsCloseOperation(operation);
}

static void run(void *arg)
{
    hcs_call *call = arg;
    bool operation = call->kind == HCS_CALL_OPERATION || call->kind == HCS_CALL_CREATE;

    call->result = operation ? run_operation(call) : call->begin(call, NULL);
    keep_answer(call);
    if (FAILED(call->result) || (call->kind != HCS_CALL_CREATE && call->kind != HCS_CALL_OPEN))
        return;
    call->result = lima_win_hcs_system_listen(call->system);
    if (FAILED(call->result) && call->kind == HCS_CALL_CREATE)
        terminate(call);
}

static void dispose(void *arg)
{
    hcs_call *call = arg;

    if (call->kind == HCS_CALL_CREATE && SUCCEEDED(call->result) && lima_win_hcs_system_handle(call->system))
        terminate(call);
    lima_win_hcs_call_free(call);
}

/* ---- the caller's side ---- */

static bool fail(const hcs_call *call, lima_err *err)
{
    char *words = lima_hcs_words(call->document);

    lima_hresult_fail(err, (uint32_t)call->result, words, "%s: %s", call->object, call->what);
    free(words);
    return false;
}

static bool check_document(const hcs_call *call, lima_err *err)
{
    if (!call->too_long && (!call->document || strlen(call->document) <= LIMA_HCS_DOCUMENT_MAX))
        return true;
    return lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "%s: %s: an answer of more than %d bytes", call->object,
                        call->what, LIMA_HCS_DOCUMENT_MAX);
}

static void take(hcs_call *call, char **ret_document, lima_hcs_system **ret_system)
{
    if (ret_document) {
        *ret_document = call->document ? call->document : lima_mem_strdup("");
        call->document = NULL;
    }
    if (ret_system) {
        *ret_system = call->system;
        call->system = NULL;
    }
}

bool lima_win_hcs_call_run(hcs_call *call, lima_deadline deadline, lima_wake *wake, char **ret_document,
                           lima_hcs_system **ret_system, lima_err *err)
{
    static const lima_win_work work = {run, dispose};
    char *object = lima_mem_strdup(call->object);
    const char *what = call->what;
    bool ok = lima_win_job(&work, call, deadline, wake, err) || lima_err_wrap(err, "%s: %s", object, what);

    free(object);
    if (!ok)
        return false;
    ok = SUCCEEDED(call->result) ? !ret_document || check_document(call, err) : fail(call, err);
    if (ok)
        take(call, ret_document, ret_system);
    lima_win_hcs_call_free(call);
    return ok;
}
