/* Disk images whatever their format, and raw ones. */
#include "disk_case.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "os/file.h"

static void named__names__are_those_of_the_formats(void **state)
{
    (void)state;
    assert_int_equal(lima_disk_format_named("raw"), LIMA_DISK_RAW);
    assert_int_equal(lima_disk_format_named("qcow2"), LIMA_DISK_QCOW2);
    assert_int_equal(lima_disk_format_named("vmdk"), LIMA_DISK_VMDK);
    assert_int_equal(lima_disk_format_named("vhd"), LIMA_DISK_VHD);
    assert_int_equal(lima_disk_format_named("vhdx"), LIMA_DISK_VHDX);
    assert_int_equal(lima_disk_format_named("vpc"), LIMA_DISK_ANY);
    assert_int_equal(lima_disk_format_named(""), LIMA_DISK_ANY);
}

static void open__what_no_format_knows__is_raw(void **state)
{
    static const size_t sizes[] = {0, 1, 511, 512, 513, 1000001};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        lima_disk_info info;
        put_pattern(0, sizes[i], 3);
        lima_disk *disk = opens(LIMA_DISK_ANY, sizes[i]);
        lima_disk_get_info(disk, &info);
        assert_int_equal(info.format, LIMA_DISK_RAW);
        assert_string_equal(info.name, "raw");
        if (sizes[i])
            assert_pattern(disk, 0, sizes[i], 3, 0);
        lima_disk_close(disk);
    }
}

/* A guest may write what it likes into its raw disk. */
static void open__raw_asked__looks_like_another_format_and_is_raw(void **state)
{
    lima_disk *disk;
    lima_disk_info info;

    (void)state;
    put_bytes(0, "QFI\xfb\0\0\0\3", 8);
    put_bytes(4000, "x", 1);
    disk = opens(LIMA_DISK_RAW, 4001);
    lima_disk_get_info(disk, &info);
    assert_int_equal(info.format, LIMA_DISK_RAW);
    lima_disk_close(disk);
    refuses(LIMA_DISK_ANY, LIMA_CODE_DATA_LOSS, "impossible sizes");
}

static void open__no_file__is_not_found(void **state)
{
    lima_disk *disk = NULL;
    lima_err err = {0};

    (void)state;
    assert_false(lima_disk_open(image_path, LIMA_DISK_ANY, &disk, &err));
    assert_error(&err, LIMA_CODE_NOT_FOUND, image_path, "");
    assert_false(lima_disk_open(image_folder, LIMA_DISK_ANY, &disk, &err));
    assert_error(&err, LIMA_CODE_INVALID_ARGUMENT, image_folder, "");
    assert_null(disk);
    lima_disk_close(NULL);
}

static void open__format_that_is_none__is_invalid(void **state)
{
    (void)state;
    put_bytes(0, "x", 1);
    refuses((lima_disk_format)99, LIMA_CODE_INVALID_ARGUMENT, "99");
}

static void open__no_err_wanted__only_fails(void **state)
{
    lima_disk *disk = NULL;

    (void)state;
    put_bytes(0, "QFI\xfb\0\0\0\3", 8);
    put_little(99, 0, 1);
    write_image();
    assert_false(lima_disk_open(image_path, LIMA_DISK_QCOW2, &disk, NULL));
    assert_false(lima_disk_open(image_path, LIMA_DISK_VHDX, &disk, NULL));
    assert_null(disk);
}

static void read_and_map__beyond_the_end__are_out_of_range(void **state)
{
    static const struct {
        uint64_t offset;
        size_t len;
    } wrong[] = {{1000, 1}, {999, 2}, {0, 1001}, {UINT64_MAX, 1}, {UINT64_MAX, 2}, {UINT64_C(1) << 63, 1}};
    char bytes[1001];

    (void)state;
    put_pattern(0, 1000, 1);
    lima_disk *disk = opens(LIMA_DISK_RAW, 1000);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        lima_err err = {0};
        assert_false(lima_disk_read(disk, wrong[i].offset, bytes, wrong[i].len, &err));
        assert_error(&err, LIMA_CODE_OUT_OF_RANGE, image_path, "beyond the end");
    }
    lima_disk_extent extent = {.len = 7};
    lima_err err = {0};
    assert_false(lima_disk_map(disk, 1000, &extent, &err));
    assert_error(&err, LIMA_CODE_OUT_OF_RANGE, image_path, "beyond the end");
    assert_int_equal(extent.len, 7);
    assert_true(lima_disk_read(disk, 1000, bytes, 0, &err));
    lima_disk_close(disk);
}

static void map__raw_with_holes__zeros_are_zeros(void **state)
{
    enum { SIZE = 5 * 1024 * 1024, AT = 3 * 1024 * 1024 };
    uint64_t begin, end;
    lima_disk_extent extent;
    lima_file *file = NULL;
    lima_disk *disk = NULL;
    lima_err err = {0};

    (void)state;
    assert_true(lima_file_open(image_path, LIMA_FILE_CREATE, &file, NULL));
    assert_true(lima_file_resize(file, SIZE, NULL));
    assert_true(lima_file_write_at(file, AT, "data", 4, NULL));
    assert_true(
        lima_file_next_data(file, 0, &begin, &end, NULL)); /* at once, if the file system has no holes */
    lima_file_close(file);
    assert_true(lima_disk_open(image_path, LIMA_DISK_RAW, &disk, &err));
    assert_true(lima_disk_map(disk, 0, &extent, &err));
    assert_int_equal(extent.zero, begin > 0);
    assert_int_equal(extent.len, begin ? begin : end);
    uint64_t offset = 0;
    for (; offset < SIZE; offset += extent.len) {
        assert_true(lima_disk_map(disk, offset, &extent, &err));
        assert_true(extent.len && extent.len <= SIZE - offset);
        assert_false(extent.zero && offset <= AT && AT < offset + extent.len);
    }
    assert_int_equal(offset, SIZE);
    assert_zeros(disk, 0, AT);
    assert_zeros(disk, AT + 4, SIZE - AT - 4);
    assert_true(lima_disk_check(disk, &err));
    lima_disk_close(disk);
}

static void read__file_became_shorter__is_data_loss(void **state)
{
    lima_disk_extent extent;
    lima_file *file = NULL;
    char bytes[100];

    (void)state;
    put_pattern(0, 1000, 1);
    lima_disk *disk = opens(LIMA_DISK_RAW, 1000);
    assert_true(lima_file_open(image_path, LIMA_FILE_WRITE, &file, NULL));
    assert_true(lima_file_resize(file, 500, NULL));
    lima_file_close(file);
    lima_err err = {0};
    assert_false(lima_disk_read(disk, 450, bytes, 100, &err));
    assert_error(&err, LIMA_CODE_DATA_LOSS, image_path, "cut short");
    assert_false(lima_disk_map(disk, 500, &extent, &err));
    assert_error(&err, LIMA_CODE_DATA_LOSS, image_path, "became shorter");
    lima_disk_close(disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DISK_TEST(named__names__are_those_of_the_formats),
        DISK_TEST(open__what_no_format_knows__is_raw),
        DISK_TEST(open__raw_asked__looks_like_another_format_and_is_raw),
        DISK_TEST(open__no_file__is_not_found),
        DISK_TEST(open__format_that_is_none__is_invalid),
        DISK_TEST(open__no_err_wanted__only_fails),
        DISK_TEST(read_and_map__beyond_the_end__are_out_of_range),
        DISK_TEST(map__raw_with_holes__zeros_are_zeros),
        DISK_TEST(read__file_became_shorter__is_data_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
