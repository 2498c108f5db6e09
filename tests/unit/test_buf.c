#include "lima_test.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static void zero_buf__is_empty_and_takes_nothing(void **state)
{
    (void)state;
    lima_buf buf = {0};
    assert_string_equal(lima_buf_str(&buf), "");
    assert_false(lima_buf_add(&buf, "a", 1));
    assert_true(buf.full);
    lima_buf_clear(&buf);
    assert_false(buf.full);
    char *text = lima_buf_take(&buf);
    assert_string_equal(text, "");
    free(text);
    lima_buf_free(&buf);
    lima_buf_free(&buf);
}

static void add__pieces__are_joined_and_terminated(void **state)
{
    (void)state;
    lima_buf buf = LIMA_BUF(100);
    assert_true(lima_buf_add(&buf, "a\0b", 3));
    assert_true(lima_buf_add(&buf, NULL, 0));
    assert_true(lima_buf_add_str(&buf, "cd"));
    assert_true(lima_buf_addf(&buf, "%d/%s", 12, "x"));
    assert_int_equal(buf.len, 9);
    assert_memory_equal(buf.data, "a\0bcd12/x", 10);
    lima_buf_free(&buf);
}

static void add__up_to_the_limit__fits(void **state)
{
    (void)state;
    lima_buf buf = LIMA_BUF(3);
    assert_true(lima_buf_add_str(&buf, "abc"));
    assert_false(buf.full);
    assert_true(lima_buf_add_str(&buf, ""));
    lima_buf_free(&buf);
}

static void add__past_limit__fails_and_keeps_content(void **state)
{
    (void)state;
    lima_buf buf = LIMA_BUF(5);
    assert_true(lima_buf_add_str(&buf, "abc"));
    assert_false(lima_buf_add_str(&buf, "def"));
    assert_true(buf.full);
    assert_string_equal(lima_buf_str(&buf), "abc");
    assert_int_equal(buf.len, 3);
    lima_buf_free(&buf);
}

static void add__while_full__fails_even_if_it_would_fit(void **state)
{
    (void)state;
    lima_buf buf = LIMA_BUF(5);
    assert_false(lima_buf_addf(&buf, "%06d", 1));
    assert_false(lima_buf_add_str(&buf, "a"));
    assert_null(lima_buf_reserve(&buf, 1));
    assert_int_equal(buf.len, 0);
    lima_buf_clear(&buf);
    assert_true(lima_buf_add_str(&buf, "a"));
    lima_buf_free(&buf);
}

static void reserve__gives_room_that_counts_when_used(void **state)
{
    (void)state;
    lima_buf buf = LIMA_BUF(10);
    lima_buf_add_str(&buf, "ab");
    char *room = lima_buf_reserve(&buf, 8);
    assert_non_null(room);
    memcpy(room, "cdefghij", 8);
    assert_int_equal(buf.len, 2);
    buf.len += 8;
    assert_null(lima_buf_reserve(&buf, 1));
    assert_true(buf.full);
    assert_memory_equal(buf.data, "abcdefghij", 10);
    lima_buf_free(&buf);
}

static void reserve__absurd_sizes__fail(void **state)
{
    (void)state;
    lima_buf buf = LIMA_BUF(SIZE_MAX);
    assert_null(lima_buf_reserve(&buf, SIZE_MAX));
    lima_buf_clear(&buf);
    lima_buf_add_str(&buf, "abc");
    assert_null(lima_buf_reserve(&buf, SIZE_MAX - 3));
    assert_string_equal(lima_buf_str(&buf), "abc");
    lima_buf_free(&buf);
}

static void consume__drops_the_front(void **state)
{
    (void)state;
    lima_buf buf = LIMA_BUF(10);
    lima_buf_consume(&buf, 0); /* nothing there yet */
    lima_buf_add_str(&buf, "abcdef");
    lima_buf_consume(&buf, 2);
    assert_string_equal(lima_buf_str(&buf), "cdef");
    lima_buf_consume(&buf, 4);
    assert_int_equal(buf.len, 0);
    assert_true(lima_buf_add_str(&buf, "0123456789")); /* the limit is of what is there now */
    lima_buf_free(&buf);
}

static void clear__keeps_limit_and_memory(void **state)
{
    (void)state;
    lima_buf buf = LIMA_BUF(4);
    lima_buf_add_str(&buf, "abcd");
    const char *memory = buf.data;
    lima_buf_clear(&buf);
    assert_string_equal(lima_buf_str(&buf), "");
    assert_true(lima_buf_add_str(&buf, "wxyz"));
    assert_ptr_equal(buf.data, memory);
    lima_buf_free(&buf);
    assert_int_equal(buf.limit, 4);
    assert_null(buf.data);
}

static void take__leaves_it_empty_and_usable(void **state)
{
    (void)state;
    lima_buf buf = LIMA_BUF(4);
    lima_buf_add_str(&buf, "abcd");
    char *text = lima_buf_take(&buf);
    assert_string_equal(text, "abcd");
    free(text);
    assert_int_equal(buf.len, 0);
    assert_true(lima_buf_add_str(&buf, "efgh"));
    lima_buf_free(&buf);
}

/* Growth in pieces of all sizes against a plain array. */
static void add__many_sizes__match_a_model(void **state)
{
    (void)state;
    enum { LIMIT = 5000 };
    static char model[LIMIT];
    unsigned seed = 7;
    for (int round = 0; round < 20; round++) {
        lima_buf buf = LIMA_BUF(LIMIT);
        size_t len = 0;
        for (;;) {
            char piece[300];
            seed = seed * 1103515245 + 12345;
            size_t size = seed >> 16 & 0xFF;
            memset(piece, (int)('a' + size % 26), size);
            bool fits = len + size <= LIMIT;
            assert_int_equal(lima_buf_add(&buf, piece, size), fits);
            if (!fits)
                break;
            memcpy(model + len, piece, size);
            len += size;
        }
        assert_int_equal(buf.len, len);
        assert_memory_equal(buf.data, model, len);
        assert_int_equal(buf.data[len], 0);
        assert_true(buf.cap <= LIMIT + 1);
        lima_buf_free(&buf);
    }
}

static void add__byte_by_byte__grows_seldom(void **state)
{
    (void)state;
    lima_buf buf = LIMA_BUF(100000);
    int growths = 0;
    for (int i = 0; i < 100000; i++) {
        size_t before = buf.cap;
        lima_buf_add(&buf, "x", 1);
        growths += buf.cap != before;
    }
    assert_int_equal(buf.len, 100000);
    assert_in_range(growths, 1, 20);
    assert_int_equal(buf.cap, 100001);
    lima_buf_free(&buf);
}

static void add_some__more_than_fits__keeps_what_fits_and_is_full(void **state)
{
    lima_buf buf = LIMA_BUF(5);

    (void)state;
    lima_buf_add_some(&buf, "abc", 3);
    assert_false(buf.full);
    lima_buf_add_some(&buf, "de", 2);
    assert_false(buf.full);
    lima_buf_add_some(&buf, "", 0);
    assert_false(buf.full);
    lima_buf_add_some(&buf, "fg", 2);
    assert_true(buf.full);
    assert_string_equal(lima_buf_str(&buf), "abcde");
    lima_buf_clear(&buf);
    lima_buf_add_some(&buf, "123456", 6);
    lima_buf_add_some(&buf, "7", 1);
    assert_string_equal(lima_buf_str(&buf), "12345");
    lima_buf_free(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zero_buf__is_empty_and_takes_nothing),
        cmocka_unit_test(add__pieces__are_joined_and_terminated),
        cmocka_unit_test(add__up_to_the_limit__fits),
        cmocka_unit_test(add__past_limit__fails_and_keeps_content),
        cmocka_unit_test(add__while_full__fails_even_if_it_would_fit),
        cmocka_unit_test(reserve__gives_room_that_counts_when_used),
        cmocka_unit_test(reserve__absurd_sizes__fail),
        cmocka_unit_test(add_some__more_than_fits__keeps_what_fits_and_is_full),
        cmocka_unit_test(consume__drops_the_front),
        cmocka_unit_test(clear__keeps_limit_and_memory),
        cmocka_unit_test(take__leaves_it_empty_and_usable),
        cmocka_unit_test(add__many_sizes__match_a_model),
        cmocka_unit_test(add__byte_by_byte__grows_seldom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
