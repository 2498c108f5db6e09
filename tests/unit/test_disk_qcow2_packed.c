/* qcow2 images with compressed clusters. */
#include "qcow2_case.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "os/thread.h"

/* How far the packed bytes reach, in whole sectors behind the first one. */
static uint64_t packed_entry(size_t at, size_t len)
{
    uint64_t more = (at % CLUSTER + len - 1) / CLUSTER;
    return IS_PACKED | more << 61 | at;
}

static size_t put_deflated(size_t at, unsigned seed)
{
    unsigned char plain[CLUSTER], packed[2 * CLUSTER];
    z_stream stream = {
        .next_in = plain, .avail_in = sizeof plain, .next_out = packed, .avail_out = sizeof packed};

    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = pattern_at(i, seed);
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -12, 9, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t len = sizeof packed - stream.avail_out;
    deflateEnd(&stream);
    put_bytes(at, packed, len);
    return len;
}

static void read__deflated_cluster__is_unpacked_from_any_place(void **state)
{
    (void)state;
    qcow2_make();
    size_t at = PACKED + 77, len = put_deflated(at, 3);
    qcow2_entry(9, packed_entry(at, len));
    lima_disk *disk = opens(LIMA_DISK_QCOW2, SIZE);
    assert_pattern(disk, 9 * CLUSTER, CLUSTER, 3, 0);
    assert_pattern(disk, 9 * CLUSTER + 10, 20, 3, 10);
    assert_extent(disk, 9 * CLUSTER, false, CLUSTER);
    assert_zeros(disk, 10 * CLUSTER, CLUSTER);
    lima_disk_close(disk);
}

/* A frame that does not tell its size, only that of its window; in it one block that is not compressed (RFC 8878, 3.1). */
static size_t put_zstd(size_t at, unsigned seed, unsigned window_log)
{
    put_big(at, 0x28B52FFD, 4);
    put_little(at + 4, 0, 1);
    put_little(at + 5, (window_log - 10) << 3, 1);
    put_little(at + 6, 1 | CLUSTER << 3, 3); /* the last block, raw */
    put_pattern(at + 9, CLUSTER, seed);
    return 9 + CLUSTER;
}

static void make_zstd(unsigned window_log)
{
    qcow2_make();
    put_big(FEATURES, 8, 8);
    image[COMPRESSION] = 1;
    qcow2_entry(9, packed_entry(PACKED, put_zstd(PACKED, 4, window_log)));
}

static void read__zstd_cluster__is_unpacked(void **state)
{
    (void)state;
    make_zstd(20);
    lima_disk *disk = opens(LIMA_DISK_QCOW2, SIZE);
    assert_pattern(disk, 9 * CLUSTER, CLUSTER, 4, 0);
    assert_pattern(disk, 9 * CLUSTER + 500, 12, 4, 500);
    lima_disk_close(disk);
}

static void read__zstd_frame_that_wants_much_memory__is_damage(void **state)
{
    (void)state;
    make_zstd(26);
    reads_fail(LIMA_DISK_QCOW2, 9 * CLUSTER, CLUSTER, LIMA_CODE_DATA_LOSS,
               "compressed part of it is damaged");
}

static void read__compressed_cluster_damaged__is_data_loss(void **state)
{
    (void)state;
    qcow2_make();
    size_t len = put_deflated(PACKED, 3);
    qcow2_entry(9, packed_entry(PACKED, len));
    image[PACKED] = 0xff;
    reads_fail(LIMA_DISK_QCOW2, 9 * CLUSTER, CLUSTER, LIMA_CODE_DATA_LOSS,
               "compressed part of it is damaged");
    put_deflated(PACKED, 3);
    memset(image + PACKED + len / 2, 0, len - len / 2);
    reads_fail(LIMA_DISK_QCOW2, 9 * CLUSTER, CLUSTER, LIMA_CODE_DATA_LOSS,
               "compressed part of it is damaged");
    image_len = PACKED;
    reads_fail(LIMA_DISK_QCOW2, 9 * CLUSTER, CLUSTER, LIMA_CODE_DATA_LOSS, "cut short");
}

static void read__zstd_said_to_be_deflated__is_data_loss(void **state)
{
    (void)state;
    make_zstd(20);
    put_big(FEATURES, 0, 8);
    reads_fail(LIMA_DISK_QCOW2, 9 * CLUSTER, CLUSTER, LIMA_CODE_DATA_LOSS,
               "compressed part of it is damaged");
}

typedef struct reader {
    lima_disk *disk;
    unsigned wrong;
} reader;

enum { READERS = 4, ROUNDS = 50 };

static void read_clusters(void *arg)
{
    static const struct {
        unsigned cluster, seed;
    } there[] = {{2, 1}, {9, 3}, {3 * ENTRIES - 1, 2}};
    reader *mine = arg;
    unsigned char bytes[CLUSTER];

    for (unsigned i = 0; i < ROUNDS * 3; i++) {
        if (!lima_disk_read(mine->disk, (uint64_t)there[i % 3].cluster * CLUSTER, bytes, CLUSTER, NULL))
            mine->wrong++;
        for (size_t at = 0; at < CLUSTER; at++)
            mine->wrong += bytes[at] != pattern_at(at, there[i % 3].seed);
    }
}

static void read__by_threads__each_gets_what_is_there(void **state)
{
    reader readers[READERS];
    lima_thread *threads[READERS];

    (void)state;
    qcow2_make();
    qcow2_entry(9, packed_entry(PACKED, put_deflated(PACKED, 3)));
    qcow2_add_third_table();
    lima_disk *disk = opens(LIMA_DISK_QCOW2, 3 * ENTRIES * CLUSTER);
    for (unsigned i = 0; i < READERS; i++) {
        readers[i] = (reader){.disk = disk};
        assert_true(lima_thread_start("reader", read_clusters, &readers[i], &threads[i], NULL));
    }
    for (unsigned i = 0; i < READERS; i++) {
        lima_thread_join(threads[i]);
        assert_int_equal(readers[i].wrong, 0);
    }
    lima_disk_close(disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DISK_TEST(read__deflated_cluster__is_unpacked_from_any_place),
        DISK_TEST(read__zstd_cluster__is_unpacked),
        DISK_TEST(read__zstd_frame_that_wants_much_memory__is_damage),
        DISK_TEST(read__compressed_cluster_damaged__is_data_loss),
        DISK_TEST(read__zstd_said_to_be_deflated__is_data_loss),
        DISK_TEST(read__by_threads__each_gets_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
