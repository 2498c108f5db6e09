#include "control_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "folder.h"
#include "os/file.h"

struct fixture fixture;

lima_instance *make_instance(const char *extra)
{
    lima_instance *inst = NULL;
    lima_err err = {0};
    char *json = lima_mem_printf("{\"name\":\"dev\",\"dir\":\"%s\",\"config\":{\"os\":\"Linux\"}%s}",
                                 fixture.folder, extra);
    if (!lima_instance_parse(json, strlen(json), &inst, &err))
        fail_msg("%s", err.text);
    free(json);
    return inst;
}

int fixture_setup(void **state)
{
    (void)state;
    scripted_reset();
    fixture.folder = test_folder_make();
    fixture.control = lima_control_new(&scripted_driver, "scripted", make_instance(""));
    return 0;
}

int fixture_teardown(void **state)
{
    (void)state;
    lima_control_unref(fixture.control);
    test_folder_remove(fixture.folder);
    assert_string_equal(scripted_violation(), "");
    return 0;
}

static void note(void *arg, bool success, const char *error)
{
    runner *r = arg;
    lima_monitor_enter(r->monitor);
    size_t len = strlen(r->messages);
    snprintf(r->messages + len, sizeof r->messages - len, "%s%s\n", success ? "success" : "failed ", error);
    lima_monitor_notify(r->monitor);
    lima_monitor_leave(r->monitor);
}

static void run(void *arg)
{
    runner *r = arg;
    r->ok = r->run ? r->run(r->call, &r->err) : lima_control_start(r->call, note, r, &r->err);
}

static void begin_as(runner *r, method *run_method, lima_generation generation)
{
    lima_err err = {0};
    *r = (runner){
        .run = run_method, .call = lima_call_new(fixture.control, generation), .monitor = lima_monitor_new()};
    if (!lima_thread_start("runner", run, r, &r->thread, &err))
        fail_msg("%s", err.text);
}

void begin(runner *r, method *run_method)
{
    begin_as(r, run_method, LIMA_GENERATION_2_2);
}

void begin_blocked(runner *r, method *run_method, const char *callback)
{
    scripted_block(callback);
    begin(r, run_method);
    scripted_await(callback, 1);
}

void end(runner *r)
{
    lima_thread_join(r->thread);
    lima_call_free(r->call);
    lima_monitor_free(r->monitor);
}

void await_queue(unsigned len)
{
    lima_deadline until = lima_clock_in(SCRIPTED_PATIENCE_MS);
    unsigned found;
    do {
        lima_wake_wait(NULL, lima_clock_in(1));
        lima_monitor_enter(fixture.control->monitor);
        found = fixture.control->queue_len;
        lima_monitor_leave(fixture.control->monitor);
    } while (found < len && lima_clock_now() < until);
    assert_int_equal(found, len);
}

bool call_now(method *run_method, lima_err *err)
{
    lima_call *call = lima_call_new(fixture.control, LIMA_GENERATION_2_2);
    bool ok = run_method(call, err);
    lima_call_free(call);
    return ok;
}

void begin_session(runner *r, lima_generation generation)
{
    begin_as(r, NULL, generation);
    scripted_await("wait", 1);
}

void assert_log(const char *expected)
{
    char *log = scripted_log();
    assert_string_equal(log, expected);
    free(log);
}

void assert_lock_free(void)
{
    lima_file_lock *lock = NULL;
    lima_err err = {0};
    char *path = lima_path_join(fixture.folder, "scripted.vm.lock");
    if (!lima_file_lock_take(path, 0, &lock, &err))
        fail_msg("%s", err.text);
    lima_file_lock_release(lock);
    free(path);
}
