/* What os/file.h keeps open: locks, and files for random access. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

/* ---- locks ---- */

static void lock__taken_in_this_process__excludes_and_is_free_after_release(void **state)
{
    char *path = in_folder(state, "lock");
    lima_file_lock *first = NULL, *second = NULL;

    assert_ok(lima_file_lock_take(path, 0, &first, err));
    assert_fails(LIMA_CODE_UNAVAILABLE, lima_file_lock_take(path, 0, &second, err));
    assert_fails(LIMA_CODE_UNAVAILABLE, lima_file_lock_take(path, lima_clock_in(30), &second, err));
    lima_file_lock_release(first);
    assert_ok(lima_file_lock_take(path, 0, &second, err));
    lima_file_lock_release(second);
    lima_file_lock_release(NULL);
    assert_int_equal(look(path).kind, LIMA_FILE_REGULAR);
    free(path);
}

static void lock__taken_by_a_process_that_is_killed__becomes_free(void **state)
{
    char *path = in_folder(state, "lock"), line[32];
    lima_process *child = start_child((const char *[]){"lock", path, NULL});
    lima_file_lock *lock = NULL;

    read_line(child, line, sizeof line);
    assert_string_equal(line, "locked");
    assert_fails(LIMA_CODE_UNAVAILABLE, lima_file_lock_take(path, 0, &lock, err));
    end_child(child);
    assert_ok(lima_file_lock_take(path, patience(), &lock, err));
    lima_file_lock_release(lock);
    free(path);
}

static void lock__holder_ends_without_releasing__wait_succeeds(void **state)
{
    char *path = in_folder(state, "lock"), line[32];
    lima_process *child = start_child((const char *[]){"lock", path, NULL});
    lima_file_lock *lock = NULL;

    read_line(child, line, sizeof line);
    lima_stream_end_write(lima_process_stream(child, 0));
    assert_ok(lima_file_lock_take(path, patience(), &lock, err));
    lima_file_lock_release(lock);
    end_child(child);
    free(path);
}

static void lock__folder_missing__is_not_found(void **state)
{
    char *path = in_folder(state, "missing/lock");
    lima_file_lock *lock = NULL;

    assert_fails(LIMA_CODE_NOT_FOUND, lima_file_lock_take(path, patience(), &lock, err));
    free(path);
}

/* ---- random access ---- */

static void handle__write_past_the_end__leaves_a_hole_of_zeros(void **state)
{
    char *path = in_folder(state, "image");
    lima_file *file = NULL;
    char bytes[16];
    size_t len = 0;

    assert_ok(lima_file_open(path, LIMA_FILE_CREATE, &file, err));
    assert_ok(lima_file_write_at(file, 5, "abc", 3, err));
    assert_ok(lima_file_read_at(file, 0, bytes, sizeof bytes, &len, err));
    assert_int_equal(len, 8);
    assert_memory_equal(bytes, "\0\0\0\0\0abc", 8);
    assert_ok(lima_file_read_at(file, 6, bytes, 1, &len, err));
    assert_int_equal(bytes[0], 'b');
    assert_ok(lima_file_read_at(file, 100, bytes, 1, &len, err));
    assert_int_equal(len, 0);
    lima_file_close(file);
    lima_file_close(NULL);
    free(path);
}

static void handle__resize__grows_and_shrinks(void **state)
{
    char *path = in_folder(state, "image");
    lima_file *file = NULL;

    assert_ok(lima_file_open(path, LIMA_FILE_CREATE, &file, err));
    assert_ok(lima_file_resize(file, UINT64_C(5) << 30, err));
    assert_true(look(path).size == UINT64_C(5) << 30);
    assert_ok(lima_file_write_at(file, (UINT64_C(5) << 30) - 1, "x", 1, err));
    assert_ok(lima_file_resize(file, 10, err));
    assert_int_equal(look(path).size, 10);
    assert_fails(LIMA_CODE_OUT_OF_RANGE, lima_file_resize(file, UINT64_MAX, err));
    assert_fails(LIMA_CODE_OUT_OF_RANGE, lima_file_write_at(file, UINT64_MAX - 1, "xyz", 3, err));
    lima_file_close(file);
    free(path);
}

static void handle__modes__create_is_exclusive_and_read_only_does_not_write(void **state)
{
    char *path = in_folder(state, "image");
    lima_file *file = NULL;

    assert_fails(LIMA_CODE_NOT_FOUND, lima_file_open(path, LIMA_FILE_WRITE, &file, err));
    put_file(path, "abc");
    assert_fails(LIMA_CODE_ALREADY_EXISTS, lima_file_open(path, LIMA_FILE_CREATE, &file, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_file_open(*state, LIMA_FILE_READ, &file, err));
    assert_ok(lima_file_open(path, LIMA_FILE_READ, &file, err));
    assert_false(lima_file_write_at(file, 0, "x", 1, NULL));
    lima_file_close(file);
    assert_file(path, "abc");
    free(path);
}

/* ---- holes ---- */

enum { GAP = 4 * 1024 * 1024, DATA = 4096, TAIL = 100 };

/* What the file really holds from `offset` on. Before it are zeros, whatever the file system knows of holes; and one that
 * knows none says that all is there. */
static void next_data(lima_file *file, uint64_t offset, uint64_t *ret_begin, uint64_t *ret_end)
{
    static char zeros[DATA], bytes[DATA];
    uint64_t begin = UINT64_MAX, end = UINT64_MAX;
    size_t len;

    assert_ok(lima_file_next_data(file, offset, &begin, &end, err));
    assert_true(begin >= offset && end >= begin);
    for (uint64_t at = offset; at < begin; at += len) {
        size_t want = begin - at < DATA ? (size_t)(begin - at) : DATA;
        assert_ok(lima_file_read_at(file, at, bytes, want, &len, err));
        assert_int_equal(len, want);
        assert_memory_equal(bytes, zeros, len);
    }
    *ret_begin = begin;
    *ret_end = end;
}

/* A hole, data, a hole, data up to the end. */
static lima_file *open_with_holes(const char *path)
{
    char data[DATA];
    lima_file *file = NULL;

    memset(data, 'd', sizeof data);
    assert_ok(lima_file_open(path, LIMA_FILE_CREATE, &file, err));
    assert_ok(lima_file_resize(file, 2 * (GAP + DATA), err));
    assert_ok(lima_file_write_at(file, GAP, data, DATA, err));
    assert_ok(lima_file_write_at(file, 2 * GAP + DATA, data, DATA, err));
    return file;
}

static void next_data__in_a_hole__is_behind_it_and_at_the_data_or_before(void **state)
{
    char *path = in_folder(state, "image");
    uint64_t begin, end, size = 2 * (GAP + DATA);
    lima_file *file = open_with_holes(path);

    for (uint64_t offset = 0; offset < GAP; offset += GAP / 2 - 1) {
        next_data(file, offset, &begin, &end);
        assert_true(begin <= GAP && end >= GAP + DATA && end <= size);
    }
    next_data(file, GAP + DATA + 1, &begin, &end);
    assert_true(begin <= 2 * GAP + DATA && end == size);
    lima_file_close(file);
    free(path);
}

static void next_data__in_data__is_there_and_reaches_its_end_or_beyond(void **state)
{
    char *path = in_folder(state, "image");
    uint64_t begin, end, size = 2 * (GAP + DATA);
    lima_file *file = open_with_holes(path);

    for (uint64_t within = 0; within < DATA; within += DATA - 1) {
        next_data(file, GAP + within, &begin, &end);
        assert_int_equal(begin, GAP + within);
        assert_true(end >= GAP + DATA && end <= size);
    }
    next_data(file, size - 1, &begin, &end);
    assert_true(begin == size - 1 && end == size);
    lima_file_close(file);
    free(path);
}

static void next_data__hole_at_the_end__is_the_size_or_a_part_of_it(void **state)
{
    char *path = in_folder(state, "image");
    uint64_t begin, end;
    lima_file *file = NULL;

    assert_ok(lima_file_open(path, LIMA_FILE_CREATE, &file, err));
    assert_ok(lima_file_write_at(file, 0, "abc", 3, err));
    assert_ok(lima_file_resize(file, GAP + TAIL, err));
    next_data(file, 0, &begin, &end);
    assert_true(begin == 0 && end >= 3 && end <= GAP + TAIL);
    next_data(file, GAP, &begin, &end);
    assert_true((begin == GAP + TAIL || begin == GAP) && end == GAP + TAIL);
    lima_file_close(file);
    free(path);
}

static void next_data__no_holes__is_all_of_it(void **state)
{
    char *path = in_folder(state, "image");
    uint64_t begin, end;
    lima_file *file = NULL;

    put_file(path, "all of this is there");
    assert_ok(lima_file_open(path, LIMA_FILE_READ, &file, err));
    next_data(file, 0, &begin, &end);
    assert_true(begin == 0 && end == 20);
    next_data(file, 7, &begin, &end);
    assert_true(begin == 7 && end == 20);
    lima_file_close(file);
    free(path);
}

static void next_data__at_the_end__is_the_size(void **state)
{
    char *empty = in_folder(state, "empty"), *path = in_folder(state, "image");
    uint64_t begin, end;
    lima_file *file = NULL;

    put_file(empty, "");
    assert_ok(lima_file_open(empty, LIMA_FILE_READ, &file, err));
    next_data(file, 0, &begin, &end);
    assert_true(begin == 0 && end == 0);
    lima_file_close(file);
    put_file(path, "abc");
    assert_ok(lima_file_open(path, LIMA_FILE_READ, &file, err));
    next_data(file, 3, &begin, &end);
    assert_true(begin == 3 && end == 3);
    assert_fails(LIMA_CODE_OUT_OF_RANGE, lima_file_next_data(file, UINT64_MAX, &begin, &end, err));
    lima_file_close(file);
    free(path);
    free(empty);
}

/* ---- threads ---- */

typedef struct stripe {
    lima_file *file;
    unsigned number;
} stripe;

enum { STRIPES = 4, STRIPE_BYTES = 4096, STRIPE_ROUNDS = 50 };

static void write_stripes(void *arg)
{
    const stripe *mine = arg;
    char bytes[STRIPE_BYTES];

    memset(bytes, '0' + (int)mine->number, sizeof bytes);
    for (uint64_t i = 0; i < STRIPE_ROUNDS; i++)
        lima_file_write_at(mine->file, (i * STRIPES + mine->number) * STRIPE_BYTES, bytes, sizeof bytes,
                           NULL);
}

static void handle__used_by_threads_at_different_offsets__keeps_them_apart(void **state)
{
    char *path = in_folder(state, "image");
    stripe stripes[STRIPES];
    lima_thread *threads[STRIPES];
    lima_file *file = NULL;

    assert_ok(lima_file_open(path, LIMA_FILE_CREATE, &file, err));
    for (unsigned i = 0; i < STRIPES; i++) {
        stripes[i] = (stripe){.file = file, .number = i};
        assert_ok(lima_thread_start("stripe", write_stripes, &stripes[i], &threads[i], err));
    }
    for (unsigned i = 0; i < STRIPES; i++)
        lima_thread_join(threads[i]);
    for (uint64_t i = 0; i < STRIPES * STRIPE_ROUNDS; i++) {
        char bytes[STRIPE_BYTES];
        size_t len = 0;
        assert_ok(lima_file_read_at(file, i * STRIPE_BYTES, bytes, sizeof bytes, &len, err));
        assert_int_equal(len, STRIPE_BYTES);
        for (unsigned at = 0; at < STRIPE_BYTES; at++)
            assert_int_equal(bytes[at], '0' + (int)(i % STRIPES));
    }
    lima_file_close(file);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(lock__taken_in_this_process__excludes_and_is_free_after_release),
        IN_FOLDER(lock__taken_by_a_process_that_is_killed__becomes_free),
        IN_FOLDER(lock__holder_ends_without_releasing__wait_succeeds),
        IN_FOLDER(lock__folder_missing__is_not_found),
        IN_FOLDER(handle__write_past_the_end__leaves_a_hole_of_zeros),
        IN_FOLDER(handle__resize__grows_and_shrinks),
        IN_FOLDER(handle__modes__create_is_exclusive_and_read_only_does_not_write),
        IN_FOLDER(next_data__in_a_hole__is_behind_it_and_at_the_data_or_before),
        IN_FOLDER(next_data__in_data__is_there_and_reaches_its_end_or_beyond),
        IN_FOLDER(next_data__hole_at_the_end__is_the_size_or_a_part_of_it),
        IN_FOLDER(next_data__no_holes__is_all_of_it),
        IN_FOLDER(next_data__at_the_end__is_the_size),
        IN_FOLDER(handle__used_by_threads_at_different_offsets__keeps_them_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
