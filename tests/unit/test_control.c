/* core/driver: call.c, control.c: the order of callbacks, missing groups, boot scripts; over the scripted
 * driver. */
#include "control_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

/* ---- order ---- */

static void exclusive__second_waits_for_the_first(void **state)
{
    runner disk, create;
    (void)state;
    begin_blocked(&disk, lima_control_create_disk, "create_disk");
    begin(&create, lima_control_create);
    assert_true(call_now(lima_control_validate, NULL)); /* beside them */
    assert_int_equal(scripted_count("create"), 0);
    scripted_release("create_disk");
    end(&disk);
    end(&create);
    assert_true(disk.ok);
    assert_true(create.ok);
    assert_log("create_disk validate create");
}

static void exclusive__cancelled_while_waiting__leaves_the_queue(void **state)
{
    runner disk, create;
    (void)state;
    begin_blocked(&disk, lima_control_create_disk, "create_disk");
    begin(&create, lima_control_create);
    lima_call_cancel(create.call);
    end(&create); /* although the first one still runs */
    assert_false(create.ok);
    assert_int_equal(create.err.code, LIMA_CODE_CANCELLED);
    scripted_release("create_disk");
    end(&disk);
    assert_true(disk.ok);
    assert_int_equal(scripted_count("create"), 0);
}

static void exclusive__cancelled_while_running__stops_its_work(void **state)
{
    runner disk;
    (void)state;
    begin_blocked(&disk, lima_control_create_disk, "create_disk");
    lima_call_cancel(disk.call);
    end(&disk);
    assert_false(disk.ok);
    assert_int_equal(disk.err.code, LIMA_CODE_CANCELLED);
    scripted_release("create_disk");
    assert_true(call_now(lima_control_create, NULL)); /* the queue goes on */
}

static void exclusive__too_many__are_refused(void **state)
{
    runner runners[LIMA_CONTROL_QUEUE_MAX + 1];
    lima_err err = {0};
    (void)state;
    scripted_block("create");
    for (size_t i = 0; i < sizeof runners / sizeof *runners; i++)
        begin(&runners[i], lima_control_create);
    await_queue(LIMA_CONTROL_QUEUE_MAX + 1);
    assert_false(call_now(lima_control_create_disk, &err));
    assert_int_equal(err.code, LIMA_CODE_RESOURCE_EXHAUSTED);
    scripted_release("create");
    for (size_t i = 0; i < sizeof runners / sizeof *runners; i++)
        end(&runners[i]);
    assert_int_equal(scripted_count("create"), LIMA_CONTROL_QUEUE_MAX + 1);
}

static void failure__names_the_instance(void **state)
{
    lima_err err = {0};
    (void)state;
    scripted_fail("create_disk", LIMA_CODE_RESOURCE_EXHAUSTED, "disk full; make room");
    assert_false(call_now(lima_control_create_disk, &err));
    assert_int_equal(err.code, LIMA_CODE_RESOURCE_EXHAUSTED);
    assert_string_equal(err.text, "create the disk of instance 'dev': disk full; make room");
}

static void state__is_zeroed_and_shared(void **state)
{
    (void)state;
    lima_call *a = lima_call_new(fixture.control, LIMA_GENERATION_2_2),
              *b = lima_call_new(fixture.control, LIMA_GENERATION_2_1);
    assert_ptr_equal(lima_call_state(a), lima_call_state(b));
    assert_int_equal(*(unsigned *)lima_call_state(a), 0);
    assert_int_equal(lima_call_generation(b), LIMA_GENERATION_2_1);
    lima_call_free(a);
    lima_call_free(b);
}

static void set_instance__running_calls_keep_theirs(void **state)
{
    (void)state;
    lima_call *before = lima_call_new(fixture.control, LIMA_GENERATION_2_2);
    lima_control_set_instance(fixture.control, make_instance(",\"sshLocalPort\":1234"));
    lima_call *after = lima_call_new(fixture.control, LIMA_GENERATION_2_2);
    assert_int_equal(lima_call_instance(before)->ssh_port, 0);
    assert_int_equal(lima_call_instance(after)->ssh_port, 1234);
    lima_call_free(before);
    lima_call_free(after);
}

/* ---- groups ---- */

static bool create_snapshot(lima_call *call, lima_err *err)
{
    return lima_control_snapshot_create(call, "tag-1", err);
}

static bool list_snapshots(lima_call *call, lima_err *err)
{
    lima_snapshot_list list = {0};
    bool ok = lima_control_snapshot_list(call, &list, err);
    lima_snapshot_list_free(&list);
    return ok;
}

static bool change_password(lima_call *call, lima_err *err)
{
    return lima_control_change_password(call, "secret", err);
}

static bool display_connection(lima_call *call, lima_err *err)
{
    char *text = NULL;
    bool ok = lima_control_display_connection(call, &text, err);
    free(text);
    return ok;
}

static void groups__absent__are_unimplemented(void **state)
{
    static method *const methods[] = {create_snapshot, list_snapshots, change_password, display_connection};
    (void)state;
    lima_control_unref(fixture.control);
    fixture.control = lima_control_new(&scripted_bare_driver, "bare", make_instance(""));
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        lima_err err = {0};
        assert_false(call_now(methods[i], &err));
        assert_int_equal(err.code, LIMA_CODE_UNIMPLEMENTED);
        assert_non_null(strstr(err.text, "driver 'bare'"));
    }
}

static void callbacks__absent__succeed(void **state)
{
    static method *const methods[] = {lima_control_validate,      lima_control_create,
                                      lima_control_create_disk,   lima_control_setup_ssh,
                                      lima_control_agent_connect, lima_control_remove};
    char *address = NULL;
    (void)state;
    lima_control_unref(fixture.control);
    fixture.control = lima_control_new(&scripted_bare_driver, "bare", make_instance(""));
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        assert_true(call_now(methods[i], NULL));
    lima_call *call = lima_call_new(fixture.control, LIMA_GENERATION_2_2);
    assert_true(lima_control_ssh_address(call, &address, NULL));
    assert_string_equal(address, "127.0.0.1");
    lima_call_free(call);
    free(address);
}

static void snapshots__unusable_tag__does_not_reach_the_driver(void **state)
{
    lima_err err = {0};
    (void)state;
    lima_call *call = lima_call_new(fixture.control, LIMA_GENERATION_2_2);
    assert_false(lima_control_snapshot_apply(call, "-rf", &err));
    assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
    lima_call_free(call);
    assert_log("");
}

static void snapshots__failure__names_instance_and_tag(void **state)
{
    lima_err err = {0};
    (void)state;
    scripted_fail("snapshot_create", LIMA_CODE_ALREADY_EXISTS, "it exists");
    assert_false(call_now(create_snapshot, &err));
    assert_int_equal(err.code, LIMA_CODE_ALREADY_EXISTS);
    assert_string_equal(err.text, "create a snapshot of instance 'dev', tag 'tag-1': it exists");
}

/* ---- boot scripts ---- */

static char *script_keys(const char *os, lima_generation generation)
{
    char *extra = lima_mem_printf(",\"config\":{\"os\":\"%s\"}", os);
    lima_strv keys = {0}, texts = {0};
    lima_control_set_instance(fixture.control, make_instance(extra));
    lima_call *call = lima_call_new(fixture.control, generation);
    lima_control_boot_scripts(call, &keys, &texts);
    assert_int_equal(keys.len, texts.len);
    char *joined = lima_strv_join(&keys, " ");
    lima_call_free(call);
    lima_strv_free(&keys);
    lima_strv_free(&texts);
    free(extra);
    return joined;
}

static void boot_scripts__keys_by_generation_and_guest(void **state)
{
    static const struct {
        const char *os;
        lima_generation generation;
        const char *keys;
    } cases[] = {
        {"Linux", LIMA_GENERATION_2_0_3, "50-a.sh 60-b.sh"},
        {"Linux", LIMA_GENERATION_2_1, "boot.Linux/50-a.sh boot.Linux/60-b.sh"},
        {"FreeBSD", LIMA_GENERATION_2_2, "boot.FreeBSD/50-a.sh boot.FreeBSD/60-b.sh boot.FreeBSD/70-c.sh"},
        {"Windows", LIMA_GENERATION_2_2, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *keys = script_keys(cases[i].os, cases[i].generation);
        assert_string_equal(keys, cases[i].keys);
        free(keys);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(exclusive__second_waits_for_the_first),
        TEST(exclusive__cancelled_while_waiting__leaves_the_queue),
        TEST(exclusive__cancelled_while_running__stops_its_work),
        TEST(exclusive__too_many__are_refused),
        TEST(failure__names_the_instance),
        TEST(state__is_zeroed_and_shared),
        TEST(set_instance__running_calls_keep_theirs),
        TEST(groups__absent__are_unimplemented),
        TEST(callbacks__absent__succeed),
        TEST(snapshots__unusable_tag__does_not_reach_the_driver),
        TEST(snapshots__failure__names_instance_and_tag),
        TEST(boot_scripts__keys_by_generation_and_guest),
    };
    lima_log_set_level(LIMA_LOG_ERROR);
    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
