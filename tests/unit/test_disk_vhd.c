/* VHD images: fixed ones of a few sectors; a dynamic one with one block of half a MiB, in the middle of three. */
#include "disk_case.h"

#include <stdlib.h>
#include <string.h>

enum {
    SECTOR = 512,
    BLOCK = 512 * 1024,
    HEADER = SECTOR,
    TABLE = 3 * SECTOR,
    BITMAP = 4 * SECTOR,
    DATA = 5 * SECTOR,
    LAST = DATA + BLOCK, /* the footer */
    SIZE = 3 * BLOCK - SECTOR,
    FIXED_SIZE = 5 * SECTOR,
    /* of the footer */
    NEXT = 16,
    CREATOR = 28,
    CURRENT_SIZE = 48,
    CYLINDERS = 56,
    SUM = 64,
    TYPE = 60,
    /* of the dynamic header */
    TABLE_AT = HEADER + 16,
    ENTRIES = HEADER + 28,
    BLOCK_SIZE = HEADER + 32,
    HEADER_SUM = HEADER + 36,
};

static void sum(size_t at, size_t len, size_t sum_at)
{
    uint32_t total = 0;

    put_big(sum_at, 0, 4);
    for (size_t i = 0; i < len; i++)
        total += image[at + i];
    put_big(sum_at, (uint32_t)~total, 4);
}

static void footer(size_t at, unsigned type, uint64_t size)
{
    put_bytes(at, "conectix", 8);
    put_big(at + 12, 0x10000, 4);
    put_big(at + NEXT, type == 2 ? UINT64_MAX : HEADER, 8);
    put_bytes(at + CREATOR, "win ", 4);
    put_big(at + CURRENT_SIZE, size, 8);
    put_big(at + CYLINDERS, 2, 2);
    image[at + CYLINDERS + 2] = 1;
    image[at + CYLINDERS + 3] = 2;
    put_big(at + TYPE, type, 4);
    image_len = at + SECTOR;
    sum(at, SECTOR, at + SUM);
}

static void resum(void)
{
    sum(HEADER, 1024, HEADER_SUM);
    sum(LAST, SECTOR, LAST + SUM);
}

static void make(void)
{
    memset(image, 0, LAST + SECTOR);
    footer(0, 3, SIZE);
    put_bytes(HEADER, "cxsparse", 8);
    put_big(HEADER + 8, UINT64_MAX, 8);
    put_big(TABLE_AT, TABLE, 8);
    put_big(ENTRIES, 3, 4);
    put_big(BLOCK_SIZE, BLOCK, 4);
    put_big(TABLE, UINT32_MAX, 4);
    put_big(TABLE + 4, BITMAP / SECTOR, 4);
    put_big(TABLE + 8, UINT32_MAX, 4);
    put_pattern(DATA, BLOCK, 1);
    footer(LAST, 3, SIZE);
    resum();
}

static void make_fixed(void)
{
    memset(image, 0, FIXED_SIZE + SECTOR);
    put_pattern(0, FIXED_SIZE, 2);
    footer(FIXED_SIZE, 2, FIXED_SIZE);
}

/* ---- what is read ---- */

static void open__dynamic__blocks_and_nothing(void **state)
{
    (void)state;
    make();
    lima_disk *disk = opens(LIMA_DISK_VHD, SIZE);
    assert_extent(disk, 0, true, BLOCK);
    assert_extent(disk, BLOCK, false, BLOCK);
    assert_extent(disk, 2 * BLOCK, true, BLOCK - SECTOR);
    assert_pattern(disk, BLOCK, BLOCK, 1, 0);
    assert_pattern(disk, BLOCK + 1000, 1000, 1, 1000);
    assert_zeros(disk, 0, BLOCK);
    assert_zeros(disk, 2 * BLOCK, BLOCK - SECTOR);
    lima_disk_close(disk);
}

static void open__any_format_asked__both_kinds_are_found(void **state)
{
    lima_disk_info info;

    (void)state;
    make();
    lima_disk *disk = opens(LIMA_DISK_ANY, SIZE);
    lima_disk_get_info(disk, &info);
    assert_string_equal(info.name, "vhd");
    lima_disk_close(disk);
    make_fixed();
    disk = opens(LIMA_DISK_ANY, FIXED_SIZE);
    lima_disk_get_info(disk, &info);
    assert_int_equal(info.format, LIMA_DISK_VHD);
    lima_disk_close(disk);
}

static void open__raw_disk_that_ends_like_a_footer__is_raw(void **state)
{
    lima_disk_info info;

    (void)state;
    make_fixed();
    image[FIXED_SIZE + SUM] ^= 1;
    lima_disk *disk = opens(LIMA_DISK_ANY, FIXED_SIZE + SECTOR);
    lima_disk_get_info(disk, &info);
    assert_int_equal(info.format, LIMA_DISK_RAW);
    lima_disk_close(disk);
}

static void open__fixed__is_all_but_the_footer(void **state)
{
    (void)state;
    make_fixed();
    lima_disk *disk = opens(LIMA_DISK_VHD, FIXED_SIZE);
    assert_extent(disk, 0, false, FIXED_SIZE);
    assert_pattern(disk, 0, FIXED_SIZE, 2, 0);
    lima_disk_close(disk);
}

static void open__creator_that_goes_by_geometry__size_is_what_that_tells(void **state)
{
    static const struct {
        const char *creator;
        unsigned cylinders;
        uint64_t size;
    } cases[] = {{"vpc ", 2, 4 * SECTOR},
                 {"qemu", 2, 4 * SECTOR},
                 {"vs  ", 2, 4 * SECTOR},
                 {"qem2", 2, FIXED_SIZE},
                 {"vpc ", 0, FIXED_SIZE}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make_fixed();
        put_bytes(FIXED_SIZE + CREATOR, cases[i].creator, 4);
        put_big(FIXED_SIZE + CYLINDERS, cases[i].cylinders, 2);
        sum(FIXED_SIZE, SECTOR, FIXED_SIZE + SUM);
        lima_disk_close(opens(LIMA_DISK_VHD, cases[i].size));
    }
}

static void open__geometry_at_its_end__tells_no_size(void **state)
{
    uint64_t size = UINT64_C(300) << 30;

    (void)state;
    make();
    put_bytes(LAST + CREATOR, "qemu", 4);
    put_big(LAST + CURRENT_SIZE, size, 8);
    put_big(LAST + CYLINDERS, 65535, 2);
    image[LAST + CYLINDERS + 2] = 16;
    image[LAST + CYLINDERS + 3] = 255;
    put_big(ENTRIES, size / (256 * 1024 * 1024), 4);
    put_big(BLOCK_SIZE, 256 * 1024 * 1024, 4);
    resum();
    lima_disk *disk = opens(LIMA_DISK_VHD, size); /* its table reaches into the block */
    lima_disk_close(disk);
}

/* ---- refused ---- */

static void open__layer_and_unknown_type__are_refused(void **state)
{
    (void)state;
    make();
    put_big(LAST + TYPE, 4, 4);
    resum();
    refuses(LIMA_DISK_VHD, LIMA_CODE_FAILED_PRECONDITION, "differencing disk");
    put_big(LAST + TYPE, 5, 4);
    resum();
    refuses(LIMA_DISK_VHD, LIMA_CODE_FAILED_PRECONDITION, "unknown type");
}

static void open__wrong_sums__are_data_loss(void **state)
{
    (void)state;
    make();
    image[LAST + 100] ^= 1;
    refuses(LIMA_DISK_VHD, LIMA_CODE_DATA_LOSS, "footer is damaged");
    make();
    image[HEADER + 700] ^= 1;
    refuses(LIMA_DISK_VHD, LIMA_CODE_DATA_LOSS, "header is damaged");
    make_fixed();
    image[FIXED_SIZE + CURRENT_SIZE + 7] ^= 1;
    refuses(LIMA_DISK_VHD, LIMA_CODE_DATA_LOSS, "footer is damaged");
}

static void open__impossible_sizes__are_data_loss(void **state)
{
    static const struct {
        size_t at;
        uint64_t value;
        size_t len;
        const char *cause;
    } cases[] = {
        {HEADER, 0, 8, "impossible sizes"},
        {BLOCK_SIZE, BLOCK - 1, 4, "impossible sizes"},
        {BLOCK_SIZE, BLOCK / 2, 4, "impossible sizes"},
        {BLOCK_SIZE, 3 * BLOCK, 4, "impossible sizes"},
        {BLOCK_SIZE, 512 * 1024 * 1024, 4, "impossible sizes"},
        {ENTRIES, 2, 4, "impossible sizes"},
        {ENTRIES, UINT32_MAX, 4, "impossible sizes"},
        {LAST + CURRENT_SIZE, 3 * BLOCK + 1, 8, "impossible sizes"},
        {LAST + CURRENT_SIZE, UINT64_MAX, 8, "impossible sizes"},
        {ENTRIES, 1 << 20, 4, "cut short"},
        {TABLE_AT, LAST + SECTOR, 8, "cut short"},
        {LAST + NEXT, LAST, 8, "cut short"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make();
        put_big(cases[i].at, cases[i].value, cases[i].len);
        resum();
        refuses(LIMA_DISK_VHD, LIMA_CODE_DATA_LOSS, cases[i].cause);
    }
}

static void open__cut_short__is_data_loss(void **state)
{
    (void)state;
    make();
    image_len = LAST;
    refuses(LIMA_DISK_VHD, LIMA_CODE_DATA_LOSS, "no footer at its end");
    image_len = LAST + SECTOR - 1;
    refuses(LIMA_DISK_VHD, LIMA_CODE_DATA_LOSS, "no footer at its end");
    image_len = 100;
    refuses(LIMA_DISK_VHD, LIMA_CODE_DATA_LOSS, "cut short");
    make_fixed();
    memmove(image + FIXED_SIZE - SECTOR, image + FIXED_SIZE, SECTOR);
    image_len = FIXED_SIZE;
    refuses(LIMA_DISK_VHD, LIMA_CODE_DATA_LOSS, "fewer bytes than its disk");
}

static void read__block_not_in_the_file__is_data_loss(void **state)
{
    (void)state;
    make();
    put_big(TABLE + 4, BITMAP / SECTOR + 2, 4); /* it would reach beyond the end */
    reads_fail(LIMA_DISK_VHD, BLOCK, 1, LIMA_CODE_DATA_LOSS, "cut short");
    put_big(TABLE + 4, UINT32_MAX - 1, 4);
    reads_fail(LIMA_DISK_VHD, BLOCK, 1, LIMA_CODE_DATA_LOSS, "cut short");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DISK_TEST(open__dynamic__blocks_and_nothing),
        DISK_TEST(open__any_format_asked__both_kinds_are_found),
        DISK_TEST(open__raw_disk_that_ends_like_a_footer__is_raw),
        DISK_TEST(open__fixed__is_all_but_the_footer),
        DISK_TEST(open__creator_that_goes_by_geometry__size_is_what_that_tells),
        DISK_TEST(open__geometry_at_its_end__tells_no_size),
        DISK_TEST(open__layer_and_unknown_type__are_refused),
        DISK_TEST(open__wrong_sums__are_data_loss),
        DISK_TEST(open__impossible_sizes__are_data_loss),
        DISK_TEST(open__cut_short__is_data_loss),
        DISK_TEST(read__block_not_in_the_file__is_data_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
