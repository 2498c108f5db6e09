/* Versions of the HCS documents: what this Windows understands, and what a document needs (facts: hyperv-hcs
 * 2.7, 3.3 to 3.6). Versions are 2.n; `minor` is the n, and a set of them has bit n for 2.n. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "data/json.h"

enum { HYPERV_SCHEMA_MINOR_MAX = 31 };

/* From the answer of HcsGetServiceProperties to `{"PropertyTypes":["Basic"]}`. INVALID_ARGUMENT: no such
 * answer; UNIMPLEMENTED: no version 2.n in it. */
bool lima_hyperv_schema_parse(const char *text, size_t len, uint32_t *ret_minors, lima_err *err);
uint32_t lima_hyperv_schema_highest(uint32_t minors);
/* The first Windows that has it: "Windows 10 2004". */
const char *lima_hyperv_schema_windows(uint32_t minor);

typedef enum hyperv_nesting {
    HYPERV_NESTING_UNKNOWN = 0, /* an older Windows does not tell: it has to be tried */
    HYPERV_NESTING_YES,
    HYPERV_NESTING_NO,
} hyperv_nesting;

/* From the answer to `{"PropertyQueries":{"ProcessorCapabilities":{}}}`, whatever it is. */
hyperv_nesting lima_hyperv_nesting_parse(const char *text, size_t len);

/* Every property of the document against the table of known ones. The lowest version of the service that has
 * them all. INTERNAL: a property that is not in the table, or of another kind; UNIMPLEMENTED naming the
 * property that needs a newer Windows. */
bool lima_hyperv_schema_choose(const lima_json *document, uint32_t minors, uint32_t *ret_minor,
                               lima_err *err);
