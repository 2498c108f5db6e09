/* What the source holds is written piece by piece, unless it is zero: so holes stay holes, and new ones arise. */
#include "image/convert.h"

#include <stdlib.h>

#include "base/mem.h"
#include "os/file.h"

static bool write_piece(void *writer, uint64_t offset, char *bytes, size_t len, lima_err *err)
{
    return lima_mem_is_zero(bytes, len) || lima_vhdx_write(writer, offset, bytes, len, err);
}

static bool copy(const lima_convert_desc *desc, lima_disk *disk, lima_vhdx_writer *writer, lima_err *err)
{
    const lima_sweep sweep = {.disk = disk,
                              .threads = desc->threads,
                              .cancel = desc->cancel,
                              .progress = desc->progress,
                              .context = desc->context,
                              .piece = write_piece,
                              .arg = writer};

    if (lima_disk_sweep(&sweep, err))
        return lima_vhdx_finish(writer, err);
    lima_vhdx_abandon(writer);
    return false;
}

static bool shape_for(const lima_convert_desc *desc, const lima_disk *disk, lima_vhdx_desc *ret,
                      lima_err *err)
{
    lima_disk_info info;

    lima_disk_get_info(disk, &info);
    *ret = desc->shape;
    ret->sector = ret->sector ? ret->sector : 512;
    ret->physical = ret->physical ? ret->physical : 4096;
    uint64_t whole = (info.size + ret->sector - 1) / ret->sector * ret->sector;
    ret->size = ret->size ? ret->size : whole;
    return ret->size >= whole
           || lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                           "%llu bytes wanted, but the image's disk has %llu", (unsigned long long)ret->size,
                           (unsigned long long)info.size);
}

static bool convert_disk(const lima_convert_desc *desc, lima_disk *disk, const char *temporary, lima_err *err)
{
    lima_vhdx_writer *writer;
    lima_vhdx_desc shape;

    if (!shape_for(desc, disk, &shape, err) || !lima_file_remove(temporary, err)
        || !lima_vhdx_create(temporary, &shape, &writer, err) || !copy(desc, disk, writer, err))
        return false;
    if (lima_file_rename(temporary, desc->to, err))
        return true;
    lima_file_remove(temporary, NULL);
    return false;
}

bool lima_convert(const lima_convert_desc *desc, lima_err *err)
{
    lima_file_info there;
    lima_disk *disk;

    if (!lima_file_stat(desc->to, false, &there, err))
        return false;
    if (there.kind != LIMA_FILE_NONE)
        return lima_err_set(err, LIMA_CODE_ALREADY_EXISTS,
                            "'%s' is there already: remove it, or choose another name", desc->to);
    if (!lima_disk_open(desc->from, desc->format, &disk, err))
        return false;
    char *temporary = lima_mem_printf("%s.new", desc->to);
    bool ok = convert_disk(desc, disk, temporary, err) || lima_err_wrap(err, "convert '%s'", desc->from);
    free(temporary);
    lima_disk_close(disk);
    return ok;
}
