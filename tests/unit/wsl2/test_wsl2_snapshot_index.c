#include "wsl2_test.h"

#include "wsl2/snapshot_index.h"

static char tag_text[] = "v1.0";
static const wsl2_snapshot sample = {tag_text, WSL2_SNAPSHOT_TAR, 12345, 1700000000,
                                     "12345678-9abc-def0-1234-56789abcdef0"};

static void names__case_and_reserved_words__are_no_trouble(void **state)
{
    (void)state;
    static const char *const tags[] = {"a", "A", "con", "NUL", "x.", "V1.0", "v1.0", "v1.0-"};
    enum { TAGS = sizeof tags / sizeof tags[0] };
    char *names[TAGS];
    for (size_t i = 0; i < TAGS; i++) {
        names[i] = lima_wsl2_snapshot_json_name(tags[i]);
        assert_true(lima_str_has_prefix(names[i], WSL2_SNAPSHOT_PREFIX)
                    && lima_str_has_suffix(names[i], ".json"));
        for (size_t k = 0; k < i; k++)
            assert_false(lima_str_eq_nocase(names[i], names[k]));
    }
    for (size_t i = 0; i < TAGS; i++)
        free(names[i]);
    char *data = lima_wsl2_snapshot_data_name("A", WSL2_SNAPSHOT_VHDX);
    assert_string_equal(data, "wsl2.snapshot.a-559aead0.vhdx"); /* SHA-256 of "A" */
    free(data);
    data = lima_wsl2_snapshot_data_name("A", WSL2_SNAPSHOT_TAR);
    assert_string_equal(data, "wsl2.snapshot.a-559aead0.tar");
    free(data);
}

static void print_and_parse__same_record(void **state)
{
    (void)state;
    char *text = lima_wsl2_snapshot_print(&sample), *name = lima_wsl2_snapshot_json_name("v1.0");
    wsl2_snapshot read = {0};
    assert_ok(lima_wsl2_snapshot_parse(text, strlen(text), name, &read, &err));
    assert_string_equal(read.tag, "v1.0");
    assert_string_equal(read.guid, sample.guid);
    assert_true(read.kind == sample.kind && read.size == sample.size && read.created == sample.created);
    lima_wsl2_snapshot_free(&read);
    free(text);
    free(name);
}

static void parse__bad_file__is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        lima_code code;
        const char *word;
    } table[] = {
        {"", LIMA_CODE_INVALID_ARGUMENT, "snapshot file"},
        {"[]", LIMA_CODE_INVALID_ARGUMENT, "snapshot file"},
        {"{}", LIMA_CODE_INVALID_ARGUMENT, "form"},
        {"{'form':2}", LIMA_CODE_UNIMPLEMENTED, "newer"},
        {"{'form':'1'}", LIMA_CODE_INVALID_ARGUMENT, "form"},
        {"{'form':1,'kind':'zip'}", LIMA_CODE_INVALID_ARGUMENT, "kind 'zip'"},
        {"{'form':1,'kind':'tar','size':-1,'created':1}", LIMA_CODE_INVALID_ARGUMENT, "size"},
        {"{'form':1,'kind':'tar','size':1.5,'created':1}", LIMA_CODE_INVALID_ARGUMENT, "size"},
        {"{'form':1,'kind':'tar','size':1}", LIMA_CODE_INVALID_ARGUMENT, "created"},
        {"{'form':1,'kind':'tar','size':1,'created':1}", LIMA_CODE_INVALID_ARGUMENT, "tag"},
        {"{'form':1,'kind':'tar','size':1,'created':1,'tag':'../x'}", LIMA_CODE_INVALID_ARGUMENT, "tag"},
        {"{'form':1,'kind':'tar','size':1,'created':1,'tag':'other'}", LIMA_CODE_INVALID_ARGUMENT,
         "belongs into"},
    };
    char *name = lima_wsl2_snapshot_json_name("v1.0");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char *text = lima_mem_strdup(table[i].text);
        for (char *c = text; *c; c++)
            if (*c == '\'')
                *c = '"';
        wsl2_snapshot read = {0};
        assert_err(lima_wsl2_snapshot_parse(text, strlen(text), name, &read, &err), table[i].code,
                   table[i].word, name);
        assert_null(read.tag);
        free(text);
    }
    free(name);
}

static void files__leftovers_are_data_without_json(void **state)
{
    (void)state;
    static const char *const folder[] = {"ext4.vhdx",
                                         "wsl2.snapshot.a-1.json",
                                         "wsl2.snapshot.a-1.vhdx",
                                         "wsl2.snapshot.b-2.tar",
                                         "wsl2.snapshot.c-3.json",
                                         "wsl2.snapshot.d-4.VHDX",
                                         "wsl2.snapshot.e-5.tmp",
                                         "wsl2.snapshot..json",
                                         "lima.yaml"};
    lima_strv names = {0}, json = {0}, leftovers = {0};
    for (size_t i = 0; i < sizeof folder / sizeof folder[0]; i++)
        lima_strv_add(&names, folder[i]);
    lima_wsl2_snapshot_files(&names, &json, &leftovers);
    char *jsons = lima_strv_join(&json, ","), *rest = lima_strv_join(&leftovers, ",");
    assert_string_equal(jsons, "wsl2.snapshot.a-1.json,wsl2.snapshot.c-3.json,wsl2.snapshot..json");
    assert_string_equal(rest, "wsl2.snapshot.b-2.tar,wsl2.snapshot.d-4.VHDX");
    free(jsons);
    free(rest);
    lima_strv_free(&names);
    lima_strv_free(&json);
    lima_strv_free(&leftovers);
}

static void sort__by_time_then_tag(void **state)
{
    (void)state;
    lima_snapshot_list list = {0};
    lima_wsl2_snapshot_sort(&list);
    static const struct {
        const char *tag;
        int64_t created;
    } table[] = {{"b", 2}, {"z", 1}, {"a", 2}};
    for (size_t i = 0; i < 3; i++) {
        char id[] = "", tag[2] = {table[i].tag[0], 0};
        lima_snapshot_list_add(&list, &(lima_snapshot){.id = id, .tag = tag, .created = table[i].created});
    }
    lima_wsl2_snapshot_sort(&list);
    assert_string_equal(list.items[0].tag, "z");
    assert_string_equal(list.items[1].tag, "a");
    assert_string_equal(list.items[2].tag, "b");
    lima_snapshot_list_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names__case_and_reserved_words__are_no_trouble),
        cmocka_unit_test(print_and_parse__same_record),
        cmocka_unit_test(parse__bad_file__is_named),
        cmocka_unit_test(files__leftovers_are_data_without_json),
        cmocka_unit_test(sort__by_time_then_tag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
