/* The writer of VHDX files: what is in them, byte by byte where others rely on it; and what is left of those that fail. */
#include "lima_test.h"

#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/mem.h"
#include "base/path.h"
#include "folder.h"
#include "image/bytes.h"
#include "image/disk.h"
#include "image/vhdx_layout.h"
#include "image/vhdx_write.h"
#include "os/file.h"
#include "os/thread.h"

enum { MIB = VHDX_MIB, BAT = 3 * MIB, THREADS = 4 };

static char *folder, *path;
static const lima_vhdx_desc USUAL = {.size = 5 * MIB + 512, .sector = 512, .physical = 4096, .id = {7}};

static int begin(void **state)
{
    (void)state;
    folder = test_folder_make();
    path = lima_path_join(folder, "disk.vhdx");
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(path);
    test_folder_remove(folder);
    return 0;
}

static lima_file_kind kind_of(const char *of)
{
    lima_file_info info = {0};

    assert_true(lima_file_stat(of, true, &info, NULL));
    return info.kind;
}

static lima_vhdx_writer *create(const lima_vhdx_desc *desc)
{
    lima_vhdx_writer *writer = NULL;
    lima_err err = {0};

    if (!lima_vhdx_create(path, desc, &writer, &err))
        fail_msg("%s", err.text);
    return writer;
}

static void write_at(lima_vhdx_writer *writer, uint64_t offset, const void *bytes, size_t len)
{
    lima_err err = {0};

    if (!lima_vhdx_write(writer, offset, bytes, len, &err))
        fail_msg("%s", err.text);
}

static void finish(lima_vhdx_writer *writer)
{
    lima_err err = {0};

    if (!lima_vhdx_finish(writer, &err))
        fail_msg("%s", err.text);
}

/* Of the file; owned. */
static unsigned char *bytes_of(uint64_t offset, size_t len)
{
    unsigned char *bytes = lima_mem_zalloc(len, 1);
    lima_file *file = NULL;
    size_t got = 0;

    assert_true(lima_file_open(path, LIMA_FILE_READ, &file, NULL));
    assert_true(lima_file_read_at(file, offset, bytes, len, &got, NULL));
    assert_int_equal(got, len);
    lima_file_close(file);
    return bytes;
}

static uint64_t number_at(uint64_t offset, size_t len)
{
    unsigned char *bytes = bytes_of(offset, len);
    uint64_t number = bytes_little(bytes, len);

    free(bytes);
    return number;
}

static lima_disk *open_checked(uint64_t size)
{
    lima_disk *disk = NULL;
    lima_disk_info info;
    lima_err err = {0};

    if (!lima_disk_open(path, LIMA_DISK_VHDX, &disk, &err) || !lima_disk_check(disk, &err))
        fail_msg("%s", err.text);
    lima_disk_get_info(disk, &info);
    assert_int_equal(info.size, size);
    return disk;
}

static void assert_bytes(lima_disk *disk, uint64_t offset, const char *expected, size_t len)
{
    char *bytes = lima_mem_zalloc(len, 1);
    lima_err err = {0};

    if (!lima_disk_read(disk, offset, bytes, len, &err))
        fail_msg("%s", err.text);
    assert_memory_equal(bytes, expected, len);
    free(bytes);
}

/* ---- the file ---- */

static void assert_sum(uint64_t offset, size_t len)
{
    unsigned char *bytes = bytes_of(offset, len);
    uint64_t said = bytes_little(bytes + 4, 4);

    bytes_put_little(bytes + 4, 0, 4);
    assert_int_equal(lima_crc32c(0, bytes, len), said);
    free(bytes);
}

static void finish__file__has_identifier_headers_and_regions(void **state)
{
    (void)state;
    finish(create(&USUAL));
    unsigned char *head = bytes_of(0, 8), *first = bytes_of(VHDX_HEADER_1, VHDX_HEADER_BYTES),
                  *regions = bytes_of(VHDX_REGIONS_1, VHDX_REGIONS_BYTES),
                  *copy = bytes_of(VHDX_REGIONS_2, VHDX_REGIONS_BYTES);
    assert_memory_equal(head, "vhdxfile", 8);
    assert_memory_equal(first, "head", 4);
    assert_sum(VHDX_HEADER_1, VHDX_HEADER_BYTES);
    assert_sum(VHDX_HEADER_2, VHDX_HEADER_BYTES);
    assert_sum(VHDX_REGIONS_1, VHDX_REGIONS_BYTES);
    assert_memory_equal(regions, copy, VHDX_REGIONS_BYTES);
    assert_true(bytes_little(first + VHDX_H_SEQUENCE, 8) < number_at(VHDX_HEADER_2 + VHDX_H_SEQUENCE, 8));
    assert_int_equal(bytes_little(first + VHDX_H_VERSION, 2), 1);
    assert_int_equal(bytes_little(first + VHDX_H_LOG_GUID, 8) | bytes_little(first + VHDX_H_LOG_GUID + 8, 8),
                     0);
    assert_int_equal(bytes_little(first + VHDX_H_LOG_LENGTH, 4), MIB);
    assert_int_equal(bytes_little(first + VHDX_H_LOG_OFFSET, 8) % MIB, 0);
    assert_memory_not_equal(first + VHDX_H_FILE_WRITE, first + VHDX_H_DATA_WRITE, 16);
    assert_int_equal(bytes_little(regions + 8, 4), 2);
    free(head);
    free(first);
    free(regions);
    free(copy);
}

static void finish__blocks__are_where_the_table_says_and_the_rest_is_zero(void **state)
{
    lima_file_info info = {0};

    (void)state;
    lima_vhdx_writer *writer = create(&USUAL);
    write_at(writer, 3 * MIB + 100, "later", 5);
    write_at(writer, MIB - 2, "over an edge", 12);
    write_at(writer, 5 * MIB + 511, "!", 1);
    finish(writer);
    for (unsigned block = 0; block < 6; block++) {
        uint64_t entry = number_at(BAT + 8 * block, 8);
        bool there = block == 0 || block == 1 || block == 3 || block == 5;
        assert_int_equal(entry & VHDX_ENTRY_STATE, there ? VHDX_PRESENT : VHDX_ZERO);
        assert_int_equal(there, entry >> VHDX_ENTRY_SHIFT != 0);
    }
    assert_true(lima_file_stat(path, true, &info, NULL));
    assert_int_equal(info.size, 8 * MIB); /* four, and four blocks of a MiB */
    lima_disk *disk = open_checked(USUAL.size);
    assert_bytes(disk, MIB - 3, "\0over an edge\0", 14);
    assert_bytes(disk, 3 * MIB + 99, "\0later\0", 7);
    assert_bytes(disk, 5 * MIB + 510, "\0!", 2);
    lima_disk_close(disk);
}

static void finish__nothing_written__is_a_disk_of_zeros(void **state)
{
    static const uint64_t sizes[] = {
        512, 4096, MIB - 512, MIB, MIB + 512, (uint64_t)3 << 40, (uint64_t)64 << 40};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        lima_disk_extent extent = {0};
        finish(create(&(lima_vhdx_desc){.size = sizes[i], .sector = 512, .physical = 512}));
        lima_disk *disk = open_checked(sizes[i]);
        assert_true(lima_disk_map(disk, sizes[i] - 1, &extent, NULL));
        assert_true(extent.zero && extent.len == 1);
        assert_bytes(disk, sizes[i] - 512, (char[512]){0}, 512);
        lima_disk_close(disk);
        assert_true(lima_file_remove(path, NULL));
    }
}

static void finish__entries_of_bitmaps__are_left_out(void **state)
{
    uint64_t size = (uint64_t)5000 * MIB; /* 4096 blocks of a MiB to a bitmap */

    (void)state;
    lima_vhdx_writer *writer = create(&(lima_vhdx_desc){.size = size, .sector = 512, .physical = 512});
    write_at(writer, (uint64_t)4095 * MIB, "before", 6);
    write_at(writer, (uint64_t)4096 * MIB, "behind", 6);
    finish(writer);
    assert_int_equal(number_at(BAT + 8 * 4095, 8) & VHDX_ENTRY_STATE, VHDX_PRESENT);
    assert_int_equal(number_at(BAT + 8 * 4096, 8), 0);
    assert_int_equal(number_at(BAT + 8 * 4097, 8) & VHDX_ENTRY_STATE, VHDX_PRESENT);
    lima_disk *disk = open_checked(size);
    assert_bytes(disk, (uint64_t)4095 * MIB, "before", 6);
    assert_bytes(disk, (uint64_t)4096 * MIB, "behind", 6);
    lima_disk_close(disk);
}

static void finish__sectors__are_as_described(void **state)
{
    (void)state;
    finish(create(&(lima_vhdx_desc){.size = 3 * 4096, .sector = 4096, .physical = 4096, .id = {9, 8}}));
    lima_disk_close(open_checked(3 * 4096));
    assert_int_equal(number_at(2 * MIB + VHDX_TABLE_BYTES + 16, 2), 0x0809);
    assert_int_equal(number_at(2 * MIB + VHDX_TABLE_BYTES + 32, 4), 4096);
    assert_int_equal(number_at(2 * MIB + VHDX_TABLE_BYTES + 36, 4), 4096);
}

static void create__no_id__each_disk_has_its_own(void **state)
{
    unsigned char *ids[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        finish(create(&(lima_vhdx_desc){.size = 512, .sector = 512, .physical = 512}));
        ids[i] = bytes_of(2 * MIB + VHDX_TABLE_BYTES + 16, 16);
        char *other = lima_path_join(folder, "other.vhdx"); /* kept, so that it is another file */
        assert_true(lima_file_rename(path, other, NULL));
        free(other);
    }
    assert_memory_not_equal(ids[0], ids[1], 16);
    free(ids[0]);
    free(ids[1]);
}

/* ---- threads ---- */

typedef struct stripe {
    lima_vhdx_writer *writer;
    unsigned number;
    bool ok;
} stripe;

enum { STRIPE = 64 * VHDX_KIB };

/* Each block is shared by all of them. */
static void write_stripes(void *arg)
{
    stripe *mine = arg;
    char *bytes = lima_mem_zalloc(STRIPE, 1);

    memset(bytes, '0' + (int)mine->number, STRIPE);
    mine->ok = true;
    for (uint64_t at = mine->number * STRIPE; at < 5 * MIB; at += THREADS * STRIPE)
        mine->ok = mine->ok && lima_vhdx_write(mine->writer, at, bytes, STRIPE, NULL);
    free(bytes);
}

static void write__by_threads_into_the_same_blocks__all_of_it_is_there(void **state)
{
    stripe stripes[THREADS];
    lima_thread *threads[THREADS];
    char *expected = lima_mem_zalloc(STRIPE, 1);

    (void)state;
    lima_vhdx_writer *writer = create(&USUAL);
    for (unsigned i = 0; i < THREADS; i++) {
        stripes[i] = (stripe){.writer = writer, .number = i};
        assert_true(lima_thread_start("stripe", write_stripes, &stripes[i], &threads[i], NULL));
    }
    for (unsigned i = 0; i < THREADS; i++) {
        lima_thread_join(threads[i]);
        assert_true(stripes[i].ok);
    }
    finish(writer);
    lima_disk *disk = open_checked(USUAL.size);
    for (uint64_t i = 0; i < 5 * MIB / STRIPE; i++) {
        memset(expected, '0' + (int)(i % THREADS), STRIPE);
        assert_bytes(disk, i * STRIPE, expected, STRIPE);
    }
    lima_disk_close(disk);
    free(expected);
}

/* ---- refused ---- */

static void create__description_that_no_disk_has__is_invalid(void **state)
{
    static const lima_vhdx_desc wrong[] = {
        {.size = 0, .sector = 512, .physical = 512},
        {.size = 511, .sector = 512, .physical = 512},
        {.size = 512, .sector = 4096, .physical = 4096},
        {.size = VHDX_SIZE_MAX + 512, .sector = 512, .physical = 512},
        {.size = 4096, .sector = 1024, .physical = 4096},
        {.size = 4096, .sector = 512, .physical = 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        lima_vhdx_writer *writer = NULL;
        lima_err err = {0};
        assert_false(lima_vhdx_create(path, &wrong[i], &writer, &err));
        assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
        assert_non_null(strstr(err.text, "VHDX"));
        assert_null(writer);
        assert_int_equal(kind_of(path), LIMA_FILE_NONE);
    }
}

static void create__file_exists__is_left_alone(void **state)
{
    lima_vhdx_writer *writer = NULL;
    lima_err err = {0};

    (void)state;
    assert_true(lima_file_write(path, "mine", 4, LIMA_FILE_PRIVATE, NULL));
    assert_false(lima_vhdx_create(path, &USUAL, &writer, &err));
    assert_int_equal(err.code, LIMA_CODE_ALREADY_EXISTS);
    assert_non_null(strstr(err.text, path));
    assert_int_equal(number_at(0, 1), 'm');
}

static void write__beyond_the_end__is_out_of_range(void **state)
{
    lima_err err = {0};

    (void)state;
    lima_vhdx_writer *writer = create(&USUAL);
    assert_false(lima_vhdx_write(writer, USUAL.size - 1, "ab", 2, &err));
    assert_int_equal(err.code, LIMA_CODE_OUT_OF_RANGE);
    assert_false(lima_vhdx_write(writer, UINT64_MAX, "a", 1, &err));
    assert_int_equal(err.code, LIMA_CODE_OUT_OF_RANGE);
    finish(writer);
}

static void not_finished__file__is_no_image_and_abandon_removes_it(void **state)
{
    lima_disk *disk = NULL;

    (void)state;
    lima_vhdx_writer *writer = create(&USUAL);
    write_at(writer, 0, "bytes", 5);
    assert_false(lima_disk_open(path, LIMA_DISK_VHDX, &disk, NULL));
    lima_vhdx_abandon(writer);
    assert_int_equal(kind_of(path), LIMA_FILE_NONE);
    lima_vhdx_abandon(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(finish__file__has_identifier_headers_and_regions),
        TEST(finish__blocks__are_where_the_table_says_and_the_rest_is_zero),
        TEST(finish__nothing_written__is_a_disk_of_zeros),
        TEST(finish__entries_of_bitmaps__are_left_out),
        TEST(finish__sectors__are_as_described),
        TEST(create__no_id__each_disk_has_its_own),
        TEST(write__by_threads_into_the_same_blocks__all_of_it_is_there),
        TEST(create__description_that_no_disk_has__is_invalid),
        TEST(create__file_exists__is_left_alone),
        TEST(write__beyond_the_end__is_out_of_range),
        TEST(not_finished__file__is_no_image_and_abandon_removes_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
