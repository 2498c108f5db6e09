/* VHDX images of 6 MiB: headers, log, metadata and table in a MiB each; then the disk's second block, and its last one. */
#include "disk_case.h"

#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "image/vhdx_layout.h"

enum {
    MIB = VHDX_MIB,
    LOG = MIB,
    METADATA = 2 * MIB,
    ITEMS = METADATA + VHDX_TABLE_BYTES,
    BAT = 3 * MIB,
    BLOCK_1 = 4 * MIB,
    BLOCK_3 = 5 * MIB,
    SIZE = 3 * MIB + 512,
    REGION_BAT = VHDX_REGIONS_1 + 16,
    REGION_METADATA = REGION_BAT + 32,
    REGION_MORE = REGION_METADATA + 32,
    /* items, in the order of their entries */
    FILE_PARAMETERS = ITEMS,
    BLOCK_SIZE = FILE_PARAMETERS,
    FILE_FLAGS = FILE_PARAMETERS + 4,
    DISK_SIZE = ITEMS + 8,
    DISK_ID = ITEMS + 16,
    SECTOR = ITEMS + 32,
    PHYSICAL = ITEMS + 36,
    ITEM_MORE = METADATA + 32 + 5 * 32,
};

static void sum(size_t at, size_t len)
{
    put_little(at + VHDX_H_SUM, 0, 4);
    put_little(at + VHDX_H_SUM, lima_crc32c(0, image + at, len), 4);
}

static void resum(void)
{
    memcpy(image + VHDX_REGIONS_2, image + VHDX_REGIONS_1, VHDX_REGIONS_BYTES);
    sum(VHDX_HEADER_1, VHDX_HEADER_BYTES);
    sum(VHDX_HEADER_2, VHDX_HEADER_BYTES);
    sum(VHDX_REGIONS_1, VHDX_REGIONS_BYTES);
    sum(VHDX_REGIONS_2, VHDX_REGIONS_BYTES);
}

static void header(size_t at, uint64_t sequence)
{
    put_bytes(at, "head", 4);
    put_little(at + VHDX_H_SEQUENCE, sequence, 8);
    put_little(at + VHDX_H_VERSION, 1, 2);
    put_little(at + VHDX_H_LOG_LENGTH, MIB, 4);
    put_little(at + VHDX_H_LOG_OFFSET, LOG, 8);
}

static void region(size_t at, const vhdx_guid *id, uint64_t offset, uint64_t required)
{
    put_bytes(at, id->bytes, sizeof id->bytes);
    put_little(at + 16, offset, 8);
    put_little(at + 24, MIB, 4);
    put_little(at + 28, required, 4);
}

static void item(unsigned number, const vhdx_guid *id, size_t at, size_t len, unsigned flags)
{
    size_t entry = METADATA + 32 + 32 * (size_t)number;

    put_bytes(entry, id->bytes, sizeof id->bytes);
    put_little(entry + 16, at - METADATA, 4);
    put_little(entry + 20, len, 4);
    put_little(entry + 24, flags, 4);
}

static void entry(unsigned block, uint64_t place, unsigned state)
{
    put_little(BAT + 8 * (size_t)block, place << 20 | state, 8);
}

static void make(void)
{
    memset(image, 0, BLOCK_1);
    put_bytes(0, "vhdxfile", 8);
    header(VHDX_HEADER_1, 5);
    header(VHDX_HEADER_2, 6);
    put_bytes(VHDX_REGIONS_1, "regi", 4);
    put_little(VHDX_REGIONS_1 + 8, 2, 4);
    region(REGION_BAT, &VHDX_REGION_BAT, BAT, 1);
    region(REGION_METADATA, &VHDX_REGION_METADATA, METADATA, 1);
    put_bytes(METADATA, "metadata", 8);
    put_little(METADATA + 10, 5, 2);
    item(0, &VHDX_ITEM_FILE, FILE_PARAMETERS, 8, 4);
    item(1, &VHDX_ITEM_SIZE, DISK_SIZE, 8, 6);
    item(2, &VHDX_ITEM_ID, DISK_ID, 16, 6);
    item(3, &VHDX_ITEM_SECTOR, SECTOR, 4, 6);
    item(4, &VHDX_ITEM_PHYSICAL, PHYSICAL, 4, 6);
    put_little(BLOCK_SIZE, MIB, 4);
    put_little(DISK_SIZE, SIZE, 8);
    put_little(SECTOR, 512, 4);
    put_little(PHYSICAL, 4096, 4);
    entry(1, BLOCK_1 / MIB, VHDX_PRESENT);
    entry(3, BLOCK_3 / MIB, VHDX_PRESENT);
    put_pattern(BLOCK_1, MIB, 1);
    put_pattern(BLOCK_3, MIB, 2);
    resum();
}

/* ---- what is read ---- */

static void is_the_disk(lima_disk *disk)
{
    lima_err err = {0};

    assert_extent(disk, 0, true, MIB);
    assert_extent(disk, MIB, false, MIB);
    assert_extent(disk, 2 * MIB, true, MIB);
    assert_extent(disk, 3 * MIB, false, 512);
    assert_zeros(disk, 0, MIB);
    assert_pattern(disk, MIB, MIB, 1, 0);
    assert_zeros(disk, 2 * MIB, MIB);
    assert_pattern(disk, 3 * MIB, 512, 2, 0);
    if (!lima_disk_check(disk, &err))
        fail_msg("%s", err.text);
    lima_disk_close(disk);
}

static void open__dynamic__blocks_and_nothing(void **state)
{
    (void)state;
    make();
    is_the_disk(opens(LIMA_DISK_VHDX, SIZE));
    is_the_disk(opens(LIMA_DISK_ANY, SIZE));
}

static void open__one_header_damaged__the_other_counts(void **state)
{
    (void)state;
    make();
    image[VHDX_HEADER_1 + 100] ^= 1;
    is_the_disk(opens(LIMA_DISK_VHDX, SIZE));
    make();
    image[VHDX_HEADER_2 + 100] ^= 1;
    is_the_disk(opens(LIMA_DISK_VHDX, SIZE));
}

static void open__two_headers__the_later_one_counts(void **state)
{
    (void)state;
    make();
    image[VHDX_HEADER_1 + VHDX_H_LOG_GUID] = 1; /* the older one: its log has been written out since */
    resum();
    is_the_disk(opens(LIMA_DISK_VHDX, SIZE));
    put_little(VHDX_HEADER_1 + VHDX_H_SEQUENCE, 7, 8);
    resum();
    refuses(LIMA_DISK_VHDX, LIMA_CODE_FAILED_PRECONDITION, "log was not written out");
}

static void open__one_table_of_regions_damaged__the_other_counts(void **state)
{
    (void)state;
    make();
    image[VHDX_REGIONS_1 + 1000] ^= 1;
    is_the_disk(opens(LIMA_DISK_VHDX, SIZE));
    make();
    image[VHDX_REGIONS_2 + 1000] ^= 1;
    is_the_disk(opens(LIMA_DISK_VHDX, SIZE));
}

static void open__parts_not_known_and_not_required__are_passed_over(void **state)
{
    static const vhdx_guid other = {{1, 2, 3}};

    (void)state;
    make();
    put_little(VHDX_REGIONS_1 + 8, 3, 4);
    region(REGION_MORE, &other, BLOCK_1, 0);
    put_little(METADATA + 10, 6, 2);
    item(5, &other, ITEMS + 100, 8, 1);
    resum();
    lima_disk_close(opens(LIMA_DISK_VHDX, SIZE));
}

static void read__states_without_bytes__are_zero(void **state)
{
    static const unsigned states[] = {VHDX_NOT_PRESENT, VHDX_UNDEFINED, VHDX_ZERO, VHDX_UNMAPPED};

    (void)state;
    make();
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        entry(1, BLOCK_1 / MIB, states[i]);
        lima_disk *disk = opens(LIMA_DISK_VHDX, SIZE);
        assert_zeros(disk, MIB, MIB);
        assert_extent(disk, 0, true, 3 * MIB);
        lima_disk_close(disk);
    }
}

static void read__sectors_of_4096__are_no_other_bytes(void **state)
{
    (void)state;
    make();
    put_little(SECTOR, 4096, 4);
    put_little(DISK_SIZE, 3 * MIB + 4096, 8);
    lima_disk *disk = opens(LIMA_DISK_VHDX, 3 * MIB + 4096);
    assert_pattern(disk, 3 * MIB, 4096, 2, 0);
    lima_disk_close(disk);
}

static void read__entries_of_bitmaps__are_passed_over(void **state)
{
    uint64_t size = (uint64_t)4098 * MIB; /* the bitmap's entry is behind 4096 blocks of a MiB */

    (void)state;
    make();
    put_little(DISK_SIZE, size, 8);
    entry(4096, 0, 0);
    entry(4097, BLOCK_3 / MIB, VHDX_PRESENT);
    entry(3, 0, VHDX_ZERO);
    lima_disk *disk = opens(LIMA_DISK_VHDX, size);
    assert_pattern(disk, (uint64_t)4096 * MIB, MIB, 2, 0);
    assert_zeros(disk, (uint64_t)4097 * MIB, MIB);
    assert_zeros(disk, (uint64_t)4095 * MIB, MIB);
    lima_disk_close(disk);
}

/* ---- refused ---- */

static void open__layer__is_refused(void **state)
{
    (void)state;
    make();
    put_little(FILE_FLAGS, VHDX_HAS_PARENT, 4);
    refuses(LIMA_DISK_VHDX, LIMA_CODE_FAILED_PRECONDITION, "differencing disk");
    put_little(FILE_FLAGS, 0, 4);
    put_little(METADATA + 10, 6, 2);
    item(5, &VHDX_ITEM_PARENT, ITEMS + 100, 20, 4);
    refuses(LIMA_DISK_VHDX, LIMA_CODE_FAILED_PRECONDITION, "differencing disk");
}

static void open__log_not_written_out__is_refused(void **state)
{
    (void)state;
    make();
    image[VHDX_HEADER_2 + VHDX_H_LOG_GUID + 15] = 1;
    resum();
    refuses(LIMA_DISK_VHDX, LIMA_CODE_FAILED_PRECONDITION, "log was not written out");
}

static void open__required_parts_not_known__are_refused(void **state)
{
    static const vhdx_guid other = {{1, 2, 3}};

    (void)state;
    make();
    put_little(VHDX_REGIONS_1 + 8, 3, 4);
    region(REGION_MORE, &other, BLOCK_1, 1);
    resum();
    refuses(LIMA_DISK_VHDX, LIMA_CODE_FAILED_PRECONDITION, "required region");
    make();
    put_little(METADATA + 10, 6, 2);
    item(5, &other, ITEMS + 100, 8, 4);
    refuses(LIMA_DISK_VHDX, LIMA_CODE_FAILED_PRECONDITION, "required metadata");
    make();
    put_little(VHDX_HEADER_2 + VHDX_H_VERSION, 2, 2);
    resum();
    refuses(LIMA_DISK_VHDX, LIMA_CODE_FAILED_PRECONDITION, "version");
}

static void open__wrong_sums__are_data_loss(void **state)
{
    (void)state;
    make();
    image[VHDX_HEADER_1 + 100] ^= 1;
    image[VHDX_HEADER_2 + 100] ^= 1;
    refuses(LIMA_DISK_VHDX, LIMA_CODE_DATA_LOSS, "both of its headers");
    make();
    image[VHDX_REGIONS_1 + 1000] ^= 1;
    image[VHDX_REGIONS_2 + 1000] ^= 1;
    refuses(LIMA_DISK_VHDX, LIMA_CODE_DATA_LOSS, "table of regions is damaged");
}

static void open__impossible_sizes__are_data_loss(void **state)
{
    static const struct {
        size_t at;
        uint64_t value;
        size_t len;
        const char *cause;
    } cases[] = {
        {BLOCK_SIZE, MIB / 2, 4, "impossible sizes"},
        {BLOCK_SIZE, 3 * MIB, 4, "impossible sizes"},
        {BLOCK_SIZE, 512 * MIB, 4, "impossible sizes"},
        {BLOCK_SIZE, 0, 4, "impossible sizes"},
        {SECTOR, 0, 4, "impossible sizes"},
        {SECTOR, 1024, 4, "impossible sizes"},
        {DISK_SIZE, SIZE + 1, 8, "impossible sizes"},
        {DISK_SIZE, VHDX_SIZE_MAX + 512, 8, "impossible sizes"},
        {DISK_SIZE, (uint64_t)200000 * MIB, 8, "too short for its size"},
        {METADATA, 0, 8, "metadata are damaged"},
        {METADATA + 10, 2048, 2, "metadata are damaged"},
        {METADATA + 10, 4, 2, "lack an item"},
        {METADATA + 32 + 20, 4, 4, "too short"},
        {METADATA + 32 + 16, 1000, 4, "too short"},
        {METADATA + 32 + 16, UINT32_MAX, 4, "cut short"},
        {VHDX_REGIONS_1, 0, 4, "table of regions is damaged"},
        {VHDX_REGIONS_1 + 8, 2048, 4, "table of regions is damaged"},
        {VHDX_REGIONS_1 + 8, 1, 4, "lacks one"},
        {REGION_BAT + 16, BAT + 4096, 8, "a region"},
        {REGION_BAT + 16, 0, 8, "a region"},
        {REGION_BAT + 16, 100 * MIB, 8, "a region"},
        {REGION_BAT + 16, UINT64_MAX << 20, 8, "a region"},
        {REGION_BAT + 24, UINT32_MAX, 4, "a region"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make();
        put_little(cases[i].at, cases[i].value, cases[i].len);
        resum();
        refuses(LIMA_DISK_VHDX, LIMA_CODE_DATA_LOSS, cases[i].cause);
    }
}

static void open__no_vhdx__is_invalid(void **state)
{
    (void)state;
    make();
    image[7] = 'E';
    refuses(LIMA_DISK_VHDX, LIMA_CODE_INVALID_ARGUMENT, "no VHDX");
}

static void open__cut_short__is_data_loss(void **state)
{
    static const size_t lens[] = {0,
                                  7,
                                  VHDX_HEADER_1,
                                  VHDX_HEADER_2 + 4095,
                                  VHDX_REGIONS_1 + 8,
                                  METADATA,
                                  METADATA + MIB - 1,
                                  BAT,
                                  BAT + MIB - 1};

    (void)state;
    make();
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        image_len = lens[i];
        refuses(LIMA_DISK_VHDX, LIMA_CODE_DATA_LOSS, "cut short");
    }
}

static void read__block_not_in_the_file_or_in_no_known_state__is_data_loss(void **state)
{
    (void)state;
    make();
    image_len = BLOCK_3 + 100;
    reads_fail(LIMA_DISK_VHDX, 3 * MIB, 512, LIMA_CODE_DATA_LOSS, "cut short");
    image_len = BLOCK_3 - 1;
    reads_fail(LIMA_DISK_VHDX, 3 * MIB, 1, LIMA_CODE_DATA_LOSS, "cut short");
    entry(1, UINT64_C(0xfffffffffff), VHDX_PRESENT);
    reads_fail(LIMA_DISK_VHDX, MIB, 1, LIMA_CODE_DATA_LOSS, "cut short");
    for (unsigned wrong = 4; wrong < 8; wrong++) {
        entry(1, wrong == VHDX_PRESENT ? 0 : BLOCK_1 / MIB, wrong);
        reads_fail(LIMA_DISK_VHDX, MIB, 1, LIMA_CODE_DATA_LOSS, "table of blocks is damaged");
    }
}

static void check__parts_in_one_place__are_data_loss(void **state)
{
    static const struct {
        size_t at;
        uint64_t value;
        const char *cause;
    } cases[] = {
        {BAT + 8 * 3, (uint64_t)BLOCK_1 | VHDX_PRESENT, "a block lies where something else is"},
        {BAT + 8 * 3, (uint64_t)BAT | VHDX_PRESENT, "a block lies where something else is"},
        {BAT + 8 * 3, (uint64_t)100 * MIB | VHDX_PRESENT, "a block is not in its file"},
        {VHDX_HEADER_2 + VHDX_H_LOG_OFFSET, METADATA, "metadata lies where"},
        {VHDX_HEADER_2 + VHDX_H_LOG_OFFSET, 0, "log lies where"},
        {VHDX_HEADER_2 + VHDX_H_LOG_OFFSET, 100 * MIB, "log is not in its file"},
        {REGION_BAT + 16, METADATA, "table of blocks lies where"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lima_err err = {0};
        make();
        put_little(cases[i].at, cases[i].value, 8);
        resum();
        lima_disk *disk = opens(LIMA_DISK_VHDX, SIZE);
        assert_false(lima_disk_check(disk, &err));
        lima_disk_close(disk);
        assert_error(&err, LIMA_CODE_DATA_LOSS, image_path, cases[i].cause);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DISK_TEST(open__dynamic__blocks_and_nothing),
        DISK_TEST(open__one_header_damaged__the_other_counts),
        DISK_TEST(open__two_headers__the_later_one_counts),
        DISK_TEST(open__one_table_of_regions_damaged__the_other_counts),
        DISK_TEST(open__parts_not_known_and_not_required__are_passed_over),
        DISK_TEST(read__states_without_bytes__are_zero),
        DISK_TEST(read__sectors_of_4096__are_no_other_bytes),
        DISK_TEST(read__entries_of_bitmaps__are_passed_over),
        DISK_TEST(open__layer__is_refused),
        DISK_TEST(open__log_not_written_out__is_refused),
        DISK_TEST(open__required_parts_not_known__are_refused),
        DISK_TEST(open__wrong_sums__are_data_loss),
        DISK_TEST(open__impossible_sizes__are_data_loss),
        DISK_TEST(open__no_vhdx__is_invalid),
        DISK_TEST(open__cut_short__is_data_loss),
        DISK_TEST(read__block_not_in_the_file_or_in_no_known_state__is_data_loss),
        DISK_TEST(check__parts_in_one_place__are_data_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
