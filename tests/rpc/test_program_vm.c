/* Driver programs as limactl starts them, lima-driver-example: a VM, and the driver gone before it. */
#include "place.h"

#include <stdlib.h>
#include <string.h>

static void vm__status_start_stop(void **state)
{
    place *p = *state;
    lima_launched l = launch(p, LIMA_LAUNCH_INST_DIR);
    configure(p, l.client);
    expect_status(p, "Stopped");
    lima_start_stream *stream = start_vm(l.client);
    expect_status(p, "Running");
    call_expect(l.client, "Stop", NULL, LIMA_CODE_OK, NULL);
    expect_status(p, "Stopped");
    lima_start_stream_close(stream);
    lima_launched_stop(&l, SCRIPTED_PATIENCE_MS);
}

static void vm__driver_killed__truth_is_told_and_next_start_works(void **state)
{
    place *p = *state;
    uint32_t pid = 0;
    lima_process_id vm = {0}, now = {0};
    lima_launched l = launch(p, LIMA_LAUNCH_INST_DIR);
    configure(p, l.client);
    lima_start_stream *stream = start_vm(l.client);
    free(inspect(p, &pid));
    assert_true(lima_process_find(pid, &vm));
    lima_process_end_id(lima_process_get_id(l.process), true, NULL);
    lima_start_stream_close(stream);
    lima_launched_stop(&l, 0);
    expect_status(p, "Running");         /* the VM outlives its driver */
    l = launch(p, LIMA_LAUNCH_INST_DIR); /* on the stale socket */
    configure(p, l.client);
    stream = start_vm(l.client);
    assert_true(!lima_process_find(vm.pid, &now) || now.start != vm.start); /* the first one was shut down */
    expect_status(p, "Running");
    call_expect(l.client, "Delete", NULL, LIMA_CODE_OK, NULL);
    expect_status(p, "Stopped");
    lima_start_stream_close(stream);
    expect_exit(l.process, 0);
    lima_launched_stop(&l, 0);
}

static void vm__driver_told_to_end__vm_runs_on(void **state)
{
    place *p = *state;
    lima_launched l = launch(p, LIMA_LAUNCH_INST_DIR);
    configure(p, l.client);
    lima_start_stream *stream = start_vm(l.client);
    lima_process_end(l.process, false);
    expect_exit(l.process, 0);
    lima_start_stream_close(stream);
    lima_launched_stop(&l, 0);
    expect_status(p, "Running");
    l = launch(p, LIMA_LAUNCH_INST_DIR);
    configure(p, l.client);
    call_expect(l.client, "Stop", NULL, LIMA_CODE_OK, NULL); /* a VM of an earlier process */
    expect_status(p, "Stopped");
    lima_launched_stop(&l, SCRIPTED_PATIENCE_MS);
}

static void vm__two_announced_servers__second_start_is_refused(void **state)
{
    place *p = *state;
    lima_launched a = launch(p, LIMA_LAUNCH_ANNOUNCE), b = launch(p, LIMA_LAUNCH_ANNOUNCE);
    configure(p, a.client);
    configure(p, b.client);
    lima_start_stream *first = start_vm(a.client), *second = NULL;
    lima_start_event event = {0};
    lima_err err = {0};
    must(lima_client_start(b.client, &second, &err), &err);
    must(lima_start_stream_next(second, patience(), NULL, &event, &err), &err);
    assert_false(event.success);
    assert_non_null(strstr(event.error, "another driver process"));
    lima_start_event_free(&event);
    expect_status(p, "Running");
    call_expect(a.client, "Stop", NULL, LIMA_CODE_OK, NULL);
    lima_start_stream_close(first);
    lima_start_stream_close(second);
    lima_launched_stop(&a, SCRIPTED_PATIENCE_MS);
    lima_launched_stop(&b, SCRIPTED_PATIENCE_MS);
}

static void announced__ends_after_limactl_s_stop_but_not_after_delete(void **state)
{
    place *p = *state;
    lima_client *limactl = NULL;
    lima_err err = {0};
    lima_launched l = launch(p, LIMA_LAUNCH_ANNOUNCE);
    must(lima_client_connect_as(l.socket, "grpc-go/1.79.0", patience(), &limactl, &err), &err);
    configure(p, limactl);
    call_expect(limactl, "Delete", NULL, LIMA_CODE_OK, NULL);
    call_expect(l.client, "Stop", NULL, LIMA_CODE_OK, NULL); /* limadrv's */
    configure(p, limactl);
    lima_start_stream *stream = start_vm(limactl);
    call_expect(limactl, "Stop", NULL, LIMA_CODE_OK, NULL);
    expect_exit(l.process, 0);
    lima_start_stream_close(stream);
    lima_client_close(limactl);
    lima_launched_stop(&l, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(vm__status_start_stop),
        TEST(vm__driver_killed__truth_is_told_and_next_start_works),
        TEST(vm__driver_told_to_end__vm_runs_on),
        TEST(vm__two_announced_servers__second_start_is_refused),
        TEST(announced__ends_after_limactl_s_stop_but_not_after_delete),
    };
    return cmocka_run_group_tests_name("program_vm", tests, NULL, NULL);
}
