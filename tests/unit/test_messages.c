/* core/rpc: messages.c and convert.c against what protoc generated from driver.proto. */
#include "lima_test.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "rpc/driver.pb-c.h"
#include "rpc/messages.h"

/* ---- the table is the proto file ---- */

static const char *message_name(lima_message_kind kind)
{
    static const char *const names[LIMA_MESSAGE_KINDS] = {
        [LIMA_MESSAGE_EMPTY] = "google.protobuf.Empty",
        [LIMA_MESSAGE_INFO] = "InfoResponse",
        [LIMA_MESSAGE_CONFIG] = "SetConfig",
        [LIMA_MESSAGE_SCRIPTS] = "BootScriptsResponse",
        [LIMA_MESSAGE_START] = "StartResponse",
        [LIMA_MESSAGE_ADDRESS] = "SSHAddressResponse",
        [LIMA_MESSAGE_PASSWORD] = "ChangeDisplayPasswordRequest",
        [LIMA_MESSAGE_CONNECTION] = "GetDisplayConnectionResponse",
        [LIMA_MESSAGE_TAG] = "SnapshotRequest",
        [LIMA_MESSAGE_SNAPSHOTS] = "ListSnapshotsResponse",
        [LIMA_MESSAGE_FORWARD] = "ForwardGuestAgentResponse",
    };
    return names[kind];
}

static void table__agrees_with_the_proto_file(void **state)
{
    (void)state;
    assert_int_equal(driver__descriptor.n_methods, LIMA_METHODS);
    for (unsigned i = 0; i < LIMA_METHODS; i++) {
        const ProtobufCMethodDescriptor *method = &driver__descriptor.methods[i];
        const lima_method *own = &lima_method_table()[i];
        assert_string_equal(own->name, method->name);
        assert_non_null(strstr(method->input->name, message_name(own->request)));
        assert_non_null(strstr(method->output->name, message_name(own->reply)));
        assert_int_equal(own->stream, strcmp(own->name, "Start") == 0);
        assert_ptr_equal(lima_method_by_name(method->name), own);
        assert_ptr_equal(lima_method_by_path(own->path, strlen(own->path)), own);
        assert_int_equal(strncmp(own->path, "/Driver/", 8), 0);
        assert_string_equal(own->path + 8, own->name);
    }
    assert_null(lima_method_by_name("info"));
    assert_null(lima_method_by_path("/Driver/Inf", 11));
    assert_null(lima_method_by_path("", 0));
}

/* One message stands for several only if they have the same fields. */
static void kinds__shared_forms_are_the_same(void **state)
{
    static const ProtobufCMessageDescriptor *const pairs[][2] = {
        {&set_config_request__descriptor, &set_config_response__descriptor},
        {&create_snapshot_request__descriptor, &apply_snapshot_request__descriptor},
        {&create_snapshot_request__descriptor, &delete_snapshot_request__descriptor},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        assert_int_equal(pairs[i][0]->n_fields, 1);
        assert_int_equal(pairs[i][1]->n_fields, 1);
        assert_int_equal(pairs[i][0]->fields[0].id, pairs[i][1]->fields[0].id);
        assert_int_equal(pairs[i][0]->fields[0].type, pairs[i][1]->fields[0].type);
    }
}

/* ---- wire ---- */

static lima_message text_message(lima_message_kind kind, const char *text)
{
    return (lima_message){.kind = kind, .text = lima_mem_strdup(text), .len = strlen(text)};
}

static void pack__bytes_are_those_of_the_facts(void **state)
{
    static const struct {
        lima_message message;
        const char *bytes;
        size_t len;
    } cases[] = {
        {{.kind = LIMA_MESSAGE_EMPTY}, "", 0},
        {{.kind = LIMA_MESSAGE_START, .flag = true}, "\x08\x01", 2},
        {{.kind = LIMA_MESSAGE_FORWARD, .flag = true}, "\x08\x01", 2},
        {{.kind = LIMA_MESSAGE_FORWARD}, "", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lima_buf bytes = LIMA_BUF(100);
        assert_true(lima_message_pack(&cases[i].message, &bytes));
        assert_int_equal(bytes.len, cases[i].len);
        assert_memory_equal(lima_buf_str(&bytes), cases[i].bytes, cases[i].len);
        lima_buf_free(&bytes);
    }
    lima_buf bytes = LIMA_BUF(100);
    lima_message failed = text_message(LIMA_MESSAGE_START, "no");
    assert_true(lima_message_pack(&failed, &bytes));
    assert_int_equal(bytes.len, 4);
    assert_memory_equal(bytes.data, "\x12\x02no", 4);
    lima_message_free(&failed);
    lima_buf_free(&bytes);
}

static void pack__buffer_too_small__fails(void **state)
{
    lima_buf bytes = LIMA_BUF(10);
    lima_message message = text_message(LIMA_MESSAGE_TAG, "0123456789");
    (void)state;
    assert_false(lima_message_pack(&message, &bytes));
    assert_int_equal(bytes.len, 0);
    lima_message_free(&message);
    lima_buf_free(&bytes);
}

static void every_kind__survives_the_wire(void **state)
{
    (void)state;
    for (int kind = 0; kind < LIMA_MESSAGE_KINDS; kind++) {
        lima_message in = {.kind = (lima_message_kind)kind}, out = {0};
        lima_buf bytes = LIMA_BUF(1000);
        if (kind == LIMA_MESSAGE_SCRIPTS) {
            lima_strv_add(&in.names, "boot.Linux/a");
            lima_strv_add(&in.contents, "#!");
            lima_strv_add(&in.names, "b");
            lima_strv_add(&in.contents, "");
        } else if (kind != LIMA_MESSAGE_EMPTY && kind != LIMA_MESSAGE_FORWARD) {
            in = text_message(in.kind, "tëxt");
        }
        in.flag = kind == LIMA_MESSAGE_START || kind == LIMA_MESSAGE_FORWARD;
        assert_true(lima_message_pack(&in, &bytes));
        assert_true(lima_message_unpack(in.kind, bytes.data, bytes.len, &out, NULL));
        assert_int_equal(out.flag, in.flag);
        assert_int_equal(out.len, in.len);
        assert_string_equal(out.text ? out.text : "", in.text ? in.text : "");
        assert_int_equal(out.names.len, in.names.len);
        for (size_t i = 0; i < in.names.len; i++) {
            assert_string_equal(out.names.items[i], in.names.items[i]);
            assert_string_equal(out.contents.items[i], in.contents.items[i]);
        }
        lima_message_free(&in);
        lima_message_free(&out);
        lima_buf_free(&bytes);
    }
}

static void unpack__unknown_fields__are_skipped(void **state)
{
    lima_message message = {0};
    (void)state;
    assert_true(lima_message_unpack(LIMA_MESSAGE_TAG, "\x78\x05\x0a\x01x\x82\x01\x00", 8, &message, NULL));
    assert_string_equal(message.text, "x");
    lima_message_free(&message);
}

static void unpack__bad_bytes__are_refused(void **state)
{
    static const struct {
        lima_message_kind kind;
        const char *bytes;
        size_t len;
    } cases[] = {
        {LIMA_MESSAGE_EMPTY, "\xff", 1},
        {LIMA_MESSAGE_TAG, "\x0a", 1},
        {LIMA_MESSAGE_TAG,
         "\x0a\x05"
         "abc",
         5},
        {LIMA_MESSAGE_TAG,
         "\x0a\x03"
         "a\0b",
         5},
        {LIMA_MESSAGE_TAG, "\x0a\x02\xc3\x28", 4},
        {LIMA_MESSAGE_CONFIG,
         "\x0a\x03"
         "{\0}",
         5},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lima_message message = {0};
        lima_err err = {0};
        assert_false(lima_message_unpack(cases[i].kind, cases[i].bytes, cases[i].len, &message, &err));
        assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
        assert_null(message.text);
    }
}

static void unpack__text_over_its_limit__is_refused(void **state)
{
    lima_buf bytes = LIMA_BUF(1 << 20);
    lima_message message = {.kind = LIMA_MESSAGE_TAG, .text = lima_mem_zalloc(1, LIMA_MESSAGE_TEXT_MAX + 2)},
                 out = {0};
    lima_err err = {0};
    (void)state;
    memset(message.text, 'x', LIMA_MESSAGE_TEXT_MAX + 1);
    message.len = LIMA_MESSAGE_TEXT_MAX + 1;
    assert_true(lima_message_pack(&message, &bytes));
    assert_false(lima_message_unpack(LIMA_MESSAGE_TAG, bytes.data, bytes.len, &out, &err));
    assert_non_null(strstr(err.text, "65537"));
    lima_message_free(&message);
    lima_buf_free(&bytes);
}

/* 16 MiB of two-byte unknown fields: refused, instead of a quarter of a gigabyte of records about them. */
static void unpack__many_tiny_fields__are_refused(void **state)
{
    char *bytes = lima_mem_zalloc(1, LIMA_MESSAGE_MAX);
    lima_message message = {0};
    lima_err err = {0};
    (void)state;
    for (size_t i = 0; i < LIMA_MESSAGE_MAX; i += 2)
        bytes[i] = 0x78;
    assert_false(lima_message_unpack(LIMA_MESSAGE_TAG, bytes, LIMA_MESSAGE_MAX, &message, &err));
    assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
    free(bytes);
}

/* ---- JSON ---- */

static lima_json *json(const char *text)
{
    lima_json *ret = NULL;
    assert_true(lima_json_parse(text, strlen(text), &ret, NULL));
    return ret;
}

static void json__there_and_back(void **state)
{
    static const struct {
        lima_message_kind kind;
        const char *text;
    } cases[] = {
        {LIMA_MESSAGE_EMPTY, "{}"},
        {LIMA_MESSAGE_INFO, "{\"name\":\"x\",\"n\":1.10}"},
        {LIMA_MESSAGE_CONFIG, "{\"a\":[]}"},
        {LIMA_MESSAGE_SCRIPTS, "{\"scripts\":{\"boot.Linux/a.sh\":\"#!\\n\",\"b\":\"\"}}"},
        {LIMA_MESSAGE_START, "{\"success\":false,\"error\":\"no\"}"},
        {LIMA_MESSAGE_ADDRESS, "{\"address\":\"::1\"}"},
        {LIMA_MESSAGE_PASSWORD, "{\"password\":\"\"}"},
        {LIMA_MESSAGE_CONNECTION, "{\"connection\":\"5901\"}"},
        {LIMA_MESSAGE_TAG, "{\"tag\":\"a\"}"},
        {LIMA_MESSAGE_SNAPSHOTS, "{\"snapshots\":\"ID TAG\\n\"}"},
        {LIMA_MESSAGE_FORWARD, "{\"shouldForward\":true}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lima_message message = {0};
        lima_json *in = json(cases[i].text), *out = NULL;
        assert_true(lima_message_from_json(cases[i].kind, in, &message, NULL));
        assert_true(lima_message_to_json(&message, &out, NULL));
        char *printed = lima_json_print(out);
        assert_string_equal(printed, cases[i].text);
        free(printed);
        lima_json_free(in);
        lima_json_free(out);
        lima_message_free(&message);
    }
}

static void json__empty_configuration__is_no_document(void **state)
{
    lima_json *out = json("{}"), *before = out;
    (void)state;
    assert_true(lima_message_to_json(&(lima_message){.kind = LIMA_MESSAGE_CONFIG}, &out, NULL));
    assert_null(out);
    lima_json_free(before);
}

static void json__what_does_not_fit__is_named(void **state)
{
    static const struct {
        lima_message_kind kind;
        const char *text, *named;
    } cases[] = {
        {LIMA_MESSAGE_TAG, "{}", "'tag'"},
        {LIMA_MESSAGE_TAG, "{\"tag\":1}", "tag"},
        {LIMA_MESSAGE_TAG, "{\"tga\":\"a\"}", "'tga'"},
        {LIMA_MESSAGE_EMPTY, "{\"x\":1}", "'x'"},
        {LIMA_MESSAGE_CONFIG, "[]", "object"},
        {LIMA_MESSAGE_SCRIPTS, "{\"scripts\":{\"a\":1}}", "scripts.a"},
        {LIMA_MESSAGE_START, "{\"success\":1}", "success"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lima_message message = {0};
        lima_err err = {0};
        lima_json *in = json(cases[i].text);
        assert_false(lima_message_from_json(cases[i].kind, in, &message, &err));
        assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
        if (!strstr(err.text, cases[i].named))
            fail_msg("'%s' does not name %s", err.text, cases[i].named);
        lima_json_free(in);
    }
    lima_message message = {0};
    assert_true(lima_message_from_json(LIMA_MESSAGE_EMPTY, NULL, &message, NULL));
    assert_false(lima_message_from_json(LIMA_MESSAGE_TAG, NULL, &message, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table__agrees_with_the_proto_file),
        cmocka_unit_test(kinds__shared_forms_are_the_same),
        cmocka_unit_test(pack__bytes_are_those_of_the_facts),
        cmocka_unit_test(pack__buffer_too_small__fails),
        cmocka_unit_test(every_kind__survives_the_wire),
        cmocka_unit_test(unpack__unknown_fields__are_skipped),
        cmocka_unit_test(unpack__bad_bytes__are_refused),
        cmocka_unit_test(unpack__text_over_its_limit__is_refused),
        cmocka_unit_test(unpack__many_tiny_fields__are_refused),
        cmocka_unit_test(json__there_and_back),
        cmocka_unit_test(json__empty_configuration__is_no_document),
        cmocka_unit_test(json__what_does_not_fit__is_named),
    };
    return cmocka_run_group_tests_name("messages", tests, NULL, NULL);
}
