#include "wsl2_test.h"

#include "wsl2/tar.h"

static void add_content(lima_buf *tar, const char *name, const char *content, uint32_t mode)
{
    static const char zeros[WSL2_TAR_BLOCK];
    assert_ok(lima_wsl2_tar_add_file(tar, name, strlen(content), mode, &err));
    lima_buf_add_str(tar, content);
    lima_buf_add(tar, zeros, lima_wsl2_tar_padding(strlen(content)));
}

/* What `program` lists of the archive, owned; NULL: there is no such program. */
static char *listing(const char *program, const char *file)
{
    char *path = NULL;
    if (!lima_file_find_program(program, &path, NULL))
        return NULL;
    lima_buf out = LIMA_BUF(1024 * 1024), err_out = LIMA_BUF(65536);
    lima_process_exit end = {0};
    const char *argv[] = {path, "-tvf", file, NULL};
    assert_ok(lima_process_run(argv, NULL, &out, &err_out, lima_clock_in(60000), NULL, &end, &err));
    assert_string_equal(lima_buf_str(&err_out), "");
    assert_int_equal(end.code, 0);
    free(path);
    lima_buf_free(&err_out);
    return lima_buf_take(&out);
}

static void archive__is_read_by_tar_and_bsdtar(void **state)
{
    (void)state;
    char long_part[121], hundred[101];
    memset(long_part, 'p', 120);
    memset(hundred, 'h', 100);
    long_part[120] = hundred[100] = '\0';
    char *split = lima_mem_printf("%s/%.90s", long_part, hundred),
         *pax = lima_mem_printf("%s/%s/%s", long_part, split, hundred);
    const char *names[] = {"boot.sh", hundred, split, pax, "\xc3\xa4 '$x'.txt"};
    lima_buf tar = LIMA_BUF(1024 * 1024);
    assert_ok(lima_wsl2_tar_add_dir(&tar, "boot", 0755, &err));
    assert_ok(lima_wsl2_tar_add_dir(&tar, long_part, 0700, &err));
    for (size_t i = 0; i < 5; i++)
        add_content(&tar, names[i], "hello", 0755);
    lima_wsl2_tar_add_end(&tar);
    assert_int_equal(tar.len % WSL2_TAR_BLOCK, 0);

    char *dir = make_folder("tar"), *file = lima_path_join(dir, "a.tar");
    assert_ok(lima_file_write(file, tar.data, tar.len, LIMA_FILE_PRIVATE, &err));
    static const char *const programs[] = {"tar", "bsdtar"};
    for (size_t p = 0; p < 2; p++) {
        char *list = listing(programs[p], file);
        if (!list) {
            print_message("skip: %s: no %s\n", __func__, programs[p]);
            continue;
        }
        assert_non_null(strstr(list, "drwxr-xr-x"));
        assert_non_null(strstr(list, "-rwxr-xr-x"));
        assert_non_null(strstr(list, "root"));
        for (size_t i = 0; i < 4; i++)
            assert_non_null(strstr(list, names[i]));
        free(list);
    }
    lima_dir_remove(dir, NULL);
    free(dir);
    free(file);
    free(split);
    free(pax);
    lima_buf_free(&tar);
}

static void add__bad_names__are_refused_and_nothing_is_added(void **state)
{
    (void)state;
    static const char *const names[] = {"", "/etc", "..", "a/../b", "../x"};
    lima_buf tar = LIMA_BUF(65536);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_err(lima_wsl2_tar_add_file(&tar, names[i], 1, 0644, &err), LIMA_CODE_INVALID_ARGUMENT,
                   "tar archive");
        assert_err(lima_wsl2_tar_add_dir(&tar, names[i], 0755, &err), LIMA_CODE_INVALID_ARGUMENT,
                   "tar archive");
    }
    assert_ok(lima_wsl2_tar_add_file(&tar, "a..b", 0, 0644, &err));
    assert_int_equal(tar.len, WSL2_TAR_BLOCK);
    lima_buf_free(&tar);
}

static void add__too_big_or_no_room__is_out_of_range(void **state)
{
    (void)state;
    lima_buf tar = LIMA_BUF(WSL2_TAR_BLOCK);
    assert_err(lima_wsl2_tar_add_file(&tar, "a", 1ull << 33, 0644, &err), LIMA_CODE_OUT_OF_RANGE, "too big");
    assert_ok(lima_wsl2_tar_add_file(&tar, "a", (1ull << 33) - 1, 0644, &err));
    assert_memory_equal(tar.data + 124, "77777777777", 12);
    assert_err(lima_wsl2_tar_add_file(&tar, "b", 1, 0644, &err), LIMA_CODE_OUT_OF_RANGE, "no room");
    lima_buf_free(&tar);
}

static void padding__fills_a_block(void **state)
{
    (void)state;
    assert_int_equal(lima_wsl2_tar_padding(0), 0);
    assert_int_equal(lima_wsl2_tar_padding(1), 511);
    assert_int_equal(lima_wsl2_tar_padding(511), 1);
    assert_int_equal(lima_wsl2_tar_padding(512), 0);
    assert_int_equal(lima_wsl2_tar_padding(UINT64_MAX), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(archive__is_read_by_tar_and_bsdtar),
        cmocka_unit_test(add__bad_names__are_refused_and_nothing_is_added),
        cmocka_unit_test(add__too_big_or_no_room__is_out_of_range),
        cmocka_unit_test(padding__fills_a_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
