/* How it is measured: wall clock of C17 (timespec_get), because the monotonic clock of core/os counts
 * milliseconds and a driver may start in less. Waiting for a socket is a loop without sleep, so that a
 * sleep's length is not what is measured; it costs one core, the same for every driver. */
#include "bench_measure.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/path.h"
#include "connect.h"
#include "instances.h"
#include "os/file.h"
#include "scratch.h"

enum {
    STARTS = 7, /* per round */
    INSPECTIONS = 11,
    WARM_CALLS = 300,
    CALLS = 3000,
    CROWD_MS = 2000,
    WAIT_MS = 20000,
};

static double now_ms(void)
{
    struct timespec now = {0};
    timespec_get(&now, TIME_UTC);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double lima_bench_median(double *values, unsigned count)
{
    qsort(values, count, sizeof *values, by_value);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* ---- start ---- */

static bool wait_accept(const char *socket, lima_process *process, lima_err *err)
{
    lima_stream *stream = NULL;
    lima_deadline deadline = lima_clock_in(WAIT_MS);
    lima_process_exit end = {0};
    while (!lima_stream_connect(socket, deadline, &stream, NULL)) {
        if (lima_clock_now() >= deadline)
            return lima_err_set(err, LIMA_CODE_DEADLINE_EXCEEDED, "'%s' does not appear", socket);
        if (lima_process_wait(process, 0, NULL, &end, NULL))
            return lima_err_set(err, LIMA_CODE_ABORTED, "the driver ended: %s", end.text);
    }
    lima_stream_close(stream);
    return true;
}

static void end_process(lima_process *process)
{
    lima_process_exit end = {0};
    if (!process)
        return;
    lima_process_end(process, false);
    if (!lima_process_wait(process, lima_clock_in(WAIT_MS), NULL, &end, NULL))
        lima_process_end(process, true);
    lima_process_free(process);
}

static bool time_one_start(const char *program, double *ret_ms, lima_err *err)
{
    char *dir = NULL;
    if (!lima_scratch_make(&dir, err))
        return false;
    char *name = lima_launch_driver_name(program), *file = lima_mem_printf("%s.drv.sock", name);
    char *socket = lima_path_join(dir, file);
    const char *const argv[] = {program, "--inst-dir", dir, NULL};
    lima_process_desc desc = {.argv = argv};
    lima_process *process = NULL;
    double begin = now_ms();
    bool ok = lima_process_start(&desc, &process, err) && wait_accept(socket, process, err);
    *ret_ms = now_ms() - begin;
    end_process(process);
    free(socket);
    free(file);
    free(name);
    lima_scratch_remove(dir, NULL);
    return ok;
}

bool lima_bench_accept(const char *program, double *ret_ms, lima_err *err)
{
    double values[STARTS];
    for (unsigned i = 0; i < STARTS; i++)
        if (!time_one_start(program, &values[i], err))
            return false;
    *ret_ms = lima_bench_median(values, STARTS);
    return true;
}

/* ---- --inspect-status ---- */

static bool make_instance(const char *program, const char *dir, lima_json **ret, lima_err *err)
{
    lima_json *config = lima_json_new_object();
    char *name = lima_launch_driver_name(program);
    lima_json_set_str(config, name, "vmType");
    bool ok = lima_instances_describe(dir, config, ret, err);
    free(name);
    lima_json_free(config);
    return ok;
}

bool lima_bench_inspect(const char *program, double *ret_ms, lima_err *err)
{
    double values[INSPECTIONS];
    char *dir = NULL;
    lima_json *instance = NULL;
    bool ok = lima_scratch_make(&dir, err) && make_instance(program, dir, &instance, err);
    for (unsigned i = 0; ok && i < INSPECTIONS; i++) {
        lima_json *answer = NULL;
        double begin = now_ms();
        ok = lima_launch_inspect(program, instance, lima_clock_in(WAIT_MS), &answer, err);
        values[i] = now_ms() - begin;
        lima_json_free(answer);
    }
    if (ok)
        *ret_ms = lima_bench_median(values, INSPECTIONS);
    lima_json_free(instance);
    lima_scratch_remove(dir, NULL);
    return ok;
}

/* ---- Info ---- */

static bool call_info(lima_client *client, lima_err *err)
{
    lima_buf reply = LIMA_BUF(65536);
    bool ok =
        lima_client_call_raw(client, "/Driver/Info", NULL, 0, lima_clock_in(WAIT_MS), NULL, &reply, err);
    lima_buf_free(&reply);
    return ok;
}

static bool time_calls(lima_client *client, double *ret_p50, lima_err *err)
{
    double *values = lima_mem_zalloc(CALLS, sizeof *values);
    bool ok = true;
    for (unsigned i = 0; ok && i < WARM_CALLS; i++)
        ok = call_info(client, err);
    for (unsigned i = 0; ok && i < CALLS; i++) {
        double begin = now_ms();
        ok = call_info(client, err);
        values[i] = now_ms() - begin;
    }
    if (ok)
        *ret_p50 = lima_bench_median(values, CALLS);
    free(values);
    return ok;
}

struct caller {
    lima_client *client;
    lima_thread *thread;
    uint64_t calls;
    bool ok;
    lima_err err;
};

static void call_until_time(void *arg)
{
    struct caller *caller = arg;
    lima_deadline end = lima_clock_in(CROWD_MS);
    caller->ok = true;
    while (caller->ok && lima_clock_now() < end) {
        caller->ok = call_info(caller->client, &caller->err);
        caller->calls += caller->ok;
    }
}

static bool time_crowd(const char *socket, double *ret_per_second, lima_err *err)
{
    struct caller *callers = lima_mem_zalloc(LIMA_BENCH_CLIENTS, sizeof *callers);
    uint64_t calls = 0;
    bool ok = true;
    for (unsigned i = 0; ok && i < LIMA_BENCH_CLIENTS; i++)
        ok = lima_client_connect(socket, lima_clock_in(WAIT_MS), &callers[i].client, err)
             && call_info(callers[i].client, err);
    double begin = now_ms();
    for (unsigned i = 0; ok && i < LIMA_BENCH_CLIENTS; i++)
        ok = lima_thread_start("bench", call_until_time, &callers[i], &callers[i].thread, err);
    for (unsigned i = 0; i < LIMA_BENCH_CLIENTS; i++) {
        lima_thread_join(callers[i].thread);
        calls += callers[i].calls;
        if (ok && !callers[i].ok)
            ok = lima_err_set(err, callers[i].err.code, "%s", callers[i].err.text);
    }
    if (ok)
        *ret_per_second = (double)calls * 1000 / (now_ms() - begin);
    for (unsigned i = 0; i < LIMA_BENCH_CLIENTS; i++)
        lima_client_close(callers[i].client);
    free(callers);
    return ok;
}

bool lima_bench_info(const char *program, double *ret_p50_ms, double *ret_per_second, lima_err *err)
{
    lima_connection connection = {0};
    bool ok = lima_connection_start(program, "auto", NULL, WAIT_MS, &connection, err)
              && time_calls(connection.launched.client, ret_p50_ms, err)
              && time_crowd(connection.launched.socket, ret_per_second, err);
    lima_connection_end(&connection);
    return ok;
}

bool lima_bench_size(const char *program, double *ret_mb, lima_err *err)
{
    lima_file_info info = {0};
    if (!lima_file_stat(program, true, &info, err))
        return false;
    *ret_mb = (double)info.size / 1e6;
    return true;
}
