/* A VHDX takes some MiB, most of them nothing. So an input is exclusively or-ed to the interesting places of a whole image: the
 * empty input is that image. Its first byte says whether
 * sums are left as they are, and how much of the file's end is missing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "fuzz_disk.h"
#include "image/bytes.h"
#include "image/vhdx_layout.h"
#include "image/vhdx_write.h"
#include "os/file.h"

enum {
    METADATA = 2 * VHDX_MIB, /* where our writer has it */
    BAT = 3 * VHDX_MIB,
    FILE_BYTES = 6 * VHDX_MIB, /* BAT of one, and two blocks */
    KEEP_SUMS = 1,
    CUT_SHIFT = 1, /* the rest of the first byte: so many times 32 KiB are missing at the end */
};

static const struct {
    uint32_t offset, len;
} places[] = {
    {VHDX_HEADER_1, 80},
    {VHDX_HEADER_2, 80},
    {VHDX_REGIONS_1, 16 + 3 * 32},
    {METADATA, 32 + 6 * 32},
    {METADATA + VHDX_TABLE_BYTES, 40},
    {BAT, 8 * 8},
    {VHDX_REGIONS_2, 16 + 2 * 32},
};
enum { PLACES = sizeof places / sizeof places[0] };

static unsigned char image[FILE_BYTES], changed[FILE_BYTES];

static void must(bool ok)
{
    if (!ok)
        abort();
}

/* 3.5 MiB, of which the first and the third have something. */
static void make_base(const char *path)
{
    const lima_vhdx_desc desc = {.size = 7 * VHDX_MIB / 2, .sector = 512, .physical = 4096, .id = {1}};
    lima_vhdx_writer *writer = NULL;
    lima_file *file = NULL;
    size_t len = 0;

    must(lima_vhdx_create(path, &desc, &writer, NULL));
    must(lima_vhdx_write(writer, 12345, "first", 5, NULL)
         && lima_vhdx_write(writer, 3 * VHDX_MIB - 5, "third", 5, NULL));
    must(lima_vhdx_finish(writer, NULL));
    must(lima_file_open(path, LIMA_FILE_READ, &file, NULL)
         && lima_file_read_at(file, 0, image, sizeof image, &len, NULL) && len == sizeof image);
    lima_file_close(file);
}

static void sum(uint32_t offset, uint32_t len)
{
    bytes_put_little(changed + offset + VHDX_H_SUM, 0, 4);
    bytes_put_little(changed + offset + VHDX_H_SUM, lima_crc32c(0, changed + offset, len), 4);
}

static void change(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < PLACES; i++) {
        memcpy(changed + places[i].offset, image + places[i].offset, places[i].len);
        for (uint32_t at = 0; at < places[i].len && size > 0; at++, data++, size--)
            changed[places[i].offset + at] ^= *data;
    }
}

/* What of the image the last input did not touch is still in the file, unless it cut that short. */
static void write_to(const char *path, uint32_t cut)
{
    static lima_file *file;
    static bool is_whole;

    if (!file)
        must(lima_file_open(path, LIMA_FILE_WRITE, &file, NULL));
    if (!is_whole)
        must(lima_file_write_at(file, 0, image, sizeof image, NULL));
    for (size_t i = 0; i < PLACES; i++)
        must(lima_file_write_at(file, places[i].offset, changed + places[i].offset, places[i].len, NULL));
    is_whole = !cut;
    if (cut)
        must(lima_file_resize(file, sizeof image - cut, NULL));
}

void fuzz_disk_make(const char *to, const uint8_t *data, size_t size)
{
    static bool is_made;
    uint8_t how = size ? data[0] : 0;

    if (!is_made) {
        make_base(to);
        memcpy(changed, image, sizeof changed);
    }
    is_made = true;
    change(data + (size > 0), size - (size > 0));
    if (!(how & KEEP_SUMS)) {
        sum(VHDX_HEADER_1, VHDX_HEADER_BYTES);
        sum(VHDX_HEADER_2, VHDX_HEADER_BYTES);
        sum(VHDX_REGIONS_1, VHDX_REGIONS_BYTES);
        sum(VHDX_REGIONS_2, VHDX_REGIONS_BYTES);
    }
    write_to(to, (uint32_t)(how >> CUT_SHIFT) * 32 * VHDX_KIB);
}
