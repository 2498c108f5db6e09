/* Test values of RFC 3720, appendix B.4, and of the usual check string. */
#include "lima_test.h"

#include <string.h>

#include "base/crc32c.h"

static void crc32c__known_bytes__known_sums(void **state)
{
    unsigned char zeros[32] = {0}, ones[32], up[32], down[32];

    (void)state;
    memset(ones, 0xff, sizeof ones);
    for (int i = 0; i < 32; i++) {
        up[i] = (unsigned char)i;
        down[i] = (unsigned char)(31 - i);
    }
    assert_int_equal(lima_crc32c(0, zeros, sizeof zeros), 0x8A9136AA);
    assert_int_equal(lima_crc32c(0, ones, sizeof ones), 0x62A8AB43);
    assert_int_equal(lima_crc32c(0, up, sizeof up), 0x46DD794E);
    assert_int_equal(lima_crc32c(0, down, sizeof down), 0x113FDB5C);
    assert_int_equal(lima_crc32c(0, "123456789", 9), 0xE3069283);
}

static void crc32c__nothing__is_0(void **state)
{
    (void)state;
    assert_int_equal(lima_crc32c(0, "", 0), 0);
    assert_int_equal(lima_crc32c(0xE3069283, "", 0), 0xE3069283);
}

static void crc32c__in_pieces__same_as_in_one(void **state)
{
    (void)state;
    for (size_t cut = 0; cut <= 9; cut++)
        assert_int_equal(lima_crc32c(lima_crc32c(0, "123456789", cut), &"123456789"[cut], 9 - cut),
                         0xE3069283);
}

static void crc32c__any_bit_changed__another_sum(void **state)
{
    char bytes[] = "the same words";
    uint32_t sum = lima_crc32c(0, bytes, sizeof bytes);

    (void)state;
    for (size_t bit = 0; bit < sizeof bytes * 8; bit++) {
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
        assert_int_not_equal(lima_crc32c(0, bytes, sizeof bytes), sum);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc32c__known_bytes__known_sums),
        cmocka_unit_test(crc32c__nothing__is_0),
        cmocka_unit_test(crc32c__in_pieces__same_as_in_one),
        cmocka_unit_test(crc32c__any_bit_changed__another_sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
