/* What qemu-img info may print: parse, check, free. An accepted image stands alone and has a format we
 * run. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "qemu/image_info.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    qemu_image_info info = {0};
    lima_err err = {0};
    if (!lima_qemu_image_info_parse((const char *)data, size, "/i/disk", &info, &err)) {
        assert(err.code != LIMA_CODE_OK && err.text[0] && !info.format);
        return 0;
    }
    if (lima_qemu_image_info_check(&info, "/i/disk", &err))
        assert(!info.backing_file && !info.data_file && !info.foreign_extent && *info.format);
    for (size_t i = 0; i < info.snapshots.len; i++)
        assert(info.snapshots.items[i].tag && info.snapshots.items[i].id);
    lima_qemu_image_info_free(&info);
    return 0;
}
