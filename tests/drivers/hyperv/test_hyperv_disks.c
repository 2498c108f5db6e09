/* The disks of an instance (drivers/hyperv/disks.h) against the double. */
#include "disks_case.h"

#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "hyperv/disks.h"
#include "os/thread.h"
#include "win/hcs.h"

#define MIB ((uint64_t)1 << 20)
#define ONE_EXTRA "{\"additionalDisks\":[{\"name\":\"dätä\"}]}"
#define EXTRA "../_disks/dätä/datadisk"
#define EXTRA_DISK EXTRA ".vhdx"
#define EXTRA_LOCK "../_disks/dätä/in_use_by"
#define VM "5d5b5a0e-0000-4000-8000-00000000000a"

static hyperv_disks prepared(const lima_instance *inst)
{
    hyperv_disks disks = {0};
    assert_ok(lima_hyperv_disks_prepare(inst, NULL, &disks, &disks_err));
    return disks;
}

static void prepare(const lima_instance *inst)
{
    hyperv_disks disks = prepared(inst);
    lima_hyperv_disks_free(&disks);
}

/* ---- the main disk ---- */

static void create__every_format__content_is_the_images(void **state)
{
    static const char *const formats[] = {"raw", "qcow2", "vmdk", "vpc", "vhdx"};

    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        lima_instance *inst = *state;
        disks_make_image(inst, "image", formats[i], 8, 0x40 + (unsigned)i);
        disks_configure(state, 12 * MIB, NULL);
        inst = *state;
        assert_ok(lima_hyperv_disks_create(inst, NULL, &disks_err));
        disks_assert_read(inst, "disk.vhdx", 0, 0x40 + (unsigned)i);
        disks_assert_read(inst, "disk.vhdx", 1, 0);
        assert_int_equal(disks_size(inst, "disk.vhdx"), 12 * MIB);
        assert_false(disks_there(inst, "disk.vhdx.new"));
        disks_remove(inst, "disk.vhdx");
        disks_remove(inst, "image");
    }
}

static void create__again__disk_stays_and_image_is_a_line(void **state)
{
    const lima_instance *inst = *state;
    lima_buf text = LIMA_BUF(200);
    char *image = disks_path(inst, "image");

    disks_make_image(inst, "image", "qcow2", 8, 0x11);
    assert_ok(lima_hyperv_disks_create(inst, NULL, &disks_err));
    assert_ok(lima_file_read(image, &text, &disks_err));
    disks_write(inst, "disk.vhdx", 3, 0x22);
    assert_ok(lima_hyperv_disks_create(inst, NULL, &disks_err));
    disks_assert_read(inst, "disk.vhdx", 3, 0x22);
    lima_buf_free(&text);
    free(image);
}

static void create__basedisk_of_lima_2_0__is_the_image(void **state)
{
    const lima_instance *inst = *state;

    disks_make_image(inst, "basedisk", "raw", 8, 0x12);
    assert_ok(lima_hyperv_disks_create(inst, NULL, &disks_err));
    disks_assert_read(inst, "disk.vhdx", 0, 0x12);
    assert_false(disks_there(inst, "image"));
}

static void create__no_size__is_the_images(void **state)
{
    disks_make_image(*state, "image", "qcow2", 9, 1);
    disks_configure(state, 0, NULL);
    assert_ok(lima_hyperv_disks_create(*state, NULL, &disks_err));
    assert_int_equal(disks_size(*state, "disk.vhdx"), 9 * MIB);
}

static void create__killed_before_the_image_went__it_goes_now(void **state)
{
    const lima_instance *inst = *state;

    disks_make_image(inst, "image", "qcow2", 8, 0x11);
    assert_ok(lima_hyperv_disks_create(inst, NULL, &disks_err));
    disks_remove(inst, "image");
    disks_make_image(inst, "image", "qcow2", 8, 0x33);
    assert_ok(lima_hyperv_disks_create(inst, NULL, &disks_err));
    disks_assert_read(inst, "disk.vhdx", 0, 0x11);
    disks_remove(inst, "disk.vhdx");
    assert_fails(lima_hyperv_disks_create(inst, NULL, &disks_err), LIMA_CODE_NOT_FOUND, "was not kept");
}

static void create__half_a_disk_of_a_killed_process__is_replaced(void **state)
{
    disks_make_image(*state, "image", "qcow2", 8, 0x11);
    disks_put(*state, "disk.vhdx.new", "half");
    assert_ok(lima_hyperv_disks_create(*state, NULL, &disks_err));
    disks_assert_read(*state, "disk.vhdx", 0, 0x11);
    assert_false(disks_there(*state, "disk.vhdx.new"));
}

static void create__refusals(void **state)
{
    lima_instance *inst = *state;

    assert_fails(lima_hyperv_disks_create(inst, NULL, &disks_err), LIMA_CODE_NOT_FOUND, "no image");
    disks_put(inst, "image", "<html>404 not found</html>");
    assert_fails(lima_hyperv_disks_create(inst, NULL, &disks_err), LIMA_CODE_INVALID_ARGUMENT, "no raw disk");
    disks_remove(inst, "image");
    disks_make_image(inst, "image", "qcow2", 16, 1);
    assert_fails(lima_hyperv_disks_create(inst, NULL, &disks_err), LIMA_CODE_INVALID_ARGUMENT, "not shrunk");
    assert_false(disks_there(inst, "disk.vhdx"));
}

static void create__cancelled__nothing_is_left(void **state)
{
    lima_wake *wake = lima_wake_new();

    disks_make_image(*state, "image", "qcow2", 8, 1);
    lima_wake_raise(wake);
    assert_fails(lima_hyperv_disks_create(*state, wake, &disks_err), LIMA_CODE_CANCELLED, "");
    assert_false(disks_there(*state, "disk.vhdx"));
    assert_false(disks_there(*state, "disk.vhdx.new"));
    lima_wake_free(wake);
}

static void put_iso(const lima_instance *inst)
{
    char *path = disks_path(inst, "image");
    const char *const make[] = {"truncate", "-s", "64K", path, NULL};
    lima_file *file;

    free(disks_run(make));
    assert_ok(lima_file_open(path, LIMA_FILE_WRITE, &file, &disks_err));
    assert_ok(lima_file_write_at(file, 32768, "\1CD001\1", 7, &disks_err));
    lima_file_close(file);
    free(path);
}

static void create__iso__stays_beside_an_empty_disk(void **state)
{
    const lima_instance *inst = *state;

    put_iso(inst);
    assert_ok(lima_hyperv_disks_create(inst, NULL, &disks_err));
    assert_true(disks_there(inst, "iso") && disks_there(inst, "image"));
    disks_assert_read(inst, "disk.vhdx", 0, 0);
    assert_int_equal(disks_size(inst, "disk.vhdx"), 8 * MIB);
    /* killed before the disk was made, then before the image's place was held */
    disks_remove(inst, "disk.vhdx");
    assert_ok(lima_hyperv_disks_create(inst, NULL, &disks_err));
    disks_remove(inst, "disk.vhdx");
    disks_remove(inst, "image");
    assert_ok(lima_hyperv_disks_create(inst, NULL, &disks_err));
    hyperv_disks disks = prepared(inst);
    assert_non_null(disks.iso);
    assert_true(lima_strv_has(&disks.granted, disks.iso) && lima_strv_has(&disks.granted, disks.disk));
    lima_hyperv_disks_free(&disks);
}

/* ---- before a start ---- */

static void make_disk(const lima_instance *inst)
{
    disks_make_image(inst, "image", "qcow2", 8, 0x11);
    assert_ok(lima_hyperv_disks_create(inst, NULL, &disks_err));
}

static void prepare__larger_configuration__disk_grows(void **state)
{
    hyperv_disks disks = {0};

    make_disk(*state);
    disks_configure(state, 20 * MIB + 5, NULL);
    prepare(*state);
    assert_int_equal(disks_size(*state, "disk.vhdx"), 20 * MIB + 512);
    disks_assert_read(*state, "disk.vhdx", 0, 0x11);
    disks_configure(state, 10 * MIB, NULL);
    assert_fails(lima_hyperv_disks_prepare(*state, NULL, &disks, &disks_err), LIMA_CODE_INVALID_ARGUMENT,
                 "not shrunk");
}

static void prepare__what_windows_does_not_attach__is_named(void **state)
{
    static const struct {
        const char *words, *text;
    } cases[] = {{"sparse", "fsutil sparse"}, {"compressed", "compact /u"},   {"encrypted", "cipher /d"},
                 {"read-only", "attrib -r"},  {"remote", "another computer"}, {"FAT32", "NTFS"}};
    char *path = disks_path(*state, "disk.vhdx");
    hyperv_disks disks = {0};

    make_disk(*state);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        disks_mark(path, cases[i].words);
        assert_fails(lima_hyperv_disks_prepare(*state, NULL, &disks, &disks_err),
                     LIMA_CODE_FAILED_PRECONDITION, cases[i].text);
        assert_non_null(strstr(disks_err.text, path));
    }
    disks_mark(path, NULL);
    prepare(*state);
    free(path);
}

static void create__compressed_folder__is_refused_at_once(void **state)
{
    const lima_instance *inst = *state;

    disks_make_image(inst, "image", "qcow2", 8, 0x11);
    disks_mark(inst->dir, "compressed");
    assert_fails(lima_hyperv_disks_create(inst, NULL, &disks_err), LIMA_CODE_FAILED_PRECONDITION,
                 "compact /u");
    assert_false(disks_there(inst, "disk.vhdx"));
}

static bool is_granted(const lima_instance *inst, const char *name)
{
    char words[256] = "", *path = disks_path(inst, name);
    ssize_t len = getxattr(path, "user.hcssim.grants", words, sizeof words - 1);

    free(path);
    return len > 0 && strstr(words, VM);
}

static void grant__all_files__and_release_takes_extras_back(void **state)
{
    disks_configure(state, 8 * MIB, ONE_EXTRA);
    const lima_instance *inst = *state;
    make_disk(inst);
    disks_put(inst, "cidata.iso", "cidata");
    disks_make_image(inst, EXTRA, "qcow2", 4, 0x51);
    hyperv_disks disks = prepared(inst);
    assert_ok(lima_hyperv_disks_grant(VM, &disks.granted, NULL, &disks_err));
    assert_true(is_granted(inst, "disk.vhdx") && is_granted(inst, "cidata.iso")
                && is_granted(inst, EXTRA_DISK));
    assert_true(disks_there(inst, EXTRA_LOCK));
    lima_hyperv_disks_release(inst, VM);
    assert_false(is_granted(inst, EXTRA_DISK) || disks_there(inst, EXTRA_LOCK));
    lima_strv_add(&disks.granted, "/nowhere/x.vhdx");
    assert_fails(lima_hyperv_disks_grant(VM, &disks.granted, NULL, &disks_err), LIMA_CODE_NOT_FOUND,
                 "/nowhere");
    lima_hyperv_disks_free(&disks);
}

/* ---- additional disks ---- */

static const lima_instance *with_extra(void **state, const char *format)
{
    disks_configure(state, 8 * MIB, ONE_EXTRA);
    make_disk(*state);
    disks_make_image(*state, EXTRA, format, 4, 0x51);
    return *state;
}

static void extra__qcow2_and_raw__made_once_and_data_stays(void **state)
{
    static const char *const formats[] = {"qcow2", "raw"};
    const lima_instance *inst = with_extra(state, "qcow2");

    for (size_t i = 0; i < 2; i++) {
        disks_remove(inst, EXTRA);
        disks_remove(inst, EXTRA_DISK);
        disks_make_image(inst, EXTRA, formats[i], 4, 0x51);
        char *before = disks_hash(inst, EXTRA);
        prepare(inst);
        disks_assert_read(inst, EXTRA_DISK, 0, 0x51);
        disks_write(inst, EXTRA_DISK, 2, 0x52);
        prepare(inst);
        disks_assert_read(inst, EXTRA_DISK, 2, 0x52);
        char *after = disks_hash(inst, EXTRA);
        assert_string_equal(before, after);
        free(after);
        free(before);
    }
}

static void extra__source_grew__disk_grows_with_its_data(void **state)
{
    const lima_instance *inst = with_extra(state, "qcow2");
    char *source = disks_path(inst, EXTRA);
    const char *const resize[] = {"qemu-img", "resize", "-q", source, "9M", NULL};

    prepare(inst);
    disks_write(inst, EXTRA_DISK, 2, 0x52);
    free(disks_run(resize));
    prepare(inst);
    assert_int_equal(disks_size(inst, EXTRA_DISK), 9 * MIB);
    disks_assert_read(inst, EXTRA_DISK, 0, 0x51);
    disks_assert_read(inst, EXTRA_DISK, 2, 0x52);
    free(source);
}

static void extra__source_written_and_disk_not__is_made_anew(void **state)
{
    const lima_instance *inst = with_extra(state, "qcow2");

    prepare(inst);
    disks_write(inst, EXTRA, 1, 0x61);
    prepare(inst);
    disks_assert_read(inst, EXTRA_DISK, 1, 0x61);
    /* grown by us is not written to */
    char *source = disks_path(inst, EXTRA);
    const char *const resize[] = {"qemu-img", "resize", "-q", source, "9M", NULL};
    free(disks_run(resize));
    prepare(inst);
    disks_write(inst, EXTRA, 2, 0x62);
    prepare(inst);
    disks_assert_read(inst, EXTRA_DISK, 2, 0x62);
    assert_int_equal(disks_size(inst, EXTRA_DISK), 9 * MIB);
    free(source);
}

static void extra__both_written__is_refused_until_one_is_gone(void **state)
{
    const lima_instance *inst = with_extra(state, "qcow2");
    hyperv_disks disks = {0};

    prepare(inst);
    lima_hyperv_disks_release(inst, NULL);
    disks_write(inst, EXTRA_DISK, 2, 0x52);
    disks_write(inst, EXTRA, 1, 0x61);
    assert_fails(lima_hyperv_disks_prepare(inst, NULL, &disks, &disks_err), LIMA_CODE_FAILED_PRECONDITION,
                 "not wanted");
    assert_false(disks_there(inst, EXTRA_LOCK));
    disks_assert_read(inst, EXTRA_DISK, 2, 0x52);
    disks_assert_read(inst, EXTRA, 1, 0x61);
    disks_remove(inst, EXTRA);
    prepare(inst);
    disks_assert_read(inst, EXTRA_DISK, 2, 0x52);
}

static void extra__killed_before_the_record__is_taken_as_it_is(void **state)
{
    const lima_instance *inst = with_extra(state, "raw");

    prepare(inst);
    disks_remove(inst, EXTRA_DISK ".json");
    prepare(inst);
    assert_true(disks_there(inst, EXTRA_DISK ".json"));
    disks_write(inst, EXTRA, 1, 0x61); /* and nobody has written to the disk, which is known */
    prepare(inst);
    disks_assert_read(inst, EXTRA_DISK, 1, 0x61);
}

static void extra__somebody_elses_disk_in_the_way__is_not_touched(void **state)
{
    const lima_instance *inst = with_extra(state, "raw");
    hyperv_disks disks = {0};

    disks_make_image(inst, EXTRA_DISK, "vhdx", 4, 0x77);
    assert_fails(lima_hyperv_disks_prepare(inst, NULL, &disks, &disks_err), LIMA_CODE_FAILED_PRECONDITION,
                 "not wanted");
    disks_assert_read(inst, EXTRA_DISK, 0, 0x77);
    disks_put(inst, EXTRA_DISK, "no disk at all");
    assert_fails(lima_hyperv_disks_prepare(inst, NULL, &disks, &disks_err), LIMA_CODE_FAILED_PRECONDITION,
                 "not wanted");
}

static void extra__missing__names_the_command(void **state)
{
    hyperv_disks disks = {0};

    disks_configure(state, 8 * MIB, ONE_EXTRA);
    make_disk(*state);
    assert_fails(lima_hyperv_disks_prepare(*state, NULL, &disks, &disks_err), LIMA_CODE_NOT_FOUND,
                 "limactl disk create");
}

static void extra__of_another_instance__is_refused(void **state)
{
    const lima_instance *inst = with_extra(state, "raw");
    char *home = lima_path_dir(inst->dir), *other = lima_path_join(home, "other"),
         *lock = disks_path(inst, EXTRA_LOCK);
    hyperv_disks disks = {0};

    assert_ok(lima_dir_make(other, LIMA_FILE_PRIVATE, &disks_err));
    assert_ok(lima_file_link_make(lock, other, &disks_err));
    assert_fails(lima_hyperv_disks_prepare(inst, NULL, &disks, &disks_err), LIMA_CODE_FAILED_PRECONDITION,
                 "in use by instance 'other'");
    assert_true(disks_there(inst, EXTRA_LOCK));
    assert_false(disks_there(inst, EXTRA_DISK));
    free(lock);
    free(other);
    free(home);
}

#define ON_DISKS(test) cmocka_unit_test_setup_teardown(test, disks_begin, disks_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DISKS(create__every_format__content_is_the_images),
        ON_DISKS(create__again__disk_stays_and_image_is_a_line),
        ON_DISKS(create__basedisk_of_lima_2_0__is_the_image),
        ON_DISKS(create__no_size__is_the_images),
        ON_DISKS(create__killed_before_the_image_went__it_goes_now),
        ON_DISKS(create__half_a_disk_of_a_killed_process__is_replaced),
        ON_DISKS(create__refusals),
        ON_DISKS(create__cancelled__nothing_is_left),
        ON_DISKS(create__iso__stays_beside_an_empty_disk),
        ON_DISKS(prepare__larger_configuration__disk_grows),
        ON_DISKS(prepare__what_windows_does_not_attach__is_named),
        ON_DISKS(create__compressed_folder__is_refused_at_once),
        ON_DISKS(grant__all_files__and_release_takes_extras_back),
        ON_DISKS(extra__qcow2_and_raw__made_once_and_data_stays),
        ON_DISKS(extra__source_grew__disk_grows_with_its_data),
        ON_DISKS(extra__source_written_and_disk_not__is_made_anew),
        ON_DISKS(extra__both_written__is_refused_until_one_is_gone),
        ON_DISKS(extra__killed_before_the_record__is_taken_as_it_is),
        ON_DISKS(extra__somebody_elses_disk_in_the_way__is_not_touched),
        ON_DISKS(extra__missing__names_the_command),
        ON_DISKS(extra__of_another_instance__is_refused),
    };
    return cmocka_run_group_tests(tests, disks_group_begin, disks_group_end);
}
