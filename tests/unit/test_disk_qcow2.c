/* qcow2 images: what of them is read, and what is refused. */
#include "qcow2_case.h"

#include <stdlib.h>
#include <string.h>

/* ---- what is read ---- */

static void open__plain_clusters__are_read_and_the_rest_is_zero(void **state)
{
    (void)state;
    qcow2_make();
    lima_disk *disk = opens(LIMA_DISK_QCOW2, SIZE);
    assert_pattern(disk, 2 * CLUSTER, CLUSTER, 1, 0);
    assert_pattern(disk, 2 * CLUSTER + 100, 300, 1, 100);
    assert_zeros(disk, 0, 2 * CLUSTER);
    assert_zeros(disk, 3 * CLUSTER, SIZE - 3 * CLUSTER);
    assert_extent(disk, 0, true, 2 * CLUSTER);
    assert_extent(disk, 2 * CLUSTER, false, CLUSTER);
    assert_extent(disk, 3 * CLUSTER + 1, true, SIZE - 3 * CLUSTER - 1);
    lima_disk_close(disk);
}

static void open__any_format_asked__is_found(void **state)
{
    (void)state;
    qcow2_make();
    lima_disk *disk = opens(LIMA_DISK_ANY, SIZE);
    lima_disk_info info;
    lima_disk_get_info(disk, &info);
    assert_int_equal(info.format, LIMA_DISK_QCOW2);
    assert_string_equal(info.name, "qcow2");
    lima_disk_close(disk);
}

static void open__version_2__features_are_no_features(void **state)
{
    (void)state;
    qcow2_make();
    put_big(VERSION, 2, 4);
    put_big(FEATURES, UINT64_MAX, 8);
    lima_disk *disk = opens(LIMA_DISK_QCOW2, SIZE);
    assert_pattern(disk, 2 * CLUSTER, CLUSTER, 1, 0);
    lima_disk_close(disk);
}

static void read__zero_mark__is_zero_whatever_lies_there(void **state)
{
    (void)state;
    qcow2_make();
    qcow2_entry(2, COPIED | DATA | 1);
    qcow2_entry(5, 1);
    lima_disk *disk = opens(LIMA_DISK_QCOW2, SIZE);
    assert_extent(disk, 0, true, SIZE);
    assert_zeros(disk, 0, SIZE);
    lima_disk_close(disk);
    put_big(VERSION, 2, 4); /* which has no such mark */
    reads_fail(LIMA_DISK_QCOW2, 2 * CLUSTER, 1, LIMA_CODE_DATA_LOSS, "tables are damaged");
}

static void read__several_tables__each_in_its_place(void **state)
{
    (void)state;
    qcow2_make();
    qcow2_add_third_table();
    lima_disk *disk = opens(LIMA_DISK_QCOW2, 3 * ENTRIES * CLUSTER);
    assert_pattern(disk, (3 * ENTRIES - 1) * CLUSTER, CLUSTER, 2, 0);
    assert_extent(disk, 3 * CLUSTER, true, (3 * ENTRIES - 4) * CLUSTER);
    assert_pattern(disk, 2 * CLUSTER, CLUSTER, 1, 0);
    lima_disk_close(disk);
}

static void read__last_cluster_in_part_in_the_file__rest_is_zero(void **state)
{
    (void)state;
    qcow2_make();
    image_len = DATA + 100;
    lima_disk *disk = opens(LIMA_DISK_QCOW2, SIZE);
    assert_pattern(disk, 2 * CLUSTER, 100, 1, 0);
    assert_zeros(disk, 2 * CLUSTER + 100, CLUSTER - 100); /* in one piece with it or not */
    lima_disk_close(disk);
}

static void read__unaligned_disk__ends_within_a_cluster(void **state)
{
    (void)state;
    qcow2_make();
    put_big(DISK_SIZE, 2 * CLUSTER + 100, 8);
    lima_disk *disk = opens(LIMA_DISK_QCOW2, 2 * CLUSTER + 100);
    lima_err err = {0};
    char bytes[2];
    assert_extent(disk, 2 * CLUSTER, false, 100);
    assert_pattern(disk, 2 * CLUSTER, 100, 1, 0);
    assert_false(lima_disk_read(disk, 2 * CLUSTER + 99, bytes, 2, &err));
    assert_error(&err, LIMA_CODE_OUT_OF_RANGE, image_path, "beyond the end");
    lima_disk_close(disk);
}

static void open__empty_disk__has_nothing(void **state)
{
    (void)state;
    qcow2_make();
    put_big(DISK_SIZE, 0, 8);
    put_big(L1_ENTRIES, 0, 4);
    lima_disk *disk = opens(LIMA_DISK_QCOW2, 0);
    lima_disk_extent extent;
    lima_err err = {0};
    assert_false(lima_disk_map(disk, 0, &extent, &err));
    assert_error(&err, LIMA_CODE_OUT_OF_RANGE, image_path, "beyond the end");
    lima_disk_close(disk);
}

/* ---- refused ---- */

static void open__what_cannot_be_had__is_refused_by_name(void **state)
{
    static const struct {
        size_t at;
        uint64_t value;
        size_t len;
        const char *cause;
    } cases[] = {
        {BACKING, 200, 8, "backing file"},
        {ENCRYPTION, 1, 4, "encrypted"},
        {ENCRYPTION, 2, 4, "encrypted"},
        {FEATURES, 2, 8, "marked as corrupt"},
        {FEATURES, 4, 8, "another file"},
        {FEATURES, 16, 8, "extended L2"},
        {FEATURES, 32, 8, "features that are not known"},
        {FEATURES, UINT64_C(1) << 63, 8, "features that are not known"},
        {VERSION, 4, 4, "version 4"},
        {VERSION, 1, 4, "version 1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memset(image, 0, sizeof image);
        qcow2_make();
        put_big(cases[i].at, cases[i].value, cases[i].len);
        refuses(LIMA_DISK_QCOW2, LIMA_CODE_FAILED_PRECONDITION, cases[i].cause);
        refuses(LIMA_DISK_ANY, LIMA_CODE_FAILED_PRECONDITION, cases[i].cause);
    }
}

static void open__unknown_compression__is_refused(void **state)
{
    (void)state;
    qcow2_make();
    put_big(FEATURES, 8, 8);
    image[COMPRESSION] = 2;
    refuses(LIMA_DISK_QCOW2, LIMA_CODE_FAILED_PRECONDITION, "compressed in a way");
}

static void open__dirty__is_read(void **state)
{
    (void)state;
    qcow2_make();
    put_big(FEATURES, 1, 8); /* counts may be wrong; tables are not */
    lima_disk *disk = opens(LIMA_DISK_QCOW2, SIZE);
    assert_pattern(disk, 2 * CLUSTER, CLUSTER, 1, 0);
    lima_disk_close(disk);
}

static void open__impossible_sizes__are_data_loss(void **state)
{
    static const struct {
        size_t at;
        uint64_t value;
        size_t len;
        const char *cause;
    } cases[] = {
        {CLUSTER_BITS, 8, 4, "impossible sizes"},
        {CLUSTER_BITS, 22, 4, "impossible sizes"},
        {CLUSTER_BITS, UINT32_MAX, 4, "impossible sizes"},
        {L1_ENTRIES, 32 * 1024 * 1024 / 8 + 1, 4, "impossible sizes"},
        {L1_ENTRIES, UINT32_MAX, 4, "impossible sizes"},
        {L1_ENTRIES, 0, 4, "too short"},
        {L1_OFFSET, L1 + 8, 8, "impossible sizes"},
        {DISK_SIZE, UINT64_MAX, 8, "impossible sizes"},
        {DISK_SIZE, INT64_MAX, 8, "too short"},
        {DISK_SIZE, ENTRIES * CLUSTER + 1, 8, "too short"},
        {L1_OFFSET, UINT64_C(1) << 62, 8, "cut short"},
        {L1_OFFSET, UINT64_MAX << 9, 8, "cut short"},
        {L1_OFFSET, 100 * CLUSTER, 8, "cut short"},
        {L1_ENTRIES, 1000, 4, "cut short"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        qcow2_make();
        put_big(cases[i].at, cases[i].value, cases[i].len);
        refuses(LIMA_DISK_QCOW2, LIMA_CODE_DATA_LOSS, cases[i].cause);
    }
}

static void open__no_qcow2__is_invalid(void **state)
{
    (void)state;
    qcow2_make();
    image[0] = 'q';
    refuses(LIMA_DISK_QCOW2, LIMA_CODE_INVALID_ARGUMENT, "no qcow2");
    qcow2_make();
    image_len = 3;
    refuses(LIMA_DISK_QCOW2, LIMA_CODE_INVALID_ARGUMENT, "no qcow2");
    image_len = 0;
    refuses(LIMA_DISK_QCOW2, LIMA_CODE_DATA_LOSS, "cut short");
}

static void open__cut_short__is_data_loss(void **state)
{
    (void)state;
    qcow2_make();
    image_len = L1;
    refuses(LIMA_DISK_QCOW2, LIMA_CODE_DATA_LOSS, "cut short");
    image_len = L1 + 7;
    refuses(LIMA_DISK_QCOW2, LIMA_CODE_DATA_LOSS, "cut short");
}

static void read__tables_or_clusters_not_in_the_file__is_data_loss(void **state)
{
    (void)state;
    qcow2_make();
    image_len = DATA;
    reads_fail(LIMA_DISK_QCOW2, 2 * CLUSTER, 1, LIMA_CODE_DATA_LOSS, "cut short");
    image_len = L2;
    reads_fail(LIMA_DISK_QCOW2, 0, 1, LIMA_CODE_DATA_LOSS, "cut short");
    qcow2_make();
    qcow2_entry(2, UINT64_C(0x00fffffffffffe00));
    reads_fail(LIMA_DISK_QCOW2, 2 * CLUSTER, 1, LIMA_CODE_DATA_LOSS, "cut short");
}

static void read__places_that_are_no_cluster__are_damage(void **state)
{
    (void)state;
    qcow2_make();
    put_big(CLUSTER_BITS, 10, 4); /* so that 512 is none */
    put_big(L1_OFFSET, 1024, 8);
    put_big(1024, 3 * 512, 8);
    reads_fail(LIMA_DISK_QCOW2, 0, 1, LIMA_CODE_DATA_LOSS, "tables are damaged");
    put_big(1024, 4 * 512, 8);
    put_big(2048, 5 * 512, 8);
    put_pattern(2560, 1024, 1);
    reads_fail(LIMA_DISK_QCOW2, 0, 1, LIMA_CODE_DATA_LOSS, "tables are damaged");
}

static void map__table_not_in_the_file__names_it(void **state)
{
    (void)state;
    qcow2_make();
    put_big(L1, COPIED | 1000 * CLUSTER, 8);
    lima_disk *disk = opens(LIMA_DISK_QCOW2, SIZE);
    lima_disk_extent extent = {.len = 7};
    lima_err err = {0};
    assert_false(lima_disk_map(disk, 0, &extent, &err));
    assert_error(&err, LIMA_CODE_DATA_LOSS, image_path, "cut short");
    assert_int_equal(extent.len, 7);
    lima_disk_close(disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DISK_TEST(open__plain_clusters__are_read_and_the_rest_is_zero),
        DISK_TEST(open__any_format_asked__is_found),
        DISK_TEST(open__version_2__features_are_no_features),
        DISK_TEST(read__zero_mark__is_zero_whatever_lies_there),
        DISK_TEST(read__several_tables__each_in_its_place),
        DISK_TEST(read__last_cluster_in_part_in_the_file__rest_is_zero),
        DISK_TEST(read__unaligned_disk__ends_within_a_cluster),
        DISK_TEST(open__empty_disk__has_nothing),
        DISK_TEST(open__what_cannot_be_had__is_refused_by_name),
        DISK_TEST(open__unknown_compression__is_refused),
        DISK_TEST(open__dirty__is_read),
        DISK_TEST(open__impossible_sizes__are_data_loss),
        DISK_TEST(open__no_qcow2__is_invalid),
        DISK_TEST(open__cut_short__is_data_loss),
        DISK_TEST(read__tables_or_clusters_not_in_the_file__is_data_loss),
        DISK_TEST(read__places_that_are_no_cluster__are_damage),
        DISK_TEST(map__table_not_in_the_file__names_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
