/* The document of a saved VM, as a file that anybody may have changed: refused, or one that is again accepted
 * with the same state in it. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hyperv/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *once = NULL, *twice = NULL;
    lima_err err = {0};
    if (!lima_hyperv_document_restore((const char *)data, size, "C:\\s.vmrs", &once, &err)) {
        assert(err.code == LIMA_CODE_DATA_LOSS && err.text[0] && !once);
        return 0;
    }
    assert(lima_hyperv_document_restore(once, strlen(once), "C:\\s.vmrs", &twice, NULL));
    assert(strcmp(once, twice) == 0);
    assert(!lima_hyperv_document_why_not_saved(once, strlen(once)));
    free(once);
    free(twice);
    return 0;
}
