/* A link with libslirp behind it, and a guest that the test plays; also on Windows, where it is win/sockets.h's test. More of
 * what a guest finds is in tests/drivers/hyperv/usernet.py. */
#include "hyperv/usernet_link.h"

#include <stdlib.h>
#include <string.h>

#include "hyperv/usernet_frames.h"
#include "lima_test.h"
#include "os/clock.h"
#include "win/tcp.h"

enum { PATIENCE_MS = 60000, ETHER = 14, IP = 20, SYN = 2, RST = 4, ACK = 16, OUR_PORT = 5000, PORTS = 2000 };

#define GUEST "\xc0\xa8\x05\x0f"
#define GATEWAY "\xc0\xa8\x05\x02"
#define GUEST_MAC "\x52\x55\x55\x01\x02\x03"
#define GATEWAY_MAC "\x52\x55\xc0\xa8\x05\x02"

typedef struct fixture {
    lima_stream *guest;
    hyperv_link *link;
} fixture;

static int set_up(void **state)
{
    static fixture made;
    lima_stream *host = NULL;

    made = (fixture){0};
    assert_true(lima_stream_pair(&host, &made.guest, NULL));
    assert_true(lima_hyperv_link_open(host, &made.link, NULL));
    *state = &made;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;

    lima_hyperv_link_close(f->link);
    lima_stream_close(f->guest);
    return 0;
}

/* ---- frames ---- */

static void say(fixture *f, const uint8_t *frame, size_t len)
{
    const uint8_t head[HYPERV_FRAME_HEAD] = {0, 0, (uint8_t)(len >> 8), (uint8_t)len};

    assert_true(lima_stream_write(f->guest, head, sizeof head, lima_clock_in(PATIENCE_MS), NULL, NULL));
    assert_true(lima_stream_write(f->guest, frame, len, lima_clock_in(PATIENCE_MS), NULL, NULL));
}

static void hear_bytes(fixture *f, uint8_t *into, size_t len)
{
    for (size_t at = 0, got = 0; at < len; at += got) {
        assert_true(
            lima_stream_read(f->guest, into + at, len - at, lima_clock_in(PATIENCE_MS), NULL, &got, NULL));
        assert_true(got > 0);
    }
}

/* The next frame; cut off at `size`. */
static size_t hear(fixture *f, uint8_t *frame, size_t size)
{
    uint8_t head[HYPERV_FRAME_HEAD];

    hear_bytes(f, head, sizeof head);
    size_t len = (size_t)head[2] << 8 | head[3];
    assert_true(!head[0] && !head[1] && len >= HYPERV_FRAME_MIN && len <= size);
    hear_bytes(f, frame, len);
    return len;
}

static bool is_ended(fixture *f)
{
    uint8_t bytes[512];
    size_t len = 1;

    while (len
           && lima_stream_read(f->guest, bytes, sizeof bytes, lima_clock_in(PATIENCE_MS), NULL, &len, NULL))
        ;
    return true;
}

static size_t arp(uint8_t *frame, const char *to, uint8_t op, const char *target_mac, const char *target)
{
    memcpy(frame, to, 6);
    memcpy(frame + 6, GUEST_MAC "\x08\x06\0\1\x08\0\6\4\0", 15);
    frame[21] = op;
    memcpy(frame + 22, GUEST_MAC GUEST, 10);
    memcpy(frame + 32, target_mac, 6);
    memcpy(frame + 38, target, 4);
    return 42;
}

static uint32_t add_up(const uint8_t *bytes, size_t len, uint32_t sum)
{
    for (size_t i = 0; i < len; i++)
        sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
    return sum;
}

static void put_sum(uint8_t *at, uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    at[0] = (uint8_t)(~sum >> 8);
    at[1] = (uint8_t)~sum;
}

/* Headers around `len` bytes that stand behind them. */
static size_t wrap(uint8_t *frame, uint8_t kind, size_t len)
{
    uint8_t *head = frame + ETHER;
    const uint8_t made[12] = {0x45, 0, (uint8_t)((IP + len) >> 8), (uint8_t)(IP + len), 0, 1, 0, 0, 64, kind,
                              0,    0};

    memcpy(frame, GATEWAY_MAC GUEST_MAC "\x08\0", ETHER);
    memcpy(head, made, sizeof made);
    memcpy(head + 12, GUEST GATEWAY, 8);
    put_sum(head + 10, add_up(head, IP, 0));
    return ETHER + IP + len;
}

/* The next packet of this kind; who asks for our address is told. */
static uint8_t *hear_packet(fixture *f, uint8_t *frame, size_t size, uint8_t kind)
{
    uint8_t answer[ETHER + 28];

    for (;;) {
        hear(f, frame, size);
        if (frame[12] == 8 && frame[13] == 6 && frame[21] == 1)
            say(f, answer, arp(answer, GATEWAY_MAC, 2, GATEWAY_MAC, GATEWAY));
        if (frame[12] == 8 && frame[13] == 0 && frame[ETHER + 9] == kind)
            return frame + ETHER + 4 * (frame[ETHER] & 15);
    }
}

/* Flags of the answer to a SYN for this port of the gateway. */
static uint8_t knock(fixture *f, uint16_t port)
{
    uint8_t frame[2048] = {0}, *tcp = frame + ETHER + IP;
    const uint8_t made[20] = {OUR_PORT >> 8,
                              (uint8_t)OUR_PORT,
                              (uint8_t)(port >> 8),
                              (uint8_t)port,
                              0,
                              0,
                              0,
                              9,
                              0,
                              0,
                              0,
                              0,
                              0x50,
                              SYN,
                              0xff,
                              0xff};

    memcpy(tcp, made, sizeof made);
    put_sum(tcp + 16, add_up(tcp, sizeof made, add_up((const uint8_t *)GUEST GATEWAY "\0\6\0\x14", 12, 0)));
    say(f, frame, wrap(frame, 6, sizeof made));
    return hear_packet(f, frame, sizeof frame, 6)[13];
}

/* ---- cases ---- */

static void arp__gateway__answered(void **state)
{
    uint8_t frame[256] = {0};

    say(*state, frame, arp(frame, "\xff\xff\xff\xff\xff\xff", 1, "\0\0\0\0\0\0", GATEWAY));
    assert_true(hear(*state, frame, sizeof frame) >= 42);
    assert_memory_equal(frame, GUEST_MAC GATEWAY_MAC "\x08\x06", 14);
    assert_memory_equal(frame + 20, "\0\2" GATEWAY_MAC GATEWAY GUEST_MAC GUEST, 22);
}

static void ping__gateway__answered(void **state)
{
    uint8_t frame[256] = {0}, *icmp = frame + ETHER + IP;

    memcpy(icmp, "\x08\0\0\0\0\1\0\1hello!", 14);
    put_sum(icmp + 2, add_up(icmp, 14, 0));
    say(*state, frame, wrap(frame, 1, 14));
    icmp = hear_packet(*state, frame, sizeof frame, 1);
    assert_true(icmp[0] == 0 && !memcmp(icmp + 8, "hello!", 6));
}

static lima_tcp_listener *listen_anywhere(uint16_t *ret_port)
{
    lima_tcp_listener *made = NULL;

    *ret_port = (uint16_t)(30000 + lima_clock_now() % PORTS);
    for (int i = 0; i < PORTS && !lima_tcp_listen(*ret_port, &made, NULL); i++)
        ++*ret_port;
    assert_non_null(made);
    return made;
}

static void tcp__loopback_of_this_computer__reached(void **state)
{
    uint16_t port = 0;
    lima_tcp_listener *listener = listen_anywhere(&port);
    lima_stream *accepted = NULL;

    assert_int_equal(knock(*state, port) & (SYN | ACK | RST), SYN | ACK);
    assert_true(lima_tcp_accept(listener, lima_clock_in(PATIENCE_MS), NULL, &accepted, NULL));
    lima_stream_close(accepted);
    lima_tcp_close(listener);
}

static void tcp__nobody_listens__refused(void **state)
{
    uint16_t port = 0;

    lima_tcp_close(listen_anywhere(&port)); /* free until somebody takes it */
    assert_int_equal(knock(*state, port) & (SYN | RST), RST);
}

static void no_frame__link_ends(void **state)
{
    fixture *f = *state;

    assert_true(lima_stream_write(f->guest, "GET / HTTP/1.1", 14, lima_clock_in(PATIENCE_MS), NULL, NULL));
    assert_true(is_ended(f));
}

static void close__silent_guest__returns_and_the_guest_reads_the_end(void **state)
{
    fixture *f = *state;

    lima_hyperv_link_close(f->link);
    f->link = NULL;
    assert_true(is_ended(f));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(arp__gateway__answered),
        CASE(ping__gateway__answered),
        CASE(tcp__loopback_of_this_computer__reached),
        CASE(tcp__nobody_listens__refused),
        CASE(no_frame__link_ends),
        CASE(close__silent_guest__returns_and_the_guest_reads_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
