/* Folders that are to be shared (drivers/hyperv/mount_folders.h): paths of this host in the place of Windows'. */
#include "unit/hyperv/hyperv_test.h"

#include <stdio.h>
#include <sys/xattr.h>

#include "folder.h"
#include "hyperv/mount_folders.h"
#include "os/file.h"

static int begin(void **state)
{
    *state = test_folder_make();
    return 0;
}

static int end(void **state)
{
    test_folder_remove(*state);
    return 0;
}

/* The second of two mounts. */
static bool ready(const char *folder, const char *name, lima_err *err)
{
    char *path = lima_mem_printf("%s/%s", folder, name), *fine = lima_mem_strdup(folder);
    lima_windows_mount items[] = {{.location = fine}, {.location = path}};
    hyperv_mounts mounts = {.folders = {.items = items, .len = 2}};
    bool ok = lima_hyperv_mount_folders(&mounts, err);

    free(path);
    free(fine);
    return ok;
}

static void missing__is_made_with_its_parents(void **state)
{
    lima_file_info info = {0};
    char *path = lima_mem_printf("%s/a \xc3\xbc/b", (char *)*state);

    assert_ok(ready(*state, "a \xc3\xbc/b", &err));
    assert_ok(lima_file_stat(path, true, &info, &err));
    assert_int_equal(info.kind, LIMA_FILE_DIR);
    assert_ok(ready(*state, "a \xc3\xbc/b", &err));
    free(path);
}

static void file__is_refused_by_name(void **state)
{
    write_file(*state, "file", "");
    lima_err why = {0};
    assert_err(ready(*state, "file", &err), LIMA_CODE_INVALID_ARGUMENT, "mounts[1].location",
               "/file' is a file");
    assert_false(ready(*state, "file/below", &why));
    assert_non_null(strstr(why.text, "mounts[1].location"));
}

static void network_drive__is_refused_by_name(void **state)
{
    static const char words[] = "remote";

    if (setxattr(*state, "user.hcssim.attributes", words, sizeof words - 1, 0)) {
        print_message("skipped: no extended attributes of users in the folder for temporary files\n");
        skip();
    }
    assert_err(ready(*state, ".", &err), LIMA_CODE_UNIMPLEMENTED, "mounts[0].location", "network drive",
               "reverse-sshfs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(missing__is_made_with_its_parents, begin, end),
        cmocka_unit_test_setup_teardown(file__is_refused_by_name, begin, end),
        cmocka_unit_test_setup_teardown(network_drive__is_refused_by_name, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
