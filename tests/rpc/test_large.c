/* Messages far larger than what a socket takes in one go: Configure echoes its document, so each byte goes
 * both ways. On Windows this fails without the patch of gRPC that goes on after a partial write
 * (core/deps/README.md). */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "harness.h"

/* Letters without a pattern, so that a part that is lost, doubled or misplaced shows. */
static char *make_letters(size_t len)
{
    char *letters = lima_mem_zalloc(len + 1, 1);
    uint64_t state = 88172645463325252;
    for (size_t i = 0; i < len; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        letters[i] = (char)('a' + state % 26);
    }
    return letters;
}

static void echo(const harness *h, const char *letters)
{
    lima_json *reply = NULL;
    char *text = lima_mem_printf(
        "{\"name\":\"dev\",\"dir\":\"%s\",\"sshLocalPort\":2222,\"config\":{},\"letters\":\"%s\"}", h->folder,
        letters);
    call_expect(h->client, "Configure", text, LIMA_CODE_OK, &reply);
    /* not assert_string_equal, which would print them */
    assert_true(strcmp(lima_json_str(reply, "", "letters"), letters) == 0);
    lima_json_free(reply);
    free(text);
}

static void configure__ten_million_letters__come_back_whole(void **state)
{
    char *letters = make_letters(10 * 1000 * 1000);
    echo(*state, letters);
    free(letters);
}

/* Sizes around those at which a write is cut, one after the other on one connection. */
static void configure__many_sizes__come_back_whole(void **state)
{
    static const size_t sizes[] = {1, 8191, 8192, 8193, 65535, 65537, 200000, 262144, 1000003, 4194304};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *letters = make_letters(sizes[i]);
        echo(*state, letters);
        free(letters);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(configure__ten_million_letters__come_back_whole, harness_setup,
                                        harness_teardown),
        cmocka_unit_test_setup_teardown(configure__many_sizes__come_back_whole, harness_setup,
                                        harness_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
