/* What registry values of Windows say, as bytes: good ones, half-written ones, random ones. */
#include "lima_test.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf.h"
#include "registry_value.h"

enum { SZ = 1, EXPAND_SZ = 2, BINARY = 3, DWORD = 4, MULTI_SZ = 7, QWORD = 11, ROUNDS = 20000 };

/* Of its own size on the heap, so that a byte too far is found. */
static lima_registry_value parse(uint32_t type, const char *bytes, size_t len)
{
    lima_registry_value value = {0};
    char *exact = malloc(len ? len : 1);

    assert_non_null(exact);
    memcpy(exact, bytes, len);
    lima_win_registry_parse(type, exact, len, &value);
    free(exact);
    return value;
}

static void free_value(lima_registry_value *value)
{
    free(value->text);
    lima_strv_free(&value->list);
}

static void assert_text(uint32_t type, const char *bytes, size_t len, const char *wanted)
{
    lima_registry_value value = parse(type, bytes, len);

    assert_int_equal(value.kind, LIMA_REGISTRY_TEXT);
    assert_string_equal(value.text, wanted);
    free_value(&value);
}

static void parse__text__ends_at_a_nul_or_with_the_bytes(void **state)
{
    (void)state;
    assert_text(SZ, "a\0\xfc\0\0\0", 6, "a\xc3\xbc");
    assert_text(SZ, "a\0b\0", 4, "ab");
    assert_text(SZ, "a\0\0\0b\0\0\0", 8, "a");
    assert_text(EXPAND_SZ, "%\0a\0%\0", 6, "%a%");
    assert_text(SZ, "=\xd8'\xdc", 4, "\xf0\x9f\x90\xa7");
    assert_text(SZ, "", 0, "");
}

static void assert_list(const char *bytes, size_t len, const char *wanted)
{
    lima_registry_value value = parse(MULTI_SZ, bytes, len);
    char *joined = lima_strv_join(&value.list, "|");

    assert_int_equal(value.kind, LIMA_REGISTRY_LIST);
    assert_string_equal(joined, wanted);
    free(joined);
    free_value(&value);
}

static void parse__list__ends_at_an_empty_text_or_with_the_bytes(void **state)
{
    (void)state;
    assert_list("a\0\0\0b\0\0\0\0\0", 10, "a|b");
    assert_list("a\0\0\0b\0", 6, "a|b");
    assert_list("a\0\0\0\0\0b\0\0\0\0\0", 12, "a");
    assert_list("\0\0", 2, "");
    assert_list("", 0, "");
}

static void parse__number__has_four_bytes(void **state)
{
    lima_registry_value value = parse(DWORD, "\x03\x02\x01\x80", 4);

    (void)state;
    assert_int_equal(value.kind, LIMA_REGISTRY_NUMBER);
    assert_int_equal(value.number, 0x80010203u);
}

static void parse__not_what_its_type_says__has_no_content(void **state)
{
    static const struct {
        uint32_t type;
        const char *bytes;
        size_t len;
    } table[] = {
        {SZ, "a\0b", 3},        {SZ, "=\xd8", 2}, {SZ, "'\xdc\0\0", 4},   {MULTI_SZ, "a", 1},
        {DWORD, "abc", 3},      {DWORD, "", 0},   {DWORD, "12345678", 8}, {BINARY, "abcd", 4},
        {QWORD, "12345678", 8}, {0, "a\0", 2},    {UINT32_MAX, "a\0", 2}, {MULTI_SZ, "a\0\0\0=\xd8\0\0", 8},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        lima_registry_value value = parse(table[i].type, table[i].bytes, table[i].len);
        assert_int_equal(value.kind, LIMA_REGISTRY_OTHER);
        assert_null(value.text);
        assert_int_equal(value.list.len, 0);
        free_value(&value);
    }
}

static void parse__random_bytes__gives_valid_utf_8_or_nothing(void **state)
{
    static const uint32_t types[] = {SZ, EXPAND_SZ, DWORD, MULTI_SZ, BINARY};
    uint64_t seed = 7;
    unsigned texts = 0;

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        char bytes[32];
        for (size_t j = 0; j < sizeof bytes; j++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            bytes[j] = (char)((seed >> 40) % 3 ? seed >> 33 : 0);
        }
        lima_registry_value value = parse(types[(seed >> 20) % 5], bytes, (seed >> 50) % sizeof bytes);
        if (value.text)
            assert_true(lima_utf8_valid(value.text, strlen(value.text)));
        for (size_t j = 0; j < value.list.len; j++)
            assert_true(lima_utf8_valid(value.list.items[j], strlen(value.list.items[j])));
        texts += value.text != NULL;
        free_value(&value);
    }
    assert_true(texts > ROUNDS / 20);
}

static void look_up__by_name_and_type__finds_or_is_missing(void **state)
{
    lima_registry_value values[] = {
        {.name = (char[]){"State"}, .kind = LIMA_REGISTRY_NUMBER, .number = 3},
        {.name = (char[]){"Name"}, .kind = LIMA_REGISTRY_TEXT, .text = (char[]){"x"}},
        {.name = (char[]){"List"}, .kind = LIMA_REGISTRY_LIST}};
    lima_registry_key key = {.values = values, .count = 3}, empty = {0};
    uint32_t number = 0;

    (void)state;
    assert_true(lima_registry_number(&key, "sTATE", &number) && number == 3);
    assert_string_equal(lima_registry_text(&key, "NAME"), "x");
    assert_ptr_equal(lima_registry_list(&key, "list"), &values[2].list);
    assert_false(lima_registry_number(&key, "Name", &number));
    assert_null(lima_registry_text(&key, "State"));
    assert_null(lima_registry_list(&key, "Nam"));
    assert_null(lima_registry_text(&empty, "Name"));
    lima_registry_free(&empty);
    lima_registry_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__text__ends_at_a_nul_or_with_the_bytes),
        cmocka_unit_test(parse__list__ends_at_an_empty_text_or_with_the_bytes),
        cmocka_unit_test(parse__number__has_four_bytes),
        cmocka_unit_test(parse__not_what_its_type_says__has_no_content),
        cmocka_unit_test(parse__random_bytes__gives_valid_utf_8_or_nothing),
        cmocka_unit_test(look_up__by_name_and_type__finds_or_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
