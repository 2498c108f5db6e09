/* Sweeps over raw files: what is handed out, by whom, and what ends it. */
#include "disk_case.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "image/disk_sweep.h"
#include "os/file.h"

enum { MIB = 1024 * 1024, SIZE = 5 * MIB + 1000 };

/* What the pieces were. Each byte of the disk is counted. */
typedef struct seen {
    atomic_uchar count[SIZE];
    atomic_ullong bytes, pieces;
    uint32_t unit;
    atomic_ullong fail_at; /* of this byte the piece fails */
    lima_wake *cancel;     /* raised by the first piece */
} seen;

static seen *all;

static int begin(void **state)
{
    all = calloc(1, sizeof *all);
    all->fail_at = UINT64_MAX;
    return disk_setup(state);
}

static int end(void **state)
{
    lima_wake_free(all->cancel);
    free(all);
    return disk_teardown(state);
}

static bool take_piece(void *arg, uint64_t offset, char *bytes, size_t len, lima_err *err)
{
    seen *to = arg;

    atomic_fetch_add(&to->bytes, len);
    atomic_fetch_add(&to->pieces, 1);
    if (offset / to->unit != (offset + len - 1) / to->unit)
        return lima_err_set(err, LIMA_CODE_INTERNAL, "a piece over an edge of units");
    for (size_t i = 0; i < len; i++) {
        atomic_fetch_add(&to->count[offset + i], 1);
        if ((unsigned char)bytes[i] != pattern_at(offset + i, 1))
            return lima_err_set(err, LIMA_CODE_INTERNAL, "not what the disk has");
    }
    memset(bytes, 0, len); /* which is allowed */
    if (to->cancel)
        lima_wake_raise(to->cancel);
    if (to->fail_at >= offset && to->fail_at < offset + len)
        return lima_err_set(err, LIMA_CODE_ABORTED, "the piece's own reason");
    return true;
}

static lima_disk *open_pattern(size_t size)
{
    lima_disk_info info;

    put_pattern(0, size, 1);
    lima_disk *disk = opens(LIMA_DISK_RAW, size);
    lima_disk_get_info(disk, &info);
    all->unit = info.unit;
    return disk;
}

static void sweep__any_number_of_threads__each_byte_once(void **state)
{
    static const unsigned threads[] = {0, 1, 2, LIMA_SWEEP_THREADS_MAX, 1000};

    (void)state;
    lima_disk *disk = open_pattern(SIZE);
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        const lima_sweep sweep = {.disk = disk, .threads = threads[i], .piece = take_piece, .arg = all};
        lima_err err = {0};
        if (!lima_disk_sweep(&sweep, &err))
            fail_msg("%s", err.text);
        assert_int_equal(all->bytes, (i + 1) * SIZE);
        for (size_t at = 0; at < SIZE; at++)
            assert_int_equal(all->count[at], i + 1);
    }
    lima_disk_close(disk);
}

/* Only its first cluster is missing, so that what there is begins in the middle of a unit. */
static void sweep__data_from_the_middle_of_a_unit__no_piece_over_an_edge(void **state)
{
    enum { CLUSTER = 65536, CLUSTERS = 40, DATA = 3 * CLUSTER };
    lima_err err = {0};

    (void)state;
    put_bytes(0, "QFI\xfb", 4);
    put_big(4, 3, 4);
    put_big(20, 16, 4);
    put_big(24, CLUSTERS * CLUSTER, 8);
    put_big(36, 1, 4);
    put_big(40, CLUSTER, 8);
    put_big(CLUSTER, 2 * CLUSTER, 8);
    for (size_t i = 1; i < CLUSTERS; i++) {
        put_big(2 * CLUSTER + 8 * i, DATA + (i - 1) * CLUSTER, 8);
        for (size_t at = 0; at < CLUSTER; at++)
            put_big(DATA + (i - 1) * CLUSTER + at, pattern_at(i * CLUSTER + at, 1), 1);
    }
    lima_disk *disk = opens(LIMA_DISK_QCOW2, CLUSTERS * CLUSTER);
    all->unit = MIB;
    if (!lima_disk_sweep(&(lima_sweep){.disk = disk, .piece = take_piece, .arg = all}, &err))
        fail_msg("%s", err.text);
    assert_int_equal(all->bytes, (CLUSTERS - 1) * CLUSTER);
    assert_int_equal(all->count[0], 0);
    for (size_t at = CLUSTER; at < CLUSTERS * CLUSTER; at++)
        assert_int_equal(all->count[at], 1);
    lima_disk_close(disk);
}

static void sweep__no_taker__reads_all(void **state)
{
    lima_err err = {0};

    (void)state;
    lima_disk *disk = open_pattern(SIZE);
    assert_true(lima_disk_sweep(&(lima_sweep){.disk = disk}, &err));
    lima_disk_close(disk);
}

typedef struct reports {
    unsigned count;
    uint64_t last, total;
    bool went_back;
} reports;

static void report(void *context, uint64_t done, uint64_t total)
{
    reports *to = context;

    to->went_back = to->went_back || done < to->last;
    to->last = done;
    to->total = total;
    to->count++;
}

static void sweep__progress__ends_with_all_of_it(void **state)
{
    static const size_t sizes[] = {1, SIZE};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        reports got = {0};
        lima_err err = {0};
        lima_disk *disk = open_pattern(sizes[i]);
        assert_true(lima_disk_sweep(&(lima_sweep){.disk = disk, .progress = report, .context = &got}, &err));
        assert_true(got.count >= 1);
        assert_false(got.went_back);
        assert_int_equal(got.last, sizes[i]);
        assert_int_equal(got.total, sizes[i]);
        lima_disk_close(disk);
    }
}

static void sweep__empty_disk__is_done(void **state)
{
    lima_err err = {0};

    (void)state;
    lima_disk *disk = open_pattern(0);
    assert_true(lima_disk_sweep(&(lima_sweep){.disk = disk, .piece = take_piece, .arg = all}, &err));
    assert_int_equal(all->pieces, 0);
    lima_disk_close(disk);
}

static void sweep__holes__are_not_handed_out(void **state)
{
    enum { THERE = 65536 };
    uint64_t begin, end;
    lima_file *file = NULL;
    lima_disk *disk = NULL;
    lima_err err = {0};

    (void)state;
    put_pattern(0, THERE, 1);
    write_image();
    assert_true(lima_file_open(image_path, LIMA_FILE_WRITE, &file, NULL));
    assert_true(lima_file_resize(file, SIZE, NULL));
    assert_true(lima_file_next_data(file, 0, &begin, &end, NULL));
    lima_file_close(file);
    if (end != THERE)
        lima_skip("the file system has no holes, or large ones alone");
    all->unit = MIB;
    assert_true(lima_disk_open(image_path, LIMA_DISK_RAW, &disk, &err));
    if (!lima_disk_sweep(&(lima_sweep){.disk = disk, .piece = take_piece, .arg = all}, &err))
        fail_msg("%s", err.text);
    assert_int_equal(all->bytes, THERE);
    lima_disk_close(disk);
}

static void sweep__piece_fails__ends_with_its_reason(void **state)
{
    lima_err err = {0};

    (void)state;
    lima_disk *disk = open_pattern(SIZE);
    all->fail_at = 2 * MIB + 5;
    assert_false(lima_disk_sweep(&(lima_sweep){.disk = disk, .piece = take_piece, .arg = all}, &err));
    assert_int_equal(err.code, LIMA_CODE_ABORTED);
    assert_string_equal(err.text, "the piece's own reason");
    assert_false(lima_disk_sweep(&(lima_sweep){.disk = disk, .piece = take_piece, .arg = all}, NULL));
    lima_disk_close(disk);
}

static void sweep__file_became_shorter__ends_with_that(void **state)
{
    lima_file *file = NULL;
    lima_err err = {0};

    (void)state;
    lima_disk *disk = open_pattern(SIZE);
    assert_true(lima_file_open(image_path, LIMA_FILE_WRITE, &file, NULL));
    assert_true(lima_file_resize(file, 3 * MIB + 1, NULL));
    lima_file_close(file);
    assert_false(lima_disk_sweep(&(lima_sweep){.disk = disk}, &err));
    assert_error(&err, LIMA_CODE_DATA_LOSS, image_path, "");
    lima_disk_close(disk);
}

static void sweep__cancelled_before_and_on_the_way__ends(void **state)
{
    lima_err err = {0};

    (void)state;
    lima_disk *disk = open_pattern(SIZE);
    all->cancel = lima_wake_new();
    lima_sweep sweep = {.disk = disk, .threads = 2, .cancel = all->cancel, .piece = take_piece, .arg = all};
    assert_false(lima_disk_sweep(&sweep, &err));
    assert_int_equal(err.code, LIMA_CODE_CANCELLED);
    assert_true(all->pieces >= 1 && all->pieces <= 3); /* each thread may have had one when it was raised */
    all->pieces = 0;
    assert_false(lima_disk_sweep(&sweep, &err));
    assert_int_equal(err.code, LIMA_CODE_CANCELLED);
    assert_int_equal(all->pieces, 0);
    lima_disk_close(disk);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sweep__any_number_of_threads__each_byte_once),
        TEST(sweep__data_from_the_middle_of_a_unit__no_piece_over_an_edge),
        TEST(sweep__no_taker__reads_all),
        TEST(sweep__progress__ends_with_all_of_it),
        TEST(sweep__empty_disk__is_done),
        TEST(sweep__holes__are_not_handed_out),
        TEST(sweep__piece_fails__ends_with_its_reason),
        TEST(sweep__file_became_shorter__ends_with_that),
        TEST(sweep__cancelled_before_and_on_the_way__ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
