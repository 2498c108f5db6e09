#include "disk_case.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "folder.h"
#include "os/file.h"

unsigned char image[DISK_IMAGE_MAX];
size_t image_len;
char *image_path, *image_folder;

int disk_setup(void **state)
{
    (void)state;
    image_folder = test_folder_make();
    image_path = lima_path_join(image_folder, "disk");
    memset(image, 0, sizeof image);
    image_len = 0;
    return 0;
}

int disk_teardown(void **state)
{
    (void)state;
    free(image_path);
    test_folder_remove(image_folder);
    return 0;
}

static void reach(size_t len)
{
    assert_true(len <= sizeof image);
    image_len = len > image_len ? len : image_len;
}

void put_big(size_t at, uint64_t value, size_t len)
{
    reach(at + len);
    for (size_t i = 0; i < len; i++)
        image[at + i] = (unsigned char)(value >> 8 * (len - 1 - i));
}

void put_little(size_t at, uint64_t value, size_t len)
{
    reach(at + len);
    for (size_t i = 0; i < len; i++)
        image[at + i] = (unsigned char)(value >> 8 * i);
}

void put_bytes(size_t at, const void *bytes, size_t len)
{
    reach(at + len);
    memcpy(image + at, bytes, len);
}

unsigned char pattern_at(size_t i, unsigned seed)
{
    return (unsigned char)(1 + (i * 7 + i / 251 + seed * 31) % 255);
}

void put_pattern(size_t at, size_t len, unsigned seed)
{
    reach(at + len);
    for (size_t i = 0; i < len; i++)
        image[at + i] = pattern_at(i, seed);
}

/* Not by lima_file_write, which waits for the host's disk. */
void write_image(void)
{
    lima_file *file = NULL;
    lima_err err = {0};

    if (!lima_file_remove(image_path, &err) || !lima_file_open(image_path, LIMA_FILE_CREATE, &file, &err)
        || !lima_file_write_at(file, 0, image, image_len, &err))
        fail_msg("%s", err.text);
    lima_file_close(file);
}

lima_disk *opens(lima_disk_format format, uint64_t size)
{
    lima_disk *disk = NULL;
    lima_disk_info info;
    lima_err err = {0};

    write_image();
    if (!lima_disk_open(image_path, format, &disk, &err))
        fail_msg("%s", err.text);
    lima_disk_get_info(disk, &info);
    assert_int_equal(info.size, size);
    assert_true(info.unit && !(info.unit & (info.unit - 1)));
    return disk;
}

void assert_error(const lima_err *err, lima_code code, const char *path, const char *cause)
{
    if (err->code != code || !strstr(err->text, path) || !strstr(err->text, cause))
        fail_msg("%s, not %s with '%s' for '%s': %s", lima_code_name(err->code), lima_code_name(code), cause,
                 path, err->text);
}

void refuses(lima_disk_format format, lima_code code, const char *cause)
{
    lima_disk *disk = NULL;
    lima_err err = {0};

    write_image();
    if (lima_disk_open(image_path, format, &disk, &err))
        fail_msg("it opens, without '%s'", cause);
    assert_null(disk);
    assert_error(&err, code, image_path, cause);
}

void reads_fail(lima_disk_format format, uint64_t offset, size_t len, lima_code code, const char *cause)
{
    lima_disk *disk = NULL;
    lima_err err = {0};
    char *bytes = lima_mem_zalloc(len, 1);

    write_image();
    if (!lima_disk_open(image_path, format, &disk, &err))
        fail_msg("%s", err.text);
    bool ok = lima_disk_read(disk, offset, bytes, len, &err);
    lima_disk_close(disk);
    free(bytes);
    if (ok)
        fail_msg("it can be read, without '%s'", cause);
    assert_error(&err, code, image_path, cause);
}

/* In one piece, and byte by byte at both ends. */
static unsigned char *read_all(lima_disk *disk, uint64_t offset, size_t len)
{
    unsigned char *bytes = lima_mem_zalloc(len, 1), end[2] = {0};
    lima_err err = {0};

    if (!lima_disk_read(disk, offset, bytes, len, &err) || !lima_disk_read(disk, offset, end, 1, &err)
        || !lima_disk_read(disk, offset + len - 1, end + 1, 1, &err))
        fail_msg("%s", err.text);
    assert_int_equal(end[0], bytes[0]);
    assert_int_equal(end[1], bytes[len - 1]);
    return bytes;
}

void assert_pattern(lima_disk *disk, uint64_t offset, size_t len, unsigned seed, size_t first)
{
    unsigned char *bytes = read_all(disk, offset, len);

    for (size_t i = 0; i < len; i++)
        if (bytes[i] != pattern_at(first + i, seed))
            fail_msg("byte %zu of %zu at %llu is %d", i, len, (unsigned long long)offset, bytes[i]);
    free(bytes);
}

void assert_zeros(lima_disk *disk, uint64_t offset, size_t len)
{
    unsigned char *bytes = read_all(disk, offset, len);

    for (size_t i = 0; i < len; i++)
        if (bytes[i])
            fail_msg("byte %zu of %zu at %llu is %d", i, len, (unsigned long long)offset, bytes[i]);
    free(bytes);
}

void assert_extent(lima_disk *disk, uint64_t offset, bool zero, uint64_t len)
{
    lima_disk_extent extent = {0};
    lima_disk_info info;
    uint64_t same = 0;
    lima_err err = {0};

    lima_disk_get_info(disk, &info);
    while (offset + same < info.size) {
        if (!lima_disk_map(disk, offset + same, &extent, &err))
            fail_msg("%s", err.text);
        assert_true(extent.len >= 1 && extent.len <= info.size - offset - same);
        if (extent.zero != zero)
            break;
        same += extent.len;
    }
    assert_int_equal(same, len);
}
