/* Disk images made by hand, byte by byte, in one buffer; and what is expected of core/image when it opens them.
 * Set up with disk_setup and disk_teardown: DISK_TEST(name). */
#pragma once

#include "lima_test.h"

#include "image/disk.h"

enum { DISK_IMAGE_MAX = 6 * 1024 * 1024 };

/* The file's bytes, all zero before each test, and how many of them there are. */
extern unsigned char image[DISK_IMAGE_MAX];
extern size_t image_len;
extern char *image_path; /* of the file in the test's folder; its name is "disk" */
extern char *image_folder;

int disk_setup(void **state);
int disk_teardown(void **state);
#define DISK_TEST(name) cmocka_unit_test_setup_teardown(name, disk_setup, disk_teardown)

/* They enlarge the image if they must. */
void put_big(size_t at, uint64_t value, size_t len);
void put_little(size_t at, uint64_t value, size_t len);
void put_bytes(size_t at, const void *bytes, size_t len);
void put_pattern(size_t at, size_t len, unsigned seed); /* no two seeds alike, never zero */
unsigned char pattern_at(size_t i, unsigned seed);

/* Writes the image to its file. */
void write_image(void);

/* It opens; closed by the caller. `size` of the disk. */
lima_disk *opens(lima_disk_format format, uint64_t size);

/* It does not: the code, a text that names the file and has the cause; and the output stays as it was. */
void refuses(lima_disk_format format, lima_code code, const char *cause);

/* It opens, but these bytes of the disk cannot be read. */
void reads_fail(lima_disk_format format, uint64_t offset, size_t len, lima_code code, const char *cause);

void assert_error(const lima_err *err, lima_code code, const char *path, const char *cause);
void assert_pattern(lima_disk *disk, uint64_t offset, size_t len, unsigned seed, size_t first);
void assert_zeros(lima_disk *disk, uint64_t offset, size_t len);
/* What the map says at `offset`, going on as long as it says the same. */
void assert_extent(lima_disk *disk, uint64_t offset, bool zero, uint64_t len);
