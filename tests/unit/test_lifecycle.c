/* core/driver/lifecycle.c: every branch of the decision. */
#include "lima_test.h"

#include "driver/lifecycle.h"

enum { NOW = 100000000 };

/* A server in use, long after its start. */
static lima_lifecycle busy(lima_lifecycle_mode mode)
{
    return (lima_lifecycle){
        .mode = mode, .now = NOW, .started = 1, .connections = 1, .connected = NOW, .called = NOW};
}

/* The same, nobody connected for `ms`, the last call at the end of the connection. */
static lima_lifecycle left(lima_lifecycle_mode mode, uint64_t ms)
{
    return (lima_lifecycle){
        .mode = mode, .now = NOW, .started = 1, .connected = NOW - ms, .called = NOW - ms};
}

#define assert_decides(end, ...) assert_int_equal(lima_lifecycle_decide(&(__VA_ARGS__)), (end))

static void in_use__stays(void **state)
{
    (void)state;
    for (int mode = LIMA_LIFECYCLE_INST_DIR; mode <= LIMA_LIFECYCLE_STDIO; mode++) {
        lima_lifecycle facts = busy((lima_lifecycle_mode)mode);
        assert_decides(LIMA_LIFECYCLE_STAY, facts);
    }
}

static void stop_requested__ends_even_with_a_session(void **state)
{
    lima_lifecycle facts = busy(LIMA_LIFECYCLE_INST_DIR);
    (void)state;
    facts.stop_requested = true;
    facts.sessions = 1;
    assert_decides(LIMA_LIFECYCLE_STOP_REQUESTED, facts);
}

static void deleted__ends_with_inst_dir_only(void **state)
{
    lima_lifecycle facts = busy(LIMA_LIFECYCLE_INST_DIR);
    (void)state;
    facts.deleted = true;
    assert_decides(LIMA_LIFECYCLE_DELETED, facts);
    facts.mode = LIMA_LIFECYCLE_ANNOUNCE; /* limactl delete a b: the same server goes on with b */
    assert_decides(LIMA_LIFECYCLE_STAY, facts);
    facts.stop_requested = true;
    assert_decides(LIMA_LIFECYCLE_STOP_REQUESTED, facts);
}

static void folder_gone__ends_even_with_a_session(void **state)
{
    lima_lifecycle facts = busy(LIMA_LIFECYCLE_INST_DIR);
    (void)state;
    facts.folder_gone = true;
    facts.sessions = 1;
    assert_decides(LIMA_LIFECYCLE_FOLDER_GONE, facts);
}

static void socket_lost__ends_unless_there_is_a_session(void **state)
{
    lima_lifecycle facts = busy(LIMA_LIFECYCLE_INST_DIR);
    (void)state;
    facts.socket_lost = true;
    assert_decides(LIMA_LIFECYCLE_SOCKET_LOST, facts);
    facts.sessions = 1;
    assert_decides(LIMA_LIFECYCLE_STAY, facts);
}

static void pid_file_lost__ends_only_when_unused(void **state)
{
    lima_lifecycle facts = left(LIMA_LIFECYCLE_INST_DIR, 0);
    (void)state;
    facts.pid_file_lost = true;
    assert_decides(LIMA_LIFECYCLE_PID_FILE_LOST, facts);
    facts.connections = 1;
    assert_decides(LIMA_LIFECYCLE_STAY, facts);
    facts.connections = 0;
    facts.sessions = 1;
    assert_decides(LIMA_LIFECYCLE_STAY, facts);
}

static void idle__ends_after_the_limit_and_not_before(void **state)
{
    lima_lifecycle facts = left(LIMA_LIFECYCLE_INST_DIR, LIMA_LIFECYCLE_IDLE_MS - 1);
    (void)state;
    assert_decides(LIMA_LIFECYCLE_STAY, facts);
    facts.connected--;
    assert_decides(LIMA_LIFECYCLE_IDLE, facts);
    facts.sessions = 1;
    assert_decides(LIMA_LIFECYCLE_STAY, facts);
}

static void idle__counts_from_the_start_without_any_connection(void **state)
{
    lima_lifecycle facts = {.now = NOW, .started = NOW - LIMA_LIFECYCLE_IDLE_MS + 1};
    (void)state;
    assert_decides(LIMA_LIFECYCLE_STAY, facts);
    facts.started--;
    assert_decides(LIMA_LIFECYCLE_IDLE, facts);
}

static void idle__other_limit_counts(void **state)
{
    lima_lifecycle facts = left(LIMA_LIFECYCLE_INST_DIR, 3000);
    (void)state;
    facts.idle_ms = 3001;
    assert_decides(LIMA_LIFECYCLE_STAY, facts);
    facts.idle_ms = 3000;
    assert_decides(LIMA_LIFECYCLE_IDLE, facts);
}

static void announce__nobody_ever_came__ends_after_the_limit(void **state)
{
    lima_lifecycle facts = {
        .mode = LIMA_LIFECYCLE_ANNOUNCE, .now = NOW, .started = NOW - LIMA_LIFECYCLE_FIRST_MS + 1};
    (void)state;
    assert_decides(LIMA_LIFECYCLE_STAY, facts);
    facts.started--;
    assert_decides(LIMA_LIFECYCLE_NEVER_CONNECTED, facts);
}

static void announce__connection_closed_in_use__ends_soon(void **state)
{
    lima_lifecycle facts = left(LIMA_LIFECYCLE_ANNOUNCE, LIMA_LIFECYCLE_LAST_MS - 1);
    (void)state;
    assert_decides(LIMA_LIFECYCLE_STAY, facts);
    facts.connected--;
    facts.called--;
    assert_decides(LIMA_LIFECYCLE_CLIENT_GONE, facts);
    facts.sessions = 1;
    assert_decides(LIMA_LIFECYCLE_STAY, facts);
}

static void announce__connection_closed_while_idle__waits_for_it_to_come_back(void **state)
{
    lima_lifecycle facts = left(LIMA_LIFECYCLE_ANNOUNCE, LIMA_LIFECYCLE_IDLE_CHANNEL_MS - 1);
    (void)state;
    facts.called = facts.connected - LIMA_LIFECYCLE_QUIET_MS;
    assert_decides(LIMA_LIFECYCLE_STAY, facts);
    facts.connected--;
    facts.called--;
    assert_decides(LIMA_LIFECYCLE_CLIENT_GONE, facts);
}

static void stdio__ends_with_its_input_but_not_under_a_session(void **state)
{
    lima_lifecycle facts = left(LIMA_LIFECYCLE_STDIO, NOW - 1);
    (void)state;
    assert_decides(LIMA_LIFECYCLE_STAY, facts);
    facts.input_ended = true;
    facts.sessions = 1;
    assert_decides(LIMA_LIFECYCLE_STAY, facts);
    facts.sessions = 0;
    assert_decides(LIMA_LIFECYCLE_INPUT_ENDED, facts);
}

static void reason__every_end_has_one(void **state)
{
    (void)state;
    for (int end = LIMA_LIFECYCLE_STAY; end <= LIMA_LIFECYCLE_IDLE; end++)
        assert_non_null(lima_lifecycle_reason((lima_lifecycle_end)end));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_use__stays),
        cmocka_unit_test(stop_requested__ends_even_with_a_session),
        cmocka_unit_test(deleted__ends_with_inst_dir_only),
        cmocka_unit_test(folder_gone__ends_even_with_a_session),
        cmocka_unit_test(socket_lost__ends_unless_there_is_a_session),
        cmocka_unit_test(pid_file_lost__ends_only_when_unused),
        cmocka_unit_test(idle__ends_after_the_limit_and_not_before),
        cmocka_unit_test(idle__counts_from_the_start_without_any_connection),
        cmocka_unit_test(idle__other_limit_counts),
        cmocka_unit_test(announce__nobody_ever_came__ends_after_the_limit),
        cmocka_unit_test(announce__connection_closed_in_use__ends_soon),
        cmocka_unit_test(announce__connection_closed_while_idle__waits_for_it_to_come_back),
        cmocka_unit_test(stdio__ends_with_its_input_but_not_under_a_session),
        cmocka_unit_test(reason__every_end_has_one),
    };
    return cmocka_run_group_tests_name("lifecycle", tests, NULL, NULL);
}
