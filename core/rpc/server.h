/* The gRPC server: the service Driver over the instances of one process, and further services beside it.
 *
 * Connections come from a listener (own sockets, own checks: os/listener.h) or one by one; gRPC opens no
 * socket. Methods that cannot block are answered on the thread that polls the connections, all others on
 * bounded pools of their own: reading ones are never behind changing ones.
 *
 * What a peer can cost, whatever it sends:
 *   connections                    LIMA_LISTENER_CONNECTIONS_MAX; silent ones are closed (os/listener.h)
 *   a peer that stalls mid-frame   closed after LIMA_SERVER_PING_MS + LIMA_SERVER_PING_ANSWER_MS: it does not answer the ping
 *   a call without its request, or whose
 *   answer is not read             ends after LIMA_SERVER_REQUEST_MS, seen at the next look (LIMA_LIFECYCLE_CHECK_MS)
 *   calls under way                LIMA_SERVER_STREAMS_MAX on a connection, LIMA_SERVER_CALLS_MAX in all; more: RESOURCE_EXHAUSTED at once
 *   message and header size        LIMA_MESSAGE_MAX, LIMA_SERVER_HEADER_MAX
 *   threads                        the pools' sizes; what neither thread nor queue takes is RESOURCE_EXHAUSTED at once
 * So no peer makes another one wait longer than LIMA_SERVER_REQUEST_MS and one look for a free call, and none
 * at all for Info or ForwardGuestAgent while calls are free. Peers of other users do not get in. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "driver/controls.h"
#include "os/listener.h"
#include "rpc/generation.h"
#include "rpc/messages.h"
#include "rpc/service.h"

enum {
    LIMA_SERVER_CALLS_MAX = 256,
    LIMA_SERVER_STREAMS_MAX = 64,
    LIMA_SERVER_HEADER_MAX = 8 * 1024,
    LIMA_SERVER_REQUEST_MS = 10000,
    LIMA_SERVER_PING_MS =
        10000, /* a silent connection is pinged; also the least distance of a client's own pings */
    LIMA_SERVER_PING_ANSWER_MS = 30000,
    LIMA_SERVER_READERS = 8, /* threads for Validate, Configure, SSHAddress, … */
    LIMA_SERVER_READERS_QUEUE = 64,
    LIMA_SERVER_CHANGERS = 36, /* threads for Create, CreateDisk, Stop, …: more than wait on one instance */
    LIMA_SERVER_SESSIONS = 16, /* threads for Start, each for the life of a VM */
    LIMA_SERVER_CANCEL_MS = 1000, /* between cancelling what is left at the end and dropping it */
};

typedef struct lima_server lima_server;

typedef struct lima_server_config {
    lima_controls *controls; /* must outlive the server */
    lima_process_contract contract;
    const lima_service *const *services; /* NULL-terminated; NULL: none */
    /* Raised when limactl has no more use for this server: the answer is out of its own Stop, after which it
     * ends its server, which on Windows it cannot (2.1 waits 10 s there, with its log open); or of a Delete
     * from 2.2 or newer. NULL: nobody wants to know. */
    lima_wake *last;
    /* Called before the answer to a Delete that has succeeded goes out: limactl then removes the instance
     * folder at once, which Windows refuses while anybody has a file in it open. NULL: nothing to let go
     * of. */
    void (*let_go)(void *arg);
    void *let_go_arg;
} lima_server_config;

typedef struct lima_server_state {
    unsigned calls;  /* under way */
    uint64_t called; /* lima_clock_now when a call last began or ended; 0: never */
    bool deleted;    /* a Delete has succeeded, and its answer is out */
} lima_server_state;

/* Starts serving; RESOURCE_EXHAUSTED without threads. */
bool lima_server_new(const lima_server_config *config, lima_server **ret, lima_err *err);
/* Accepts from `listener`, which must outlive the server, in a thread of its own. Once. */
bool lima_server_listen(lima_server *server, lima_listener *listener, lima_err *err);
void lima_server_add(lima_server *server, lima_stream *stream); /* takes it over */
/* What goes on. Also ends calls whose client neither sends nor reads, so call it every other second. */
void lima_server_look(lima_server *server, lima_server_state *ret);
/* Accepts no more; the listener may be closed then. */
void lima_server_end_accepting(lima_server *server);
/* No new calls; those under way may go on for grace_ms, then they are cancelled. Returns when all are done
 * and frees the server. False: a callback of the driver did not return even so; then nothing is freed: the
 * process should end without further ado, or this be called again. NULL does nothing. */
bool lima_server_stop(lima_server *server, uint32_t grace_ms);
