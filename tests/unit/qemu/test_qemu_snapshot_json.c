#include "qemu_test.h"

#include "qemu/image_info.h"
#include "qemu/snapshot_json.h"

static lima_json *json(const char *text)
{
    lima_json *doc = NULL;
    assert_ok(lima_json_parse(text, strlen(text), &doc, &err));
    return doc;
}

static void read__of_query_block__has_all(void **state)
{
    (void)state;
    lima_json *doc = json("{\"snapshots\":[{\"id\":\"2\",\"name\":\"t "
                          "ü\",\"vm-state-size\":479577,\"date-sec\":1795275827,\"date-nsec\":5,"
                          "\"vm-clock-sec\":12,\"vm-clock-nsec\":345999999}]}");
    lima_snapshot_list list = {0};
    assert_ok(lima_qemu_snapshots_from_json(doc, &list, &err));
    assert_int_equal(list.len, 1);
    const lima_snapshot *row = &list.items[0];
    assert_string_equal(row->id, "2");
    assert_string_equal(row->tag, "t ü");
    assert_int_equal(row->vm_size, 479577);
    assert_int_equal(row->created, 1795275827);
    assert_int_equal(row->vm_clock_ms, 12345);
    lima_snapshot_list_free(&list);
    lima_json_free(doc);
}

static void read__no_snapshots__is_empty(void **state)
{
    (void)state;
    const char *texts[] = {"{}", "{\"snapshots\":null}", "{\"snapshots\":[]}"};
    for (size_t i = 0; i < 3; i++) {
        lima_json *doc = json(texts[i]);
        lima_snapshot_list list = {0};
        assert_ok(lima_qemu_snapshots_from_json(doc, &list, &err));
        assert_int_equal(list.len, 0);
        lima_json_free(doc);
    }
}

static void read__incomplete__fails_and_keeps_output(void **state)
{
    (void)state;
    static const char good[] = "{\"id\":\"2\",\"name\":\"t\",\"vm-state-size\":0,\"vm-clock-sec\":0}";
    static const char *const bad[] = {
        "{\"name\":\"t\",\"vm-state-size\":0,\"vm-clock-sec\":0}",
        "{\"id\":\"2\",\"vm-state-size\":0,\"vm-clock-sec\":0}",
        "{\"id\":\"2\",\"name\":\"t\",\"vm-state-size\":-1,\"vm-clock-sec\":0}",
        "{\"id\":\"2\",\"name\":\"t\",\"vm-state-size\":0,\"vm-clock-sec\":9223372036854775807}",
        "{\"id\":\"2\",\"name\":\"t\",\"vm-state-size\":0,\"vm-clock-sec\":0,\"vm-clock-nsec\":-1}",
        "7",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *text = lima_mem_printf("{\"snapshots\":[%s,%s]}", good, bad[i]);
        lima_json *doc = json(text);
        lima_snapshot_list list = {0};
        assert_err(lima_qemu_snapshots_from_json(doc, &list, &err), LIMA_CODE_UNKNOWN, "incomplete");
        assert_null(list.items);
        lima_json_free(doc);
        free(text);
    }
    lima_json *doc = json("{\"snapshots\":{}}");
    lima_snapshot_list list = {0};
    assert_err(lima_qemu_snapshots_from_json(doc, &list, &err), LIMA_CODE_INVALID_ARGUMENT, "snapshots");
    lima_json_free(doc);
}

static void read__too_many__fails(void **state)
{
    (void)state;
    lima_json *doc = lima_json_new_object();
    lima_json *row = json("{\"id\":\"1\",\"name\":\"t\",\"vm-state-size\":0,\"vm-clock-sec\":0}");
    for (size_t i = 0; i <= QEMU_SNAPSHOTS_MAX; i++)
        lima_json_set_copy(doc, row, "snapshots[%zu]", i);
    lima_snapshot_list list = {0};
    assert_err(lima_qemu_snapshots_from_json(doc, &list, &err), LIMA_CODE_UNKNOWN, "4097");
    assert_null(list.items);
    lima_json_free(row);
    lima_json_free(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__of_query_block__has_all),
        cmocka_unit_test(read__no_snapshots__is_empty),
        cmocka_unit_test(read__incomplete__fails_and_keeps_output),
        cmocka_unit_test(read__too_many__fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
