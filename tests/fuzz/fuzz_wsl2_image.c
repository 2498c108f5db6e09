/* Any file: one kind, with a name; refused ones with a reason. */
#include <assert.h>
#include <stdint.h>

#include "wsl2/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wsl2_image_bytes bytes = {
        .head = data, .head_len = size < WSL2_IMAGE_HEAD ? size : WSL2_IMAGE_HEAD, .size = size};
    bytes.tail_len = size < WSL2_IMAGE_TAIL ? size : WSL2_IMAGE_TAIL;
    bytes.tail = data + (size - bytes.tail_len);
    wsl2_image kind = lima_wsl2_image_kind(&bytes);
    lima_err err = {0};
    assert(lima_wsl2_image_name(kind));
    assert(lima_wsl2_image_check(kind, "/i/image", &err) == lima_wsl2_image_accepted(kind));
    assert(lima_wsl2_image_accepted(kind) || (err.code != LIMA_CODE_OK && err.text[0]));
    return 0;
}
