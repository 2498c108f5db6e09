/* Conversions of raw files: the VHDX they become, and that nothing is left of those that fail. */
#include "disk_case.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "image/convert.h"
#include "os/file.h"

enum { MIB = 1024 * 1024, SIZE = 3 * MIB + 1000 };

static char *target, *temporary;

static int begin(void **state)
{
    disk_setup(state);
    target = lima_path_join(image_folder, "disk.vhdx");
    temporary = lima_path_join(image_folder, "disk.vhdx.new");
    return 0;
}

static int end(void **state)
{
    free(target);
    free(temporary);
    return disk_teardown(state);
}

static lima_file_info look_at(const char *path)
{
    lima_file_info info = {0};

    assert_true(lima_file_stat(path, true, &info, NULL));
    return info;
}

/* The first, second and last part of the disk; zeros that are there between them. */
static lima_convert_desc make(void)
{
    put_pattern(0, 1000, 1);
    put_pattern(MIB + 5, 100, 2);
    put_pattern(SIZE - 10, 10, 3);
    write_image();
    return (lima_convert_desc){.from = image_path, .format = LIMA_DISK_RAW, .to = target};
}

static lima_disk *converts(const lima_convert_desc *desc, uint64_t size)
{
    lima_disk *disk = NULL;
    lima_disk_info info;
    lima_err err = {0};

    if (!lima_convert(desc, &err) || !lima_disk_open(target, LIMA_DISK_VHDX, &disk, &err)
        || !lima_disk_check(disk, &err))
        fail_msg("%s", err.text);
    assert_int_equal(look_at(temporary).kind, LIMA_FILE_NONE);
    lima_disk_get_info(disk, &info);
    assert_int_equal(info.size, size);
    return disk;
}

static void fails(const lima_convert_desc *desc, lima_code code, const char *path, const char *cause)
{
    lima_err err = {0};

    assert_false(lima_convert(desc, &err));
    assert_error(&err, code, path, cause);
    assert_int_equal(look_at(temporary).kind, LIMA_FILE_NONE);
}

static void holds_the_disk(lima_disk *disk)
{
    assert_pattern(disk, 0, 1000, 1, 0);
    assert_zeros(disk, 1000, MIB - 995);
    assert_pattern(disk, MIB + 5, 100, 2, 0);
    assert_zeros(disk, MIB + 105, SIZE - MIB - 115);
    assert_pattern(disk, SIZE - 10, 10, 3, 0);
}

/* ---- what becomes of them ---- */

static void convert__unaligned_disk__is_filled_up_to_a_sector(void **state)
{
    static const uint32_t sectors[] = {512, 4096};

    (void)state;
    lima_convert_desc desc = make();
    for (size_t i = 0; i < sizeof sectors / sizeof *sectors; i++) {
        uint64_t whole = (SIZE + sectors[i] - 1) / sectors[i] * sectors[i];
        desc.shape.sector = sectors[i];
        lima_disk *disk = converts(&desc, whole);
        holds_the_disk(disk);
        assert_zeros(disk, SIZE, (size_t)(whole - SIZE));
        lima_disk_close(disk);
        assert_true(lima_file_remove(target, NULL));
    }
}

static void convert__zeros_that_are_there__take_no_block(void **state)
{
    (void)state;
    lima_convert_desc desc = make();
    lima_disk *disk = converts(&desc, SIZE + 512 - SIZE % 512);
    assert_extent(disk, 0, false, 2 * MIB);
    assert_extent(disk, 2 * MIB, true, MIB);
    lima_disk_close(disk);
}

static void convert__any_number_of_threads__same_disk(void **state)
{
    (void)state;
    lima_convert_desc desc = make();
    for (desc.threads = 1; desc.threads <= LIMA_SWEEP_THREADS_MAX; desc.threads *= 2) {
        lima_disk *disk = converts(&desc, SIZE + 512 - SIZE % 512);
        holds_the_disk(disk);
        lima_disk_close(disk);
        assert_true(lima_file_remove(target, NULL));
    }
}

static void convert__one_sector__is_a_disk_of_one(void **state)
{
    (void)state;
    put_pattern(0, 512, 1);
    write_image();
    lima_disk *disk = converts(&(lima_convert_desc){.from = image_path, .to = target}, 512);
    assert_pattern(disk, 0, 512, 1, 0);
    lima_disk_close(disk);
}

static void convert__larger_size__rest_is_zero(void **state)
{
    (void)state;
    lima_convert_desc desc = make();
    desc.shape.size = 20 * MIB;
    lima_disk *disk = converts(&desc, 20 * MIB);
    holds_the_disk(disk);
    assert_zeros(disk, SIZE, 20 * MIB - SIZE);
    assert_extent(disk, 4 * MIB, true, 16 * MIB);
    lima_disk_close(disk);
}

static void convert__empty_disk__needs_a_size(void **state)
{
    (void)state;
    write_image();
    lima_convert_desc desc = {.from = image_path, .format = LIMA_DISK_RAW, .to = target};
    fails(&desc, LIMA_CODE_INVALID_ARGUMENT, image_path, "0 bytes");
    desc.shape.size = MIB;
    lima_disk *disk = converts(&desc, MIB);
    assert_zeros(disk, 0, MIB);
    lima_disk_close(disk);
}

static void report(void *context, uint64_t done, uint64_t total)
{
    uint64_t *last = context;

    assert_true(done >= *last && total == SIZE);
    *last = done;
}

static void convert__progress__is_of_the_source(void **state)
{
    uint64_t last = 0;

    (void)state;
    lima_convert_desc desc = make();
    desc.progress = report;
    desc.context = &last;
    lima_disk_close(converts(&desc, SIZE + 512 - SIZE % 512));
    assert_int_equal(last, SIZE);
}

static void convert__left_by_a_try_that_was_killed__is_replaced(void **state)
{
    (void)state;
    lima_convert_desc desc = make();
    assert_true(lima_file_write(temporary, "half a disk", 11, LIMA_FILE_PRIVATE, NULL));
    lima_disk *disk = converts(&desc, SIZE + 512 - SIZE % 512);
    holds_the_disk(disk);
    lima_disk_close(disk);
}

/* ---- failures ---- */

static void convert__target_exists__is_left_alone(void **state)
{
    (void)state;
    lima_convert_desc desc = make();
    assert_true(lima_file_write(target, "mine", 4, LIMA_FILE_PRIVATE, NULL));
    fails(&desc, LIMA_CODE_ALREADY_EXISTS, target, "is there already");
    assert_int_equal(look_at(target).size, 4);
    desc.to = image_path;
    fails(&desc, LIMA_CODE_ALREADY_EXISTS, image_path, "is there already");
    assert_int_equal(look_at(image_path).size, SIZE);
}

static void convert__source_missing_or_refused__names_it(void **state)
{
    (void)state;
    lima_convert_desc desc = make();
    desc.format = LIMA_DISK_VHDX;
    fails(&desc, LIMA_CODE_INVALID_ARGUMENT, image_path, "no VHDX");
    assert_true(lima_file_remove(image_path, NULL));
    fails(&desc, LIMA_CODE_NOT_FOUND, image_path, "");
    assert_int_equal(look_at(target).kind, LIMA_FILE_NONE);
}

static void convert__smaller_size_or_wrong_sectors__are_invalid(void **state)
{
    (void)state;
    lima_convert_desc desc = make();
    desc.shape.size = 3 * MIB;
    fails(&desc, LIMA_CODE_INVALID_ARGUMENT, image_path, "3145728 bytes wanted");
    desc.shape = (lima_vhdx_desc){.sector = 1024};
    fails(&desc, LIMA_CODE_INVALID_ARGUMENT, image_path, "sectors of 1024");
    desc.shape = (lima_vhdx_desc){.size = 4 * MIB + 1};
    fails(&desc, LIMA_CODE_INVALID_ARGUMENT, image_path, "whole sectors");
    assert_int_equal(look_at(target).kind, LIMA_FILE_NONE);
}

static void convert__folder_missing__names_it(void **state)
{
    (void)state;
    lima_convert_desc desc = make();
    char *to = lima_path_join(image_folder, "missing/disk.vhdx");
    desc.to = to;
    fails(&desc, LIMA_CODE_NOT_FOUND, to, "");
    free(to);
}

/* The last cluster of a qcow2 image is not in its file: known only when the rest has been written. */
static void convert__source_damaged_at_its_end__leaves_nothing(void **state)
{
    (void)state;
    put_bytes(0, "QFI\xfb", 4);
    put_big(4, 3, 4);
    put_big(20, 16, 4);
    put_big(24, 2 * MIB, 8);
    put_big(36, 1, 4);
    put_big(40, 65536, 8);
    put_big(65536, 131072, 8);
    put_big(131072, 196608, 8);
    put_big(131072 + 8 * 31, 262144, 8);
    put_pattern(196608, 65536, 1);
    write_image();
    lima_convert_desc desc = {.from = image_path, .format = LIMA_DISK_QCOW2, .to = target};
    fails(&desc, LIMA_CODE_DATA_LOSS, image_path, "cut short");
    assert_int_equal(look_at(target).kind, LIMA_FILE_NONE);
}

static void convert__cancelled__leaves_nothing(void **state)
{
    lima_wake *wake = lima_wake_new();

    (void)state;
    lima_convert_desc desc = make();
    desc.cancel = wake;
    lima_wake_raise(wake);
    fails(&desc, LIMA_CODE_CANCELLED, image_path, "interrupted");
    assert_int_equal(look_at(target).kind, LIMA_FILE_NONE);
    lima_wake_free(wake);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(convert__unaligned_disk__is_filled_up_to_a_sector),
        TEST(convert__zeros_that_are_there__take_no_block),
        TEST(convert__any_number_of_threads__same_disk),
        TEST(convert__one_sector__is_a_disk_of_one),
        TEST(convert__larger_size__rest_is_zero),
        TEST(convert__empty_disk__needs_a_size),
        TEST(convert__progress__is_of_the_source),
        TEST(convert__left_by_a_try_that_was_killed__is_replaced),
        TEST(convert__target_exists__is_left_alone),
        TEST(convert__source_missing_or_refused__names_it),
        TEST(convert__smaller_size_or_wrong_sectors__are_invalid),
        TEST(convert__folder_missing__names_it),
        TEST(convert__source_damaged_at_its_end__leaves_nothing),
        TEST(convert__cancelled__leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
