#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "hyperv/usernet_frames.h"
#include "lima_test.h"

static void put(hyperv_frames *frames, const void *bytes, size_t len)
{
    size_t room = 0;
    uint8_t *into = lima_hyperv_frames_room(frames, &room);

    assert_true(len <= room);
    memcpy(into, bytes, len);
    lima_hyperv_frames_filled(frames, len);
}

static void put_frame(hyperv_frames *frames, size_t len, uint8_t fill)
{
    uint8_t *bytes = lima_mem_zalloc(HYPERV_FRAME_HEAD + len, 1);

    bytes[1] = (uint8_t)(len >> 16);
    bytes[2] = (uint8_t)(len >> 8);
    bytes[3] = (uint8_t)len;
    memset(bytes + HYPERV_FRAME_HEAD, fill, len);
    put(frames, bytes, HYPERV_FRAME_HEAD + len);
    free(bytes);
}

static void next__whole_frames__each_once(void **state)
{
    (void)state;
    hyperv_frames frames = {0};
    const uint8_t *frame = NULL;
    size_t len = 0;

    assert_int_equal(lima_hyperv_frames_next(&frames, &frame, &len), HYPERV_FRAMES_NONE);
    put_frame(&frames, 14, 'a');
    put_frame(&frames, HYPERV_FRAME_MAX, 'b');
    assert_int_equal(lima_hyperv_frames_next(&frames, &frame, &len), HYPERV_FRAMES_ONE);
    assert_true(len == 14 && frame[0] == 'a' && frame[13] == 'a');
    assert_int_equal(lima_hyperv_frames_next(&frames, &frame, &len), HYPERV_FRAMES_ONE);
    assert_true(len == HYPERV_FRAME_MAX && frame[0] == 'b' && frame[len - 1] == 'b');
    assert_int_equal(lima_hyperv_frames_next(&frames, &frame, &len), HYPERV_FRAMES_NONE);
    lima_hyperv_frames_free(&frames);
}

static void next__byte_by_byte__found_when_whole(void **state)
{
    (void)state;
    uint8_t bytes[HYPERV_FRAME_HEAD + 20] = {0, 0, 0, 20, 7};
    hyperv_frames frames = {0};
    const uint8_t *frame = NULL;
    size_t len = 0;

    for (size_t turn = 0; turn < 3; turn++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            assert_int_equal(lima_hyperv_frames_next(&frames, &frame, &len), HYPERV_FRAMES_NONE);
            put(&frames, &bytes[i], 1);
        }
        assert_int_equal(lima_hyperv_frames_next(&frames, &frame, &len), HYPERV_FRAMES_ONE);
        assert_true(len == 20 && frame[0] == 7);
    }
    lima_hyperv_frames_free(&frames);
}

static void next__lengths_of_no_frame__bad(void **state)
{
    (void)state;
    static const uint32_t lengths[] = {0, HYPERV_FRAME_MIN - 1, HYPERV_FRAME_MAX + 1, UINT32_MAX};

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        hyperv_frames frames = {0};
        const uint8_t *frame = NULL;
        size_t len = 99;
        const uint8_t head[] = {(uint8_t)(lengths[i] >> 24), (uint8_t)(lengths[i] >> 16),
                                (uint8_t)(lengths[i] >> 8), (uint8_t)lengths[i]};
        put(&frames, head, sizeof head);
        assert_int_equal(lima_hyperv_frames_next(&frames, &frame, &len), HYPERV_FRAMES_BAD);
        assert_true(!frame && len == 99);
        lima_hyperv_frames_free(&frames);
    }
}

static void room__after_all_frames_were_taken__holds_the_largest(void **state)
{
    (void)state;
    hyperv_frames frames = {0};
    const uint8_t *frame = NULL;
    size_t len = 0, room = 0;

    for (size_t i = 0; i < 50; i++) {
        put_frame(&frames, 60000, (uint8_t)i);
        put(&frames, "\0\0\0", 3); /* the beginning of the next one */
        assert_int_equal(lima_hyperv_frames_next(&frames, &frame, &len), HYPERV_FRAMES_ONE);
        assert_true(len == 60000 && frame[59999] == (uint8_t)i);
        put(&frames, "\016aaaaaaaaaaaaaa", 15);
        assert_int_equal(lima_hyperv_frames_next(&frames, &frame, &len), HYPERV_FRAMES_ONE);
        assert_true(len == 14 && frame[13] == 'a');
        lima_hyperv_frames_room(&frames, &room);
        assert_int_equal(room, HYPERV_FRAMES_BYTES);
    }
    lima_hyperv_frames_free(&frames);
}

static void queue__full__drops_and_keeps_content(void **state)
{
    (void)state;
    hyperv_queue queue = {0};
    uint8_t *frame = lima_mem_zalloc(HYPERV_FRAME_MAX + 1, 1);
    size_t added = 0, len = 0;

    assert_null(lima_hyperv_queue_front(&queue, &len));
    assert_false(lima_hyperv_queue_add(&queue, frame, HYPERV_FRAME_MAX + 1));
    for (; lima_hyperv_queue_add(&queue, frame, 50000); added++)
        frame[0] = (uint8_t)(added + 1);
    assert_int_equal(added, HYPERV_QUEUE_BYTES / 50004);
    const uint8_t *front = lima_hyperv_queue_front(&queue, &len);
    assert_true(len == added * 50004 && !memcmp(front, "\0\0\xc3\x50\0", 5));
    lima_hyperv_queue_sent(&queue, 50004 + 2); /* what is sent makes room, wherever it ends */
    assert_true(lima_hyperv_queue_add(&queue, frame, 50000));
    front = lima_hyperv_queue_front(&queue, &len);
    assert_true(len == added * 50004 - 2 && !memcmp(front, "\xc3\x50\1", 3));
    lima_hyperv_queue_sent(&queue, len);
    assert_null(lima_hyperv_queue_front(&queue, &len));
    lima_hyperv_queue_free(&queue);
    free(frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next__whole_frames__each_once),
        cmocka_unit_test(next__byte_by_byte__found_when_whole),
        cmocka_unit_test(next__lengths_of_no_frame__bad),
        cmocka_unit_test(room__after_all_frames_were_taken__holds_the_largest),
        cmocka_unit_test(queue__full__drops_and_keeps_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
