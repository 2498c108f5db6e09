/* Dates in tables are local time: these tests run in UTC, put into the environment by CMake. */
#include "qemu_test.h"

#include "qemu/image_info.h"
#include "qemu/snapshot_text.h"

enum { DAY = 1795219200 }; /* 2026-11-21 00:00:00 UTC */

static lima_snapshot_list parse(const char *text)
{
    lima_snapshot_list list = {0};
    assert_ok(lima_qemu_snapshots_parse(text, strlen(text), &list, &err));
    return list;
}

static void check_row(const lima_snapshot *row, const char *id, const char *tag, uint64_t size,
                      int64_t created, uint64_t clock)
{
    assert_string_equal(row->id, id);
    assert_string_equal(row->tag, tag);
    assert_int_equal(row->vm_size, size);
    assert_int_equal(row->created, created);
    assert_int_equal(row->vm_clock_ms, clock);
}

static void table__of_running_7_2__is_read(void **state)
{
    (void)state;
    lima_snapshot_list list =
        parse("List of snapshots present on all disks:\r\n"
              "ID        TAG               VM SIZE                DATE     VM CLOCK     ICOUNT\r\n"
              "--        t1                468 KiB 2026-11-21 15:43:47 00:00:00.000           \r\n"
              "--        averyverylongtagname.of_thirty-chars  468 KiB 2026-11-21 00:00:01 01:02:03.456      "
              "     \r\n");
    assert_int_equal(list.len, 2);
    check_row(&list.items[0], "", "t1", 468 * 1024, DAY + 15 * 3600 + 43 * 60 + 47, 0);
    check_row(&list.items[1], "", "averyverylongtagname.of_thirty-chars", 468 * 1024, DAY + 1, 3723456);
    lima_snapshot_list_free(&list);
}

static void table__of_stopped_7_2__has_ids_and_icount(void **state)
{
    (void)state;
    lima_snapshot_list list =
        parse("Snapshot list:\n"
              "ID        TAG               VM SIZE                DATE     VM CLOCK     ICOUNT\n"
              "12        diskonly              0 B 2026-11-21 00:00:00 00:00:00.000          0\n");
    assert_int_equal(list.len, 1);
    check_row(&list.items[0], "12", "diskonly", 0, DAY, 0);
    lima_snapshot_list_free(&list);
}

static void table__of_9__has_other_columns(void **state)
{
    (void)state;
    lima_snapshot_list list =
        parse("List of snapshots present on all disks:\n"
              "ID      TAG               VM_SIZE                DATE        VM_CLOCK     ICOUNT\n"
              "--      t1               1.5 MiB 2026-11-21 00:00:00  0123:00:12.345         --\n");
    check_row(&list.items[0], "", "t1", 1572864, DAY, 442812345);
    lima_snapshot_list_free(&list);
}

static void table__of_4__has_short_units(void **state)
{
    (void)state;
    lima_snapshot_list list =
        parse("Snapshot list:\nID        TAG                 VM SIZE                DATE       VM CLOCK\n"
              "1         a                       54M 2026-11-21 00:00:00   00:00:01.000\n"
              "2         b                      1.5G 2026-11-21 00:00:00   00:00:01.000\n"
              "3         c                         0 2026-11-21 00:00:00   00:00:01.000\n");
    assert_int_equal(list.len, 3);
    check_row(&list.items[0], "1", "a", 54 << 20, DAY, 1000);
    check_row(&list.items[1], "2", "b", 3ULL << 29, DAY, 1000);
    check_row(&list.items[2], "3", "c", 0, DAY, 1000);
    lima_snapshot_list_free(&list);
}

/* QEMU 7.2 puts no blank between a tag of 17 bytes or more and a size of full width. */
static void table__tag_touches_size__is_parted(void **state)
{
    (void)state;
    lima_snapshot_list list =
        parse("--        averyverylongtag854.9 MiB 2026-11-21 00:00:00 00:00:00.000\n"
              "--        averyverylongtag.1.23 GiB 2026-11-21 00:00:00 00:00:00.000\n"
              "--        averyverylongtagx1.02e+03 MiB 2026-11-21 00:00:00 00:00:00.000\n"
              "--        averyverylongtagx1e+03 MiB 2026-11-21 00:00:00 00:00:00.000\n");
    assert_int_equal(list.len, 4);
    check_row(&list.items[0], "", "averyverylongtag8", (uint64_t)(54.9 * 1048576), DAY, 0);
    check_row(&list.items[1], "", "averyverylongtag.", (uint64_t)(1.23 * 1073741824), DAY, 0);
    check_row(&list.items[2], "", "averyverylongtagx", 1020ULL << 20, DAY, 0);
    check_row(&list.items[3], "", "averyverylongtagx", 1000ULL << 20, DAY, 0);
    lima_snapshot_list_free(&list);
}

static void table__tag_with_blanks_of_others__is_kept(void **state)
{
    (void)state;
    lima_snapshot_list list = parse("1  two words  1.02e+03 MiB 2026-11-21 00:00:00 00:00:00.000\n");
    check_row(&list.items[0], "1", "two words", 1020ULL << 20, DAY, 0);
    lima_snapshot_list_free(&list);
}

static void table__partial_ones__are_left_out(void **state)
{
    (void)state;
    lima_snapshot_list list =
        parse("List of snapshots present on all disks:\nNone\n\n"
              "List of partial (non-loadable) snapshots on 'disk':\n"
              "ID        TAG               VM SIZE                DATE     VM CLOCK     ICOUNT\n"
              "2         x     468 KiB 2026-11-21 15:43:47 00:00:00.000\n");
    assert_int_equal(list.len, 0);
}

static void table__nothing__is_empty(void **state)
{
    (void)state;
    const char *texts[] = {"", "\n", "There is no snapshot available.\n",
                           "There is no suitable snapshot available\r\n", "Snapshot list:\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(parse(texts[i]).len, 0);
}

static void table__bad_row__fails_and_keeps_output(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "nonsense",
        "1 t 0 B 2026-11-21 00:00:00",
        "1 t 0 B 2026-11-21 00:00:00 00:00:00",
        "1 t 0 B 2026-11-21 00:00 00:00:00.000",
        "1 t 0 B 2026-13-21 00:00:00 00:00:00.000",
        "1 t 0 B 2026-11-2x 00:00:00 00:00:00.000",
        "1 t 0 B 1026-11-21 00:00:00 00:00:00.000",
        "1 t 0 B 2026-11-21 25:00:00 00:00:00.000",
        "1 t 0 XB 2026-11-21 00:00:00 00:00:00.000",
        "1 t 0 BiB 2026-11-21 00:00:00 00:00:00.000",
        "1 t x KiB 2026-11-21 00:00:00 00:00:00.000",
        "1 t 1.2.3 KiB 2026-11-21 00:00:00 00:00:00.000",
        "1 t e+09 EiB 2026-11-21 00:00:00 00:00:00.000",
        "1 t 9e+09 EiB 2026-11-21 00:00:00 00:00:00.000",
        "1 0 B 2026-11-21 00:00:00 00:00:00.000",
        "1 t 5Q 2026-11-21 00:00:00 00:00:00.000",
        "t B 2026-11-21 00:00:00 00:00:00.000",
        "2026-11-21 00:00:00 00:00:00.000 a b c",
        "1 t 0 B 2026-11-21 00:00:00 9999999999:00:00.000",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = lima_mem_printf("1 good 0 B 2026-11-21 00:00:00 00:00:00.000\n%s\n", rows[i]);
        lima_snapshot_list list = {0};
        assert_err(lima_qemu_snapshots_parse(text, strlen(text), &list, &err), LIMA_CODE_UNKNOWN, rows[i]);
        assert_int_equal(list.len, 0);
        assert_null(list.items);
        free(text);
    }
}

static void table__endless__fails(void **state)
{
    (void)state;
    static const char row[] = "1 t 0 B 2026-11-21 00:00:00 00:00:00.000\n";
    size_t len = (sizeof row - 1) * (QEMU_SNAPSHOTS_MAX + 1);
    char *text = lima_mem_zalloc(len + 1, 1);
    for (size_t at = 0; at < len; at += sizeof row - 1)
        memcpy(text + at, row, sizeof row - 1);
    lima_snapshot_list list = {0};
    assert_err(lima_qemu_snapshots_parse(text, len, &list, &err), LIMA_CODE_UNKNOWN, "1 t 0 B");
    free(text);
}

static lima_json *json(const char *text)
{
    lima_json *doc = NULL;
    assert_ok(lima_json_parse(text, strlen(text), &doc, &err));
    return doc;
}

static void json__of_query_block__is_read(void **state)
{
    (void)state;
    lima_json *doc = json("{\"snapshots\":[{\"id\":\"2\",\"name\":\"t "
                          "ü\",\"vm-state-size\":479577,\"date-sec\":1795275827,\"date-nsec\":5,"
                          "\"vm-clock-sec\":12,\"vm-clock-nsec\":345999999}]}");
    lima_snapshot_list list = {0};
    assert_ok(lima_qemu_snapshots_from_json(doc, &list, &err));
    assert_int_equal(list.len, 1);
    check_row(&list.items[0], "2", "t ü", 479577, 1795275827, 12345);
    lima_snapshot_list_free(&list);
    lima_json_free(doc);
}

static void json__no_snapshots__is_empty(void **state)
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

static void json__incomplete__fails_and_keeps_output(void **state)
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

static void hmp__silence__is_success(void **state)
{
    (void)state;
    assert_true(lima_qemu_hmp_check("", 0, "x", NULL));
    assert_true(lima_qemu_hmp_check("\r\n ", 3, "x", NULL));
}

static void hmp__words__are_failures_with_codes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *word;
        lima_code code;
    } table[] = {
        {"Error: Snapshot 'nope' does not exist in one or more devices\r\n", "limactl snapshot list",
         LIMA_CODE_NOT_FOUND},
        {"Error: Device 'raw' is writable but does not support snapshots\n", "'raw' is writable",
         LIMA_CODE_FAILED_PRECONDITION},
        {"Error: This is a disk-only snapshot. Revert to it  offline using qemu-img\n", "offline",
         LIMA_CODE_FAILED_PRECONDITION},
        {"Error: Migration is disabled when VirtFS export path '/x' is mounted\n", "/x",
         LIMA_CODE_FAILED_PRECONDITION},
        {"Error: Error while writing VM state: No space left on device\n", "free space",
         LIMA_CODE_RESOURCE_EXHAUSTED},
        {"Something odd\nError: and more\n", "Something odd; and more", LIMA_CODE_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_err(lima_qemu_hmp_check(table[i].text, strlen(table[i].text), "snapshot 'a': create", &err),
                   table[i].code, table[i].word, "snapshot 'a': create: ");
}

static void img__failure__has_its_words(void **state)
{
    (void)state;
    static const struct {
        const char *text, *word;
        lima_code code;
    } table[] = {
        {"qemu-img: Could not delete snapshot 'nope': snapshot not found\n", "snapshot not found",
         LIMA_CODE_NOT_FOUND},
        {"qemu-img: Could not apply snapshot 'nope': Failed to load snapshot: No such file or directory\n",
         "'nope'", LIMA_CODE_NOT_FOUND},
        {"qemu-img: Could not create snapshot 'x': -95 (Operation not supported)\n", "-95",
         LIMA_CODE_FAILED_PRECONDITION},
        {"qemu-img: Could not open 'd': Failed to get \"write\" lock\nIs another process using the image "
         "[d]?\n",
         "[d]", LIMA_CODE_FAILED_PRECONDITION},
        {"", "without a word (exit status 1)", LIMA_CODE_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_err(lima_qemu_img_failed(table[i].text, strlen(table[i].text), "snapshot 'x': delete",
                                        "exit status 1", &err),
                   table[i].code, table[i].word, "snapshot 'x': delete: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table__of_running_7_2__is_read),
        cmocka_unit_test(table__of_stopped_7_2__has_ids_and_icount),
        cmocka_unit_test(table__of_9__has_other_columns),
        cmocka_unit_test(table__of_4__has_short_units),
        cmocka_unit_test(table__tag_touches_size__is_parted),
        cmocka_unit_test(table__tag_with_blanks_of_others__is_kept),
        cmocka_unit_test(table__partial_ones__are_left_out),
        cmocka_unit_test(table__nothing__is_empty),
        cmocka_unit_test(table__bad_row__fails_and_keeps_output),
        cmocka_unit_test(table__endless__fails),
        cmocka_unit_test(json__of_query_block__is_read),
        cmocka_unit_test(json__no_snapshots__is_empty),
        cmocka_unit_test(json__incomplete__fails_and_keeps_output),
        cmocka_unit_test(hmp__silence__is_success),
        cmocka_unit_test(hmp__words__are_failures_with_codes),
        cmocka_unit_test(img__failure__has_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
