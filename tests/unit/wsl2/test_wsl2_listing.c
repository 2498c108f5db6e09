#include "wsl2_test.h"

#include "wsl2/listing.h"

/* The names joined with ',', owned; NULL with the error in *err. */
static char *names_of(const void *bytes, size_t len, const lima_strv *known, lima_err *err)
{
    lima_strv names = {0};
    bool ok = lima_wsl2_listing_names(bytes, len, known, &names, err);
    char *joined = ok ? lima_strv_join(&names, ",") : NULL;
    if (!ok)
        assert_int_equal(names.len, 0);
    lima_strv_free(&names);
    return joined;
}

static void names__every_encoding__same_list(void **state)
{
    (void)state;
    static const char *const ends[] = {"\r\n", "\r\r\n", "\n"};
    for (size_t i = 0; i < 3; i++) {
        char *text = lima_mem_printf("Ubuntu-24.04%slima-dev%s", ends[i], ends[i]);
        lima_buf wide = LIMA_BUF(1024);
        add_utf16(&wide, text);
        char *narrow_names = names_of(text, strlen(text), NULL, NULL);
        char *wide_names = names_of(wide.data, wide.len, NULL, NULL);
        assert_string_equal(narrow_names, "Ubuntu-24.04,lima-dev");
        assert_string_equal(wide_names, "Ubuntu-24.04,lima-dev");
        free(narrow_names);
        free(wide_names);
        free(text);
        lima_buf_free(&wide);
    }
}

static void names__nothing__is_an_empty_list(void **state)
{
    (void)state;
    static const char *const empty[] = {"", "\r\n", " \n\n"};
    for (size_t i = 0; i < 3; i++) {
        char *names = names_of(empty[i], strlen(empty[i]), NULL, NULL);
        assert_string_equal(names, "");
        free(names);
    }
}

/* facts: wsl.md 2.3: the default's suffix of the plain list, and sentences, must never pass for a quiet list */
static void names__plain_list_or_sentence__is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "Ubuntu (Default)\r\n",
        "Ubuntu (Standard)\r\n",
        "Ubuntu(\xea\xb8\xb0\xeb\xb3\xb8\xea\xb0\x92)\r\n",
        "Ubuntu\xc2\xa0(standard)\r\n",
        ("Ubuntu (\xd0\xbf\xd0\xbe "
         "\xd1\x83\xd0\xbc\xd0\xbe\xd0\xbb\xd1\x87\xd0\xb0\xd0\xbd\xd0\xb8\xd1\x8e)\r\n"),
        "Es gibt keine Distributionen.\r\n",
        "\xe6\x97\xa0\r\n",
        "  NAME      STATE           VERSION\r\n",
        "legacy\r\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        lima_err err = {0};
        assert_null(names_of(texts[i], strlen(texts[i]), NULL, &err));
        assert_int_equal(err.code, LIMA_CODE_UNKNOWN);
        assert_non_null(strstr(err.text, "instead"));
    }
}

static void names__odd_name_of_the_registry__is_taken(void **state)
{
    (void)state;
    static const char text[] = "My Distro\r\nlima-dev\r\n";
    lima_strv known = {0};
    lima_strv_add(&known, "my distro");
    char *names = names_of(text, strlen(text), &known, NULL);
    assert_string_equal(names, "My Distro,lima-dev");
    free(names);
    lima_strv_free(&known);
}

static void names__too_many__is_out_of_range(void **state)
{
    (void)state;
    lima_buf text = LIMA_BUF(64 * 1024);
    for (int i = 0; i <= WSL2_LIST_MAX; i++)
        lima_buf_addf(&text, "n%d\n", i);
    lima_strv names = {0};
    assert_err(lima_wsl2_listing_names(text.data, text.len, NULL, &names, &err), LIMA_CODE_OUT_OF_RANGE,
               "4096");
    lima_buf_free(&text);
}

static void has__case_is_ignored(void **state)
{
    (void)state;
    lima_strv names = {0};
    lima_strv_add(&names, "Lima-Dev");
    assert_true(lima_wsl2_listing_has(&names, "lima-dev"));
    assert_false(lima_wsl2_listing_has(&names, "lima-de"));
    lima_strv_free(&names);
}

static void version__labels_of_all_kinds__first_dotted_number(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t part[4];
    } table[] = {
        {"WSL version: 2.6.1.0\r\nKernel version: 6.6.87.2-1\r\n", {2, 6, 1, 0}},
        {"WSL-Version: 2.4.13.0\r\n", {2, 4, 13, 0}},
        {"WSL \xe7\x89\x88\xe6\x9c\xac\xef\xbc\x9a 2.9.4\r\n", {2, 9, 4, 0}},
        {"Version WSL\xc2\xa0: 0.64.0.0\r\n", {0, 64, 0, 0}},
        {"WSL 2: 2.5\r\n", {2, 5, 0, 0}},
        {"2.7.10.1.9", {2, 7, 10, 1}},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        wsl2_version version = {0};
        lima_buf wide = LIMA_BUF(1024);
        add_utf16(&wide, table[i].text);
        assert_ok(lima_wsl2_version_parse(table[i].text, strlen(table[i].text), &version, &err));
        assert_memory_equal(version.part, table[i].part, sizeof version.part);
        assert_ok(lima_wsl2_version_parse(wide.data, wide.len, &version, &err));
        assert_memory_equal(version.part, table[i].part, sizeof version.part);
        lima_buf_free(&wide);
    }
}

static void version__none__is_not_found(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "Usage: wsl.exe [Argument] 2\r\n", "no\r\n2.6.1\r\n", "9999999999.1", "1.", ".5"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        wsl2_version version = {{7}};
        assert_err(lima_wsl2_version_parse(texts[i], strlen(texts[i]), &version, &err), LIMA_CODE_NOT_FOUND,
                   "wsl --update");
        assert_int_equal(version.part[0], 7);
    }
}

static void version__compare__by_number(void **state)
{
    (void)state;
    wsl2_version a = {{2, 5, 9, 0}}, b = {{2, 5, 10, 0}};
    assert_true(lima_wsl2_version_cmp(a, b) < 0);
    assert_true(lima_wsl2_version_cmp(b, a) > 0);
    assert_int_equal(lima_wsl2_version_cmp(a, a), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names__every_encoding__same_list),
        cmocka_unit_test(names__nothing__is_an_empty_list),
        cmocka_unit_test(names__plain_list_or_sentence__is_refused),
        cmocka_unit_test(names__odd_name_of_the_registry__is_taken),
        cmocka_unit_test(names__too_many__is_out_of_range),
        cmocka_unit_test(has__case_is_ignored),
        cmocka_unit_test(version__labels_of_all_kinds__first_dotted_number),
        cmocka_unit_test(version__none__is_not_found),
        cmocka_unit_test(version__compare__by_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
