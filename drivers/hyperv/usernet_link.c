/* How it works: a thread waits for the guest's socket, for those of libslirp and for a pair of sockets of its own, whose
 * other end is closed to end the link. libslirp tells before each wait how soon it has to be called again: without
 * connections never, so that an idle guest costs nothing. What the guest does not take in time is dropped, which TCP
 * mends; what is no frame ends the link.
 *
 * Not here: IPv6, which would wake up now and then to announce itself; TFTP, programs and forwarded ports of libslirp. */
#include "hyperv/usernet_link.h"

#include <slirp/libslirp.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "hyperv/usernet_frames.h"
#include "os/clock.h"
#include "os/thread.h"
#include "win/sockets.h"

enum { STOP, GUEST, FIRST_OF_SLIRP, NS_PER_MS = 1000000 };

struct hyperv_link {
    lima_thread *thread;
    intptr_t stop, stopped; /* a pair: `stop` is closed, `stopped` tells it */
    intptr_t guest;
    Slirp *slirp;
    hyperv_frames in;
    hyperv_queue out;
    lima_socket_wait *items; /* LIMA_SOCKETS_MAX; `count` in use */
    size_t count;
};

/* ---- what libslirp calls ---- */

static ssize_t send_packet(const void *frame, size_t len, void *arg)
{
    hyperv_link *link = arg;

    lima_hyperv_queue_add(&link->out, frame, len);
    return (ssize_t)len;
}

static void guest_error(const char *text, void *arg)
{
    (void)arg;
    lima_log_debug("network in user space: the guest: %s", text);
}

static int64_t clock_ns(void *arg)
{
    (void)arg;
    return (int64_t)lima_clock_now() * NS_PER_MS;
}

/* Timers are for IPv6 alone. */
static void *timer_new(SlirpTimerCb call, void *with, void *arg)
{
    (void)call;
    (void)with;
    return arg;
}

static void timer_free(void *timer, void *arg)
{
    (void)timer;
    (void)arg;
}

static void timer_mod(void *timer, int64_t when, void *arg)
{
    (void)timer;
    (void)when;
    (void)arg;
}

static void ignore_socket(int socket, void *arg)
{
    (void)socket;
    (void)arg;
}

/* From this thread only, which comes back to it anyway. */
static void notify(void *arg)
{
    (void)arg;
}

static const SlirpCb callbacks = {.send_packet = send_packet,
                                  .guest_error = guest_error,
                                  .clock_get_ns = clock_ns,
                                  .timer_new = timer_new,
                                  .timer_free = timer_free,
                                  .timer_mod = timer_mod,
                                  .register_poll_fd = ignore_socket,
                                  .unregister_poll_fd = ignore_socket,
                                  .notify = notify};

static struct in_addr address(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    const uint8_t bytes[] = {a, b, c, d}; /* as on the wire */
    struct in_addr made;

    memcpy(&made, bytes, sizeof bytes);
    return made;
}

static Slirp *make_slirp(hyperv_link *link)
{
    const SlirpConfig config = {.version = SLIRP_CONFIG_VERSION_MAX,
                                .in_enabled = true,
                                .vnetwork = address(192, 168, 5, 0),
                                .vnetmask = address(255, 255, 255, 0),
                                .vhost = address(192, 168, 5, 2),
                                .vdhcp_start = address(192, 168, 5, 15),
                                .vnameserver = address(192, 168, 5, 3),
                                .if_mtu = HYPERV_USERNET_MTU,
                                .if_mru = HYPERV_USERNET_MTU};

    return slirp_new(&config, &callbacks, link);
}

/* ---- which sockets to wait for ---- */

static const struct {
    int theirs;
    unsigned ours;
} events[] = {{SLIRP_POLL_IN, LIMA_SOCKET_IN},
              {SLIRP_POLL_OUT, LIMA_SOCKET_OUT},
              {SLIRP_POLL_PRI, LIMA_SOCKET_URGENT},
              {SLIRP_POLL_ERR, LIMA_SOCKET_ERROR}};

/* -1: more than can be waited for. It gets its turn when others have ended. */
static int add_socket(int socket, int wanted, void *arg)
{
    hyperv_link *link = arg;

    if (link->count == LIMA_SOCKETS_MAX)
        return -1;
    lima_socket_wait *item = &link->items[link->count];
    *item = (lima_socket_wait){.socket = socket};
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        item->wanted |= wanted & events[i].theirs ? events[i].ours : 0;
    return (int)link->count++;
}

static int ready_of(int index, void *arg)
{
    const hyperv_link *link = arg;
    int ready = 0;

    for (size_t i = 0; index >= 0 && i < sizeof events / sizeof events[0]; i++)
        ready |= link->items[index].ready & events[i].ours ? events[i].theirs : 0;
    return ready;
}

/* ---- the loop ---- */

static bool wait_for_news(hyperv_link *link)
{
    uint32_t timeout = LIMA_SOCKETS_FOREVER;
    lima_err err = {0};
    size_t waiting = 0;

    lima_hyperv_queue_front(&link->out, &waiting);
    link->items[STOP] = (lima_socket_wait){.socket = link->stopped, .wanted = LIMA_SOCKET_IN};
    link->items[GUEST] = (lima_socket_wait){
        .socket = link->guest, .wanted = LIMA_SOCKET_IN | (waiting ? (unsigned)LIMA_SOCKET_OUT : 0)};
    link->count = FIRST_OF_SLIRP;
    slirp_pollfds_fill(link->slirp, &timeout, add_socket, link);
    if (!lima_sockets_wait(link->items, link->count, timeout, &err)) {
        lima_log_warn("network in user space: %s", err.text);
        return false;
    }
    return !link->items[STOP].ready;
}

static bool take_frames(hyperv_link *link)
{
    size_t room = 0, len = 0;
    const uint8_t *frame = NULL;
    hyperv_frames_found found;

    if (!link->items[GUEST].ready)
        return true;
    uint8_t *into = lima_hyperv_frames_room(&link->in, &room);
    ptrdiff_t got = lima_socket_read(link->guest, into, room);
    if (got < 0)
        return false;
    lima_hyperv_frames_filled(&link->in, (size_t)got);
    while ((found = lima_hyperv_frames_next(&link->in, &frame, &len)) == HYPERV_FRAMES_ONE)
        slirp_input(link->slirp, frame, (int)len);
    if (found == HYPERV_FRAMES_BAD)
        lima_log_warn("network in user space: the guest sent what is no frame; its connection is closed");
    return found != HYPERV_FRAMES_BAD;
}

static bool give_frames(hyperv_link *link)
{
    size_t len = 0;
    const uint8_t *bytes = lima_hyperv_queue_front(&link->out, &len);
    ptrdiff_t sent = len ? lima_socket_write(link->guest, bytes, len) : 0;

    if (sent > 0)
        lima_hyperv_queue_sent(&link->out, (size_t)sent);
    return sent >= 0;
}

static void serve(void *arg)
{
    hyperv_link *link = arg;

    while (wait_for_news(link) && take_frames(link)) {
        slirp_pollfds_poll(link->slirp, 0, ready_of, link);
        if (!give_frames(link))
            break;
    }
    slirp_cleanup(link->slirp);
    lima_socket_close(link->guest);
}

/* ---- beginning and end ---- */

static bool make_pair(hyperv_link *link, lima_err *err)
{
    lima_stream *ours = NULL, *theirs = NULL;

    if (!lima_stream_pair(&ours, &theirs, err))
        return false;
    link->stop = lima_stream_release(ours);
    link->stopped = lima_stream_release(theirs);
    return true;
}

static void release(hyperv_link *link)
{
    lima_socket_close(link->stopped);
    lima_hyperv_queue_free(&link->out);
    lima_hyperv_frames_free(&link->in);
    free(link->items);
    free(link);
}

static bool begin(hyperv_link *link, lima_stream *guest, lima_err *err)
{
    link->items = lima_mem_zalloc(LIMA_SOCKETS_MAX, sizeof *link->items);
    link->guest = lima_stream_release(guest);
    link->slirp = make_slirp(link);
    if (lima_thread_start("hyperv-net", serve, link, &link->thread, err))
        return true;
    slirp_cleanup(link->slirp);
    lima_socket_close(link->guest);
    lima_socket_close(link->stop);
    release(link);
    return false;
}

bool lima_hyperv_link_open(lima_stream *guest, hyperv_link **ret, lima_err *err)
{
    hyperv_link *link = lima_mem_zalloc(1, sizeof *link);

    if (!make_pair(link, err)) {
        lima_stream_close(guest);
        free(link);
        return lima_err_wrap(err, "network in user space");
    }
    if (!begin(link, guest, err))
        return lima_err_wrap(err, "network in user space");
    *ret = link;
    return true;
}

void lima_hyperv_link_close(hyperv_link *link)
{
    if (!link)
        return;
    lima_socket_close(link->stop);
    lima_thread_join(link->thread);
    release(link);
}
