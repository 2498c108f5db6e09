/* How it works: one thread accepts, each connection has its own (and one more while bytes go both ways:
 * way.h). Ended ones are joined by the accepting thread before it looks for the next. */
#include "driver/door.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "os/listener.h"

enum { SLICE_MS = 1000 };

typedef struct visit {
    lima_door *door;
    lima_stream *client;
    lima_thread *thread;
    lima_wake *stop, *done;
    struct visit *next;
} visit;

struct lima_door {
    lima_door_desc desc;
    lima_wake *stop;
    lima_thread *thread;
    visit *visits; /* of the accepting thread, then of who closes */
    unsigned count;
};

static void serve(void *arg)
{
    visit *v = arg;
    lima_way client = lima_way_of(v->client), guest = {0};
    lima_err err = {0};

    if (v->door->desc.dial(v->door->desc.arg, v->stop, &guest, &err)) {
        lima_way_join(&client, &guest, v->stop);
        lima_way_close(&guest);
    } else if (err.code != LIMA_CODE_CANCELLED) {
        lima_log_info("%s: %s", v->door->desc.name, err.text);
    }
    lima_way_close(&client);
    lima_wake_raise(v->done);
}

static void free_visit(visit *v)
{
    lima_thread_join(v->thread);
    lima_wake_free(v->stop);
    lima_wake_free(v->done);
    free(v);
}

static void free_ended(lima_door *door)
{
    for (visit **at = &door->visits; *at;) {
        visit *v = *at;
        if (!lima_wake_wait(v->done, 0)) {
            at = &v->next;
            continue;
        }
        *at = v->next;
        door->count--;
        free_visit(v);
    }
}

static void free_all(lima_door *door)
{
    for (visit *v = door->visits; v; v = v->next)
        lima_wake_raise(v->stop);
    while (door->visits) {
        visit *v = door->visits;
        door->visits = v->next;
        free_visit(v);
    }
}

static void admit(lima_door *door, lima_stream *client)
{
    if (door->count >= LIMA_DOOR_MAX) {
        lima_log_warn("%s: more than %d connections at once; one is refused", door->desc.name, LIMA_DOOR_MAX);
        lima_stream_close(client);
        return;
    }
    visit *v = lima_mem_zalloc(1, sizeof *v);
    *v = (visit){.door = door,
                 .client = client,
                 .stop = lima_wake_new(),
                 .done = lima_wake_new(),
                 .next = door->visits};
    if (!lima_thread_start("visit", serve, v, &v->thread, NULL)) {
        lima_stream_close(client);
        free_visit(v);
        return;
    }
    door->visits = v;
    door->count++;
}

static void accept_all(void *arg)
{
    lima_door *door = arg;
    lima_stream *client = NULL;
    lima_err err = {0};

    while (!lima_wake_wait(door->stop, 0)) {
        lima_deadline next =
            door->visits ? lima_clock_in(SLICE_MS) : LIMA_DEADLINE_NEVER; /* idle: no wake-ups */
        if (door->desc.accept(door->desc.listener, next, door->stop, &client, &err))
            admit(door, client);
        else if (err.code != LIMA_CODE_DEADLINE_EXCEEDED && err.code != LIMA_CODE_CANCELLED)
            lima_wake_wait(door->stop, lima_clock_in(SLICE_MS));
        free_ended(door);
    }
    free_all(door);
}

static void release(lima_door *door)
{
    door->desc.close(door->desc.listener);
    lima_wake_free(door->stop);
    free(door);
}

bool lima_door_open(const lima_door_desc *desc, lima_door **ret, lima_err *err)
{
    lima_door *door = lima_mem_zalloc(1, sizeof *door);

    *door = (lima_door){.desc = *desc, .stop = lima_wake_new()};
    if (!lima_thread_start("door", accept_all, door, &door->thread, err)) {
        release(door);
        return false;
    }
    *ret = door;
    return true;
}

static bool accept_local(void *listener, lima_deadline deadline, lima_wake *wake, lima_stream **ret,
                         lima_err *err)
{
    return lima_listener_accept(listener, deadline, wake, ret, err);
}

static void close_local(void *listener)
{
    lima_listener_close(listener);
}

bool lima_door_open_local(const char *path, const lima_door_desc *desc, lima_door **ret, lima_err *err)
{
    lima_listener *listener = NULL;
    lima_door_desc local = *desc;

    if (!lima_listener_open(path, &listener, err))
        return false;
    local.listener = listener;
    local.accept = accept_local;
    local.close = close_local;
    return lima_door_open(&local, ret, err);
}

void lima_door_close(lima_door *door)
{
    if (!door)
        return;
    lima_wake_raise(door->stop);
    lima_thread_join(door->thread);
    release(door);
}
