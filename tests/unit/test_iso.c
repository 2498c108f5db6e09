#include "lima_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/str.h"
#include "folder.h"
#include "image/iso.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/process.h"

static char *folder;

static int make_folder(void **state)
{
    (void)state;
    folder = test_folder_make();
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    test_folder_remove(folder);
    return 0;
}

static char *in_folder(const char *name)
{
    return lima_path_join(folder, name);
}

static lima_iso_file file(const char *name, const char *text)
{
    return (lima_iso_file){name, text, strlen(text)};
}

static lima_buf whole(const char *path)
{
    lima_buf bytes = LIMA_BUF(16 * 1024 * 1024);
    lima_err err = {0};
    if (!lima_file_read(path, &bytes, &err))
        fail_msg("%s", err.text);
    return bytes;
}

static void write__files__volume_with_both_descriptors(void **state)
{
    const lima_iso_file files[] = {file("user-data", "#cloud-config\n"),
                                   file("meta-data", "instance-id: x\n")};
    char *path = in_folder("a.iso");
    bool is_iso = false;
    (void)state;
    assert_true(lima_iso_write(path, "cidata", files, 2, NULL));
    lima_buf bytes = whole(path);
    assert_int_equal(bytes.len % 2048, 0);
    assert_memory_equal(bytes.data + 16 * 2048, "\1CD001\1", 7);
    assert_memory_equal(bytes.data + 16 * 2048 + 40, "cidata                          ", 32);
    assert_memory_equal(bytes.data + 17 * 2048, "\2CD001\1", 7);
    assert_memory_equal(bytes.data + 17 * 2048 + 40, "\0c\0i\0d\0a\0t\0a\0 ", 14);
    assert_memory_equal(bytes.data + 18 * 2048, "\377CD001\1", 7);
    assert_true(lima_iso_detect(path, &is_iso, NULL));
    assert_true(is_iso);
    lima_buf_free(&bytes);
    free(path);
}

static void write__same_input_twice__same_bytes(void **state)
{
    const lima_iso_file files[] = {file("b", "2"), file("a", "1")};
    char *one = in_folder("one.iso"), *two = in_folder("two.iso");
    (void)state;
    assert_true(lima_iso_write(one, "x", files, 2, NULL));
    assert_true(lima_iso_write(two, "x", files, 2, NULL));
    lima_buf a = whole(one), b = whole(two);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.data, b.data, a.len);
    lima_buf_free(&a);
    lima_buf_free(&b);
    free(one);
    free(two);
}

static void write__over_older_image__replaced(void **state)
{
    const lima_iso_file first = file("a", "first"), second = file("a", "second, and longer");
    char *path = in_folder("again.iso");
    (void)state;
    assert_true(lima_iso_write(path, "x", &first, 1, NULL));
    assert_true(lima_iso_write(path, "x", &second, 1, NULL));
    lima_buf bytes = whole(path);
    assert_memory_equal(bytes.data + bytes.len - 2048, "second, and longer\0", 19);
    lima_buf_free(&bytes);
    free(path);
}

static void refused(const char *label, const lima_iso_file *files, size_t count, const char *text)
{
    lima_file_info info = {0};
    lima_err err = {0};
    char *path = in_folder("never.iso");
    assert_false(lima_iso_write(path, label, files, count, &err));
    assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
    if (!strstr(err.text, text))
        fail_msg("'%s' lacks '%s'", err.text, text);
    assert_true(lima_file_stat(path, false, &info, NULL));
    assert_int_equal(info.kind, LIMA_FILE_NONE);
    free(path);
}

static void write__bad_input__refused_and_nothing_written(void **state)
{
    const lima_iso_file twice[] = {file("a", "1"), file("a", "2")}, slash = file("a/b", ""),
                        empty = file("", ""), dots = file("..", "");
    const lima_iso_file bad = file("\xff", ""), control = file("a\nb", ""), good = file("a", "");
    const lima_iso_file huge = {"a", "", (size_t)LIMA_ISO_FILE_BYTES_MAX + 1};
    lima_iso_file longer = file("0123456789012345678901234567890123456789012345678901234567890123x", "");
    lima_iso_file many[LIMA_ISO_FILES_MAX + 1];
    (void)state;
    for (size_t i = 0; i <= LIMA_ISO_FILES_MAX; i++)
        many[i] = good;
    refused("x", twice, 2, "twice");
    refused("x", &slash, 1, "must not contain");
    refused("x", &control, 1, "must not contain");
    refused("x", &empty, 1, "no file name");
    refused("x", &dots, 1, "no file name");
    refused("x", &bad, 1, "file name");
    refused("x", &huge, 1, "over");
    refused("x", &longer, 1, "over 64 characters");
    refused("x", many, LIMA_ISO_FILES_MAX + 1, "over 64 files");
    refused("", &good, 1, "label");
    refused("seventeen letters", &good, 1, "label");
    refused("t\xc3\xa4st", &good, 1, "label");
}

static void write__folder_missing__fails(void **state)
{
    const lima_iso_file good = file("a", "");
    lima_err err = {0};
    char *path = in_folder("nowhere/a.iso");
    (void)state;
    assert_false(lima_iso_write(path, "x", &good, 1, &err));
    assert_int_equal(err.code, LIMA_CODE_NOT_FOUND);
    assert_non_null(strstr(err.text, "a.iso"));
    free(path);
}

static void detect__other_files__no_iso(void **state)
{
    static const char *const names[] = {"empty", "short", "zeros"};
    char zeros[40000] = {0};
    const size_t lens[] = {0, 100, sizeof zeros};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        bool is_iso = true;
        char *path = in_folder(names[i]);
        assert_true(lima_file_write(path, zeros, lens[i], LIMA_FILE_PRIVATE, NULL));
        assert_true(lima_iso_detect(path, &is_iso, NULL));
        assert_false(is_iso);
        free(path);
    }
}

static void detect__missing_file__not_found(void **state)
{
    lima_err err = {0};
    bool is_iso = false;
    char *path = in_folder("missing");
    (void)state;
    assert_false(lima_iso_detect(path, &is_iso, &err));
    assert_int_equal(err.code, LIMA_CODE_NOT_FOUND);
    free(path);
}

/* ---- read by tools that others wrote ---- */

static char *output_of(const char *const *argv)
{
    lima_buf out = LIMA_BUF(1024 * 1024);
    lima_process_exit end = {0};
    lima_err err = {0};
    if (!lima_process_run(argv, NULL, &out, NULL, lima_clock_in(30000), NULL, &end, &err))
        fail_msg("%s", err.text);
    assert_int_equal(end.code, 0);
    return lima_buf_take(&out);
}

static bool have(const char *program)
{
    char *path = NULL;
    bool found = lima_file_find_program(program, &path, NULL);
    free(path);
    return found;
}

/* As many files as fit, with names that need Joliet and that are alike in short form, and contents over a
 * sector. */
static char *write_full_image(char names[][64], char *big, size_t big_len)
{
    lima_iso_file files[LIMA_ISO_FILES_MAX];
    char *path = in_folder("full.iso");
    memset(big, 'x', big_len);
    for (int i = 0; i < LIMA_ISO_FILES_MAX; i++) {
        snprintf(names[i], 64, "A long näme with CAPITALS, number %02d.configuration", i);
        files[i] = (lima_iso_file){names[i], names[i], strlen(names[i])};
    }
    files[7] = (lima_iso_file){"big.bin", big, big_len};
    files[8] = (lima_iso_file){"empty", "", 0};
    assert_true(lima_iso_write(path, "cidata", files, LIMA_ISO_FILES_MAX, NULL));
    return path;
}

static void read_by_isoinfo__full_image__joliet_names_and_contents(void **state)
{
    static char names[LIMA_ISO_FILES_MAX][64], big[5000];
    (void)state;
    if (!have("isoinfo"))
        lima_skip("isoinfo (Debian package genisoimage) is not installed");
    char *path = write_full_image(names, big, sizeof big);
    char *list = output_of((const char *const[]){"isoinfo", "-J", "-f", "-i", path, NULL});
    for (int i = 0; i < LIMA_ISO_FILES_MAX; i++) {
        const char *plain = strstr(names[i], "me with"); /* isoinfo prints Latin-1 */
        if (i != 7 && i != 8 && !strstr(list, plain))
            fail_msg("'%s' is not in\n%s", plain, list);
    }
    char *found = output_of((const char *const[]){"isoinfo", "-J", "-i", path, "-x", "/big.bin;1", NULL});
    assert_int_equal(strlen(found), sizeof big);
    assert_memory_equal(found, big, sizeof big);
    char *volume = output_of((const char *const[]){"isoinfo", "-d", "-i", path, NULL});
    assert_non_null(strstr(volume, "Volume id: cidata\n"));
    assert_non_null(strstr(volume, "Joliet with UCS level 3 found"));
    free(volume);
    free(found);
    free(list);
    free(path);
}

static void read_by_bsdtar__full_image__names_and_contents(void **state)
{
    static char names[LIMA_ISO_FILES_MAX][64], big[5000];
    (void)state;
    if (!have("bsdtar"))
        lima_skip("bsdtar (Debian package libarchive-tools) is not installed");
    char *path = write_full_image(names, big, sizeof big);
    char *found =
        output_of((const char *const[]){"env", "LC_ALL=C.UTF-8", "bsdtar", "-xOf", path, names[63], NULL});
    assert_string_equal(found, names[63]);
    free(found);
    found =
        output_of((const char *const[]){"env", "LC_ALL=C.UTF-8", "bsdtar", "-xOf", path, "big.bin", NULL});
    assert_int_equal(strlen(found), sizeof big);
    free(found);
    free(path);
}

static void read_by_isoinfo__primary_names__plain_and_apart(void **state)
{
    const lima_iso_file files[] = {file("user-data", "a"), file("lima.env", "b"), file("user-dates", "c")};
    (void)state;
    if (!have("isoinfo"))
        lima_skip("isoinfo (Debian package genisoimage) is not installed");
    char *path = in_folder("short.iso");
    assert_true(lima_iso_write(path, "cidata", files, 3, NULL));
    char *list = output_of((const char *const[]){"isoinfo", "-f", "-i", path, NULL});
    assert_string_equal(list, "/LIMA.ENV;1\n/USER_D01.;1\n/USER_DAT.;1\n");
    free(list);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write__files__volume_with_both_descriptors),
        cmocka_unit_test(write__same_input_twice__same_bytes),
        cmocka_unit_test(write__over_older_image__replaced),
        cmocka_unit_test(write__bad_input__refused_and_nothing_written),
        cmocka_unit_test(write__folder_missing__fails),
        cmocka_unit_test(detect__other_files__no_iso),
        cmocka_unit_test(detect__missing_file__not_found),
        cmocka_unit_test(read_by_isoinfo__full_image__joliet_names_and_contents),
        cmocka_unit_test(read_by_bsdtar__full_image__names_and_contents),
        cmocka_unit_test(read_by_isoinfo__primary_names__plain_and_apart),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
