/* Accepting, with everything bounded.
 *
 * An accepted connection first waits in `pending` until its first byte is there: probes that only connect,
 * and clients that stall at once, never reach the caller. Of every connection handed out a duplicate stays in
 * `open`, for no other purpose than to be polled for POLLHUP: so the listener knows how many peers are left,
 * whoever owns the connection now. (A stream that is closed shuts the connection down first, or the duplicate
 * would keep it alive.)
 *
 * Only the accepting thread changes the tables; `monitor` guards `open` for lima_listener_look. When
 * the process has no descriptor left, new connections and first bytes are left alone for REST_MS instead of
 * being polled in vain. */
#include "os/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "listener.h"
#include "os/shared/shared.h"
#include "platform.h"
#include "posix_err.h"
#include "stream.h"
#include "wait.h"

enum { REST_MS = 100 };

typedef struct pending {
    int fd;
    lima_deadline until;
} pending;

struct lima_listener {
    int fd;
    char *path;
    struct stat file;
    pending pending[LIMA_LISTENER_PENDING_MAX]; /* oldest first */
    unsigned pending_count;
    lima_monitor *monitor;
    int open[LIMA_LISTENER_CONNECTIONS_MAX];
    unsigned open_count;
    lima_deadline rest_until;  /* out of descriptors until then */
    lima_deadline quiet_until; /* no further complaint in the log until then */
};

/* What one wait looks at; the order of the slots is that of the tables. */
typedef struct watch_list {
    struct pollfd fds[2 + LIMA_LISTENER_PENDING_MAX + LIMA_LISTENER_CONNECTIONS_MAX];
    nfds_t count;
} watch_list;

enum { SLOT_LISTENING = 1, SLOT_PENDING = 2 }; /* 0 is the wake's */

bool lima_listener_open(const char *path, lima_listener **ret, lima_err *err)
{
    struct stat file;
    int fd = lima_posix_listen_at(path, &file, err);

    if (fd < 0)
        return false;
    lima_listener *listener = lima_mem_zalloc(1, sizeof *listener);
    listener->fd = fd;
    listener->path = lima_mem_strdup(path);
    listener->file = file;
    listener->monitor = lima_monitor_new();
    *ret = listener;
    return true;
}

static void complain(lima_listener *listener, const char *what)
{
    lima_shared_complain(&listener->quiet_until, listener->path, what);
}

static void drop_pending(lima_listener *listener, unsigned index, bool close_it)
{
    if (close_it)
        close(listener->pending[index].fd);
    listener->pending_count--;
    memmove(&listener->pending[index], &listener->pending[index + 1],
            (listener->pending_count - index) * sizeof listener->pending[0]);
}

static void drop_silent(lima_listener *listener)
{
    while (listener->pending_count > 0 && listener->pending[0].until <= lima_clock_now())
        drop_pending(listener, 0, true);
}

static void list_watched(const lima_listener *listener, watch_list *list)
{
    bool resting = lima_clock_now() < listener->rest_until;

    list->fds[SLOT_LISTENING] = (struct pollfd){.fd = resting ? -1 : listener->fd, .events = POLLIN};
    list->count = SLOT_PENDING;
    for (unsigned i = 0; i < listener->pending_count; i++)
        list->fds[list->count++] =
            (struct pollfd){.fd = resting ? -1 : listener->pending[i].fd, .events = POLLIN};
    for (unsigned i = 0; i < listener->open_count; i++)
        list->fds[list->count++] = (struct pollfd){.fd = listener->open[i], .events = POLLHUP};
}

static bool has_ended(const struct pollfd *fd)
{
    return fd->revents & (POLLHUP | POLLERR | POLLNVAL);
}

/* Closes the duplicates of connections whose peer has gone. */
static void forget_ended(lima_listener *listener, const watch_list *list)
{
    const struct pollfd *first = &list->fds[list->count - listener->open_count];
    unsigned kept = 0;

    lima_monitor_enter(listener->monitor);
    for (unsigned i = 0; i < listener->open_count; i++) {
        if (has_ended(&first[i]))
            close(listener->open[i]);
        else
            listener->open[kept++] = listener->open[i];
    }
    listener->open_count = kept;
    lima_monitor_leave(listener->monitor);
}

/* Gives the connection to the caller and keeps a duplicate. False: no descriptor for that; it stays
 * pending. */
static bool hand_out(lima_listener *listener, unsigned index, lima_stream **ret)
{
    int fd = listener->pending[index].fd;
    int duplicate = fcntl(fd, F_DUPFD_CLOEXEC, 3);

    if (duplicate < 0) {
        listener->rest_until = lima_clock_in(REST_MS);
        return false;
    }
    lima_monitor_enter(listener->monitor);
    listener->open[listener->open_count++] = duplicate;
    lima_monitor_leave(listener->monitor);
    drop_pending(listener, index, false);
    *ret = lima_posix_stream_new(fd, LIMA_POSIX_SOCKET);
    lima_posix_stream_set_watched(*ret);
    return true;
}

static bool is_full(lima_listener *listener)
{
    if (listener->open_count < LIMA_LISTENER_CONNECTIONS_MAX)
        return false;
    complain(listener, "too many open connections, closing the newest");
    return true;
}

/* Looks at the pending connections with news, oldest first; true: *ret is one of them. Dropping one moves the
 * later entries but not their slots, so the two are counted apart. */
static bool serve_pending(lima_listener *listener, const watch_list *list, lima_stream **ret)
{
    unsigned count = listener->pending_count;
    unsigned index = 0;

    for (unsigned slot = 0; slot < count; slot++) {
        char byte;
        if (!list->fds[SLOT_PENDING + slot].revents) {
            index++;
            continue;
        }
        ssize_t n = recv(listener->pending[index].fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            index++;
        else if (n <= 0 || is_full(listener))
            drop_pending(listener, index, true);
        else
            return hand_out(listener, index, ret);
    }
    return false;
}

static bool is_same_user(lima_listener *listener, int fd)
{
    uid_t peer;

    if (!lima_posix_peer_uid(fd, &peer) && peer == geteuid())
        return true;
    complain(listener, "refused a connection from another user");
    return false;
}

static bool accept_one(lima_listener *listener, lima_err *err)
{
    int fd = lima_posix_accept(listener->fd);

    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
        listener->rest_until = lima_clock_in(REST_MS);
        return true;
    }
    if (fd < 0) /* the peer has given up already, or a signal came */
        return errno == EAGAIN || errno == ECONNABORTED || errno == EINTR || errno == EPROTO
               || lima_posix_fail(err, errno, "socket '%s': accept", listener->path);
    if (!is_same_user(listener, fd)) {
        close(fd);
        return true;
    }
    if (listener->pending_count == LIMA_LISTENER_PENDING_MAX)
        drop_pending(listener, 0, true);
    listener->pending[listener->pending_count++] =
        (pending){.fd = fd, .until = lima_clock_in(LIMA_LISTENER_FIRST_BYTE_MS)};
    return true;
}

/* When to look again although nothing happens: at the end of a rest, or of the oldest one's patience. */
static lima_deadline next_look(const lima_listener *listener, lima_deadline deadline)
{
    lima_deadline at = deadline;

    if (listener->pending_count > 0 && listener->pending[0].until < at)
        at = listener->pending[0].until;
    if (listener->rest_until > lima_clock_now() && listener->rest_until < at)
        at = listener->rest_until;
    return at;
}

/* Waits once and does what is to be done. True: *ret_done tells whether there is a connection. */
static bool step(lima_listener *listener, lima_deadline deadline, lima_wake *wake, lima_stream **ret,
                 bool *ret_done, lima_err *err)
{
    watch_list list;
    lima_err failed;

    drop_silent(listener);
    list_watched(listener, &list);
    if (!lima_posix_poll(list.fds, list.count, next_look(listener, deadline), wake, &failed)) {
        if (failed.code == LIMA_CODE_DEADLINE_EXCEEDED && lima_clock_now() < deadline)
            return true;
        return lima_err_set(err, failed.code, "socket '%s': %s", listener->path, failed.text);
    }
    forget_ended(listener, &list);
    *ret_done = serve_pending(listener, &list, ret);
    return *ret_done || !list.fds[SLOT_LISTENING].revents || accept_one(listener, err);
}

bool lima_listener_accept(lima_listener *listener, lima_deadline deadline, lima_wake *wake, lima_stream **ret,
                          lima_err *err)
{
    bool done = false;

    /* What has arrived by the deadline is still served, but a flood of silent connections does not keep us
     * here. */
    for (unsigned late = 0; !done && late <= LIMA_LISTENER_PENDING_MAX; late += deadline <= lima_clock_now())
        if (!step(listener, deadline, wake, ret, &done, err))
            return false;
    return done || lima_err_set(err, LIMA_CODE_DEADLINE_EXCEEDED, "socket '%s': timed out", listener->path);
}

static unsigned connections(lima_listener *listener)
{
    struct pollfd fds[LIMA_LISTENER_CONNECTIONS_MAX];
    unsigned ended = 0;

    lima_monitor_enter(listener->monitor);
    unsigned count = listener->open_count;
    for (unsigned i = 0; i < count; i++)
        fds[i] = (struct pollfd){.fd = listener->open[i], .events = POLLHUP};
    if (poll(fds, count, 0) > 0)
        for (unsigned i = 0; i < count; i++)
            ended += has_ended(&fds[i]);
    lima_monitor_leave(listener->monitor);
    return count - ended;
}

/* Numbers of removed files are used again, but not this one's: the listening socket holds on to it. */
static bool in_place(const lima_listener *listener)
{
    struct stat at;

    return !lstat(listener->path, &at) && at.st_ino == listener->file.st_ino
           && at.st_dev == listener->file.st_dev;
}

lima_listener_state lima_listener_look(lima_listener *listener)
{
    return (lima_listener_state){.connections = connections(listener), .in_place = in_place(listener)};
}

void lima_listener_close(lima_listener *listener)
{
    if (!listener)
        return;
    if (in_place(listener))
        unlink(listener->path);
    close(listener->fd);
    while (listener->pending_count > 0)
        drop_pending(listener, 0, true);
    for (unsigned i = 0; i < listener->open_count; i++)
        close(listener->open[i]);
    lima_monitor_free(listener->monitor);
    free(listener->path);
    free(listener);
}
