/* win/file_traits.h: each trait is told, alone, and of whom it can be said. */
#include "../support.h"

#include <stdlib.h>
#include <string.h>

#include "seam.h"
#include "win/file_traits.h"

static int set_up(void **state)
{
    folder_setup(state);
    seam_begin(*state);
    return 0;
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, folder_teardown)

static lima_file_traits traits_of(const char *path)
{
    lima_file_traits found;

    assert_ok(lima_file_traits_get(path, &found, err));
    return found;
}

static void get__ordinary_file_and_folder__have_none(void **state)
{
    char *path = in_folder(state, "disk.vhdx");

    put_file(path, "x");
    lima_file_traits file = traits_of(path), folder = traits_of(*state);
    assert_false(file.compressed || file.encrypted || file.sparse || file.read_only || file.remote);
    assert_false(folder.compressed || folder.encrypted || folder.sparse || folder.read_only || folder.remote);
    assert_string_equal(file.file_system, folder.file_system);
    print_message("file system '%s'\n", file.file_system);
    free(path);
}

static void get__long_name_of_other_letters__is_found(void **state)
{
    char *path = in_folder(state, "ein Ordner für Bilder, und noch viel mehr davon … ü");

    put_file(path, "x");
    assert_false(traits_of(path).read_only);
    free(path);
}

static void assert_told(void **state, const char *mark)
{
    char *path = in_folder(state, "disk.vhdx");

    put_file(path, "x");
    if (!seam_mark(path, mark)) {
        free(path);
        print_message("skip: a file that is %s: files here cannot be\n", mark);
        skip();
    }
    lima_file_traits found = traits_of(path);
    assert_int_equal(found.read_only, !strcmp(mark, "read-only"));
    assert_int_equal(found.sparse, !strcmp(mark, "sparse"));
    assert_int_equal(found.compressed, !strcmp(mark, "compressed"));
    assert_int_equal(found.encrypted, !strcmp(mark, "encrypted"));
    assert_ok(lima_file_remove(path, err));
    free(path);
}

static void get__read_only_file__is_told(void **state)
{
    assert_told(state, "read-only");
}

static void get__sparse_file__is_told(void **state)
{
    assert_told(state, "sparse");
}

static void get__compressed_file__is_told(void **state)
{
    assert_told(state, "compressed");
}

static void get__encrypted_file__is_told(void **state)
{
    assert_told(state, "encrypted");
}

static void get__nothing_there__not_found_and_untouched(void **state)
{
    char *path = in_folder(state, "missing");
    lima_file_traits found = {.file_system = "as before"};

    assert_fails(LIMA_CODE_NOT_FOUND, lima_file_traits_get(path, &found, err));
    assert_string_equal(found.file_system, "as before");
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(get__ordinary_file_and_folder__have_none),
        IN_WORLD(get__long_name_of_other_letters__is_found),
        IN_WORLD(get__read_only_file__is_told),
        IN_WORLD(get__sparse_file__is_told),
        IN_WORLD(get__compressed_file__is_told),
        IN_WORLD(get__encrypted_file__is_told),
        IN_WORLD(get__nothing_there__not_found_and_untouched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
