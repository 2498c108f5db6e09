#include "hyperv/usernet_frames.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* ---- in ---- */

uint8_t *lima_hyperv_frames_room(hyperv_frames *frames, size_t *ret_len)
{
    if (!frames->bytes)
        frames->bytes = lima_mem_zalloc(HYPERV_FRAMES_BYTES, 1);
    if (frames->at)
        memmove(frames->bytes, frames->bytes + frames->at, frames->len - frames->at);
    frames->len -= frames->at;
    frames->at = 0;
    *ret_len = HYPERV_FRAMES_BYTES - frames->len;
    return frames->bytes + frames->len;
}

void lima_hyperv_frames_filled(hyperv_frames *frames, size_t len)
{
    frames->len += len;
}

static uint32_t read_length(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

hyperv_frames_found lima_hyperv_frames_next(hyperv_frames *frames, const uint8_t **ret_frame, size_t *ret_len)
{
    size_t left = frames->len - frames->at;

    if (left < HYPERV_FRAME_HEAD)
        return HYPERV_FRAMES_NONE;
    uint32_t len = read_length(frames->bytes + frames->at);
    if (len < HYPERV_FRAME_MIN || len > HYPERV_FRAME_MAX)
        return HYPERV_FRAMES_BAD;
    if (left - HYPERV_FRAME_HEAD < len)
        return HYPERV_FRAMES_NONE;
    *ret_frame = frames->bytes + frames->at + HYPERV_FRAME_HEAD;
    *ret_len = len;
    frames->at += HYPERV_FRAME_HEAD + len;
    return HYPERV_FRAMES_ONE;
}

void lima_hyperv_frames_free(hyperv_frames *frames)
{
    free(frames->bytes);
    *frames = (hyperv_frames){0};
}

/* ---- out ---- */

static void make_room(hyperv_queue *queue)
{
    if (!queue->bytes)
        queue->bytes = lima_mem_zalloc(HYPERV_QUEUE_BYTES, 1);
    memmove(queue->bytes, queue->bytes + queue->at, queue->len - queue->at);
    queue->len -= queue->at;
    queue->at = 0;
}

bool lima_hyperv_queue_add(hyperv_queue *queue, const void *frame, size_t len)
{
    const uint8_t head[HYPERV_FRAME_HEAD] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8),
                                             (uint8_t)len};

    if (len > HYPERV_FRAME_MAX)
        return false;
    if (!queue->bytes || HYPERV_QUEUE_BYTES - queue->len < sizeof head + len)
        make_room(queue);
    if (HYPERV_QUEUE_BYTES - queue->len < sizeof head + len)
        return false;
    memcpy(queue->bytes + queue->len, head, sizeof head);
    memcpy(queue->bytes + queue->len + sizeof head, frame, len);
    queue->len += sizeof head + len;
    return true;
}

const uint8_t *lima_hyperv_queue_front(const hyperv_queue *queue, size_t *ret_len)
{
    *ret_len = queue->len - queue->at;
    return *ret_len ? queue->bytes + queue->at : NULL;
}

void lima_hyperv_queue_sent(hyperv_queue *queue, size_t len)
{
    queue->at += len;
    if (queue->at == queue->len)
        queue->at = queue->len = 0;
}

void lima_hyperv_queue_free(hyperv_queue *queue)
{
    free(queue->bytes);
    *queue = (hyperv_queue){0};
}
