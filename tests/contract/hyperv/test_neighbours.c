/* win/neighbours.h: who is not there is told as such; who is cannot be known here. */
#include "../support.h"

#include "win/neighbours.h"

static void find__nobody_has_that_mac__not_found_and_untouched(void **state)
{
    char address[LIMA_IPV4_SIZE] = "before";

    (void)state;
    assert_fails(LIMA_CODE_NOT_FOUND, lima_neighbour_find("52:55:55:00:00:01", address, err));
    assert_string_equal(address, "before");
}

static void resolve__nobody_has_that_name__not_found_and_untouched(void **state)
{
    char address[LIMA_IPV4_SIZE] = "before";

    (void)state;
    assert_fails(LIMA_CODE_NOT_FOUND,
                 lima_neighbour_resolve("no-such-name.invalid", patience(), NULL, address, err));
    assert_string_equal(address, "before");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(find__nobody_has_that_mac__not_found_and_untouched),
        cmocka_unit_test(resolve__nobody_has_that_name__not_found_and_untouched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
