/* A run: place, listener, server; then every LIMA_LIFECYCLE_CHECK_MS a look at the world and a decision; then
 * the end in the opposite order.
 *
 * The listener opens before gRPC is initialised: connections may wait in its queue while the rest starts, and
 * limactl waits for nothing but them. It closes first at the end, so that limactl never finds a server that
 * is about to leave. */
#include "rpc/serve.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "driver/lifecycle.h"
#include "os/host.h"
#include "os/process.h"
#include "os/stream.h"
#include "rpc/health.h"
#include "rpc/place.h"
#include "rpc/pump.h"
#include "rpc/reflection.h"
#include "rpc/server.h"

enum { ANNOUNCE_MS = 10000, RELUCTANT_MS = 500, PROBE_MS = 1000, FOLDERS_MAX = 10000 };

/* limactl cannot end a server on Windows: it removes the socket and starts another server, which waits for
 * this one to notice. It does so right after its calls: then the looks are close together. */
enum { EAGER_MS = 200, EAGER_FOR_MS = 10000 };

typedef struct run {
    const lima_serve *serve;
    lima_lifecycle facts;
    lima_controls *controls;
    lima_listener *listener; /* NULL: STDIO */
    lima_server *server;
    lima_place place;      /* INST_DIR only */
    lima_monitor *monitor; /* of looking at it, and of leaving it */
    atomic_bool left;      /* the folder is limactl's to remove: nothing in it is opened any more */
    atomic_bool input_ended;
} run;

static const lima_service *const services[] = {&lima_health_service, &lima_reflection_service,
                                               &lima_reflection_alpha_service, NULL};

/* ---- start ---- */

static uint64_t idle_ms(void)
{
    uint32_t seconds = 0;
    char *text = lima_env_get("LIMA_DRIVER_IDLE_SECONDS");
    if (text && (!lima_parse_u32(text, &seconds, NULL) || !seconds))
        lima_log_warn("LIMA_DRIVER_IDLE_SECONDS is '%s', not a positive number of seconds; ignored", text);
    free(text);
    return (uint64_t)seconds * 1000;
}

static void say_end(const run *own, lima_lifecycle_end end)
{
    lima_log_info("driver '%s' ends: %s", own->serve->name, lima_lifecycle_reason(end));
}

/* The log is in that folder, too. */
static void let_go(void *arg)
{
    run *own = arg;
    say_end(own, LIMA_LIFECYCLE_DELETED);
    lima_monitor_enter(own->monitor);
    atomic_store(&own->left, true);
    if (own->listener && lima_listener_look(own->listener).in_place)
        lima_file_remove(own->place.socket_path, NULL);
    lima_place_unlock(&own->place);
    lima_monitor_leave(own->monitor);
}

static run run_new(const lima_serve *serve, lima_lifecycle_mode mode)
{
    return (run){.serve = serve,
                 .facts = {.mode = mode, .started = lima_clock_now(), .idle_ms = idle_ms()},
                 .monitor = lima_monitor_new()};
}

static bool run_begin(run *own, const char *inst_dir, lima_err *err)
{
    static const lima_process_contract contracts[] = {LIMA_CONTRACT_INST_DIR, LIMA_CONTRACT_ANNOUNCE,
                                                      LIMA_CONTRACT_ANY};
    const lima_serve *serve = own->serve;
    lima_lifecycle_mode mode = own->facts.mode;
    own->controls =
        lima_controls_new(serve->driver, serve->name, lima_options_version_text(serve->driver), inst_dir);
    lima_server_config config = {
        .controls = own->controls, .contract = contracts[mode], .services = services};
    if (mode != LIMA_LIFECYCLE_STDIO)
        config.last = serve->stop;
    if (mode == LIMA_LIFECYCLE_INST_DIR) {
        config.let_go = let_go;
        config.let_go_arg = own;
    }
    return lima_server_new(&config, &own->server, err)
           && (!own->listener || lima_server_listen(own->server, own->listener, err));
}

/* ---- the world ---- */

static void look_at_place(run *own)
{
    lima_lifecycle *facts = &own->facts;
    lima_listener_state socket = {.in_place = true};
    if (own->listener)
        socket = lima_listener_look(own->listener);
    facts->connections = socket.connections;
    if (facts->connections)
        facts->connected = facts->now;
    else if (facts->called > facts->connected) /* came and went between two looks */
        facts->connected = facts->called;
    facts->socket_lost = !socket.in_place;
    if (!own->place.dir)
        return;
    facts->folder_gone = lima_place_folder_gone(&own->place);
    facts->pid_file_lost = lima_place_pid_lost(&own->place);
}

static lima_lifecycle_end look(run *own, bool raised)
{
    lima_server_state state;
    lima_lifecycle *facts = &own->facts;
    lima_server_look(own->server, &state);
    facts->now = lima_clock_now();
    facts->called = state.called;
    facts->deleted = state.deleted;
    facts->sessions = lima_controls_sessions(own->controls);
    facts->input_ended = atomic_load(&own->input_ended);
    facts->stop_requested = raised && !facts->input_ended;
    lima_monitor_enter(own->monitor);
    if (!atomic_load(&own->left))
        look_at_place(own);
    lima_monitor_leave(own->monitor);
    return lima_lifecycle_decide(facts);
}

/* A VM that an earlier process has started, and that nobody watches, still counts. */
static lima_lifecycle_end reconsider(run *own, lima_lifecycle_end end)
{
    if (end != LIMA_LIFECYCLE_IDLE || !lima_controls_vm_runs(own->controls))
        return end;
    own->facts.connected = own->facts.now;
    return LIMA_LIFECYCLE_STAY;
}

static unsigned until_next_look(const lima_lifecycle *facts)
{
    uint64_t since = facts->called ? facts->called : facts->started;
    return !facts->sessions && facts->now < since + EAGER_FOR_MS ? EAGER_MS : LIMA_LIFECYCLE_CHECK_MS;
}

static lima_lifecycle_end run_loop(run *own)
{
    lima_lifecycle_end end = LIMA_LIFECYCLE_STAY;
    while (end == LIMA_LIFECYCLE_STAY) {
        bool raised = lima_wake_wait(own->serve->stop, lima_clock_in(until_next_look(&own->facts)));
        end = reconsider(own, look(own, raised));
        if (raised && end == LIMA_LIFECYCLE_STAY) /* it stays raised: no busy loop */
            lima_wake_wait(NULL, lima_clock_in(RELUCTANT_MS));
    }
    return end;
}

/* ---- end ---- */

static void close_listener(run *own)
{
    lima_monitor_enter(own->monitor);
    lima_listener_close(own->listener);
    own->listener = NULL; /* a Delete may still be under way */
    lima_monitor_leave(own->monitor);
}

/* False: a callback hangs. */
static bool run_end(run *own, lima_lifecycle_end end)
{
    if (own->server)
        lima_server_end_accepting(own->server);
    close_listener(own);
    if (end == LIMA_LIFECYCLE_FOLDER_GONE)
        lima_controls_end(own->controls, true);
    bool done = lima_server_stop(own->server, LIMA_SERVE_GRACE_MS);
    if (done) {
        lima_controls_free(own->controls);
        lima_monitor_free(own->monitor);
    } else
        lima_log_error("a call of the driver does not return; leaving it");
    lima_place_leave(&own->place);
    return done;
}

static bool run_all(run *own, bool started, bool *ret_stuck)
{
    lima_lifecycle_end end = LIMA_LIFECYCLE_STAY;
    if (started) {
        lima_log_debug("driver '%s' serves", own->serve->name);
        end = run_loop(own);
        if (!atomic_load(&own->left))
            say_end(own, end);
    }
    *ret_stuck = !run_end(own, end);
    return started;
}

/* ---- limactl 2.2 ---- */

static bool open_place(run *own, const char *dir, const char *name, bool *ret_other, lima_err *err)
{
    if (!lima_place_take(dir, name, &own->place, ret_other, err))
        return false;
    return *ret_other || lima_listener_open(own->place.socket_path, &own->listener, err);
}

/* Another server is at work: limactl, which has started us, finds it. */
static void step_aside(const lima_serve *serve, const char *dir)
{
    lima_log_info("another process serves '%s' already", dir);
    lima_wake_wait(serve->stop, lima_clock_in(LIMA_PLACE_LINGER_MS));
}

bool lima_serve_inst_dir(const lima_serve *serve, bool *ret_stuck, lima_err *err)
{
    run own = run_new(serve, LIMA_LIFECYCLE_INST_DIR);
    bool other = false;
    bool ok = open_place(&own, serve->inst_dir, serve->name, &other, err);
    if (ok && other) {
        step_aside(serve, serve->inst_dir);
        lima_place_leave(&own.place);
        lima_monitor_free(own.monitor);
        return true;
    }
    ok = ok && run_begin(&own, serve->inst_dir, err);
    return run_all(&own, ok, ret_stuck);
}

/* ---- limactl 2.0, 2.1 ---- */

static char *make_folder(const char *name, lima_err *err)
{
    lima_process_id id = {0};
    lima_file_info info = {0};
    lima_process_find(0, &id);
    char *file = lima_mem_printf("lima-driver-%s-%u", name, id.pid),
         *dir = lima_path_join(lima_host_get()->temp, file);
    free(file);
    bool ok = lima_dir_make(dir, LIMA_FILE_PRIVATE, err) && lima_file_stat(dir, false, &info, err);
    if (ok && (info.kind != LIMA_FILE_DIR || !info.mine))
        ok = lima_err_set(err, LIMA_CODE_PERMISSION_DENIED,
                          "'%s' is in the way: not a folder of ours; remove it", dir);
    if (ok)
        return dir;
    free(dir);
    return NULL;
}

/* Its process has gone, and nobody serves it from another container either. */
static bool is_dead(const char *dir, const char *pid_text)
{
    uint32_t pid = 0;
    lima_process_id id = {0};
    lima_file_info info = {0};
    lima_stream *stream = NULL;
    if (!lima_parse_u32(pid_text, &pid, NULL) || lima_process_find(pid, &id)
        || !lima_file_stat(dir, false, &info, NULL) || info.kind != LIMA_FILE_DIR || !info.mine)
        return false;
    char *socket = lima_path_join(dir, "driver.sock");
    bool served = lima_stream_connect(socket, lima_clock_in(PROBE_MS), &stream, NULL);
    lima_stream_close(stream);
    free(socket);
    return !served;
}

/* limactl before 2.1.2 kills its servers, which then cannot clean up: the next one does. */
static void remove_dead_folders(const char *name)
{
    const char *temp = lima_host_get()->temp;
    char *prefix = lima_mem_printf("lima-driver-%s-", name);
    lima_strv names = {0};
    lima_dir_list(temp, FOLDERS_MAX, &names, NULL);
    for (size_t i = 0; i < names.len; i++) {
        char *dir = lima_path_join(temp, names.items[i]);
        if (lima_str_has_prefix(names.items[i], prefix) && is_dead(dir, names.items[i] + strlen(prefix)))
            lima_dir_remove(dir, NULL);
        free(dir);
    }
    lima_strv_free(&names);
    free(prefix);
}

static bool announce(const lima_serve *serve, const char *socket_path, lima_err *err)
{
    lima_json *doc = lima_json_new_object();
    lima_json_set_str(doc, socket_path, "socketPath");
    char *text = lima_json_print(doc);
    lima_buf line = LIMA_BUF(LIMA_JSON_BYTES_MAX);
    lima_buf_addf(&line, "%s\n", text);
    bool ok = lima_stream_write(serve->out, line.data, line.len, lima_clock_in(ANNOUNCE_MS), serve->stop, err)
              || lima_err_wrap(err, "tell the socket path on standard output");
    lima_buf_free(&line);
    free(text);
    lima_json_free(doc);
    return ok;
}

bool lima_serve_announce(const lima_serve *serve, bool *ret_stuck, lima_err *err)
{
    char *dir = make_folder(serve->name, err);
    if (!dir)
        return false;
    run own = run_new(serve, LIMA_LIFECYCLE_ANNOUNCE);
    char *path = lima_path_join(dir, "driver.sock");
    bool ok = lima_listener_open(path, &own.listener, err) && run_begin(&own, NULL, err)
              && announce(serve, path, err);
    if (ok) {
        lima_log_info("driver '%s' serves on '%s' for one limactl process; it ends by itself. See --help",
                      serve->name, path);
        remove_dead_folders(serve->name);
    }
    ok = run_all(&own, ok, ret_stuck);
    lima_dir_remove(dir, NULL);
    free(path);
    free(dir);
    return ok;
}

/* ---- standard input and output ---- */

typedef struct watcher {
    run *own;
    lima_pump *pump;
} watcher;

static void watch_input(void *arg)
{
    watcher *w = arg;
    lima_pump_wait(w->pump, LIMA_DEADLINE_NEVER); /* ends with the connection at the latest */
    atomic_store(&w->own->input_ended, true);
    lima_wake_raise(w->own->serve->stop);
}

static bool serve_pumped(run *own, lima_stream *socket, lima_pump *pump, bool *ret_stuck, lima_err *err)
{
    watcher w = {own, pump};
    lima_thread *thread = NULL;
    lima_server_add(own->server, socket);
    bool ok = lima_thread_start("stdio", watch_input, &w, &thread, err);
    ok = run_all(own, ok, ret_stuck);
    lima_pump_end(pump, 0);
    lima_thread_join(thread);
    return ok;
}

bool lima_serve_stdio(const lima_serve *serve, bool *ret_stuck, lima_err *err)
{
    run own = run_new(serve, LIMA_LIFECYCLE_STDIO);
    lima_pump *pump = NULL;
    lima_stream *socket = NULL;
    bool ok =
        run_begin(&own, serve->inst_dir, err) && lima_pump_start(serve->in, serve->out, &socket, &pump, err);
    return ok ? serve_pumped(&own, socket, pump, ret_stuck, err) : run_all(&own, false, ret_stuck);
}
