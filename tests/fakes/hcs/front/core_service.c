/* What concerns no system: the service, files, and what the double does not have. */
#include "core.h"

#include <stdlib.h>

#include "misuse.h"
#include "results.h"

/* A call with one text and a result. */
static HRESULT asked(const char *function, const char *name, PCWSTR text, PWSTR *ret)
{
    if (!ret)
        misuse_abort(function, "result must not be NULL");
    session_request request = session_begin(function);
    session_text(&request, name, text);
    char *fields = session_call(&request);
    HRESULT code = session_code(fields);
    *ret = session_result(fields, "result");
    free(fields);
    return code;
}

EXPORT HRESULT WINAPI HcsGetServiceProperties(PCWSTR query, PWSTR *result)
{
    return asked(__func__, "query", query, result);
}

EXPORT HRESULT WINAPI HcsModifyServiceSettings(PCWSTR settings, PWSTR *result)
{
    return asked(__func__, "settings", settings, result);
}

static HRESULT about_file(const char *function, PCWSTR id, PCWSTR path)
{
    if (!path)
        misuse_abort(function, "the path is NULL");
    session_request request = session_begin(function);
    session_text(&request, "system", id);
    session_text(&request, "path", path);
    return session_simple(&request);
}

EXPORT HRESULT WINAPI HcsCreateEmptyGuestStateFile(PCWSTR path)
{
    return about_file(__func__, NULL, path);
}

EXPORT HRESULT WINAPI HcsCreateEmptyRuntimeStateFile(PCWSTR path)
{
    return about_file(__func__, NULL, path);
}

EXPORT HRESULT WINAPI HcsGrantVmAccess(PCWSTR id, PCWSTR path)
{
    return id ? about_file(__func__, id, path) : E_INVALIDARG;
}

EXPORT HRESULT WINAPI HcsRevokeVmAccess(PCWSTR id, PCWSTR path)
{
    return id ? about_file(__func__, id, path) : E_INVALIDARG;
}

EXPORT HRESULT WINAPI HcsGrantVmGroupAccess(PCWSTR path)
{
    return about_file(__func__, NULL, path);
}

EXPORT HRESULT WINAPI HcsRevokeVmGroupAccess(PCWSTR path)
{
    return about_file(__func__, NULL, path);
}

/* What computecore.def exports under many names. */
HRESULT WINAPI hcs_not_here(void);

HRESULT WINAPI hcs_not_here(void)
{
    return E_NOTIMPL;
}
