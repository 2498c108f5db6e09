#include "hyperv/host.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "hyperv/schema.h"
#include "win/hcs.h"

enum { BUILD_TPM = 26100 }; /* Windows 11 24H2 */

/* An older service does not know the question. */
static hyperv_nesting ask_nesting(lima_deadline deadline, lima_wake *wake)
{
    char *text = NULL;

    if (!lima_hcs_service("{\"PropertyQueries\":{\"ProcessorCapabilities\":{}}}", deadline, wake, &text,
                          NULL))
        return HYPERV_NESTING_UNKNOWN;
    hyperv_nesting nesting = lima_hyperv_nesting_parse(text, strlen(text));
    free(text);
    return nesting;
}

bool lima_hyperv_host_look(const lima_rights *rights, lima_deadline deadline, lima_wake *wake,
                           hyperv_host *ret, lima_err *err)
{
    hyperv_host made = {.tpm = rights->build >= BUILD_TPM && !lima_str_empty(rights->hyperv_group)};
    char *text = NULL;

    if (!lima_hcs_service("{\"PropertyTypes\":[\"Basic\"]}", deadline, wake, &text, err))
        return false;
    bool ok = lima_hyperv_schema_parse(text, strlen(text), &made.schemas, err);
    free(text);
    if (!ok)
        return false;
    made.nesting = ask_nesting(deadline, wake);
    *ret = made;
    return true;
}
