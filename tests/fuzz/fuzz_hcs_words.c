/* Documents of HCS and HCN as they might come, or not: what is quoted of them is bounded, and one line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf.h"
#include "hcs_words.h"
#include "hresult.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *document = lima_mem_strndup((const char *)data, size);
    bool text = lima_utf8_valid(document, strlen(document));
    char *words = lima_hcs_words(document);
    lima_err err = {0};

    check(strlen(words) <= LIMA_HCS_WORDS_MAX);
    for (const char *c = words; *c; c++)
        check((unsigned char)*c >= ' ');
    check(!text || lima_utf8_valid(words, strlen(words)));
    lima_hresult_fail(&err, 0x80370100, words, "x");
    check(lima_utf8_valid(err.text, strlen(err.text)));
    free(words);
    free(document);
    return 0;
}
