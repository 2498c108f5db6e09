/* One gRPC call of a client, with a completion queue of its own: the thread that waits for an answer is
 * the one that polls the connection, so an answer costs no switch between threads. Inside core/rpc only.
 *
 * Batches are known by bits. A call is used by one thread at a time; only lima_client_close of another
 * thread may cancel it. */
#pragma once

#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>

#include "rpc/client.h"

typedef enum lima_exchange_batch {
    LIMA_EXCHANGE_SEND = 1,    /* request, end of requests */
    LIMA_EXCHANGE_HEADERS = 2, /* of the reply */
    LIMA_EXCHANGE_MESSAGE = 4, /* the next reply message: `reply`, NULL at the end */
    LIMA_EXCHANGE_STATUS = 8,  /* the end: `status`, `details` */
} lima_exchange_batch;

typedef struct lima_exchange {
    lima_client *client; /* a reference */
    grpc_call *call;
    grpc_completion_queue *queue;
    unsigned pending; /* batches that are under way */
    grpc_metadata_array headers, trailers;
    grpc_byte_buffer *reply; /* owned */
    grpc_status_code status;
    grpc_slice details;
    struct lima_exchange *next; /* of the client's calls */
} lima_exchange;

/* `ret` must stay where it is until the end. */
bool lima_exchange_begin(lima_client *client, const char *path, lima_deadline deadline, lima_exchange *ret,
                         lima_err *err);
/* Posts those batches as one; `request` counts with LIMA_EXCHANGE_SEND. */
void lima_exchange_post(lima_exchange *call, unsigned batches, const void *request, size_t len);
/* Waits until none of those batches is under way. Deadline (DEADLINE_EXCEEDED) and wake (CANCELLED) leave
 * them under way: wait again later, or end the call. */
bool lima_exchange_wait(lima_exchange *call, unsigned batches, lima_deadline deadline, lima_wake *wake,
                        lima_err *err);
/* The received message, added to `ret`; the call's `reply` is gone afterwards. */
bool lima_exchange_take(lima_exchange *call, lima_buf *ret, lima_err *err);
/* The received status as err: true when it is OK. */
bool lima_exchange_status(const lima_exchange *call, lima_err *err);
/* Cancels what is under way and frees everything. */
void lima_exchange_end(lima_exchange *call);

/* Of client.c: a call joins its client, or finds it closed; and leaves it. */
bool lima_exchange_join(lima_client *client, lima_exchange *call, const char *path, lima_deadline deadline,
                        lima_err *err);
void lima_exchange_leave(lima_client *client, lima_exchange *call);
