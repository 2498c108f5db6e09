/* Making and finding the boot disk, with a fake qemu-img whose images are files that name their format. */
#include "drivers/qemu/vm_case.h"

#include "qemu/disk.h"

#define BIOS "{'firmware': {'legacyBIOS': true}}"
enum { ISO_BYTES = 17 * 2048 };

static void begin_without_disk(vm_case *c)
{
    case_begin(c, BIOS);
    char *disk = path_in(c, "disk");
    assert_ok(lima_file_remove(disk, &err));
    free(disk);
}

static void write_iso(vm_case *c, const char *name)
{
    char bytes[ISO_BYTES] = {0};
    char *path = path_in(c, name);
    memcpy(bytes + 16 * 2048, "\1CD001\1", 7);
    assert_ok(lima_file_write(path, bytes, sizeof bytes, LIMA_FILE_PRIVATE, &err));
    free(path);
}

/* For the fake qemu-img, and of a size that a raw disk can have. */
static void write_sector(vm_case *c, const char *name, const char *format)
{
    char text[513];
    snprintf(text, sizeof text, "%-512s", format);
    write_file(c->dir, name, text);
}

static void write_raw(vm_case *c, const char *name)
{
    write_sector(c, name, "raw");
}

static void assert_content(vm_case *c, const char *name, const char *wanted)
{
    lima_buf text = LIMA_BUF(ISO_BYTES);
    char *path = path_in(c, name);
    assert_ok(lima_file_read(path, &text, &err));
    assert_string_equal(lima_buf_str(&text), wanted);
    lima_buf_free(&text);
    free(path);
}

static char *format_of(vm_case *c)
{
    lima_instance *inst = lima_control_instance(c->control);
    qemu_boot_disk disk = {0};
    assert_ok(lima_qemu_disk_find(inst, NULL, &disk, &err));
    char *format = lima_mem_strdup(disk.disk.format);
    lima_qemu_boot_disk_free(&disk);
    lima_instance_free(inst);
    return format;
}

static bool find_disk(vm_case *c, qemu_boot_disk *ret, lima_err *err)
{
    lima_instance *inst = lima_control_instance(c->control);
    bool ok = lima_qemu_disk_find(inst, NULL, ret, err);
    lima_instance_free(inst);
    return ok;
}

/* ---- create ---- */

static void create__image__becomes_the_disk(void **state)
{
    vm_case c;
    (void)state;
    begin_without_disk(&c);
    write_file(c.dir, "image", "qcow2");
    assert_ok(vm_create_disk(&c, &err));
    assert_content(&c, "disk", "qcow2");
    assert_false(there_is(&c, "image"));
    case_end(&c);
}

static void create__disk_there__nothing_is_touched(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, BIOS);
    write_file(c.dir, "image", "other");
    set_variable("FAKE_IMG", "nonsense");
    assert_ok(vm_create_disk(&c, &err));
    assert_content(&c, "disk", "qcow2");
    assert_content(&c, "image", "other");
    case_end(&c);
}

static void create__no_image__is_not_found(void **state)
{
    vm_case c;
    (void)state;
    begin_without_disk(&c);
    assert_err(vm_create_disk(&c, &err), LIMA_CODE_NOT_FOUND, "neither a disk nor an image");
    case_end(&c);
}

static void create__iso__gets_an_empty_disk(void **state)
{
    vm_case c;
    qemu_boot_disk disk = {0};
    (void)state;
    begin_without_disk(&c);
    write_iso(&c, "image");
    assert_ok(vm_create_disk(&c, &err));
    assert_true(there_is(&c, "iso"));
    assert_content(&c, "disk", "qcow2");
    assert_false(there_is(&c, "image") || there_is(&c, "disk.tmp"));
    assert_ok(find_disk(&c, &disk, &err));
    assert_non_null(disk.iso);
    lima_qemu_boot_disk_free(&disk);
    case_end(&c);
}

/* The crash between the two renames. */
static void create__iso_renamed_but_no_disk__goes_on(void **state)
{
    vm_case c;
    (void)state;
    begin_without_disk(&c);
    write_iso(&c, "iso");
    write_file(c.dir, "disk.tmp", "half");
    assert_ok(vm_create_disk(&c, &err));
    assert_content(&c, "disk", "qcow2");
    assert_true(there_is(&c, "iso"));
    case_end(&c);
}

static void create__no_space__leaves_the_image_and_no_part(void **state)
{
    vm_case c;
    (void)state;
    begin_without_disk(&c);
    write_iso(&c, "image");
    set_variable("FAKE_IMG", "full");
    assert_err(vm_create_disk(&c, &err), LIMA_CODE_RESOURCE_EXHAUSTED, "No space left on device", "disk");
    assert_true(there_is(&c, "image"));
    assert_false(there_is(&c, "disk") || there_is(&c, "disk.tmp") || there_is(&c, "iso"));
    set_variable("FAKE_IMG", NULL);
    assert_ok(vm_create_disk(&c, &err));
    case_end(&c);
}

static void create__image_names_other_files__is_refused(void **state)
{
    vm_case c;
    (void)state;
    begin_without_disk(&c);
    write_file(c.dir, "image", "qcow2 /etc/passwd");
    assert_err(vm_create_disk(&c, &err), LIMA_CODE_INVALID_ARGUMENT, "/etc/passwd");
    assert_true(there_is(&c, "image"));
    assert_false(there_is(&c, "disk"));
    case_end(&c);
}

static void create__image_cut_short__is_refused(void **state)
{
    vm_case c;
    (void)state;
    begin_without_disk(&c);
    write_file(c.dir, "image", "qcow2");
    set_variable("FAKE_IMG", "damaged");
    assert_err(vm_create_disk(&c, &err), LIMA_CODE_DATA_LOSS, "cut short");
    assert_false(there_is(&c, "disk"));
    case_end(&c);
}

static void create__unknown_format__is_refused(void **state)
{
    vm_case c;
    (void)state;
    begin_without_disk(&c);
    write_file(c.dir, "image", "bochs");
    assert_err(vm_create_disk(&c, &err), LIMA_CODE_INVALID_ARGUMENT, "bochs");
    case_end(&c);
}

static void create__image_empty__is_refused(void **state)
{
    vm_case c;
    (void)state;
    begin_without_disk(&c);
    write_file(c.dir, "image", "");
    assert_err(vm_create_disk(&c, &err), LIMA_CODE_DATA_LOSS, "/image' is empty", "download");
    assert_true(there_is(&c, "image") && !there_is(&c, "disk"));
    case_end(&c);
}

static void create__image_is_a_folder__is_refused(void **state)
{
    vm_case c;
    (void)state;
    begin_without_disk(&c);
    char *path = path_in(&c, "image");
    assert_ok(lima_dir_make(path, LIMA_FILE_PRIVATE, &err));
    assert_err(vm_create_disk(&c, &err), LIMA_CODE_INVALID_ARGUMENT, "/image' is a folder");
    assert_false(there_is(&c, "disk"));
    free(path);
    case_end(&c);
}

/* The error page of a web server, say. */
static void create__raw_of_broken_size__is_refused(void **state)
{
    vm_case c;
    (void)state;
    begin_without_disk(&c);
    write_file(c.dir, "image", "raw");
    assert_err(vm_create_disk(&c, &err), LIMA_CODE_INVALID_ARGUMENT, "/image' has no known format",
               "3 bytes");
    assert_true(there_is(&c, "image") && !there_is(&c, "disk"));
    assert_false(there_is(&c, "qemu.disk.json"));
    case_end(&c);
}

static void find__disk_gone__is_told(void **state)
{
    vm_case c;
    qemu_boot_disk disk = {0};
    (void)state;
    begin_without_disk(&c);
    assert_err(find_disk(&c, &disk, &err), LIMA_CODE_NOT_FOUND, "no disk in", "create it anew");
    case_end(&c);
}

static void create__qemu_img_answers_nonsense__is_told(void **state)
{
    vm_case c;
    (void)state;
    begin_without_disk(&c);
    write_file(c.dir, "image", "qcow2");
    set_variable("FAKE_IMG", "nonsense");
    assert_err(vm_create_disk(&c, &err), LIMA_CODE_UNKNOWN, "image");
    case_end(&c);
}

static void create__no_qemu_img__says_what_to_install(void **state)
{
    vm_case c;
    (void)state;
    begin_without_disk(&c);
    write_file(c.dir, "image", "qcow2");
    use_tool(&c, "qemu-img", false);
    assert_err(vm_create_disk(&c, &err), LIMA_CODE_NOT_FOUND, "qemu-img", "qemu-utils");
    case_end(&c);
}

static void create__qemu_img_hangs__can_be_cancelled(void **state)
{
    vm_case c;
    background creating;
    (void)state;
    begin_without_disk(&c);
    write_file(c.dir, "image", "qcow2");
    set_variable("FAKE_IMG", "hang");
    background_begin(&creating, &c, lima_qemu_driver.create_disk);
    background_cancel(&creating);
    assert_err(background_end(&creating, &err), LIMA_CODE_CANCELLED, "");
    assert_true(there_is(&c, "image"));
    case_end(&c);
}

/* ---- Lima 2.0 ---- */

static void create__2_0__layer_upon_basedisk(void **state)
{
    vm_case c;
    qemu_boot_disk disk = {0};
    (void)state;
    begin_without_disk(&c);
    c.generation = LIMA_GENERATION_2_0_3;
    write_file(c.dir, "basedisk", "qcow2");
    assert_ok(vm_create_disk(&c, &err));
    assert_true(there_is(&c, "basedisk"));
    assert_ok(find_disk(&c, &disk, &err));
    assert_non_null(strstr(disk.disk.path, "diffdisk"));
    assert_string_equal(disk.disk.format, "qcow2");
    lima_qemu_boot_disk_free(&disk);
    case_end(&c);
}

static void find__layer_upon_another_file__is_refused(void **state)
{
    vm_case c;
    qemu_boot_disk disk = {0};
    (void)state;
    begin_without_disk(&c);
    write_file(c.dir, "diffdisk", "qcow2 /etc/shadow");
    assert_err(find_disk(&c, &disk, &err), LIMA_CODE_INVALID_ARGUMENT, "/etc/shadow");
    case_end(&c);
}

static void find__basedisk_has_a_layer_below__is_refused(void **state)
{
    vm_case c;
    qemu_boot_disk disk = {0};
    (void)state;
    begin_without_disk(&c);
    write_file(c.dir, "diffdisk", "qcow2 basedisk");
    write_file(c.dir, "basedisk", "qcow2 /etc/shadow");
    assert_err(find_disk(&c, &disk, &err), LIMA_CODE_INVALID_ARGUMENT, "/etc/shadow");
    case_end(&c);
}

/* ---- formats ---- */

/* A guest can write onto a raw disk what looks like another format. */
static void find__raw_disk_that_looks_like_qcow2_later__stays_raw(void **state)
{
    vm_case c;
    (void)state;
    begin_without_disk(&c);
    write_raw(&c, "image");
    assert_ok(vm_create_disk(&c, &err));
    write_sector(&c, "disk", "qcow2");
    char *format = format_of(&c);
    assert_string_equal(format, "raw");
    free(format);
    case_end(&c);
}

static void find__raw_disk_of_another_driver__stays_raw_from_then_on(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, BIOS);
    write_file(c.dir, "disk", "raw");
    free(format_of(&c));
    write_file(c.dir, "disk", "qcow2");
    char *format = format_of(&c);
    assert_string_equal(format, "raw");
    free(format);
    case_end(&c);
}

/* ---- cut short since it was made ---- */

static void find__qcow2_cut_short__is_refused(void **state)
{
    vm_case c;
    qemu_boot_disk disk = {0};
    (void)state;
    case_begin(&c, BIOS);
    set_variable("FAKE_IMG", "damaged");
    assert_err(find_disk(&c, &disk, &err), LIMA_CODE_DATA_LOSS, "/disk'", "was cut short", "qemu-img check");
    assert_err(vm_start(&c, &err), LIMA_CODE_DATA_LOSS, "/disk'", "was cut short");
    assert_null(disk.disk.path);
    case_end(&c);
}

static void find__raw_disk_cut_short__is_refused(void **state)
{
    vm_case c;
    qemu_boot_disk disk = {0};
    (void)state;
    begin_without_disk(&c);
    write_raw(&c, "image");
    assert_ok(vm_create_disk(&c, &err));
    write_file(c.dir, "disk", "raw");
    assert_err(find_disk(&c, &disk, &err), LIMA_CODE_DATA_LOSS, "/disk'", "3 bytes", "had 512",
               "qemu.disk.json");
    case_end(&c);
}

static void find__raw_disk_grown_and_cut_short__is_refused(void **state)
{
    vm_case c;
    qemu_boot_disk disk = {0};
    (void)state;
    case_begin(&c, BIOS);
    write_file(c.dir, "disk", "raw");
    free(format_of(&c));
    write_raw(&c, "disk");
    free(format_of(&c)); /* limactl grows disks between starts */
    write_file(c.dir, "disk", "raw  ");
    assert_err(find_disk(&c, &disk, &err), LIMA_CODE_DATA_LOSS, "5 bytes", "had 512");
    case_end(&c);
}

static void create__new_image_after_a_raw_one__is_looked_at_anew(void **state)
{
    vm_case c;
    (void)state;
    begin_without_disk(&c);
    write_raw(&c, "image");
    assert_ok(vm_create_disk(&c, &err));
    char *disk = path_in(&c, "disk");
    assert_ok(lima_file_remove(disk, &err));
    write_file(c.dir, "image", "qcow2");
    assert_ok(vm_create_disk(&c, &err));
    char *format = format_of(&c);
    assert_string_equal(format, "qcow2");
    free(format);
    free(disk);
    case_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create__image__becomes_the_disk),
        cmocka_unit_test(create__disk_there__nothing_is_touched),
        cmocka_unit_test(create__no_image__is_not_found),
        cmocka_unit_test(create__iso__gets_an_empty_disk),
        cmocka_unit_test(create__iso_renamed_but_no_disk__goes_on),
        cmocka_unit_test(create__no_space__leaves_the_image_and_no_part),
        cmocka_unit_test(create__image_names_other_files__is_refused),
        cmocka_unit_test(create__image_cut_short__is_refused),
        cmocka_unit_test(create__unknown_format__is_refused),
        cmocka_unit_test(create__image_empty__is_refused),
        cmocka_unit_test(create__image_is_a_folder__is_refused),
        cmocka_unit_test(create__raw_of_broken_size__is_refused),
        cmocka_unit_test(find__disk_gone__is_told),
        cmocka_unit_test(create__qemu_img_answers_nonsense__is_told),
        cmocka_unit_test(create__no_qemu_img__says_what_to_install),
        cmocka_unit_test(create__qemu_img_hangs__can_be_cancelled),
        cmocka_unit_test(create__2_0__layer_upon_basedisk),
        cmocka_unit_test(find__layer_upon_another_file__is_refused),
        cmocka_unit_test(find__basedisk_has_a_layer_below__is_refused),
        cmocka_unit_test(find__raw_disk_that_looks_like_qcow2_later__stays_raw),
        cmocka_unit_test(find__raw_disk_of_another_driver__stays_raw_from_then_on),
        cmocka_unit_test(find__qcow2_cut_short__is_refused),
        cmocka_unit_test(find__raw_disk_cut_short__is_refused),
        cmocka_unit_test(find__raw_disk_grown_and_cut_short__is_refused),
        cmocka_unit_test(create__new_image_after_a_raw_one__is_looked_at_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
