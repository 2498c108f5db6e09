#include "lima_test.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static jmp_buf after_abort;

static void on_abort(int number)
{
    (void)number;
    longjmp(after_abort, 1);
}

/* Whether `run` ends in abort(). */
static bool aborts(void (*run)(void))
{
    void (*before)(int) = signal(SIGABRT, on_abort);
    bool aborted = true;
    if (!setjmp(after_abort)) {
        run();
        aborted = false;
    }
    signal(SIGABRT, before);
    return aborted;
}

static void zalloc__gives_zeros(void **state)
{
    (void)state;
    unsigned char *memory = lima_mem_zalloc(100, 3);
    for (int i = 0; i < 300; i++)
        assert_int_equal(memory[i], 0);
    free(memory);
}

static void zero_sizes__give_memory(void **state)
{
    (void)state;
    void *none = lima_mem_zalloc(0, 8), *nothing = lima_mem_zalloc(8, 0),
         *resized = lima_mem_resize(NULL, 0, 0);
    assert_non_null(none);
    assert_non_null(nothing);
    assert_non_null(resized);
    free(none);
    free(nothing);
    free(resized);
}

static void resize__keeps_content(void **state)
{
    (void)state;
    char *text = lima_mem_strdup("abc");
    text = lima_mem_resize(text, 1000, 2);
    assert_string_equal(text, "abc");
    free(text);
}

static void overflow_zalloc(void)
{
    free(lima_mem_zalloc(SIZE_MAX / 2, 3));
}

static void overflow_resize(void)
{
    free(lima_mem_resize(NULL, 3, SIZE_MAX / 2));
}

static void overflow__ends_the_program(void **state)
{
    (void)state;
    assert_true(aborts(overflow_zalloc));
    assert_true(aborts(overflow_resize));
}

static void strdup__of_null__is_null(void **state)
{
    (void)state;
    assert_null(lima_mem_strdup(NULL));
}

static void strndup__takes_exactly_len(void **state)
{
    (void)state;
    const char raw[3] = {'a', 'b', 'c'}; /* no NUL: reading on would be seen by ASan */
    char *text = lima_mem_strndup(raw, 3);
    assert_string_equal(text, "abc");
    free(text);
    text = lima_mem_strndup(NULL, 0);
    assert_string_equal(text, "");
    free(text);
}

static void printf__any_length(void **state)
{
    (void)state;
    char *text = lima_mem_printf("%s-%05d", "x", 42);
    assert_string_equal(text, "x-00042");
    free(text);
    text = lima_mem_printf("%*s", 100000, "end");
    assert_int_equal(strlen(text), 100000);
    assert_string_equal(text + 100000 - 3, "end");
    free(text);
}

static void is_zero__every_byte_counts(void **state)
{
    char bytes[5] = {0};
    (void)state;
    assert_true(lima_mem_is_zero(bytes, sizeof bytes));
    assert_true(lima_mem_is_zero("x", 0));
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = 1;
        assert_false(lima_mem_is_zero(bytes, sizeof bytes));
        bytes[i] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zalloc__gives_zeros),      cmocka_unit_test(zero_sizes__give_memory),
        cmocka_unit_test(resize__keeps_content),    cmocka_unit_test(overflow__ends_the_program),
        cmocka_unit_test(strdup__of_null__is_null), cmocka_unit_test(strndup__takes_exactly_len),
        cmocka_unit_test(printf__any_length),       cmocka_unit_test(is_zero__every_byte_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
