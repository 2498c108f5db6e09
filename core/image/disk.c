#include "image/disk.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "image/disk_format.h"

/* Raw is what is left. */
static const disk_format *const formats[] = {&DISK_QCOW2, &DISK_VMDK, &DISK_VHDX, &DISK_VHD, &DISK_RAW};
enum { FORMATS = sizeof formats / sizeof formats[0] };

lima_disk_format lima_disk_format_named(const char *name)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i]->id;
    return LIMA_DISK_ANY;
}

static const disk_format *format_of(const unsigned char *head, size_t len, lima_disk_format wanted)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (wanted ? formats[i]->id == wanted : formats[i]->probe(head, len))
            return formats[i];
    return NULL;
}

/* By its first bytes. Where these tell nothing, a fixed VHD still has something at its end. */
static const disk_format *find_format(const lima_disk *disk, const unsigned char *head, size_t len,
                                      lima_disk_format wanted)
{
    const disk_format *found = format_of(head, len, wanted);

    return !wanted && found == &DISK_RAW && disk_is_fixed_vhd(disk) ? &DISK_VHD : found;
}

static bool choose(lima_disk *disk, lima_disk_format wanted, lima_err *err)
{
    unsigned char head[DISK_HEAD_BYTES];
    lima_file_info info;
    size_t len;

    if (!lima_file_stat(disk->path, true, &info, err)
        || !lima_file_read_at(disk->file, 0, head, sizeof head, &len, err))
        return false;
    disk->file_size = info.size;
    disk->format = find_format(disk, head, len, wanted);
    if (!disk->format)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "format %d is not known", (int)wanted);
    disk->info = (lima_disk_info){.format = disk->format->id, .name = disk->format->name};
    return disk->format->open(disk, err);
}

static void free_disk(lima_disk *disk)
{
    lima_file_close(disk->file);
    free(disk->path);
    free(disk);
}

bool lima_disk_open(const char *path, lima_disk_format format, lima_disk **ret, lima_err *err)
{
    lima_file *file;

    if (!lima_file_open(path, LIMA_FILE_READ, &file, err))
        return false;
    lima_disk *disk = lima_mem_zalloc(1, sizeof *disk);
    disk->path = lima_mem_strdup(path);
    disk->file = file;
    if (!choose(disk, format, err)) {
        free_disk(disk);
        return lima_err_wrap(err, "image '%s'", path);
    }
    *ret = disk;
    return true;
}

void lima_disk_get_info(const lima_disk *disk, lima_disk_info *ret)
{
    *ret = disk->info;
}

static bool is_within(const lima_disk *disk, uint64_t offset, uint64_t len, lima_err *err)
{
    return (offset <= disk->info.size && len <= disk->info.size - offset)
           || lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "beyond the end of the disk");
}

static bool map_within(lima_disk *disk, uint64_t offset, lima_disk_extent *ret, lima_err *err)
{
    if (!is_within(disk, offset, 1, err) || !disk->format->map(disk, offset, ret, err))
        return false;
    if (ret->len > disk->info.size - offset)
        ret->len = disk->info.size - offset;
    return ret->len || lima_err_set(err, LIMA_CODE_DATA_LOSS, "its file became shorter while it was read");
}

bool lima_disk_map(lima_disk *disk, uint64_t offset, lima_disk_extent *ret, lima_err *err)
{
    return map_within(disk, offset, ret, err) || lima_err_wrap(err, "image '%s'", disk->path);
}

static bool read_pieces(lima_disk *disk, uint64_t offset, void *into, size_t len, lima_err *err)
{
    for (char *to = into; len > 0;) {
        size_t rest = disk->piece - (size_t)(offset % disk->piece), part = rest < len ? rest : len;
        if (!disk->format->read(disk, offset, to, part, err))
            return false;
        offset += part;
        to += part;
        len -= part;
    }
    return true;
}

bool lima_disk_read(lima_disk *disk, uint64_t offset, void *into, size_t len, lima_err *err)
{
    return (is_within(disk, offset, len, err) && read_pieces(disk, offset, into, len, err))
           || lima_err_wrap(err, "image '%s'", disk->path);
}

bool lima_disk_check(lima_disk *disk, lima_err *err)
{
    return !disk->format->check || disk->format->check(disk, err)
           || lima_err_wrap(err, "image '%s'", disk->path);
}

void lima_disk_close(lima_disk *disk)
{
    if (!disk)
        return;
    disk->format->close(disk);
    free_disk(disk);
}

bool disk_read_file(const lima_disk *disk, uint64_t offset, void *into, size_t len, lima_err *err)
{
    size_t got = 0;

    return (offset > disk->file_size || lima_file_read_at(disk->file, offset, into, len, &got, err))
           && (got == len
               || lima_err_set(err, LIMA_CODE_DATA_LOSS,
                               "cut short: its file has %llu bytes, and something lies at %llu",
                               (unsigned long long)disk->file_size, (unsigned long long)offset));
}

bool disk_read_part(const lima_disk *disk, uint64_t place, uint64_t within, void *into, size_t len,
                    lima_err *err)
{
    if (place >= disk->file_size)
        return disk_read_file(disk, place, into, len, err);
    uint64_t there = disk->file_size - place > within ? disk->file_size - place - within : 0;
    size_t part = there < len ? (size_t)there : len;
    memset((char *)into + part, 0, len - part);
    return disk_read_file(disk, place + within, into, part, err);
}
