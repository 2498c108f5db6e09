/* The folders of os/file.h. */
#include "support.h"

#include <stdlib.h>

#include "base/mem.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(dir_make__with_parents_and_again__succeeds),
        IN_FOLDER(dir_make__file_in_the_way__already_exists),
        IN_FOLDER(dir_list__files__are_sorted_without_dots),
        IN_FOLDER(dir_list__missing__is_not_found),
        IN_FOLDER(dir_remove__tree__is_gone),
        IN_FOLDER(dir_remove__many_entries__are_all_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
