/* VMDK images of grains of one sector, four to a table: header, description, directory, two tables, grains. */
#include "disk_case.h"

#include <stdio.h>
#include <string.h>

#include <zlib.h>

enum {
    SECTOR = 512,
    TEXT = SECTOR,
    DIRECTORY = 2 * SECTOR,
    TABLE_1 = 3 * SECTOR,
    TABLE_2 = 4 * SECTOR,
    GRAINS = 5 * SECTOR,
    PER_TABLE = 4,
    SIZE = 7 * SECTOR,
    /* of the header */
    VERSION = 4,
    FLAGS = 8,
    CAPACITY = 12,
    GRAIN = 20,
    TEXT_AT = 28,
    TEXT_SECTORS = 36,
    ENTRIES = 44,
    DIRECTORY_AT = 56,
    PACKING = 77,
};
enum { ZEROED_GRAINS = 4, COMPRESSED = 1 << 16, MARKERS = 1 << 17 };

static void header(size_t at, uint64_t directory)
{
    put_bytes(at, "KDMV", 4);
    put_little(at + VERSION, 1, 4);
    put_little(at + FLAGS, 1, 4);
    put_little(at + CAPACITY, SIZE / SECTOR, 8);
    put_little(at + GRAIN, 1, 8);
    put_little(at + TEXT_AT, TEXT / SECTOR, 8);
    put_little(at + TEXT_SECTORS, 1, 8);
    put_little(at + ENTRIES, PER_TABLE, 4);
    put_little(at + DIRECTORY_AT, directory, 8);
    put_bytes(at + 73, "\n \r\n", 4);
}

static void text(const char *kind, const char *more)
{
    memset(image + TEXT, 0, SECTOR);
    put_bytes(TEXT, "# Disk DescriptorFile\nversion=1\n", 32);
    put_bytes(TEXT + 32, more, strlen(more));
    put_bytes(TEXT + 32 + strlen(more), kind, strlen(kind));
}

/* The disk's second sector and its last have patterns; the first table has the former, the second the latter. */
static void make(void)
{
    memset(image, 0, 16 * SECTOR);
    image_len = 0;
    header(0, DIRECTORY / SECTOR);
    text("createType=\"monolithicSparse\"\n", "parentCID=ffffffff\n");
    put_little(DIRECTORY, TABLE_1 / SECTOR, 4);
    put_little(DIRECTORY + 4, TABLE_2 / SECTOR, 4);
    put_little(TABLE_1 + 4, GRAINS / SECTOR, 4);
    put_little(TABLE_2 + 8, GRAINS / SECTOR + 1, 4);
    put_pattern(GRAINS, SECTOR, 1);
    put_pattern(GRAINS + SECTOR, SECTOR, 2);
}

/* The same, compressed, with the directory told by a header at the end. */
static void make_stream(void)
{
    unsigned char plain[SECTOR], packed[2 * SECTOR];
    uLongf len;

    make();
    header(0, UINT64_MAX);
    put_little(FLAGS, COMPRESSED | MARKERS | 1, 4);
    put_little(PACKING, 1, 2);
    text("createType=\"streamOptimized\"\n", "");
    put_little(TABLE_2 + 8, GRAINS / SECTOR + 2, 4);
    for (unsigned seed = 1; seed <= 2; seed++) {
        size_t at = GRAINS + (seed - 1) * 2 * SECTOR;
        memset(image + at, 0, 2 * SECTOR);
        for (size_t i = 0; i < sizeof plain; i++)
            plain[i] = pattern_at(i, seed);
        len = sizeof packed;
        assert_int_equal(compress(packed, &len, plain, sizeof plain), Z_OK);
        put_little(at, seed == 1 ? 1 : 6, 8);
        put_little(at + 8, len, 4);
        put_bytes(at + 12, packed, len);
    }
    memcpy(image + 10 * SECTOR, image, SECTOR);
    put_little(10 * SECTOR + DIRECTORY_AT, DIRECTORY / SECTOR, 8);
    put_little(11 * SECTOR, 0, 4);
    image_len = 12 * SECTOR;
}

static void is_the_disk(lima_disk *disk)
{
    assert_zeros(disk, 0, SECTOR);
    assert_pattern(disk, SECTOR, SECTOR, 1, 0);
    assert_pattern(disk, SECTOR + 200, 100, 1, 200);
    assert_zeros(disk, 2 * SECTOR, 4 * SECTOR);
    assert_pattern(disk, 6 * SECTOR, SECTOR, 2, 0);
    assert_extent(disk, 0, true, SECTOR);
    assert_extent(disk, SECTOR, false, SECTOR);
    assert_extent(disk, 2 * SECTOR, true, 4 * SECTOR);
    lima_disk_close(disk);
}

/* ---- what is read ---- */

static void open__sparse__grains_and_nothing(void **state)
{
    (void)state;
    make();
    is_the_disk(opens(LIMA_DISK_VMDK, SIZE));
    is_the_disk(opens(LIMA_DISK_ANY, SIZE));
}

static void open__stream__grains_are_unpacked(void **state)
{
    (void)state;
    make_stream();
    is_the_disk(opens(LIMA_DISK_VMDK, SIZE));
}

static void open__stream__the_last_header_counts(void **state)
{
    (void)state;
    make_stream();
    put_little(CAPACITY, 3, 8); /* not known yet when this was written */
    is_the_disk(opens(LIMA_DISK_VMDK, SIZE));
}

static void read__zeroed_grain__needs_its_flag(void **state)
{
    (void)state;
    make();
    put_little(TABLE_1 + 4, 1, 4);
    put_little(FLAGS, 1 | ZEROED_GRAINS, 4);
    lima_disk *disk = opens(LIMA_DISK_VMDK, SIZE);
    assert_extent(disk, 0, true, 6 * SECTOR);
    assert_zeros(disk, 0, 6 * SECTOR);
    lima_disk_close(disk);
    put_little(FLAGS, 1, 4); /* now it is the sector 1 of the file */
    disk = opens(LIMA_DISK_VMDK, SIZE);
    assert_extent(disk, 0, true, SECTOR);
    assert_extent(disk, SECTOR, false, SECTOR);
    lima_disk_close(disk);
}

static void read__table_missing__is_zero(void **state)
{
    (void)state;
    make();
    put_little(DIRECTORY, 0, 4);
    lima_disk *disk = opens(LIMA_DISK_VMDK, SIZE);
    assert_zeros(disk, 0, 6 * SECTOR);
    assert_pattern(disk, 6 * SECTOR, SECTOR, 2, 0);
    lima_disk_close(disk);
}

static void open__empty_disk__has_nothing(void **state)
{
    (void)state;
    make();
    put_little(CAPACITY, 0, 8);
    lima_disk_close(opens(LIMA_DISK_VMDK, 0));
}

/* ---- refused ---- */

static void open__other_kinds__are_refused(void **state)
{
    static const char *const kinds[] = {"monolithicFlat", "twoGbMaxExtentSparse", "vmfs", "custom", ""};
    char line[64];

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        make();
        snprintf(line, sizeof line, "createType=\"%s\"\n", kinds[i]);
        text(line, "");
        refuses(LIMA_DISK_VMDK, LIMA_CODE_FAILED_PRECONDITION,
                "neither monolithicSparse nor streamOptimized");
    }
}

static void open__layer__is_refused(void **state)
{
    (void)state;
    make();
    text("createType=\"monolithicSparse\"\n", "parentCID=12345678\n");
    refuses(LIMA_DISK_VMDK, LIMA_CODE_FAILED_PRECONDITION, "layer over another file");
}

static void open__no_description__is_refused(void **state)
{
    (void)state;
    make();
    put_little(TEXT_AT, 0, 8);
    refuses(LIMA_DISK_VMDK, LIMA_CODE_FAILED_PRECONDITION, "does not say its kind");
    put_little(TEXT_AT, UINT64_MAX, 8);
    refuses(LIMA_DISK_VMDK, LIMA_CODE_FAILED_PRECONDITION, "does not say its kind");
    put_little(TEXT_AT, 1, 8);
    put_little(TEXT_SECTORS, 129, 8);
    refuses(LIMA_DISK_VMDK, LIMA_CODE_FAILED_PRECONDITION, "does not say its kind");
    put_little(TEXT_SECTORS, 100, 8);
    refuses(LIMA_DISK_VMDK, LIMA_CODE_DATA_LOSS, "cut short");
}

static void open__version_or_packing_not_known__is_refused(void **state)
{
    (void)state;
    make();
    put_little(VERSION, 4, 4);
    refuses(LIMA_DISK_VMDK, LIMA_CODE_FAILED_PRECONDITION, "version not known");
    put_little(VERSION, 0, 4);
    refuses(LIMA_DISK_VMDK, LIMA_CODE_FAILED_PRECONDITION, "version not known");
    make_stream();
    put_little(10 * SECTOR + PACKING, 2, 2);
    refuses(LIMA_DISK_VMDK, LIMA_CODE_FAILED_PRECONDITION, "compressed in a way");
    put_little(10 * SECTOR + PACKING, 1, 2);
    put_little(10 * SECTOR + FLAGS, COMPRESSED | 1, 4); /* grains without a head */
    refuses(LIMA_DISK_VMDK, LIMA_CODE_FAILED_PRECONDITION, "compressed in a way");
}

static void open__impossible_sizes__are_data_loss(void **state)
{
    static const struct {
        size_t at;
        uint64_t value;
        size_t len;
        const char *cause;
    } cases[] = {
        {GRAIN, 0, 8, "impossible sizes"},
        {GRAIN, 3, 8, "impossible sizes"},
        {GRAIN, 8192, 8, "impossible sizes"},
        {GRAIN, UINT64_C(1) << 63, 8, "impossible sizes"},
        {ENTRIES, 0, 4, "impossible sizes"},
        {ENTRIES, 513, 4, "impossible sizes"},
        {ENTRIES, UINT32_MAX, 4, "impossible sizes"},
        {CAPACITY, UINT64_MAX, 8, "impossible sizes"},
        {CAPACITY, UINT64_C(1) << 40, 8, "impossible sizes"},
        {CAPACITY, 1 << 20, 8, "cut short"},
        {DIRECTORY_AT, 1000, 8, "cut short"},
        {DIRECTORY_AT, UINT64_MAX - 1, 8, "cut short"},
        {DIRECTORY_AT, UINT64_MAX, 8, "second header"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make();
        put_little(cases[i].at, cases[i].value, cases[i].len);
        refuses(LIMA_DISK_VMDK, LIMA_CODE_DATA_LOSS, cases[i].cause);
    }
}

static void open__no_vmdk__is_invalid(void **state)
{
    (void)state;
    make();
    image[0] = 'C'; /* as in the older format of ESX */
    refuses(LIMA_DISK_VMDK, LIMA_CODE_INVALID_ARGUMENT, "no VMDK");
    image_len = 3;
    refuses(LIMA_DISK_VMDK, LIMA_CODE_INVALID_ARGUMENT, "no VMDK");
    image_len = 0;
    refuses(LIMA_DISK_VMDK, LIMA_CODE_DATA_LOSS, "cut short");
}

static void open__stream_cut_short__is_data_loss(void **state)
{
    (void)state;
    make_stream();
    image_len -= SECTOR;
    refuses(LIMA_DISK_VMDK, LIMA_CODE_DATA_LOSS, "cut short: its second header");
}

static void read__grain_not_in_the_file__is_data_loss(void **state)
{
    (void)state;
    make();
    image_len = GRAINS + SECTOR;
    reads_fail(LIMA_DISK_VMDK, 6 * SECTOR, 1, LIMA_CODE_DATA_LOSS, "cut short");
    put_little(TABLE_1 + 4, UINT32_MAX, 4);
    reads_fail(LIMA_DISK_VMDK, SECTOR, 1, LIMA_CODE_DATA_LOSS, "cut short");
    put_little(DIRECTORY, UINT32_MAX, 4);
    reads_fail(LIMA_DISK_VMDK, 0, 1, LIMA_CODE_DATA_LOSS, "cut short");
}

static void read__packed_grain_damaged__is_data_loss(void **state)
{
    (void)state;
    make_stream();
    image[GRAINS + 12] = 0xff;
    reads_fail(LIMA_DISK_VMDK, SECTOR, SECTOR, LIMA_CODE_DATA_LOSS, "compressed part of it is damaged");
    make_stream();
    put_little(GRAINS + 8, UINT32_MAX, 4);
    reads_fail(LIMA_DISK_VMDK, SECTOR, SECTOR, LIMA_CODE_DATA_LOSS, "too long");
    put_little(GRAINS + 8, 0, 4);
    reads_fail(LIMA_DISK_VMDK, SECTOR, SECTOR, LIMA_CODE_DATA_LOSS, "compressed part of it is damaged");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DISK_TEST(open__sparse__grains_and_nothing),
        DISK_TEST(open__stream__grains_are_unpacked),
        DISK_TEST(open__stream__the_last_header_counts),
        DISK_TEST(read__zeroed_grain__needs_its_flag),
        DISK_TEST(read__table_missing__is_zero),
        DISK_TEST(open__empty_disk__has_nothing),
        DISK_TEST(open__other_kinds__are_refused),
        DISK_TEST(open__layer__is_refused),
        DISK_TEST(open__no_description__is_refused),
        DISK_TEST(open__version_or_packing_not_known__is_refused),
        DISK_TEST(open__impossible_sizes__are_data_loss),
        DISK_TEST(open__no_vmdk__is_invalid),
        DISK_TEST(open__stream_cut_short__is_data_loss),
        DISK_TEST(read__grain_not_in_the_file__is_data_loss),
        DISK_TEST(read__packed_grain_damaged__is_data_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
