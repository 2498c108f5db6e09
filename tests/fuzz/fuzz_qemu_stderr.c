/* Last words of QEMU and of qemu-img: always an error with a bounded text. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "qemu/img_text.h"
#include "qemu/stderr_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    qemu_death death = {.program = "q", .exit_text = "exit status 1"};
    lima_err err = {0}, img_err = {0};

    assert(!lima_qemu_stderr_explain(text, size, &death, &err) && err.code != LIMA_CODE_OK);
    assert(!lima_qemu_img_failed(text, size, "what", "exit status 1", &img_err)
           && img_err.code != LIMA_CODE_OK);
    assert(strlen(err.text) < LIMA_ERR_TEXT_MAX && strlen(img_err.text) < LIMA_ERR_TEXT_MAX);
    char *words = lima_qemu_stderr_last_words(text, size, 100);
    assert(strlen(words) <= 100);
    free(words);
    return 0;
}
