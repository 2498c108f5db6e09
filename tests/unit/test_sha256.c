#include "lima_test.h"

#include <stdio.h>
#include <string.h>

#include "base/sha256.h"

static void check(const void *const pieces[], const size_t lens[], size_t count, const char *expected)
{
    uint8_t digest[LIMA_SHA256_LEN];
    char shown[2 * LIMA_SHA256_LEN + 1];
    lima_sha256(pieces, lens, count, digest);
    for (int i = 0; i < LIMA_SHA256_LEN; i++)
        snprintf(shown + 2 * i, 3, "%02x", digest[i]);
    assert_string_equal(shown, expected);
}

/* FIPS 180-4 examples. */
static void known_texts(void **state)
{
    (void)state;
    check((const void *const[]){"abc"}, (const size_t[]){3}, 1,
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check(NULL, NULL, 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* Lengths around the edges of blocks and padding, of the bytes 0, 1, 2, …; digests by Python's hashlib. */
static void lengths_around_block_edges(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        const char *digest;
    } CASES[] = {
        {0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
        {3, "ae4b3280e56e2faf83f414a6e3dabe9d5fbe18976544c05fed121accb85b53fc"},
        {55, "463eb28e72f82e0a96c0a4cc53690c571281131f672aa229e0d45ae59b598b59"},
        {56, "da2ae4d6b36748f2a318f23e7ab1dfdf45acdc9d049bd80e59de82a60895f562"},
        {57, "2fe741af801cc238602ac0ec6a7b0c3a8a87c7fc7d7f02a3fe03d1c12eac4d8f"},
        {63, "29af2686fd53374a36b0846694cc342177e428d1647515f078784d69cdb9e488"},
        {64, "fdeab9acf3710362bd2658cdc9a29e8f9c757fcf9811603a8c447cd1d9151108"},
        {65, "4bfd2c8b6f1eec7a2afeb48b934ee4b2694182027e6d0fc075074f2fabb31781"},
        {119, "da18797ed7c3a777f0847f429724a2d8cd5138e6ed2895c3fa1a6d39d18f7ec6"},
        {120, "f52b23db1fbb6ded89ef42a23ce0c8922c45f25c50b568a93bf1c075420bbb7c"},
        {128, "471fb943aa23c511f6f72f8d1652d9c880cfa392ad80503120547703e56a2be5"},
        {1000, "a8af099bf2e878609558dbf69d8f88f4a31040a8cf84b549a0cfa912f12ffc3f"},
    };
    uint8_t bytes[1000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        check((const void *const[]){bytes}, &CASES[i].len, 1, CASES[i].digest);
}

/* The same 1000 bytes, cut into three pieces everywhere. */
static void pieces__make_no_difference(void **state)
{
    (void)state;
    uint8_t bytes[1000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    for (size_t cut = 0; cut <= 900; cut += 7)
        check((const void *const[]){bytes, bytes + cut, bytes + cut + 100},
              (const size_t[]){cut, 100, 900 - cut}, 3,
              "a8af099bf2e878609558dbf69d8f88f4a31040a8cf84b549a0cfa912f12ffc3f");
    check((const void *const[]){"ab", NULL, "c"}, (const size_t[]){2, 0, 1}, 3,
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_texts),
        cmocka_unit_test(lengths_around_block_edges),
        cmocka_unit_test(pieces__make_no_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
