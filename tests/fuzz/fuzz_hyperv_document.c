/* The document of a saved VM, as a file that anybody may have changed: refused, or one that is again accepted
 * with the same state in it, and whose network adapters are those of the file. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hyperv/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same_adapters(const char *one, size_t one_len, const char *other, size_t other_len)
{
    lima_buf a = LIMA_BUF(HYPERV_DOCUMENT_MAX), b = LIMA_BUF(HYPERV_DOCUMENT_MAX);
    lima_buf_add(&a, one, one_len);
    lima_buf_add(&b, other, other_len);
    bool same = lima_hyperv_document_same_adapters(&a, &b);
    lima_buf_free(&b);
    lima_buf_free(&a);
    return same;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *once = NULL, *twice = NULL;
    lima_err err = {0};
    assert(same_adapters((const char *)data, size, (const char *)data, size));
    if (!lima_hyperv_document_restore((const char *)data, size, "C:\\s.vmrs", &once, &err)) {
        assert(err.code == LIMA_CODE_DATA_LOSS && err.text[0] && !once);
        return 0;
    }
    assert(lima_hyperv_document_restore(once, strlen(once), "C:\\s.vmrs", &twice, NULL));
    assert(strcmp(once, twice) == 0);
    assert(same_adapters((const char *)data, size, once, strlen(once)));
    assert(!lima_hyperv_document_why_not_saved(once, strlen(once)));
    free(once);
    free(twice);
    return 0;
}
