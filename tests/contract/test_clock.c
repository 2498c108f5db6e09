#include "lima_test.h"

#include "os/clock.h"

static void now__many_times__is_never_zero_and_never_goes_back(void **state)
{
    uint64_t last = lima_clock_now();

    (void)state;
    assert_true(last > 0);
    for (int i = 0; i < 10000; i++) {
        uint64_t now = lima_clock_now();
        assert_true(now >= last);
        last = now;
    }
}

static void in__some_time__lies_that_far_ahead(void **state)
{
    uint64_t before = lima_clock_now();
    lima_deadline at = lima_clock_in(5000);
    uint64_t after = lima_clock_now();

    (void)state;
    assert_true(at >= before + 5000 && at <= after + 5000);
}

static void in__longer_than_the_clock__is_never(void **state)
{
    (void)state;
    assert_true(lima_clock_in(UINT64_MAX) == LIMA_DEADLINE_NEVER);
    assert_true(lima_clock_in(UINT64_MAX - 1) == LIMA_DEADLINE_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(now__many_times__is_never_zero_and_never_goes_back),
        cmocka_unit_test(in__some_time__lies_that_far_ahead),
        cmocka_unit_test(in__longer_than_the_clock__is_never),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
