/* Wire form of the messages, by protobuf-c and its descriptors.
 *
 * Every message but the boot scripts is written and read field by field from its descriptor: a STRING or
 * BYTES field is the text, a BOOL the flag. protobuf-c keeps a record of 30 bytes for each field on the wire,
 * so 16 MiB of two-byte fields would cost a quarter of a gigabyte: its allocator gets a budget in proportion
 * to the message instead. It also hands out strings without their length; a NUL inside one is found on the
 * wire. */
#include "rpc/messages.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf.h"
#include "rpc/driver.pb-c.h"

#define METHOD(name, request, reply)                                                                         \
    {                                                                                                        \
        name, "/Driver/" name, LIMA_MESSAGE_##request, LIMA_MESSAGE_##reply,                                 \
            LIMA_MESSAGE_##reply == LIMA_MESSAGE_START                                                       \
    }

static const lima_method methods[LIMA_METHODS] = {
    [LIMA_METHOD_INFO] = METHOD("Info", EMPTY, INFO),
    [LIMA_METHOD_CONFIGURE] = METHOD("Configure", CONFIG, CONFIG),
    [LIMA_METHOD_VALIDATE] = METHOD("Validate", EMPTY, EMPTY),
    [LIMA_METHOD_CREATE] = METHOD("Create", EMPTY, EMPTY),
    [LIMA_METHOD_CREATE_DISK] = METHOD("CreateDisk", EMPTY, EMPTY),
    [LIMA_METHOD_BOOT_SCRIPTS] = METHOD("BootScripts", EMPTY, SCRIPTS),
    [LIMA_METHOD_START] = METHOD("Start", EMPTY, START),
    [LIMA_METHOD_SETUP_SSH] = METHOD("AdditionalSetupForSSH", EMPTY, EMPTY),
    [LIMA_METHOD_SSH_ADDRESS] = METHOD("SSHAddress", EMPTY, ADDRESS),
    [LIMA_METHOD_STOP] = METHOD("Stop", EMPTY, EMPTY),
    [LIMA_METHOD_DELETE] = METHOD("Delete", EMPTY, EMPTY),
    [LIMA_METHOD_RUN_GUI] = METHOD("RunGUI", EMPTY, EMPTY),
    [LIMA_METHOD_CHANGE_PASSWORD] = METHOD("ChangeDisplayPassword", PASSWORD, EMPTY),
    [LIMA_METHOD_DISPLAY_CONNECTION] = METHOD("GetDisplayConnection", EMPTY, CONNECTION),
    [LIMA_METHOD_CREATE_SNAPSHOT] = METHOD("CreateSnapshot", TAG, EMPTY),
    [LIMA_METHOD_APPLY_SNAPSHOT] = METHOD("ApplySnapshot", TAG, EMPTY),
    [LIMA_METHOD_DELETE_SNAPSHOT] = METHOD("DeleteSnapshot", TAG, EMPTY),
    [LIMA_METHOD_LIST_SNAPSHOTS] = METHOD("ListSnapshots", EMPTY, SNAPSHOTS),
    [LIMA_METHOD_FORWARD_AGENT] = METHOD("ForwardGuestAgent", EMPTY, FORWARD),
    [LIMA_METHOD_AGENT_CONN] = METHOD("GuestAgentConn", EMPTY, EMPTY),
};

/* Where several messages have the same form (tags; Configure's two), one stands for all. */
static const ProtobufCMessageDescriptor *const descriptors[LIMA_MESSAGE_KINDS] = {
    [LIMA_MESSAGE_EMPTY] = &google__protobuf__empty__descriptor,
    [LIMA_MESSAGE_INFO] = &info_response__descriptor,
    [LIMA_MESSAGE_CONFIG] = &set_config_request__descriptor,
    [LIMA_MESSAGE_SCRIPTS] = &boot_scripts_response__descriptor,
    [LIMA_MESSAGE_START] = &start_response__descriptor,
    [LIMA_MESSAGE_ADDRESS] = &sshaddress_response__descriptor,
    [LIMA_MESSAGE_PASSWORD] = &change_display_password_request__descriptor,
    [LIMA_MESSAGE_CONNECTION] = &get_display_connection_response__descriptor,
    [LIMA_MESSAGE_TAG] = &create_snapshot_request__descriptor,
    [LIMA_MESSAGE_SNAPSHOTS] = &list_snapshots_response__descriptor,
    [LIMA_MESSAGE_FORWARD] = &forward_guest_agent_response__descriptor,
};

/* Room for any of them. */
typedef union any_message {
    ProtobufCMessage base;
    BootScriptsResponse scripts;
    StartResponse start;
    SetConfigRequest config;
    CreateSnapshotRequest tag;
} any_message;

const lima_method *lima_method_table(void)
{
    return methods;
}

const lima_method *lima_method_by_name(const char *name)
{
    for (size_t i = 0; i < LIMA_METHODS; i++)
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    return NULL;
}

const lima_method *lima_method_by_path(const char *path, size_t len)
{
    for (size_t i = 0; i < LIMA_METHODS; i++)
        if (strlen(methods[i].path) == len && memcmp(methods[i].path, path, len) == 0)
            return &methods[i];
    return NULL;
}

void lima_message_free(lima_message *message)
{
    free(message->text);
    lima_strv_free(&message->names);
    lima_strv_free(&message->contents);
    *message = (lima_message){0};
}

/* ---- reading ---- */

static void *budget_alloc(void *left, size_t size)
{
    if (size > *(size_t *)left)
        return NULL;
    *(size_t *)left -= size;
    return lima_mem_resize(NULL, 1, size);
}

static void budget_free(void *left, void *pointer)
{
    (void)left;
    free(pointer);
}

static size_t text_max(lima_message_kind kind)
{
    bool large = kind == LIMA_MESSAGE_INFO || kind == LIMA_MESSAGE_CONFIG || kind == LIMA_MESSAGE_SNAPSHOTS
                 || kind == LIMA_MESSAGE_SCRIPTS;
    return large ? LIMA_MESSAGE_MAX : LIMA_MESSAGE_TEXT_MAX;
}

static bool take_text(lima_message *message, const char *field, const void *bytes, size_t len, lima_err *err)
{
    if (len > text_max(message->kind))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "field '%s' has %zu bytes, the limit is %zu",
                            field, len, text_max(message->kind));
    if (len && memchr(bytes, 0, len))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "field '%s' holds a NUL byte", field);
    if (len && !lima_utf8_valid(bytes, len))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "field '%s' is not UTF-8", field);
    message->text = lima_mem_strndup(len ? bytes : "", len);
    message->len = len;
    return true;
}

static bool take_scripts(lima_message *message, const BootScriptsResponse *from, lima_err *err)
{
    if (from->n_scripts > LIMA_MESSAGE_SCRIPTS_MAX)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "%zu boot scripts, the limit is %d",
                            from->n_scripts, LIMA_MESSAGE_SCRIPTS_MAX);
    for (size_t i = 0; i < from->n_scripts; i++) {
        const BootScriptsResponse__ScriptsEntry *entry = from->scripts[i];
        if (!take_text(message, entry->key, entry->value.data, entry->value.len, err))
            return false;
        lima_strv_add(&message->names, entry->key);
        lima_strv_add(&message->contents, message->text);
        free(message->text);
        message->text = NULL;
        message->len = 0;
    }
    return true;
}

/* A string that protobuf-c cut at a NUL: the byte is still on the wire, where a string field alone has
 * none. */
static bool cut_at_nul(const ProtobufCMessage *from, const void *bytes, size_t len, const char *text)
{
    return from->n_unknown_fields == 0 && *text && memchr(bytes, 0, len);
}

static bool take_field(lima_message *message, const ProtobufCMessage *from,
                       const ProtobufCFieldDescriptor *field, const void *bytes, size_t len, lima_err *err)
{
    const void *at = (const char *)from + field->offset;
    if (field->type == PROTOBUF_C_TYPE_BOOL) {
        message->flag = *(const protobuf_c_boolean *)at;
        return true;
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        const ProtobufCBinaryData *data = at;
        return take_text(message, field->name, data->data, data->len, err);
    }
    assert(field->type == PROTOBUF_C_TYPE_STRING);
    const char *text = *(const char *const *)at;
    if (cut_at_nul(from, bytes, len, text))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "field '%s' holds a NUL byte", field->name);
    return take_text(message, field->name, text, strlen(text), err);
}

static bool take_fields(lima_message *message, const ProtobufCMessage *from, const void *bytes, size_t len,
                        lima_err *err)
{
    if (message->kind == LIMA_MESSAGE_SCRIPTS)
        return take_scripts(message, (const BootScriptsResponse *)from, err);
    bool ok = true;
    for (unsigned i = 0; ok && i < from->descriptor->n_fields; i++)
        ok = take_field(message, from, &from->descriptor->fields[i], bytes, len, err);
    return ok;
}

bool lima_message_unpack(lima_message_kind kind, const void *bytes, size_t len, lima_message *ret,
                         lima_err *err)
{
    const ProtobufCMessageDescriptor *descriptor = descriptors[kind];
    size_t left = 2 * len + LIMA_MESSAGE_TEXT_MAX;
    ProtobufCAllocator budget = {budget_alloc, budget_free, &left};
    ProtobufCMessage *from = protobuf_c_message_unpack(descriptor, &budget, len, bytes);
    if (!from)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "these %zu bytes are no %s message", len,
                            descriptor->name);
    lima_message message = {.kind = kind};
    bool ok = take_fields(&message, from, bytes, len, err);
    protobuf_c_message_free_unpacked(from, &budget);
    if (!ok) {
        lima_message_free(&message);
        return lima_err_wrap(err, "%s", descriptor->name);
    }
    *ret = message;
    return true;
}

/* ---- writing ---- */

static bool pack(const ProtobufCMessage *from, lima_buf *ret)
{
    size_t size = protobuf_c_message_get_packed_size(from);
    char *room = lima_buf_reserve(ret, size);
    if (!room)
        return false;
    ret->len += protobuf_c_message_pack(from, (uint8_t *)room);
    room[size] = '\0';
    return true;
}

static bool pack_scripts(const lima_message *message, lima_buf *ret)
{
    size_t count = message->names.len;
    BootScriptsResponse__ScriptsEntry *entries = lima_mem_zalloc(count + 1, sizeof *entries);
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): a list of pointers */
    BootScriptsResponse__ScriptsEntry **list = lima_mem_zalloc(count + 1, sizeof *list);
    for (size_t i = 0; i < count; i++) {
        boot_scripts_response__scripts_entry__init(&entries[i]);
        char *text = message->contents.items[i];
        entries[i].key = message->names.items[i];
        entries[i].value = (ProtobufCBinaryData){strlen(text), (uint8_t *)text};
        list[i] = &entries[i];
    }
    BootScriptsResponse scripts = BOOT_SCRIPTS_RESPONSE__INIT;
    scripts.n_scripts = count;
    scripts.scripts = list;
    bool ok = pack(&scripts.base, ret);
    free(list);
    free(entries);
    return ok;
}

static void put_field(const lima_message *message, ProtobufCMessage *to,
                      const ProtobufCFieldDescriptor *field)
{
    void *at = (char *)to + field->offset;
    if (field->type == PROTOBUF_C_TYPE_BOOL)
        *(protobuf_c_boolean *)at = message->flag;
    else if (field->type == PROTOBUF_C_TYPE_BYTES)
        *(ProtobufCBinaryData *)at = (ProtobufCBinaryData){message->len, (uint8_t *)message->text};
    else if (message->text)
        *(char **)at = message->text;
}

bool lima_message_pack(const lima_message *message, lima_buf *ret)
{
    if (message->kind == LIMA_MESSAGE_SCRIPTS)
        return pack_scripts(message, ret);
    const ProtobufCMessageDescriptor *descriptor = descriptors[message->kind];
    any_message to;
    assert(descriptor->sizeof_message <= sizeof to);
    protobuf_c_message_init(descriptor, &to);
    for (unsigned i = 0; i < descriptor->n_fields; i++)
        put_field(message, &to.base, &descriptor->fields[i]);
    return pack(&to.base, ret);
}
