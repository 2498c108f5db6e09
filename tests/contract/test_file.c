#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
