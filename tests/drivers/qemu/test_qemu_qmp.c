/* The QMP client against a scripted peer on the other end of a stream pair. */
#include "unit/qemu/qemu_test.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/path.h"
#include "folder.h"
#include "os/clock.h"
#include "os/thread.h"
#include "qemu/qmp.h"

#define GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n"
#define READY GREETING "{\"return\": {}, \"id\": 1}\r\n"

/* Everything the peer will ever say is written ahead; then it hangs up, or stays silent. */
static lima_stream *script(const char *text, bool hang_up, lima_stream **ret_peer)
{
    lima_stream *ours = NULL, *peer = NULL;
    assert_ok(lima_stream_pair(&ours, &peer, &err));
    assert_ok(lima_stream_write(peer, text, strlen(text), lima_clock_in(10000), NULL, &err));
    if (hang_up)
        lima_stream_end_write(peer);
    *ret_peer = peer;
    return ours;
}

static bool open_script(const char *text, bool hang_up, uint64_t ms, lima_stream **ret_peer, qemu_qmp **ret,
                        lima_err *err)
{
    return lima_qemu_qmp_adopt(script(text, hang_up, ret_peer), "qmp.sock", lima_clock_in(ms), NULL, ret,
                               err);
}

static bool call(qemu_qmp *qmp, lima_json **ret, lima_err *err)
{
    return lima_qemu_qmp_call(qmp, "query-name", NULL, lima_clock_in(10000), NULL, ret, err);
}

static void open__greeting__ready(void **state)
{
    lima_stream *peer = NULL;
    qemu_qmp *qmp = NULL;
    char sent[256] = {0};
    size_t len;
    (void)state;
    assert_ok(open_script(READY, false, 10000, &peer, &qmp, &err));
    assert_ok(lima_stream_read(peer, sent, sizeof sent - 1, lima_clock_in(10000), NULL, &len, &err));
    assert_string_equal(sent, "{\"execute\":\"qmp_capabilities\",\"id\":1}\n");
    lima_qemu_qmp_close(qmp);
    lima_stream_close(peer);
}

static void open__silence__deadline_names_the_reasons(void **state)
{
    lima_stream *peer = NULL;
    qemu_qmp *qmp = NULL;
    (void)state;
    assert_err(open_script("", false, 30, &peer, &qmp, &err), LIMA_CODE_DEADLINE_EXCEEDED, "hangs",
               "another program");
    assert_null(qmp);
    lima_stream_close(peer);
}

static void open__hangs_up__unavailable(void **state)
{
    lima_stream *peer = NULL;
    qemu_qmp *qmp = NULL;
    (void)state;
    assert_err(open_script("", true, 10000, &peer, &qmp, &err), LIMA_CODE_UNAVAILABLE, "closed");
    lima_stream_close(peer);
}

static void open__not_qmp__shows_it(void **state)
{
    static const char *const texts[] = {"hello\n", "{\"return\": {}}\n", "[]\n", "{\"QMP\": 3}\n", "\n"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        lima_stream *peer = NULL;
        qemu_qmp *qmp = NULL;
        assert_err(open_script(texts[i], true, 10000, &peer, &qmp, &err), LIMA_CODE_DATA_LOSS, "protocol");
        lima_stream_close(peer);
    }
}

static void call__events_and_foreign_answers__are_skipped(void **state)
{
    lima_stream *peer = NULL;
    qemu_qmp *qmp = NULL;
    lima_json *answer = NULL;
    (void)state;
    assert_ok(open_script(
        READY
        "{\"event\": \"STOP\", \"id\": 2}\r\n{\"return\": {\"name\": \"old\"}, \"id\": 1}\n"
        "{\"return\": {\"name\": \"none\"}}\n{\"error\": {\"class\": \"X\", \"desc\": \"old\"}, \"id\": 1}\n"
        "{\"return\": {\"name\": \"new\"}, \"id\": 2}\n",
        false, 10000, &peer, &qmp, &err));
    assert_ok(call(qmp, &answer, &err));
    assert_string_equal(lima_json_str(answer, "", "name"), "new");
    lima_json_free(answer);
    lima_qemu_qmp_close(qmp);
    lima_stream_close(peer);
}

static void call__refused__has_qemus_text_and_goes_on(void **state)
{
    lima_stream *peer = NULL;
    qemu_qmp *qmp = NULL;
    (void)state;
    assert_ok(open_script(READY
                          "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no way\"}, \"id\": 2}\n"
                          "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"what\"}, \"id\": 3}\n"
                          "{\"error\": {\"class\": \"DeviceNotFound\", \"desc\": \"where\"}, \"id\": 4}\n"
                          "{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON parse error\"}}\n"
                          "{\"return\": {}, \"id\": 6}\n",
                          false, 10000, &peer, &qmp, &err));
    assert_err(call(qmp, NULL, &err), LIMA_CODE_UNKNOWN, "query-name", "no way");
    assert_err(call(qmp, NULL, &err), LIMA_CODE_UNIMPLEMENTED, "what");
    assert_err(call(qmp, NULL, &err), LIMA_CODE_NOT_FOUND, "where");
    assert_err(call(qmp, NULL, &err), LIMA_CODE_UNKNOWN, "JSON parse error");
    assert_ok(call(qmp, NULL, &err));
    lima_qemu_qmp_close(qmp);
    lima_stream_close(peer);
}

static void call__nonsense__and_all_later_ones_fail(void **state)
{
    lima_stream *peer = NULL;
    qemu_qmp *qmp = NULL;
    (void)state;
    assert_ok(open_script(READY "}{\n{\"return\": {}, \"id\": 3}\n", false, 10000, &peer, &qmp, &err));
    assert_err(call(qmp, NULL, &err), LIMA_CODE_DATA_LOSS, "}{");
    assert_err(call(qmp, NULL, &err), LIMA_CODE_UNAVAILABLE, "step");
    lima_qemu_qmp_close(qmp);
    lima_stream_close(peer);
}

static void call__qemu_goes__unavailable(void **state)
{
    lima_stream *peer = NULL;
    qemu_qmp *qmp = NULL;
    (void)state;
    assert_ok(open_script(READY "{\"return\": {}, \"id\"", true, 10000, &peer, &qmp, &err));
    assert_err(call(qmp, NULL, &err), LIMA_CODE_UNAVAILABLE, "closed");
    lima_qemu_qmp_close(qmp);
    lima_stream_close(peer);
}

static void call__woken__cancelled(void **state)
{
    lima_stream *peer = NULL;
    qemu_qmp *qmp = NULL;
    lima_wake *wake = lima_wake_new();
    (void)state;
    assert_ok(open_script(READY, false, 10000, &peer, &qmp, &err));
    lima_wake_raise(wake);
    assert_err(lima_qemu_qmp_call(qmp, "quit", NULL, lima_clock_in(10000), wake, NULL, &err),
               LIMA_CODE_CANCELLED, "");
    lima_qemu_qmp_close(qmp);
    lima_stream_close(peer);
    lima_wake_free(wake);
}

static void open__no_socket__not_found(void **state)
{
    qemu_qmp *qmp = NULL;
    (void)state;
    assert_err(lima_qemu_qmp_open("/nowhere/qmp.sock", lima_clock_in(10000), NULL, &qmp, &err),
               LIMA_CODE_NOT_FOUND, "/nowhere/qmp.sock");
}

/* Listens, takes nobody, and has no place left for another who waits. */
static int listen_full(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    lima_stream *waiting[4] = {NULL};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 0) == 0);
    for (size_t i = 0; i < 4; i++) {
        lima_stream_connect(path, lima_clock_in(1), &waiting[i], NULL);
        lima_stream_close(waiting[i]); /* keeps its place in the queue */
    }
    return fd;
}

static void raise_soon(void *wake)
{
    lima_wake_wait(NULL, lima_clock_in(50)); /* so that it usually meets the wait; it ends in any case */
    lima_wake_raise(wake);
}

static void open__no_place_and_woken__cancelled(void **state)
{
    char *folder = test_folder_make(), *path = lima_path_join(folder, "qmp.sock");
    int fd = listen_full(path);
    lima_wake *wake = lima_wake_new();
    lima_thread *thread = NULL;
    qemu_qmp *qmp = NULL;
    (void)state;
    assert_ok(lima_thread_start("raise", raise_soon, wake, &thread, &err));
    assert_err(lima_qemu_qmp_open(path, lima_clock_in(20000), wake, &qmp, &err), LIMA_CODE_CANCELLED, "");
    lima_thread_join(thread);
    assert_err(lima_qemu_qmp_open(path, lima_clock_in(1), NULL, &qmp, &err), LIMA_CODE_DEADLINE_EXCEEDED,
               "is the instance running?");
    lima_wake_free(wake);
    close(fd);
    free(path);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open__greeting__ready),
        cmocka_unit_test(open__silence__deadline_names_the_reasons),
        cmocka_unit_test(open__hangs_up__unavailable),
        cmocka_unit_test(open__not_qmp__shows_it),
        cmocka_unit_test(call__events_and_foreign_answers__are_skipped),
        cmocka_unit_test(call__refused__has_qemus_text_and_goes_on),
        cmocka_unit_test(call__nonsense__and_all_later_ones_fail),
        cmocka_unit_test(call__qemu_goes__unavailable),
        cmocka_unit_test(call__woken__cancelled),
        cmocka_unit_test(open__no_socket__not_found),
        cmocka_unit_test(open__no_place_and_woken__cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
