/* Snapshots of a running VM, upon the fake's jobs, and the display, which needs the same connection. */
#include "drivers/qemu/vm_case.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BIOS "{'firmware': {'legacyBIOS': true}}"

static void begin_running(vm_case *c, const char *words)
{
    case_begin(c, BIOS);
    fault(words);
    assert_ok(vm_start(c, &err));
}

static size_t count(vm_case *c)
{
    lima_snapshot_list items = vm_snapshots(c);
    size_t len = items.len;
    lima_snapshot_list_free(&items);
    return len;
}

static void create__listed_with_its_facts(void **state)
{
    vm_case c;
    (void)state;
    begin_running(&c, "");
    assert_ok(vm_snapshot(&c, CREATE, "one", &err));
    lima_snapshot_list items = vm_snapshots(&c);
    assert_int_equal(items.len, 1);
    assert_string_equal(items.items[0].tag, "one");
    assert_int_equal(items.items[0].vm_size, 1234567);
    assert_int_equal(items.items[0].created, 1700000000);
    assert_int_equal(items.items[0].vm_clock_ms, 61500);
    lima_snapshot_list_free(&items);
    case_end(&c);
}

static void create__tag_taken__is_refused(void **state)
{
    vm_case c;
    (void)state;
    begin_running(&c, "");
    assert_ok(vm_snapshot(&c, CREATE, "one", &err));
    assert_err(vm_snapshot(&c, CREATE, "one", &err), LIMA_CODE_ALREADY_EXISTS, "this name");
    assert_int_equal(count(&c), 1);
    case_end(&c);
}

static void create__fails_in_qemu__is_an_error_with_its_words(void **state)
{
    vm_case c;
    (void)state;
    set_variable("FAKE_QEMU_TEXT", "Error while writing VM state: No space left on device");
    begin_running(&c, "fail-save");
    assert_err(vm_snapshot(&c, CREATE, "one", &err), LIMA_CODE_UNKNOWN,
               "Error while writing VM state: No space left on device");
    assert_int_equal(count(&c), 0);
    assert_err(vm_snapshot(&c, CREATE, "one", &err), LIMA_CODE_UNKNOWN,
               "No space left"); /* the failed job was dismissed */
    case_end(&c);
}

static void create__folder_mounted__says_what_helps(void **state)
{
    vm_case c;
    (void)state;
    set_variable("FAKE_QEMU_TEXT",
                 "Migration is disabled when VirtFS export path '/h' is mounted in the guest");
    begin_running(&c, "fail-save");
    assert_err(vm_snapshot(&c, CREATE, "one", &err), LIMA_CODE_UNKNOWN, "'/h'", "stop the instance",
               "mountType");
    assert_int_equal(count(&c), 0);
    case_end(&c);
}

static void create__raw_disk__is_refused(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, BIOS);
    write_file(c.dir, "disk", "raw");
    assert_ok(vm_start(&c, &err));
    assert_err(vm_snapshot(&c, CREATE, "one", &err), LIMA_CODE_FAILED_PRECONDITION, "raw", "only qcow2");
    case_end(&c);
}

static void create__qemu_without_jobs__says_what_helps(void **state)
{
    vm_case c;
    (void)state;
    begin_running(&c, "no-jobs");
    assert_err(vm_snapshot(&c, CREATE, "one", &err), LIMA_CODE_UNIMPLEMENTED, "6.0", "stop the instance");
    case_end(&c);
}

static bool create_two(lima_call *call, lima_err *err)
{
    return lima_qemu_driver.snapshots->create(call, "two", err);
}

static void create__cancelled__leaves_none(void **state)
{
    vm_case c;
    background creating;
    (void)state;
    begin_running(&c, "");
    lima_call *call = lima_call_new(c.control, c.generation);
    lima_call_cancel(call);
    assert_err(create_two(call, &err), LIMA_CODE_CANCELLED, "");
    lima_call_free(call);
    background_begin(&creating, &c, create_two);
    background_cancel(&creating);
    lima_err err = {0};
    bool made = background_end(&creating, &err); /* either it was quicker, or none is left */
    assert_int_equal(count(&c), made ? 1 : 0);
    case_end(&c);
}

static void apply__unknown_tag__is_not_found_and_guest_untouched(void **state)
{
    vm_case c;
    (void)state;
    begin_running(&c, "fail-load");
    assert_err(vm_snapshot(&c, APPLY, "nix", &err), LIMA_CODE_NOT_FOUND, "snapshot list");
    case_end(&c);
}

static void apply__of_a_stopped_vm__is_refused(void **state)
{
    vm_case c;
    (void)state;
    begin_running(&c, "");
    assert_ok(vm_snapshot(&c, CREATE, "disk-only", &err));
    assert_err(vm_snapshot(&c, APPLY, "disk-only", &err), LIMA_CODE_FAILED_PRECONDITION, "no memory",
               "stop the instance");
    case_end(&c);
}

static void apply__fails_in_qemu__says_that_the_guest_is_halted(void **state)
{
    vm_case c;
    (void)state;
    begin_running(&c, "fail-load");
    assert_ok(vm_snapshot(&c, CREATE, "one", &err));
    assert_err(vm_snapshot(&c, APPLY, "one", &err), LIMA_CODE_UNKNOWN, "Error -5 while loading VM state",
               "halted", "limactl stop -f");
    case_end(&c);
}

static char *ssh_log(vm_case *c)
{
    lima_buf text = LIMA_BUF(64 * 1024);
    char *path = lima_path_join(c->home, "ssh.log");
    lima_file_read(path, &text, NULL);
    free(path);
    return lima_buf_take(&text);
}

static void use_ssh_log(vm_case *c)
{
    char *path = lima_path_join(c->home, "ssh.log");
    set_variable("FAKE_SSH_LOG", path);
    free(path);
}

static void apply__ssh_master_there__is_renewed(void **state)
{
    vm_case c;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    (void)state;
    begin_running(&c, "");
    use_ssh_log(&c);
    char *socket_path = path_in(&c, "ssh.sock");
    strcpy(at.sun_path, socket_path);
    int master = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(master, (struct sockaddr *)&at, sizeof at), 0);
    assert_ok(vm_snapshot(&c, CREATE, "one", &err));
    assert_ok(vm_snapshot(&c, APPLY, "one", &err));
    char *log = ssh_log(&c);
    assert_non_null(strstr(log, "-O exit"));
    assert_non_null(strstr(log, "ssh.sock"));
    assert_non_null(strstr(log, "lima-dev true"));
    free(log);
    close(master);
    free(socket_path);
    case_end(&c);
}

static void apply__no_ssh_master__ssh_is_left_alone(void **state)
{
    vm_case c;
    (void)state;
    begin_running(&c, "");
    use_ssh_log(&c);
    assert_ok(vm_snapshot(&c, CREATE, "one", &err));
    assert_ok(vm_snapshot(&c, APPLY, "one", &err));
    char *log = ssh_log(&c);
    assert_string_equal(log, "");
    free(log);
    case_end(&c);
}

static void delete__is_gone(void **state)
{
    vm_case c;
    (void)state;
    begin_running(&c, "");
    assert_ok(vm_snapshot(&c, CREATE, "one", &err));
    assert_ok(vm_snapshot(&c, CREATE, "two", &err));
    assert_ok(vm_snapshot(&c, DELETE, "one", &err));
    lima_snapshot_list items = vm_snapshots(&c);
    assert_int_equal(items.len, 1);
    assert_string_equal(items.items[0].tag, "two");
    lima_snapshot_list_free(&items);
    case_end(&c);
}

static void delete__unknown_tag__is_not_found(void **state)
{
    vm_case c;
    (void)state;
    begin_running(&c, "");
    assert_err(vm_snapshot(&c, DELETE, "nix", &err), LIMA_CODE_NOT_FOUND, "snapshot list");
    case_end(&c);
}

static void delete__fails_in_qemu__is_an_error(void **state)
{
    vm_case c;
    (void)state;
    begin_running(&c, "fail-delete");
    assert_ok(vm_snapshot(&c, CREATE, "one", &err));
    assert_err(vm_snapshot(&c, DELETE, "one", &err), LIMA_CODE_UNKNOWN, "Failed to remove it");
    case_end(&c);
}

static void all__by_another_driver_process__work(void **state)
{
    vm_case c;
    (void)state;
    begin_running(&c, "");
    assert_ok(vm_snapshot(&c, CREATE, "one", &err));
    restart_driver(&c);
    assert_ok(vm_snapshot(&c, APPLY, "one", &err));
    assert_ok(vm_snapshot(&c, DELETE, "one", &err));
    assert_int_equal(count(&c), 0);
    case_end(&c);
}

/* Several at once: the socket serves one, the driver makes them take turns. */
static bool list_often(lima_call *call, lima_err *err)
{
    bool ok = true;
    for (int i = 0; ok && i < 10; i++) {
        lima_snapshot_list items = {0};
        ok = lima_qemu_driver.snapshots->list(call, &items, err);
        lima_snapshot_list_free(&items);
    }
    return ok;
}

static void all__at_once__take_turns(void **state)
{
    vm_case c;
    background at_once[4];
    (void)state;
    begin_running(&c, "");
    for (size_t i = 0; i < 4; i++)
        background_begin(&at_once[i], &c, list_often);
    assert_ok(vm_snapshot(&c, CREATE, "one", &err));
    for (size_t i = 0; i < 4; i++)
        assert_ok(background_end(&at_once[i], &err));
    case_end(&c);
}

/* ---- display ---- */

static void display__vnc__password_and_port(void **state)
{
    vm_case c;
    char *port = NULL;
    (void)state;
    case_begin(&c, "{'firmware': {'legacyBIOS': true}, 'video': {'display': 'vnc', 'vnc': {'display': "
                   "'127.0.0.1:0,to=9'}}}");
    assert_ok(vm_start(&c, &err));
    lima_call *call = lima_call_new(c.control, c.generation);
    assert_ok(lima_qemu_driver.display->change_password(call, "secret12", &err));
    assert_ok(lima_qemu_driver.display->connection(call, &port, &err));
    assert_string_equal(port, "5903");
    free(port);
    lima_call_free(call);
    case_end(&c);
}

static void display__none__is_refused(void **state)
{
    vm_case c;
    char *port = NULL;
    (void)state;
    begin_running(&c, "");
    lima_call *call = lima_call_new(c.control, c.generation);
    assert_err(lima_qemu_driver.display->change_password(call, "secret12", &err), LIMA_CODE_UNKNOWN,
               "video.display");
    assert_err(lima_qemu_driver.display->connection(call, &port, &err), LIMA_CODE_FAILED_PRECONDITION,
               "video.display");
    assert_null(port);
    lima_call_free(call);
    case_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create__listed_with_its_facts),
        cmocka_unit_test(create__tag_taken__is_refused),
        cmocka_unit_test(create__fails_in_qemu__is_an_error_with_its_words),
        cmocka_unit_test(create__folder_mounted__says_what_helps),
        cmocka_unit_test(create__raw_disk__is_refused),
        cmocka_unit_test(create__qemu_without_jobs__says_what_helps),
        cmocka_unit_test(create__cancelled__leaves_none),
        cmocka_unit_test(apply__unknown_tag__is_not_found_and_guest_untouched),
        cmocka_unit_test(apply__of_a_stopped_vm__is_refused),
        cmocka_unit_test(apply__fails_in_qemu__says_that_the_guest_is_halted),
        cmocka_unit_test(apply__ssh_master_there__is_renewed),
        cmocka_unit_test(apply__no_ssh_master__ssh_is_left_alone),
        cmocka_unit_test(delete__is_gone),
        cmocka_unit_test(delete__unknown_tag__is_not_found),
        cmocka_unit_test(delete__fails_in_qemu__is_an_error),
        cmocka_unit_test(all__by_another_driver_process__work),
        cmocka_unit_test(all__at_once__take_turns),
        cmocka_unit_test(display__vnc__password_and_port),
        cmocka_unit_test(display__none__is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
