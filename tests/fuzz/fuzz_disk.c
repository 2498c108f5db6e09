/* Any file as a disk image of DISK_FORMAT: opened, mapped and read, or refused with a reason that names it. What is said to be
 * zero reads as zeros, and whatever can be read in one piece can be read in two.
 *
 * The file is the input, with DISK_GAP zeros before its last sector, so that small inputs have room for large blocks. With DISK_OVERLAY the input is laid over a whole image instead (fuzz_disk_vhdx.c). */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "folder.h"
#include "fuzz_disk.h"
#include "image/disk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of one input */
enum { EXTENTS_MAX = 200, READ_MAX = 64 * 1024 };

static char *folder, *path;
static unsigned char whole[READ_MAX], halves[READ_MAX];

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void remove_folder(void)
{
    test_folder_remove(folder);
    free(path);
}

static void begin(void)
{
    folder = test_folder_make();
    path = lima_path_join(folder, "disk");
    atexit(remove_folder);
}

#ifndef DISK_OVERLAY
#ifndef DISK_GAP
#define DISK_GAP 0
#endif
enum { SECTOR = 512 };

void fuzz_disk_make(const char *to, const uint8_t *data, size_t size)
{
    FILE *file = fopen(to, "wb");
    size_t last = size < SECTOR ? size : SECTOR;
    require(file && fwrite(data, 1, size - last, file) == size - last && !fseek(file, DISK_GAP, SEEK_CUR)
                && fwrite(data + size - last, 1, last, file) == last && !fclose(file),
            "cannot write the image");
}
#endif

static void names_the_file(const lima_err *err)
{
    require(err->code != LIMA_CODE_OK && strstr(err->text, path), "an error that does not name the file");
}

/* False: it cannot be read. */
static bool read_extent(lima_disk *disk, uint64_t offset, const lima_disk_extent *extent)
{
    size_t len = extent->len < READ_MAX ? (size_t)extent->len : READ_MAX, half = len / 2;
    lima_err err = {0};

    if (!lima_disk_read(disk, offset, whole, len, &err)) {
        names_the_file(&err);
        return false;
    }
    require(lima_disk_read(disk, offset, halves, half, &err)
                && lima_disk_read(disk, offset + half, halves + half, len - half, &err)
                && memcmp(whole, halves, len) == 0,
            "two halves that are not the whole");
    for (size_t i = 0; extent->zero && i < len; i++)
        require(!whole[i], "zeros that are none");
    return true;
}

static void read_disk(lima_disk *disk)
{
    lima_disk_info info = {0};
    lima_disk_extent extent = {0};
    lima_err err = {0};
    uint64_t offset = 0;

    lima_disk_get_info(disk, &info);
    require(info.unit && !(info.unit & (info.unit - 1)), "a unit that is no power of two");
    for (int i = 0; i < EXTENTS_MAX && offset < info.size; i++, offset += extent.len) {
        if (!lima_disk_map(disk, offset, &extent, &err)) {
            names_the_file(&err);
            return;
        }
        require(extent.len && extent.len <= info.size - offset, "an extent beyond the disk");
        if (!read_extent(disk, offset, &extent))
            return;
    }
    if (info.size)
        read_extent(disk, info.size - 1, &(lima_disk_extent){.len = 1});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lima_err err = {0};
    lima_disk *disk = NULL;

    if (!folder)
        begin();
    fuzz_disk_make(path, data, size);
    if (!lima_disk_open(path, DISK_FORMAT, &disk, &err)) {
        names_the_file(&err);
        require(!disk, "an output of a call that failed");
        return 0;
    }
    read_disk(disk);
    if (!lima_disk_check(disk, &err))
        names_the_file(&err);
    lima_disk_close(disk);
    return 0;
}
