#include "hyperv_test.h"

#include "hyperv/snapshot_index.h"

#define NODE(tag, file, parent, kind)                                                                        \
    "{'tag':'" tag "','file':'" file "','parent':'" parent "','kind':'" kind                                 \
    "','created':5,'diskSize':6,'stateSize':7,'guestState':true}"
#define INDEX(current, resume, nodes, more)                                                                  \
    "{'form':1,'folder':'C:\\\\lh','current':'" current "','resume':'" resume "','snapshots':[" nodes        \
    "]" more "}"

static bool parse(const char *text, hyperv_snapshot_index *ret, lima_err *err)
{
    char *json = json_text(text);
    bool ok = lima_hyperv_index_parse(json, strlen(json), ret, err);
    free(json);
    return ok;
}

static void parse__printed__is_the_same(void **state)
{
    (void)state;
    static const char *const texts[] = {
        INDEX("", "", "", ""),
        INDEX("b-2", "a-1", NODE("A", "a-1", "", "live") "," NODE("", "b-2", "a-1", "disk"), ""),
        INDEX(
            "a-1", "", NODE("A", "a-1", "", "live"),
            ",'pending':{'op':'create','forward':true,'file':'','made':" NODE("b", "b-2", "a-1", "live") "}"),
        INDEX("a-1", "a-1", NODE("A", "a-1", "", "live"),
              ",'pending':{'op':'apply','forward':true,'file':'a-1'}"),
        INDEX("a-1", "", NODE("A", "a-1", "", "disk"),
              ",'pending':{'op':'remove','forward':true,'file':'a-1'}"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        hyperv_snapshot_index first = {0}, second = {0}, copy = {0};
        assert_ok(parse(texts[i], &first, &err));
        char *printed = lima_hyperv_index_print(&first);
        assert_ok(lima_hyperv_index_parse(printed, strlen(printed), &second, &err));
        lima_hyperv_index_copy(&second, &copy);
        char *again = lima_hyperv_index_print(&copy);
        assert_string_equal(printed, again);
        free(printed);
        free(again);
        lima_hyperv_index_free(&first);
        lima_hyperv_index_free(&second);
        lima_hyperv_index_free(&copy);
    }
}

static void parse__values(void **state)
{
    (void)state;
    hyperv_snapshot_index index = {0};
    assert_ok(parse(INDEX("b-2", "a-1", NODE("A", "a-1", "", "live") "," NODE("b", "b-2", "a-1", "disk"), ""),
                    &index, &err));
    const hyperv_snapshot *a = lima_hyperv_index_find(&index, "A");
    assert_non_null(a);
    assert_ptr_equal(a, lima_hyperv_index_at(&index, "a-1"));
    assert_int_equal(a->kind, HYPERV_SNAPSHOT_LIVE);
    assert_int_equal(a->created, 5);
    assert_int_equal(a->disk_size, 6);
    assert_int_equal(a->state_size, 7);
    assert_true(a->guest_state);
    assert_int_equal(lima_hyperv_index_children(&index, "a-1"), 1);
    assert_int_equal(lima_hyperv_index_children(&index, "b-2"), 1);
    assert_null(lima_hyperv_index_find(&index, ""));
    assert_null(lima_hyperv_index_find(&index, "a"));
    lima_hyperv_index_free(&index);
}

static void parse__broken__is_data_loss_and_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *word;
    } table[] = {
        {"{}", "form"},
        {"[]", "form"},
        {"{'form':1}", "snapshots"},
        {INDEX("x", "", "", ""), "current"},
        {INDEX("", "x", "", ""), "resume"},
        {INDEX("a", "a", NODE("A", "a", "", "disk"), ""), "resume"},
        {INDEX("", "", NODE("A", "a", "a", "disk"), ""), "snapshots[0]"},
        {INDEX("", "", NODE("A", "a", "b", "disk") "," NODE("B", "b", "a", "disk"), ""), "snapshots[0]"},
        {INDEX("", "", NODE("A", "a", "gone", "disk"), ""), "snapshots[0]"},
        {INDEX("", "", NODE("A", "a", "", "disk") "," NODE("B", "a", "", "disk"), ""), "snapshots[1]"},
        {INDEX("", "", NODE("A", "a", "", "disk") "," NODE("A", "b", "", "disk"), ""), "snapshots[1]"},
        {INDEX("", "", NODE("-A", "a", "", "disk"), ""), "snapshots[0]"},
        {INDEX("", "", NODE("A", "../a", "", "disk"), ""), "snapshots[0]"},
        {INDEX("", "", NODE("A", "a\\\\b", "", "disk"), ""), "snapshots[0]"},
        {INDEX("", "", NODE("A", "", "", "disk"), ""), "snapshots[0]"},
        {INDEX("", "", NODE("A", "a", "", "tape"), ""), "kind"},
        {INDEX("", "a", NODE("", "a", "", "live"), ""), "kind"},
        {INDEX("", "", "{'tag':'A','file':'a','kind':'disk'}", ""), "created"},
        {INDEX("", "", "7", ""), "snapshots[0]"},
        {INDEX("", "", "", ",'pending':{}"), "pending.op"},
        {INDEX("", "", "", ",'pending':7"), "pending.op"},
        {INDEX("", "", "", ",'pending':{'op':'create'}"), "pending.made"},
        {INDEX("", "", "", ",'pending':{'op':'apply','forward':true,'file':'a'}"), "pending"},
        {INDEX("a", "", NODE("A", "a", "", "disk"), ",'pending':{'op':'apply','forward':false,'file':'a'}"),
         "pending"},
        {INDEX("", "", NODE("A", "a", "", "disk"), ",'pending':{'op':'remove','forward':true,'file':'a'}"),
         "pending"},
        {INDEX("a", "", NODE("A", "a", "", "disk"),
               ",'pending':{'op':'create','made':" NODE("A", "b", "a", "disk") "}"),
         "pending"},
        {INDEX("a", "", NODE("A", "a", "", "disk"),
               ",'pending':{'op':'create','made':" NODE("B", "b", "", "disk") "}"),
         "pending"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        hyperv_snapshot_index index = {0};
        lima_err err = {0};
        if (parse(table[i].text, &index, &err))
            fail_msg("taken: %s", table[i].text);
        if (err.code != LIMA_CODE_DATA_LOSS || !strstr(err.text, table[i].word)
            || !strstr(err.text, HYPERV_INDEX_FILE))
            fail_msg("%s: %s", table[i].text, err.text);
        assert_null(index.items);
    }
    hyperv_snapshot_index index = {0};
    assert_err(lima_hyperv_index_parse("{", 1, &index, &err), LIMA_CODE_DATA_LOSS, HYPERV_INDEX_FILE);
    assert_err(parse("{'form':2}", &index, &err), LIMA_CODE_UNIMPLEMENTED, "newer driver");
}

static void empty__prints_and_copies(void **state)
{
    (void)state;
    hyperv_snapshot_index empty = {0}, copy = {0}, parsed = {0};
    lima_hyperv_index_copy(&empty, &copy);
    assert_string_equal(copy.current, "");
    char *text = lima_hyperv_index_print(&empty);
    assert_ok(lima_hyperv_index_parse(text, strlen(text), &parsed, &err));
    assert_int_equal(parsed.len, 0);
    assert_null(lima_hyperv_index_at(&empty, NULL));
    free(text);
    lima_hyperv_index_free(&parsed);
    lima_hyperv_index_free(&copy);
    lima_hyperv_index_free(&empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__printed__is_the_same),
        cmocka_unit_test(parse__values),
        cmocka_unit_test(parse__broken__is_data_loss_and_named),
        cmocka_unit_test(empty__prints_and_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
