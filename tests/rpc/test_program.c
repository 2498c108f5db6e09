/* Driver programs as limactl starts them, lima-driver-example: servers, and all the ways in which they
 * end. */
#include "place.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "driver/lifecycle.h"

enum { ROUNDS = 20 };

static void inst_dir__behind_a_link__is_served(void **state)
{
    place *p = *state;
    lima_err err = {0};
    char *inst = p->inst;
    p->inst = lima_path_join(p->root, "link");
    if (!lima_file_link_make(p->inst, inst, &err)) {
        free(inst);
        lima_skip(err.text);
    }
    lima_launched l = launch(p, LIMA_LAUNCH_INST_DIR);
    assert_int_equal(kind_of(p->socket), LIMA_FILE_SOCKET); /* the folder's own name for it */
    call_expect(l.client, "Info", NULL, LIMA_CODE_OK, NULL);
    lima_launched_stop(&l, SCRIPTED_PATIENCE_MS);
    free(inst);
}

static void inst_dir__serves_until_told_to_end(void **state)
{
    place *p = *state;
    lima_launched l = launch(p, LIMA_LAUNCH_INST_DIR);
    lima_process_id id = lima_process_get_id(l.process);
    char *lock = in_inst(p, "trial.drv.lock");
    assert_int_equal(kind_of(p->socket), LIMA_FILE_SOCKET);
    call_expect(l.client, "Info", NULL, LIMA_CODE_OK, NULL);
    assert_true(lima_process_end_id(id, false, NULL));
    expect_exit(l.process, 0);
    assert_int_equal(kind_of(p->socket), LIMA_FILE_NONE);
    assert_int_equal(kind_of(lock), LIMA_FILE_NONE);
    lima_launched_stop(&l, 0);
    free(lock);
}

/* A relative path means what it meant to whoever gave it, though the server is elsewhere. */
static void inst_dir__relative__is_of_the_folder_of_the_start(void **state)
{
    place *p = *state;
    const char *argv[] = {p->driver, "--inst-dir", "dev", NULL};
    lima_process_desc desc = {
        .argv = argv, .dir = p->root, .out = LIMA_PROCESS_NULL, .err = LIMA_PROCESS_FILE, .err_file = p->log};
    lima_process *server = NULL;
    lima_client *client = NULL;
    lima_err err = {0};
    must(lima_process_start(&desc, &server, &err), &err);
    lima_deadline until = patience();
    while (!lima_client_connect(p->socket, until, &client, &err) && lima_clock_now() < until)
        lima_wake_wait(NULL, lima_clock_in(1)); /* not there yet */
    assert_non_null(client);
    configure(p, client);
    call_expect(client, "Delete", NULL, LIMA_CODE_OK, NULL);
    lima_client_close(client);
    expect_exit(server, 0);
    lima_process_free(server);
}

static void inst_dir__terminal_signals__change_nothing(void **state)
{
    place *p = *state;
    need_tool("kill");
    lima_launched l = launch(p, LIMA_LAUNCH_INST_DIR);
    char *pid = lima_mem_printf("%u", lima_process_get_id(l.process).pid);
    run_tool("kill", "-INT", pid, NULL);
    run_tool("kill", "-HUP", pid, NULL);
    run_tool("kill", "-TSTP", pid, NULL);
    call_expect(l.client, "Info", NULL, LIMA_CODE_OK, NULL);
    lima_launched_stop(&l, SCRIPTED_PATIENCE_MS);
    free(pid);
}

/* limactl removes the folder as soon as it has the answer. */
static void inst_dir__delete__leaves_the_folder_and_ends(void **state)
{
    place *p = *state;
    lima_launched l = launch(p, LIMA_LAUNCH_INST_DIR);
    lima_err err = {0};
    char *lock = in_inst(p, "trial.drv.lock");
    configure(p, l.client);
    call_expect(l.client, "Delete", NULL, LIMA_CODE_OK, NULL);
    assert_int_equal(kind_of(p->socket), LIMA_FILE_NONE);
    assert_int_equal(kind_of(lock), LIMA_FILE_NONE);
    must(lima_dir_remove(p->inst, &err), &err);
    expect_exit(l.process, 0);
    free(lock);
    lima_launched_stop(&l, 0);
}

static void inst_dir__folder_moved__ends_it(void **state)
{
    place *p = *state;
    uint32_t pid = 0;
    lima_process_id vm = {0};
    lima_err err = {0};
    lima_launched l = launch(p, LIMA_LAUNCH_INST_DIR);
    configure(p, l.client);
    lima_start_stream *stream = start_vm(l.client);
    free(inspect(p, &pid));
    assert_true(lima_process_find(pid, &vm));
    char *elsewhere = lima_path_join(p->root, "moved"); /* and with it what the driver knows of its VM */
    assert_true(lima_file_rename(p->inst, elsewhere, NULL));
    expect_exit(l.process, 0);
    lima_start_stream_close(stream);
    lima_launched_stop(&l, 0);
    assert_true(lima_file_rename(elsewhere, p->inst, NULL));
    must(lima_process_end_id(vm, true, &err), &err);
    free(elsewhere);
}

static void inst_dir__socket_removed__makes_room_for_a_new_one(void **state)
{
    place *p = *state;
    lima_launched old = launch(p, LIMA_LAUNCH_INST_DIR);
    assert_true(lima_file_remove(p->socket, NULL));
    lima_launched fresh = launch(p, LIMA_LAUNCH_INST_DIR); /* waits for the old one to leave */
    expect_exit(old.process, 0);
    call_expect(fresh.client, "Info", NULL, LIMA_CODE_OK, NULL);
    lima_launched_stop(&fresh, SCRIPTED_PATIENCE_MS);
    lima_launched_stop(&old, 0);
}

static void inst_dir__pid_file_removed__ends_it_when_unused(void **state)
{
    place *p = *state;
    lima_launched l = launch(p, LIMA_LAUNCH_INST_DIR);
    char *path = in_inst(p, "trial.drv.pid"),
         *pid = lima_mem_printf("%u", lima_process_get_id(l.process).pid);
    lima_deadline patience = lima_clock_in(SCRIPTED_PATIENCE_MS);
    lima_process_exit end;
    lima_client_close(l.client);
    l.client = NULL;
    do { /* a busy machine may look too late to have seen the file: then once more */
        assert_true(lima_file_write(path, pid, strlen(pid), LIMA_FILE_SHARED, NULL));
        lima_wake_wait(NULL, lima_clock_in(LIMA_LIFECYCLE_CHECK_MS + 1000));
        assert_true(lima_file_remove(path, NULL));
    } while (!lima_process_wait(l.process, lima_clock_in(2 * LIMA_LIFECYCLE_CHECK_MS), NULL, &end, NULL)
             && lima_clock_now() < patience);
    expect_exit(l.process, 0);
    lima_launched_stop(&l, 0);
    free(path);
    free(pid);
}

static void inst_dir__two_at_once__exactly_one_serves(void **state)
{
    place *p = *state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        const char *argv[] = {p->driver, "--inst-dir", p->inst, NULL};
        lima_process_desc desc = {
            .argv = argv, .out = LIMA_PROCESS_NULL, .err = LIMA_PROCESS_FILE, .err_file = p->log};
        lima_process *both[2] = {NULL, NULL};
        lima_err err = {0};
        for (unsigned i = 0; i < 2; i++)
            must(lima_process_start(&desc, &both[i], &err), &err);
        lima_client *client = NULL;
        while (!lima_client_connect(p->socket, patience(), &client, &err))
            lima_wake_wait(NULL, lima_clock_in(1)); /* not there yet */
        call_expect(client, "Info", NULL, LIMA_CODE_OK, NULL);
        lima_process_exit left[2];
        bool ended[2] = {false, false};
        while (!ended[0] && !ended[1])
            for (unsigned i = 0; i < 2; i++)
                ended[i] = lima_process_wait(both[i], lima_clock_in(10), NULL, &left[i], NULL);
        unsigned loser = ended[0] ? 0 : 1;
        assert_false(left[loser].signaled);
        assert_int_equal(left[loser].code, 0);
        assert_false(lima_process_wait(both[!loser], 0, NULL, &left[!loser], NULL));
        call_expect(client, "Info", NULL, LIMA_CODE_OK, NULL);
        lima_client_close(client);
        lima_process_end(both[!loser], false);
        expect_exit(both[!loser], 0);
        lima_process_free(both[0]);
        lima_process_free(both[1]);
    }
}

static void inst_dir__unused__ends_by_itself(void **state)
{
    place *p = *state;
    const char *argv[] = {p->driver, "--inst-dir", p->inst, NULL};
    const char *env[] = {"LIMA_DRIVER_IDLE_SECONDS=1", NULL};
    lima_process_desc desc = {.argv = argv, .env_add = env, .err = LIMA_PROCESS_FILE, .err_file = p->log};
    lima_process *process = NULL;
    lima_err err = {0};
    must(lima_process_start(&desc, &process, &err), &err);
    expect_exit(process, 0);
    assert_int_equal(kind_of(p->socket), LIMA_FILE_NONE);
    lima_process_free(process);
}

static void announce__serves_and_leaves_nothing(void **state)
{
    place *p = *state;
    lima_launched l = launch(p, LIMA_LAUNCH_ANNOUNCE);
    call_expect(l.client, "Info", NULL, LIMA_CODE_OK, NULL);
    configure(p, l.client);
    call_expect(l.client, "Delete", NULL, LIMA_CODE_OK, NULL);
    call_expect(l.client, "Info", NULL, LIMA_CODE_OK, NULL); /* limactl delete a b: goes on */
    char *socket = lima_mem_strdup(l.socket), *folder = lima_path_dir(socket);
    lima_process_end(l.process, false);
    expect_exit(l.process, 0);
    lima_launched_stop(&l, 0);
    assert_int_equal(kind_of(folder), LIMA_FILE_NONE);
    free(socket);
    free(folder);
}

/* As limactl before 2.1.2 ends its servers. */
static void announce__killed__next_one_removes_its_folder(void **state)
{
    place *p = *state;
    lima_launched killed = launch(p, LIMA_LAUNCH_ANNOUNCE);
    char *folder = lima_path_dir(killed.socket);
    lima_process_exit status;
    assert_int_equal(kind_of(folder), LIMA_FILE_DIR);
    lima_process_end_id(lima_process_get_id(killed.process), true, NULL);
    assert_true(lima_process_wait(killed.process, patience(), NULL, &status, NULL));
    lima_launched next = launch(p, LIMA_LAUNCH_ANNOUNCE);
    for (lima_deadline until = patience(); kind_of(folder) != LIMA_FILE_NONE && lima_clock_now() < until;)
        call_expect(next.client, "Info", NULL, LIMA_CODE_OK, NULL);
    assert_int_equal(kind_of(folder), LIMA_FILE_NONE);
    lima_launched_stop(&next, 0);
    lima_launched_stop(&killed, 0);
    free(folder);
}

static void announce__client_gone__ends(void **state)
{
    place *p = *state;
    lima_launched l = launch(p, LIMA_LAUNCH_ANNOUNCE);
    call_expect(l.client, "Info", NULL, LIMA_CODE_OK, NULL);
    lima_client_close(l.client);
    l.client = NULL;
    expect_exit(l.process, 0);
    lima_launched_stop(&l, 0);
}

static void stdio__serves_and_ends_with_its_input(void **state)
{
    place *p = *state;
    lima_launched l = launch(p, LIMA_LAUNCH_STDIO);
    call_expect(l.client, "Info", NULL, LIMA_CODE_OK, NULL);
    configure(p, l.client);
    call_expect(l.client, "Validate", NULL, LIMA_CODE_OK, NULL);
    lima_client_close(l.client);
    l.client = NULL;
    lima_launched_stop(&l, SCRIPTED_PATIENCE_MS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(inst_dir__behind_a_link__is_served),
        TEST(inst_dir__serves_until_told_to_end),
        TEST(inst_dir__relative__is_of_the_folder_of_the_start),
        TEST(inst_dir__terminal_signals__change_nothing),
        TEST(inst_dir__delete__leaves_the_folder_and_ends),
        TEST(inst_dir__folder_moved__ends_it),
        TEST(inst_dir__socket_removed__makes_room_for_a_new_one),
        TEST(inst_dir__pid_file_removed__ends_it_when_unused),
        TEST(inst_dir__two_at_once__exactly_one_serves),
        TEST(inst_dir__unused__ends_by_itself),
        TEST(announce__serves_and_leaves_nothing),
        TEST(announce__killed__next_one_removes_its_folder),
        TEST(announce__client_gone__ends),
        TEST(stdio__serves_and_ends_with_its_input),
    };
    return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
