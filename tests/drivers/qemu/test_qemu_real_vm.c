/* The table upon the real QEMU, with guests of a few bytes. Slow only in that QEMU itself starts and the
 * BIOS runs. */
#include "drivers/qemu/vm_case.h"

#include <unistd.h>

#include "os/clock.h"
#include "qemu/disk.h"

#define BIOS "{'firmware': {'legacyBIOS': true}}"
enum { GRACE_MS = 90000, LOOKS_MS = 90000 };

/* Says 'B' on the serial port; enables the power button (PM1_EN, 0x602), looks at it (PM1_STS, 0x600),
 * powers off (PM1_CNT, 0x604). */
static const unsigned char obedient[] = {
    0xba, 0xf8, 0x03, 0xb0, 'B',  0xee, /* out 0x3f8, 'B' */
    0xba, 0x02, 0x06, 0xb8, 0x00, 0x01, 0xef, 0xba, 0x00, 0x06,
    0xed, 0xf6, 0xc4, 0x01, 0x74, 0xfa,                          /* until pressed */
    0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef, 0xf4, 0xeb, 0xfd}; /* off */
/* Says 'B' and sleeps. */
static const unsigned char deaf[] = {0xba, 0xf8, 0x03, 0xb0, 'B', 0xee, 0xf4, 0xeb, 0xfd};
/* Powers off at once. */
static const unsigned char brief[] = {0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef, 0xf4, 0xeb, 0xfd};

static void begin(vm_case *c, const unsigned char *code, size_t len)
{
    case_begin(c, BIOS);
    case_use_real(c, code, len);
}

static void await_boot(vm_case *c)
{
    lima_deadline deadline = lima_clock_in(LOOKS_MS);
    char *path = path_in(c, "serial.log");
    bool booted = false;
    while (!booted) {
        lima_buf text = LIMA_BUF(64 * 1024);
        booted = lima_file_read(path, &text, NULL) && text.len && text.data[text.len - 1] == 'B';
        lima_buf_free(&text);
        if (lima_clock_now() > deadline)
            fail_msg("the guest did not boot");
        lima_wake_wait(NULL, lima_clock_in(20));
    }
    free(path);
}

static void start_and_stop__guest_obeys__ends_in_order(void **state)
{
    vm_case c;
    background waiting;
    (void)state;
    begin(&c, obedient, sizeof obedient);
    assert_ok(vm_start(&c, &err));
    lima_process_id id = vm_id(&c);
    background_begin(&waiting, &c, lima_qemu_driver.wait);
    await_boot(&c);
    assert_int_equal(vm_status(&c).pid, id.pid);
    assert_ok(vm_stop(&c, GRACE_MS, &err));
    assert_true(lima_process_wait_id(id, 0, NULL, NULL));
    assert_ok(background_end(&waiting, &err));
    assert_int_equal(vm_status(&c).state, LIMA_VM_STOPPED);
    case_end(&c);
}

static void start__guest_powers_off_at_once__ends_in_order(void **state)
{
    vm_case c;
    (void)state;
    begin(&c, brief, sizeof brief);
    assert_ok(vm_start(&c, &err));
    assert_ok(vm_wait(&c, &err));
    assert_int_equal(vm_status(&c).state, LIMA_VM_STOPPED);
    case_end(&c);
}

static void start__strange_folder_name__works(void **state)
{
    vm_case c;
    (void)state;
    case_begin_in(&c, "q2 '\"\n=,%s\\", BIOS);
    case_use_real(&c, obedient, sizeof obedient);
    assert_ok(vm_start(&c, &err));
    await_boot(&c);
    restart_driver(&c);
    assert_int_equal(vm_status(&c).state, LIMA_VM_RUNNING);
    assert_ok(vm_stop(&c, GRACE_MS, &err));
    case_end(&c);
}

static void stop__guest_is_deaf__is_forced(void **state)
{
    vm_case c;
    (void)state;
    begin(&c, deaf, sizeof deaf);
    assert_ok(vm_start(&c, &err));
    lima_process_id id = vm_id(&c);
    restart_driver(&c);
    assert_ok(vm_stop(&c, 300, &err));
    assert_true(lima_process_wait_id(id, 0, NULL, NULL));
    case_end(&c);
}

static void wait__terminated_from_outside__says_by_what(void **state)
{
    vm_case c;
    (void)state;
    begin(&c, deaf, sizeof deaf);
    assert_ok(vm_start(&c, &err));
    assert_ok(lima_process_end_id(vm_id(&c), false, &err));
    assert_err(vm_wait(&c, &err), LIMA_CODE_UNKNOWN, "ended from outside", "signal 15");
    case_end(&c);
}

static void start__port_taken__error_names_it(void **state)
{
    vm_case c;
    char number[16];
    (void)state;
    begin(&c, deaf, sizeof deaf);
    int taken = take_port(&c, number);
    assert_err(vm_start(&c, &err), LIMA_CODE_UNAVAILABLE, number);
    assert_int_equal(vm_status(&c).state, LIMA_VM_STOPPED);
    close(taken);
    case_end(&c);
}

static void start__kernel_is_none__says_so(void **state)
{
    vm_case c;
    (void)state;
    begin(&c, deaf, sizeof deaf);
    write_file(c.dir, "kernel", "this is no kernel");
    lima_err err = {0};
    assert_false(vm_start(&c, &err));
    assert_non_null(strstr(err.text, "kernel"));
    case_end(&c);
}

static void start__tpm__runs_with_swtpm(void **state)
{
    vm_case c;
    char *swtpm = NULL;
    (void)state;
    case_begin_in(&c, "q2-real-tpm", "{'firmware': {'legacyBIOS': true}, 'tpm': true}");
    case_use_real(&c, obedient, sizeof obedient);
    if (!lima_file_find_program("swtpm", &swtpm, NULL)) {
        case_end(&c);
        lima_skip("swtpm is not installed");
    }
    free(swtpm);
    assert_ok(vm_start(&c, &err));
    await_boot(&c);
    assert_ok(vm_stop(&c, GRACE_MS, &err));
    assert_false(there_is(&c, "swtpm.sock"));
    case_end(&c);
}

/* ---- snapshots ---- */

static void assert_tags(vm_case *c, const char *wanted)
{
    lima_snapshot_list items = vm_snapshots(c);
    lima_strv tags = {0};
    for (size_t i = 0; i < items.len; i++)
        lima_strv_add(&tags, items.items[i].tag);
    char *found = lima_strv_join(&tags, " ");
    assert_string_equal(found, wanted);
    free(found);
    lima_strv_free(&tags);
    lima_snapshot_list_free(&items);
}

static void snapshots__running__create_apply_delete(void **state)
{
    vm_case c;
    (void)state;
    begin(&c, obedient, sizeof obedient);
    assert_ok(vm_start(&c, &err));
    await_boot(&c);
    assert_ok(vm_snapshot(&c, CREATE, "one", &err));
    assert_err(vm_snapshot(&c, CREATE, "one", &err), LIMA_CODE_ALREADY_EXISTS, "this name");
    assert_tags(&c, "one");
    lima_snapshot_list items = vm_snapshots(&c);
    assert_true(items.items[0].vm_size > 0);
    lima_snapshot_list_free(&items);
    restart_driver(&c);
    assert_ok(vm_snapshot(&c, APPLY, "one", &err));
    assert_err(vm_snapshot(&c, APPLY, "nix", &err), LIMA_CODE_NOT_FOUND, "this name");
    assert_ok(vm_snapshot(&c, DELETE, "one", &err));
    assert_tags(&c, "");
    assert_ok(vm_stop(&c, GRACE_MS, &err)); /* the guest runs on after all this: it sees the button */
    case_end(&c);
}

/* Runs qemu-io on the disk; true when it says that everything was as asked. */
static bool disk_io(vm_case *c, const char *command)
{
    char *disk = path_in(c, "disk");
    const char *const argv[] = {"qemu-io", "-f", "qcow2", "-c", command, disk, NULL};
    lima_buf out = LIMA_BUF(64 * 1024);
    lima_process_exit end;
    assert_ok(lima_process_run(argv, NULL, &out, NULL, lima_clock_in(60000), NULL, &end, &err));
    bool ok = end.code == 0 && !strstr(lima_buf_str(&out), "failed");
    lima_buf_free(&out);
    free(disk);
    return ok;
}

static void snapshots__stopped__content_goes_back(void **state)
{
    vm_case c;
    (void)state;
    begin(&c, deaf, sizeof deaf);
    assert_true(disk_io(&c, "write -P 7 64k 64k"));
    assert_ok(vm_snapshot(&c, CREATE, "one", &err));
    assert_true(disk_io(&c, "write -P 9 64k 64k"));
    assert_false(disk_io(&c, "read -P 7 64k 64k"));
    assert_ok(vm_snapshot(&c, APPLY, "one", &err));
    assert_true(disk_io(&c, "read -P 7 64k 64k"));
    assert_err(vm_snapshot(&c, CREATE, "one", &err), LIMA_CODE_ALREADY_EXISTS, "this name");
    assert_err(vm_snapshot(&c, APPLY, "nix", &err), LIMA_CODE_NOT_FOUND, "this name");
    assert_err(vm_snapshot(&c, DELETE, "nix", &err), LIMA_CODE_NOT_FOUND, "this name");
    assert_ok(vm_snapshot(&c, DELETE, "one", &err));
    assert_tags(&c, "");
    case_end(&c);
}

/* qemu-img takes numbers for ids first. */
static void snapshots__tag_that_is_anothers_id__is_told_apart(void **state)
{
    vm_case c;
    (void)state;
    begin(&c, deaf, sizeof deaf);
    assert_true(disk_io(&c, "write -P 1 64k 64k"));
    assert_ok(vm_snapshot(&c, CREATE, "2", &err)); /* has id 1 */
    assert_true(disk_io(&c, "write -P 2 64k 64k"));
    assert_ok(vm_snapshot(&c, CREATE, "1", &err)); /* has id 2 */
    assert_ok(vm_snapshot(&c, APPLY, "2", &err));
    assert_true(disk_io(&c, "read -P 1 64k 64k"));
    assert_ok(vm_snapshot(&c, APPLY, "1", &err));
    assert_true(disk_io(&c, "read -P 2 64k 64k"));
    assert_ok(vm_snapshot(&c, DELETE, "1", &err));
    assert_tags(&c, "2");
    case_end(&c);
}

static void snapshots__disk_only_on_a_running_vm__is_refused(void **state)
{
    vm_case c;
    (void)state;
    begin(&c, obedient, sizeof obedient);
    assert_ok(vm_snapshot(&c, CREATE, "cold", &err));
    assert_ok(vm_start(&c, &err));
    await_boot(&c);
    assert_tags(&c, "cold");
    assert_err(vm_snapshot(&c, APPLY, "cold", &err), LIMA_CODE_FAILED_PRECONDITION, "no memory");
    assert_ok(vm_stop(&c, GRACE_MS, &err)); /* the guest was not touched */
    case_end(&c);
}

/* ---- images ---- */

static void create_disk__truncated_image__is_refused(void **state)
{
    vm_case c;
    lima_file *file = NULL;
    (void)state;
    begin(&c, deaf, sizeof deaf);
    assert_true(disk_io(&c, "write -P 1 0 1M"));
    char *disk = path_in(&c, "disk"), *image = path_in(&c, "image");
    assert_ok(lima_file_rename(disk, image, &err));
    assert_ok(lima_file_open(image, LIMA_FILE_WRITE, &file, &err));
    assert_ok(lima_file_resize(file, 512 * 1024, &err));
    lima_file_close(file);
    assert_err(vm_create_disk(&c, &err), LIMA_CODE_DATA_LOSS, "cut short");
    assert_false(there_is(&c, "disk"));
    free(image);
    free(disk);
    case_end(&c);
}

static void cut_disk(vm_case *c, uint64_t size)
{
    lima_file *file = NULL;
    char *disk = path_in(c, "disk");
    assert_ok(lima_file_open(disk, LIMA_FILE_WRITE, &file, &err));
    assert_ok(lima_file_resize(file, size, &err));
    lima_file_close(file);
    free(disk);
}

static void start__disk_cut_short_since_it_was_made__is_refused(void **state)
{
    static const uint64_t sizes[] = {1000000, 500000, 270000};
    vm_case c;
    (void)state;
    begin(&c, brief, sizeof brief);
    assert_true(disk_io(&c, "write -P 1 64k 900k"));
    assert_ok(vm_start(&c, &err)); /* whole, it runs */
    assert_ok(vm_wait(&c, &err));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        cut_disk(&c, sizes[i]);
        assert_err(vm_start(&c, &err), LIMA_CODE_DATA_LOSS, "/disk' was cut short", "put a copy of it back");
        assert_nothing_left(&c);
    }
    case_end(&c);
}

static void make_image(vm_case *c, const char *options)
{
    char *disk = path_in(c, "disk");
    lima_process_exit end = {0};
    const char *const argv[] = {"qemu-img", "create", "-q", "-f", "qcow2", "-o", options, disk, "64M", NULL};
    assert_ok(lima_process_run(argv, NULL, NULL, NULL, lima_clock_in(LOOKS_MS), NULL, &end, &err));
    assert_int_equal(end.code, 0);
    free(disk);
}

/* A good image is never refused, however it was made. */
static void find__whole_images_of_all_kinds__pass(void **state)
{
    static const char *const kinds[] = {"compat=0.10",      "compat=1.1",           "refcount_bits=1",
                                        "cluster_size=512", "cluster_size=2M",      "preallocation=metadata",
                                        "refcount_bits=64", "preallocation=falloc", "lazy_refcounts=on"};
    vm_case c;
    (void)state;
    begin(&c, brief, sizeof brief);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        qemu_boot_disk disk = {0};
        lima_instance *inst = lima_control_instance(c.control);
        make_image(&c, kinds[i]);
        assert_ok(lima_qemu_disk_find(inst, NULL, &disk, &err));
        lima_qemu_boot_disk_free(&disk);
        assert_true(disk_io(&c, "write -P 1 5M 3M"));
        assert_true(disk_io(&c, "discard 6M 1M"));
        assert_ok(lima_qemu_disk_find(inst, NULL, &disk, &err));
        lima_qemu_boot_disk_free(&disk);
        lima_instance_free(inst);
    }
    case_end(&c);
}

static void create_disk__image_with_backing_file__is_refused(void **state)
{
    vm_case c;
    (void)state;
    begin(&c, deaf, sizeof deaf);
    char *disk = path_in(&c, "disk"), *image = path_in(&c, "image"), *other = path_in(&c, "other");
    const char *const argv[] = {"qemu-img", "create", "-q",  "-f",  "qcow2", "-F",
                                "qcow2",    "-b",     other, image, NULL};
    lima_process_exit end;
    assert_ok(lima_file_rename(disk, other, &err));
    assert_ok(lima_process_run(argv, NULL, NULL, NULL, lima_clock_in(60000), NULL, &end, &err));
    assert_int_equal(end.code, 0);
    assert_err(vm_create_disk(&c, &err), LIMA_CODE_INVALID_ARGUMENT, "backing file");
    assert_false(there_is(&c, "disk"));
    free(other);
    free(image);
    free(disk);
    case_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_and_stop__guest_obeys__ends_in_order),
        cmocka_unit_test(start__guest_powers_off_at_once__ends_in_order),
        cmocka_unit_test(start__strange_folder_name__works),
        cmocka_unit_test(stop__guest_is_deaf__is_forced),
        cmocka_unit_test(wait__terminated_from_outside__says_by_what),
        cmocka_unit_test(start__port_taken__error_names_it),
        cmocka_unit_test(start__kernel_is_none__says_so),
        cmocka_unit_test(start__tpm__runs_with_swtpm),
        cmocka_unit_test(snapshots__running__create_apply_delete),
        cmocka_unit_test(snapshots__stopped__content_goes_back),
        cmocka_unit_test(snapshots__tag_that_is_anothers_id__is_told_apart),
        cmocka_unit_test(snapshots__disk_only_on_a_running_vm__is_refused),
        cmocka_unit_test(create_disk__truncated_image__is_refused),
        cmocka_unit_test(start__disk_cut_short_since_it_was_made__is_refused),
        cmocka_unit_test(find__whole_images_of_all_kinds__pass),
        cmocka_unit_test(create_disk__image_with_backing_file__is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
