/* Images of clusters of 512 bytes, made by hand: header, table of counts at cluster 1, blocks of counts where
 * a test says. What the real qemu-img makes is tested in tests/drivers/qemu/test_qemu_real_vm.c. */
#include "lima_test.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "folder.h"
#include "image/qcow2.h"
#include "os/file.h"

enum { CLUSTER = 512, CLUSTERS = 8, HEADER_VERSION = 4, HEADER_TABLE_CLUSTERS = 56, HEADER_FEATURES = 72 };

static char *folder;
static unsigned char image[CLUSTERS * CLUSTER];

static void put(size_t at, uint64_t value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        image[at + i] = (unsigned char)(value >> 8 * (len - 1 - i));
}

static int begin(void **state)
{
    (void)state;
    folder = test_folder_make();
    memset(image, 0, sizeof image);
    memcpy(image, "QFI\xfb", 4);
    put(HEADER_VERSION, 3, 4);
    put(20, 9, 4);       /* clusters of 512 bytes */
    put(48, CLUSTER, 8); /* the table of counts */
    put(HEADER_TABLE_CLUSTERS, 1, 4);
    put(96, 4, 4); /* counts of 16 bits */
    put(CLUSTER, 2 * CLUSTER, 8);
    put(2 * CLUSTER, 1, 2); /* the header is used */
    return 0;
}

static int end(void **state)
{
    (void)state;
    test_folder_remove(folder);
    return 0;
}

static bool look(size_t len, uint64_t *ret, lima_err *err)
{
    char *path = lima_path_join(folder, "disk");
    assert_true(lima_file_write(path, image, len, LIMA_FILE_PRIVATE, NULL));
    bool ok = lima_qcow2_last_cluster(path, ret, err);
    free(path);
    return ok;
}

static void finds(uint64_t cluster)
{
    uint64_t offset = 0;
    lima_err err = {0};
    if (!look(sizeof image, &offset, &err))
        fail_msg("%s", err.text);
    assert_int_equal(offset, cluster * CLUSTER);
}

static void refuses(size_t len, lima_code code)
{
    uint64_t offset = 7;
    lima_err err = {0};
    assert_false(look(len, &offset, &err));
    assert_int_equal(err.code, code);
    assert_non_null(strstr(err.text, "disk'"));
    assert_int_equal(offset, 7);
}

static void last__counts_of_16_bits__last_one_over_0(void **state)
{
    (void)state;
    finds(0);
    put(2 * CLUSTER + 2 * 5, 256, 2); /* its low byte is 0 */
    finds(5);
    put(2 * CLUSTER + 2 * 255, 1, 2);
    finds(255);
}

static void last__counts_of_other_sizes__right_cluster(void **state)
{
    (void)state;
    put(96, 0, 4); /* of one bit, from the low end of each byte */
    image[2 * CLUSTER + 3] = 0x05;
    finds(3 * 8 + 2);
    put(96, 1, 4);
    finds(3 * 4 + 1);
    put(96, 6, 4); /* of eight bytes */
    put(2 * CLUSTER + 8 * 4, 1, 8);
    finds(4);
}

static void last__several_blocks__last_one_that_counts_something(void **state)
{
    (void)state;
    put(CLUSTER + 8 * 3, 4 * CLUSTER, 8); /* entry 3: clusters 768 to 1023 */
    put(CLUSTER + 8 * 5, 5 * CLUSTER, 8); /* nothing there */
    put(4 * CLUSTER + 2 * 10, 1, 2);
    finds(3 * 256 + 10);
}

static void last__version_2__counts_have_16_bits(void **state)
{
    (void)state;
    put(HEADER_VERSION, 2, 4);
    put(HEADER_FEATURES, ~(uint64_t)0, 8); /* something else in this version */
    put(96, 99, 4);
    put(2 * CLUSTER + 2 * 6, 1, 2);
    finds(6);
}

static void last__counts_not_up_to_date__says_so(void **state)
{
    (void)state;
    put(HEADER_FEATURES, 1, 8);
    refuses(sizeof image, LIMA_CODE_FAILED_PRECONDITION);
}

static void last__file_ends_in_its_counts__is_data_loss(void **state)
{
    (void)state;
    refuses(CLUSTER + 100, LIMA_CODE_DATA_LOSS);
    refuses(2 * CLUSTER, LIMA_CODE_DATA_LOSS);
    refuses(3 * CLUSTER - 1, LIMA_CODE_DATA_LOSS);
    put(CLUSTER, (uint64_t)1 << 60, 8);
    refuses(sizeof image, LIMA_CODE_DATA_LOSS);
}

static void last__impossible_header__is_data_loss(void **state)
{
    static const struct {
        size_t at;
        uint64_t value;
    } wrong[] = {{20, 8},
                 {20, 22},
                 {20, UINT32_MAX},
                 {96, 7},
                 {HEADER_TABLE_CLUSTERS, 0},
                 {HEADER_TABLE_CLUSTERS, UINT32_MAX}};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        unsigned char kept[4];
        memcpy(kept, image + wrong[i].at, sizeof kept);
        put(wrong[i].at, wrong[i].value, 4);
        refuses(sizeof image, LIMA_CODE_DATA_LOSS);
        memcpy(image + wrong[i].at, kept, sizeof kept);
    }
    put(2 * CLUSTER, 0, 2);
    refuses(sizeof image, LIMA_CODE_DATA_LOSS);
}

static void last__no_qcow2__is_told(void **state)
{
    (void)state;
    refuses(0, LIMA_CODE_INVALID_ARGUMENT);
    refuses(71, LIMA_CODE_INVALID_ARGUMENT);
    put(HEADER_VERSION, 4, 4);
    refuses(sizeof image, LIMA_CODE_INVALID_ARGUMENT);
    image[0] = 'q';
    refuses(sizeof image, LIMA_CODE_INVALID_ARGUMENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(last__counts_of_16_bits__last_one_over_0),
        TEST(last__counts_of_other_sizes__right_cluster),
        TEST(last__several_blocks__last_one_that_counts_something),
        TEST(last__version_2__counts_have_16_bits),
        TEST(last__counts_not_up_to_date__says_so),
        TEST(last__file_ends_in_its_counts__is_data_loss),
        TEST(last__impossible_header__is_data_loss),
        TEST(last__no_qcow2__is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
