/* How it works: one thread accepts, each connection has its own. Ended ones are joined by the accepting
 * thread before it looks for the next. A way in that cannot be had closes the connection: the client tries
 * again, limactl every ten seconds. */
#include "wsl2/door.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"

enum { SLICE_MS = 1000 };

typedef struct visit {
    wsl2_door *door;
    lima_stream *client;
    lima_thread *thread;
    lima_wake *stop, *done;
    struct visit *next;
} visit;

struct wsl2_door {
    wsl2_door_desc desc;
    lima_wake *stop;
    lima_thread *thread;
    visit *visits; /* of the accepting thread, then of who closes */
    unsigned count;
};

static void serve(void *arg)
{
    visit *v = arg;
    wsl2_pipe client = lima_wsl2_pipe_of(v->client), guest = {0};
    lima_err err = {0};

    if (v->door->desc.dial(v->door->desc.arg, v->stop, &guest, &err)) {
        lima_wsl2_pipe_join(&client, &guest, v->stop);
        lima_wsl2_pipe_close(&guest);
    } else if (err.code != LIMA_CODE_CANCELLED) {
        lima_log_warn("%s: %s", v->door->desc.name, err.text);
    }
    lima_wsl2_pipe_close(&client);
    lima_wake_raise(v->done);
}

static void free_visit(visit *v)
{
    lima_thread_join(v->thread);
    lima_wake_free(v->stop);
    lima_wake_free(v->done);
    free(v);
}

static void free_ended(wsl2_door *door)
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

static void free_all(wsl2_door *door)
{
    for (visit *v = door->visits; v; v = v->next)
        lima_wake_raise(v->stop);
    while (door->visits) {
        visit *v = door->visits;
        door->visits = v->next;
        free_visit(v);
    }
}

static void admit(wsl2_door *door, lima_stream *client)
{
    if (door->count >= WSL2_DOOR_MAX) {
        lima_log_warn("%s: more than %d connections at once; one is refused", door->desc.name, WSL2_DOOR_MAX);
        lima_stream_close(client);
        return;
    }
    visit *v = lima_mem_zalloc(1, sizeof *v);
    *v = (visit){.door = door,
                 .client = client,
                 .stop = lima_wake_new(),
                 .done = lima_wake_new(),
                 .next = door->visits};
    if (!lima_thread_start("wsl2-visit", serve, v, &v->thread, NULL)) {
        lima_stream_close(client);
        free_visit(v);
        return;
    }
    door->visits = v;
    door->count++;
}

static void accept_all(void *arg)
{
    wsl2_door *door = arg;
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

static void release(wsl2_door *door)
{
    door->desc.close(door->desc.listener);
    lima_wake_free(door->stop);
    free(door);
}

bool lima_wsl2_door_open(const wsl2_door_desc *desc, wsl2_door **ret, lima_err *err)
{
    wsl2_door *door = lima_mem_zalloc(1, sizeof *door);

    *door = (wsl2_door){.desc = *desc, .stop = lima_wake_new()};
    if (!lima_thread_start("wsl2-door", accept_all, door, &door->thread, err)) {
        release(door);
        return false;
    }
    *ret = door;
    return true;
}

void lima_wsl2_door_close(wsl2_door *door)
{
    if (!door)
        return;
    lima_wake_raise(door->stop);
    lima_thread_join(door->thread);
    release(door);
}
