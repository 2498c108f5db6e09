/* Internal to the server: one gRPC call from arrival to its last tag. */
#pragma once

#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <stdatomic.h>

#include "os/thread.h"
#include "rpc/pool.h"
#include "rpc/server.h"

typedef struct server_call server_call;

/* Batches; the tag of each is a server_tag inside the call. */
typedef enum server_batch {
    BATCH_NEW = 0,
    BATCH_CLOSE,
    BATCH_MESSAGE,
    BATCH_SEND,
    BATCH_STATUS,
    BATCHES
} server_batch;

typedef struct server_tag {
    server_batch what;
    server_call *call;
} server_tag;

struct server_call {
    lima_server *server;
    atomic_uint refs; /* one per batch under way, and one for whoever handles the call */
    server_tag tags[BATCHES];
    grpc_call *call;
    grpc_call_details details;
    grpc_metadata_array metadata;
    grpc_byte_buffer *request;
    int closed_early;          /* RECV_CLOSE_ON_SERVER's answer */
    const lima_method *method; /* one of the two, or neither */
    const lima_service_method *service_method;
    uint64_t began;
    bool headers_sent;
    bool at_once; /* answered where it arrives: CLOSE comes with STATUS */
    bool delete_ok;
    bool last_ok; /* after it limactl has no use for this server */
    /* guarded by the server's monitor: */
    server_call *next, *previous; /* server->live */
    bool received, gone, sending;
    uint64_t finished;       /* when its status was handed to gRPC; 0: not yet */
    lima_call *control_call; /* to be cancelled with this one */
};

struct lima_server {
    lima_server_config config;
    grpc_server *grpc;
    grpc_completion_queue *queue, *empty_queue;
    lima_thread *poller, *acceptor;
    lima_pool *readers, *changers, *sessions;
    lima_listener *listener;
    lima_wake *stop_accepting;
    lima_monitor *monitor; /* guards what follows */
    server_call *live;
    unsigned live_count;
    uint64_t called;
    bool deleted, stopping, shut_down;
};

/* Posts a request for the next call. */
void lima_server_call_await(lima_server *server);
/* A tag has come back. */
void lima_server_call_event(server_tag *tag, bool success);

/* ---- between server_call.c and server_answer.c ---- */

/* Posts a batch, which holds a reference until its tag is back. */
void lima_server_call_post(server_call *call, server_batch what, const grpc_op *ops, size_t count);
void lima_server_call_unref(server_call *call);
grpc_op lima_server_call_close_op(server_call *call);
/* Like lima_server_call_send, without waiting: one message may be under way. */
void lima_server_call_pass(server_call *call, const lima_buf *message);

/* ---- for handlers; the handler owns one reference, which lima_server_call_finish gives back ---- */

/* The request's bytes as one slice; the caller unrefs it. */
grpc_slice lima_server_call_take_request(server_call *call);
/* The last thing: the reply (NULL: none) and the status. */
void lima_server_call_finish(server_call *call, const lima_buf *reply, lima_code code, const char *text);
/* One message of a stream; returns when gRPC has taken it, or the client has gone. Blocks: only from a pool's
 * thread. */
void lima_server_call_send(server_call *call, const lima_buf *message);
/* Ties the fate of `control_call` to that of the client, until it is NULL again. */
void lima_server_call_tie(server_call *call, lima_call *control_call);
lima_generation lima_server_call_generation(const server_call *call);
bool lima_server_call_of_limactl(const server_call *call);

/* methods.c: the service Driver. Inline methods are answered at once; all others later, by a pool's
 * thread. */
bool lima_server_is_inline(const lima_method *method);
/* Takes the handler's reference over. */
void lima_server_dispatch(server_call *call);
