/* What a guest sends on its network in user space, in pieces: the first byte says how large. Frames come out as they went
 * in, and pass through the queue of the other direction. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "hyperv/usernet_frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void give(hyperv_queue *queue, const uint8_t *frame, size_t len)
{
    size_t before = 0, after = 0;

    lima_hyperv_queue_front(queue, &before);
    if (!lima_hyperv_queue_add(queue, frame, len))
        return;
    const uint8_t *front = lima_hyperv_queue_front(queue, &after);
    assert(after == before + HYPERV_FRAME_HEAD + len);
    assert(!memcmp(front + before + HYPERV_FRAME_HEAD, frame, len));
    lima_hyperv_queue_sent(queue, after / 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hyperv_frames frames = {0};
    hyperv_queue queue = {0};
    size_t piece = size ? data[0] + 1u : 1, room = 0, len = 0;
    hyperv_frames_found found = HYPERV_FRAMES_NONE;

    for (size_t at = 1; at < size && found != HYPERV_FRAMES_BAD;) {
        const uint8_t *frame = NULL;
        uint8_t *into = lima_hyperv_frames_room(&frames, &room);
        size_t more = size - at < piece ? size - at : piece;
        more = more < room ? more : room;
        assert(more);
        memcpy(into, data + at, more);
        lima_hyperv_frames_filled(&frames, more);
        at += more;
        while ((found = lima_hyperv_frames_next(&frames, &frame, &len)) == HYPERV_FRAMES_ONE) {
            assert(len >= HYPERV_FRAME_MIN && len <= HYPERV_FRAME_MAX);
            give(&queue, frame, len);
        }
    }
    lima_hyperv_queue_free(&queue);
    lima_hyperv_frames_free(&frames);
    return 0;
}
