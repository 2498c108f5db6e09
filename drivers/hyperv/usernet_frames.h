/* Ethernet frames on a stream of bytes, as the guest's helper and we send them: each behind its length, 32 bits, most
 * significant byte first (the form of QEMU's stream sockets). Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HYPERV_USERNET_MTU = 65520, /* what goes over it is no wire: the larger, the fewer turns */
    HYPERV_FRAME_MIN = 14,
    HYPERV_FRAME_MAX = HYPERV_USERNET_MTU + HYPERV_FRAME_MIN + 4,
    HYPERV_FRAME_HEAD = 4,
    HYPERV_FRAMES_BYTES = 4 * (HYPERV_FRAME_HEAD + HYPERV_FRAME_MAX),
};

/* What came in and was not used yet; {0} is empty. */
typedef struct hyperv_frames {
    uint8_t *bytes; /* HYPERV_FRAMES_BYTES, owned; NULL: none yet */
    size_t at, len; /* used up to `at`, filled up to `len` */
} hyperv_frames;

/* Where to read to; never 0 when all frames were taken. Ends what lima_hyperv_frames_next gave. */
uint8_t *lima_hyperv_frames_room(hyperv_frames *frames, size_t *ret_len);
void lima_hyperv_frames_filled(hyperv_frames *frames, size_t len);

typedef enum hyperv_frames_found {
    HYPERV_FRAMES_NONE = 0, /* not whole yet */
    HYPERV_FRAMES_ONE,
    HYPERV_FRAMES_BAD, /* a length that no frame has: nothing behind it can be understood */
} hyperv_frames_found;
/* *ret_frame is valid until lima_hyperv_frames_room. */
hyperv_frames_found lima_hyperv_frames_next(hyperv_frames *frames, const uint8_t **ret_frame,
                                            size_t *ret_len);
void lima_hyperv_frames_free(hyperv_frames *frames);

/* What is to go out; bounded: what finds no room is dropped, as a network does. {0} is empty. */
enum { HYPERV_QUEUE_BYTES = 2 << 20 };
typedef struct hyperv_queue {
    uint8_t *bytes; /* HYPERV_QUEUE_BYTES, owned; NULL: none yet */
    size_t at, len;
} hyperv_queue;

bool lima_hyperv_queue_add(hyperv_queue *queue, const void *frame, size_t len);     /* false: dropped */
const uint8_t *lima_hyperv_queue_front(const hyperv_queue *queue, size_t *ret_len); /* *ret_len 0: empty */
void lima_hyperv_queue_sent(hyperv_queue *queue, size_t len);
void lima_hyperv_queue_free(hyperv_queue *queue);
