/* The smaller files of the runtime half: the record, fetched firmware, logs of helpers. */
#include "drivers/qemu/vm_case.h"

#include "base/log.h"
#include "qemu/firmware_fetch.h"
#include "qemu/helper.h"

#define FETCH                                                                                                \
    "{'firmware': {'images': [{'location': 'https://example.org/code.fd', 'arch': 'x86_64', 'digest': "      \
    "'%s', 'vmType': 'qemu'}]}}"

/* ---- firmware ---- */

static void fetch(vm_case *c, const char *digest)
{
    char *config = lima_mem_printf(FETCH, digest);
    lima_instance *inst = make_instance_in(c->dir, "x86_64", config);
    lima_qemu_firmware_fetch(inst, NULL);
    lima_instance_free(inst);
    free(config);
}

static void fetch__right_digest__file_is_there(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, "{}");
    fetch(&c, "sha256:c3bf47ea1f4a4a605470313cacb3a44f4a461f68c6faeab07e737610cb5ac835"); /* of "firmware" */
    assert_true(there_is(&c, "qemu-efi-code.fd"));
    case_end(&c);
}

static void fetch__wrong_digest_or_failure__nothing_is_left(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, "{}");
    fetch(&c, "sha256:0000000000000000000000000000000000000000000000000000000000000000");
    fetch(&c, "md5:1234");
    set_variable("FAKE_CURL", "fail");
    fetch(&c, "");
    use_tool(&c, "curl", false);
    fetch(&c, "");
    assert_false(there_is(&c, "qemu-efi-code.fd") || there_is(&c, "qemu-efi-code.fd.tmp"));
    case_end(&c);
}

static void fetch__file_is_there__stays(void **state)
{
    vm_case c;
    lima_buf text = LIMA_BUF(100);
    (void)state;
    case_begin(&c, "{}");
    write_file(c.dir, "qemu-efi-code.fd", "mine");
    fetch(&c, "");
    char *path = path_in(&c, "qemu-efi-code.fd");
    assert_ok(lima_file_read(path, &text, &err));
    assert_string_equal(lima_buf_str(&text), "mine");
    free(path);
    lima_buf_free(&text);
    case_end(&c);
}

/* ---- record ---- */

static bool read_as(vm_case *c, const char *text, lima_err *err)
{
    lima_instance *inst = lima_control_instance(c->control);
    qemu_record record = {0};
    write_file(c->dir, QEMU_RECORD_FILE, text);
    bool ok = lima_qemu_record_read(inst, &record, err);
    lima_qemu_record_free(&record);
    lima_instance_free(inst);
    return ok;
}

static void record__damaged__data_loss(void **state)
{
    static const char *const texts[] = {"\"vm\":{\"pid\":1,\"start\":\"1\"}",
                                        "\"version\":2,\"vm\":{\"pid\":1,\"start\":\"1\"}",
                                        "\"version\":1,\"vm\":{\"pid\":0,\"start\":\"1\"}",
                                        "\"version\":1,\"vm\":{\"pid\":5000000000,\"start\":\"1\"}",
                                        "\"version\":1,\"vm\":{\"pid\":1,\"start\":1}",
                                        "\"version\":1,\"vm\":{\"pid\":1,\"start\":\"1\"},\"sshPort\":70000",
                                        "\"version\":1,\"vm\":{\"pid\":1,\"start\":\"1\"},\"helpers\":[{}]"};
    vm_case c;
    char *real = NULL;
    (void)state;
    case_begin(&c, "{}");
    assert_ok(lima_file_real_path(c.dir, &real, &err));
    assert_err(read_as(&c, "", &err), LIMA_CODE_DATA_LOSS, QEMU_RECORD_FILE);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char *text = lima_mem_printf("{\"dir\":\"%s\",%s}", real, texts[i]);
        assert_err(read_as(&c, text, &err), LIMA_CODE_DATA_LOSS, QEMU_RECORD_FILE);
        free(text);
    }
    free(real);
    case_end(&c);
}

static void record__written__reads_the_same(void **state)
{
    vm_case c;
    qemu_record record = {.vm = {77, UINT64_MAX}, .ssh_port = 60022}, again = {0};
    (void)state;
    case_begin(&c, "{}");
    lima_instance *inst = lima_control_instance(c.control);
    lima_qemu_helpers_add(&record.helpers, "swtpm", "/x/swtpm.log", (lima_process_id){78, 5});
    lima_strv_add(&record.disk_locks, "/x/in_use_by");
    record.endpoint = lima_mem_strdup("/x/ep.sock");
    record.ssh_address = lima_mem_strdup("127.0.0.1");
    assert_ok(lima_qemu_record_write(inst, &record, &err));
    assert_ok(lima_qemu_record_read(inst, &again, &err));
    assert_int_equal(again.vm.pid, 77);
    assert_true(again.vm.start == UINT64_MAX);
    assert_int_equal(again.helpers.len, 1);
    assert_string_equal(again.helpers.items[0].name, "swtpm");
    assert_int_equal(again.helpers.items[0].id.pid, 78);
    assert_string_equal(again.disk_locks.items[0], "/x/in_use_by");
    assert_string_equal(again.endpoint, "/x/ep.sock");
    assert_int_equal(again.ssh_port, 60022);
    lima_qemu_record_free(&again);
    lima_qemu_record_free(&record);
    lima_instance_free(inst);
    case_end(&c);
}

/* ---- helpers ---- */

typedef struct lines {
    unsigned count;
    char last[LIMA_LOG_LINE_MAX];
} lines;

static void count_line(void *arg, const char *line, size_t len)
{
    lines *seen = arg;
    seen->count++;
    snprintf(seen->last, sizeof seen->last, "%.*s", (int)len, line);
}

static void watch__ended_helper__is_reported_once_with_its_words(void **state)
{
    vm_case c;
    lines seen = {0};
    qemu_helpers helpers = {0};
    lima_process_id self = {0};
    (void)state;
    case_begin(&c, "{}");
    write_file(c.dir, "h.log", "panic: out of handles\n");
    char *log = path_in(&c, "h.log");
    assert_true(lima_process_find(0, &self));
    lima_qemu_helpers_add(&helpers, "lives", log, self);
    lima_qemu_helpers_add(&helpers, "virtiofsd for '/x'", log, (lima_process_id){self.pid, self.start + 1});
    lima_log_set_sink(count_line, &seen);
    lima_qemu_helpers_watch(&helpers);
    lima_qemu_helpers_watch(&helpers);
    lima_log_set_sink(NULL, NULL);
    assert_int_equal(seen.count, 1);
    assert_non_null(strstr(seen.last, "virtiofsd for '/x'"));
    assert_non_null(strstr(seen.last, "out of handles"));
    lima_qemu_helpers_free(&helpers);
    free(log);
    case_end(&c);
}

static void log_tail__only_the_end(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, "{}");
    write_file(c.dir, "log", "0123456789");
    char *path = path_in(&c, "log");
    char *tail = lima_qemu_log_tail(path, 4);
    assert_string_equal(tail, "6789");
    free(tail);
    tail = lima_qemu_log_tail("/nowhere", 4);
    assert_string_equal(tail, "");
    free(tail);
    free(path);
    case_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fetch__right_digest__file_is_there),
        cmocka_unit_test(fetch__wrong_digest_or_failure__nothing_is_left),
        cmocka_unit_test(fetch__file_is_there__stays),
        cmocka_unit_test(record__damaged__data_loss),
        cmocka_unit_test(record__written__reads_the_same),
        cmocka_unit_test(watch__ended_helper__is_reported_once_with_its_words),
        cmocka_unit_test(log_tail__only_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
