#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "os/host.h"

static lima_file_info look(const char *path)
{
    lima_file_info at = {0};

    assert_ok(lima_file_stat(path, false, &at, err));
    return at;
}

/* ---- stat ---- */

static void stat__missing__is_none_and_no_error(void **state)
{
    char *path = in_folder(state, "missing");
    char *below = in_folder(state, "missing/below");

    assert_int_equal(look(path).kind, LIMA_FILE_NONE);
    assert_int_equal(look(below).kind, LIMA_FILE_NONE);
    free(below);
    free(path);
}

static void stat__file_and_folder__tells_kind_size_owner(void **state)
{
    char *path = in_folder(state, "gr\xc3\xbc\xc3\x9f e");

    put_file(path, "12345");
    lima_file_info file = look(path), folder = look(*state);
    assert_int_equal(file.kind, LIMA_FILE_REGULAR);
    assert_int_equal(file.size, 5);
    assert_true(file.mine && folder.mine);
    assert_true(file.mtime_ms > INT64_C(1577836800000)); /* 2020 */
    assert_int_equal(folder.kind, LIMA_FILE_DIR);
    free(path);
}

static void stat__two_files__differ_in_device_or_id(void **state)
{
    char *a = in_folder(state, "a"), *b = in_folder(state, "b"), *c = in_folder(state, "c");

    put_file(a, "x");
    put_file(b, "x");
    lima_file_info first = look(a), second = look(b);
    assert_false(first.device == second.device && first.id == second.id);
    assert_ok(lima_file_rename(a, c, err));
    assert_true(look(c).device == first.device && look(c).id == first.id);
    free(a);
    free(b);
    free(c);
}

/* ---- read ---- */

static void read__file__is_added_behind_what_is_there(void **state)
{
    char *path = in_folder(state, "f");
    lima_buf text = LIMA_BUF(64);

    put_file(path, "content");
    lima_buf_add_str(&text, "before ");
    assert_ok(lima_file_read(path, &text, err));
    assert_string_equal(lima_buf_str(&text), "before content");
    lima_buf_free(&text);
    free(path);
}

static void read__exactly_the_limit__succeeds(void **state)
{
    char *path = in_folder(state, "f");
    lima_buf text = LIMA_BUF(4);

    put_file(path, "1234");
    assert_ok(lima_file_read(path, &text, err));
    assert_string_equal(lima_buf_str(&text), "1234");
    lima_buf_free(&text);
    free(path);
}

static void read__past_the_limit__fails_and_keeps_content(void **state)
{
    char *path = in_folder(state, "f");
    lima_buf text = LIMA_BUF(4);

    put_file(path, "12345");
    lima_buf_add_str(&text, "a");
    assert_fails(LIMA_CODE_OUT_OF_RANGE, lima_file_read(path, &text, err));
    assert_string_equal(lima_buf_str(&text), "a");
    assert_int_equal(text.len, 1);
    lima_buf_free(&text);
    free(path);
}

static void read__empty_file__adds_nothing(void **state)
{
    char *path = in_folder(state, "f");
    lima_buf text = LIMA_BUF(4);

    put_file(path, "");
    assert_ok(lima_file_read(path, &text, err));
    assert_int_equal(text.len, 0);
    lima_buf_free(&text);
    free(path);
}

static void read__missing__is_not_found_and_names_the_path_first(void **state)
{
    char *path = in_folder(state, "missing");
    char *quoted = lima_mem_printf("'%s'", path);
    lima_buf text = LIMA_BUF(4);
    lima_err err;

    assert_false(lima_file_read(path, &text, &err));
    assert_int_equal(err.code, LIMA_CODE_NOT_FOUND);
    assert_true(err.os_code != 0);
    assert_true(lima_str_has_prefix(err.text, quoted));
    lima_buf_free(&text);
    free(quoted);
    free(path);
}

static void read__folder__is_refused(void **state)
{
    lima_buf text = LIMA_BUF(4);

    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_file_read(*state, &text, err));
    lima_buf_free(&text);
}

/* ---- write ---- */

static void write__new_and_again__replaces_and_leaves_nothing_else(void **state)
{
    char *path = in_folder(state, "f");

    put_file(path, "a longer first text");
    assert_file(path, "a longer first text");
    put_file(path, "second");
    assert_file(path, "second");
    assert_int_equal(count_entries(*state), 1);
    free(path);
}

static void write__folder_missing__is_not_found(void **state)
{
    char *path = in_folder(state, "missing/f");

    assert_fails(LIMA_CODE_NOT_FOUND, lima_file_write(path, "x", 1, LIMA_FILE_PRIVATE, err));
    free(path);
}

static void write__onto_a_folder__fails_and_leaves_no_temporary_file(void **state)
{
    char *path = in_folder(state, "sub");

    assert_ok(lima_dir_make(path, LIMA_FILE_PRIVATE, err));
    assert_false(lima_file_write(path, "x", 1, LIMA_FILE_PRIVATE, NULL));
    assert_int_equal(look(path).kind, LIMA_FILE_DIR);
    assert_int_equal(count_entries(*state), 1);
    free(path);
}

enum { WHOLE = 100000, WRITES = 30 };

static void write_alternating(void *path)
{
    char *text = lima_mem_zalloc(1, WHOLE + 1);

    for (int i = 0; i < WRITES; i++) {
        memset(text, 'a' + i % 2, WHOLE);
        lima_file_write(path, text, WHOLE, LIMA_FILE_PRIVATE, NULL);
    }
    free(text);
}

static void write__while_others_read__shows_old_or_new_never_a_part(void **state)
{
    char *path = in_folder(state, "f");
    lima_thread *writer = NULL;

    write_alternating(path);
    assert_ok(lima_thread_start("writer", write_alternating, path, &writer, err));
    for (int i = 0; i < WRITES; i++) {
        lima_buf text = LIMA_BUF(WHOLE);
        assert_ok(lima_file_read(path, &text, err));
        assert_int_equal(text.len, WHOLE);
        assert_int_equal(strspn(lima_buf_str(&text), text.data[0] == 'a' ? "a" : "b"), WHOLE);
        lima_buf_free(&text);
    }
    lima_thread_join(writer);
    free(path);
}

/* ---- remove, rename, space ---- */

static void remove__file_and_missing__succeeds(void **state)
{
    char *path = in_folder(state, "f");

    put_file(path, "x");
    assert_ok(lima_file_remove(path, err));
    assert_int_equal(look(path).kind, LIMA_FILE_NONE);
    assert_ok(lima_file_remove(path, err));
    free(path);
}

static void remove__folder__is_refused(void **state)
{
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_file_remove(*state, err));
    assert_int_equal(look(*state).kind, LIMA_FILE_DIR);
}

static void rename__onto_a_file__replaces_it(void **state)
{
    char *a = in_folder(state, "a"), *b = in_folder(state, "b");

    put_file(a, "new");
    put_file(b, "old");
    assert_ok(lima_file_rename(a, b, err));
    assert_file(b, "new");
    assert_int_equal(look(a).kind, LIMA_FILE_NONE);
    assert_fails(LIMA_CODE_NOT_FOUND, lima_file_rename(a, b, err));
    assert_file(b, "new");
    free(a);
    free(b);
}

static void free_space__existing_and_missing__tells_or_is_not_found(void **state)
{
    char *path = in_folder(state, "missing");
    uint64_t bytes = 0;

    assert_ok(lima_file_free_space(*state, &bytes, err));
    assert_true(bytes > 0);
    assert_fails(LIMA_CODE_NOT_FOUND, lima_file_free_space(path, &bytes, err));
    free(path);
}

static void link_make__leads_there_even_if_nothing_is_there_yet(void **state)
{
    char *path = in_folder(state, "link"), *target = in_folder(state, "later \xc3\xbc"), *real = NULL,
         *wanted = NULL;
    lima_err failed;

    if (!lima_file_link_make(path, target, &failed) && failed.code == LIMA_CODE_PERMISSION_DENIED) {
        free(target);
        free(path);
        lima_skip("this user may not make links here");
    }
    assert_fails(LIMA_CODE_ALREADY_EXISTS, lima_file_link_make(path, "other", err));
    assert_int_equal(look(path).kind, LIMA_FILE_LINK);
    assert_fails(LIMA_CODE_NOT_FOUND, lima_file_real_path(path, &real, err));
    put_file(target, "x");
    assert_ok(lima_file_real_path(path, &real, err));
    assert_ok(lima_file_real_path(target, &wanted, err));
    assert_string_equal(real, wanted);
    assert_ok(lima_file_remove(path, err));
    assert_int_equal(count_entries(*state), 1);
    free(wanted);
    free(real);
    free(target);
    free(path);
}

/* ---- finding ---- */

static void real_path__with_detours__is_the_short_one(void **state)
{
    char *detour = in_folder(state, "sub/../f"), *path = in_folder(state, "f"),
         *sub = in_folder(state, "sub");
    char *a = NULL, *b = NULL;

    assert_ok(lima_dir_make(sub, LIMA_FILE_PRIVATE, err));
    put_file(path, "");
    assert_ok(lima_file_real_path(path, &a, err));
    assert_ok(lima_file_real_path(detour, &b, err));
    assert_string_equal(a, b);
    assert_true(lima_path_is_absolute(a));
    free(a);
    free(b);
    free(detour);
    free(path);
    free(sub);
}

static void real_path__missing__is_not_found(void **state)
{
    char *path = in_folder(state, "missing"), *real = NULL;

    assert_fails(LIMA_CODE_NOT_FOUND, lima_file_real_path(path, &real, err));
    assert_null(real);
    free(path);
}

static void find_program__by_path__is_found(void **state)
{
    char *found = NULL;

    (void)state;
    assert_ok(lima_file_find_program(child_program(), &found, err));
    assert_true(lima_path_is_absolute(found));
    assert_int_equal(look(found).kind, LIMA_FILE_REGULAR);
    free(found);
}

static void find_program__missing_or_nameless__fails(void **state)
{
    char *path = in_folder(state, "missing"), *found = NULL;

    assert_fails(LIMA_CODE_NOT_FOUND, lima_file_find_program("lima-test-no-such-program", &found, err));
    assert_fails(LIMA_CODE_NOT_FOUND, lima_file_find_program(path, &found, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_file_find_program("", &found, err));
    assert_false(lima_file_find_program(*state, &found, NULL)); /* a folder */
    assert_null(found);
    free(path);
}

/* ---- folders ---- */

static void dir_make__with_parents_and_again__succeeds(void **state)
{
    char *path = in_folder(state, "a/b c/d");

    assert_ok(lima_dir_make(path, LIMA_FILE_PRIVATE, err));
    assert_ok(lima_dir_make(path, LIMA_FILE_SHARED, err));
    assert_int_equal(look(path).kind, LIMA_FILE_DIR);
    free(path);
}

static void dir_make__file_in_the_way__already_exists(void **state)
{
    char *file = in_folder(state, "f"), *below = in_folder(state, "f/sub");

    put_file(file, "x");
    assert_fails(LIMA_CODE_ALREADY_EXISTS, lima_dir_make(file, LIMA_FILE_PRIVATE, err));
    assert_fails(LIMA_CODE_ALREADY_EXISTS, lima_dir_make(below, LIMA_FILE_PRIVATE, err));
    assert_file(file, "x");
    free(file);
    free(below);
}

static void dir_list__files__are_sorted_without_dots(void **state)
{
    static const char *const names[] = {"b", "a", "\xc3\xa4", ".hidden"};
    lima_strv found = {0};

    for (unsigned i = 0; i < 4; i++) {
        char *path = in_folder(state, names[i]);
        put_file(path, "");
        free(path);
    }
    assert_ok(lima_dir_list(*state, 4, &found, err));
    char *all = lima_strv_join(&found, "|");
    assert_string_equal(all, ".hidden|a|b|\xc3\xa4");
    free(all);
    lima_strv_free(&found);
    assert_fails(LIMA_CODE_OUT_OF_RANGE, lima_dir_list(*state, 3, &found, err));
    assert_int_equal(found.len, 0);
}

static void dir_list__missing__is_not_found(void **state)
{
    char *path = in_folder(state, "missing");
    lima_strv found = {0};

    assert_fails(LIMA_CODE_NOT_FOUND, lima_dir_list(path, 10, &found, err));
    free(path);
}

static void dir_remove__tree__is_gone(void **state)
{
    char *deep = in_folder(state, "top/a/b/c"), *file = in_folder(state, "top/a/f"),
         *top = in_folder(state, "top");

    assert_ok(lima_dir_make(deep, LIMA_FILE_PRIVATE, err));
    put_file(file, "x");
    assert_ok(lima_dir_remove(top, err));
    assert_int_equal(look(top).kind, LIMA_FILE_NONE);
    assert_ok(lima_dir_remove(top, err));
    free(deep);
    free(file);
    free(top);
}

static void dir_remove__many_entries__are_all_gone(void **state)
{
    char *top = in_folder(state, "top");

    assert_ok(lima_dir_make(top, LIMA_FILE_PRIVATE, err));
    for (int i = 0; i < 200; i++) {
        char *path = lima_mem_printf("%s/%d", top, i);
        assert_ok(lima_dir_make(path, LIMA_FILE_PRIVATE, err));
        free(path);
    }
    assert_ok(lima_dir_remove(top, err));
    assert_int_equal(count_entries(*state), 0);
    free(top);
}

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
        IN_FOLDER(stat__missing__is_none_and_no_error),
        IN_FOLDER(stat__file_and_folder__tells_kind_size_owner),
        IN_FOLDER(stat__two_files__differ_in_device_or_id),
        IN_FOLDER(read__file__is_added_behind_what_is_there),
        IN_FOLDER(read__exactly_the_limit__succeeds),
        IN_FOLDER(read__past_the_limit__fails_and_keeps_content),
        IN_FOLDER(read__empty_file__adds_nothing),
        IN_FOLDER(read__missing__is_not_found_and_names_the_path_first),
        IN_FOLDER(read__folder__is_refused),
        IN_FOLDER(write__new_and_again__replaces_and_leaves_nothing_else),
        IN_FOLDER(write__folder_missing__is_not_found),
        IN_FOLDER(write__onto_a_folder__fails_and_leaves_no_temporary_file),
        IN_FOLDER(write__while_others_read__shows_old_or_new_never_a_part),
        IN_FOLDER(remove__file_and_missing__succeeds),
        IN_FOLDER(remove__folder__is_refused),
        IN_FOLDER(rename__onto_a_file__replaces_it),
        IN_FOLDER(free_space__existing_and_missing__tells_or_is_not_found),
        IN_FOLDER(link_make__leads_there_even_if_nothing_is_there_yet),
        IN_FOLDER(real_path__with_detours__is_the_short_one),
        IN_FOLDER(real_path__missing__is_not_found),
        IN_FOLDER(find_program__by_path__is_found),
        IN_FOLDER(find_program__missing_or_nameless__fails),
        IN_FOLDER(dir_make__with_parents_and_again__succeeds),
        IN_FOLDER(dir_make__file_in_the_way__already_exists),
        IN_FOLDER(dir_list__files__are_sorted_without_dots),
        IN_FOLDER(dir_list__missing__is_not_found),
        IN_FOLDER(dir_remove__tree__is_gone),
        IN_FOLDER(dir_remove__many_entries__are_all_gone),
        IN_FOLDER(lock__taken_in_this_process__excludes_and_is_free_after_release),
        IN_FOLDER(lock__taken_by_a_process_that_is_killed__becomes_free),
        IN_FOLDER(lock__holder_ends_without_releasing__wait_succeeds),
        IN_FOLDER(lock__folder_missing__is_not_found),
        IN_FOLDER(handle__write_past_the_end__leaves_a_hole_of_zeros),
        IN_FOLDER(handle__resize__grows_and_shrinks),
        IN_FOLDER(handle__modes__create_is_exclusive_and_read_only_does_not_write),
        IN_FOLDER(handle__used_by_threads_at_different_offsets__keeps_them_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
