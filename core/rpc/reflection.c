/* The descriptor set is a list of FileDescriptorProto messages. It is walked on each question, field by
 * field: that is some kilobytes, nobody asks often, and there is no table that could be out of step with
 * it. Numbers of fields: google/protobuf/descriptor.proto.
 *
 * A file is answered with all others of the set behind it, so that no client has to ask again for what it
 * imports. */
#include "rpc/reflection.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strv.h"
#include "rpc/driver.desc.h"
#include "rpc/reflection.pb-c.h"

enum { REQUEST_MAX = 4096, FILES_MAX = 16, SERVICES_MAX = 16 };
enum {
    SET_FILE = 1,
    NAME = 1,
    FILE_PACKAGE = 2,
    FILE_MESSAGE = 4,
    FILE_ENUM = 5,
    FILE_SERVICE = 6,
    PART_FIRST = 2,
    PART_LAST = 4
};

typedef Grpc__Reflection__V1__ServerReflectionRequest ask_message;
typedef Grpc__Reflection__V1__ServerReflectionResponse reply_message;

/* ---- the wire form of descriptors ---- */

typedef struct span {
    const uint8_t *bytes;
    size_t len;
} span;

static uint64_t read_varint(span *at)
{
    uint64_t value = 0;
    for (unsigned shift = 0; at->len > 0 && shift < 64; shift += 7) {
        uint8_t byte = *at->bytes++;
        at->len--;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            break;
    }
    return value;
}

/* The next length-delimited field; numbers between are skipped. False at the end. */
static bool next_field(span *at, unsigned *ret_number, span *ret)
{
    enum { VARINT = 0, DELIMITED = 2 };
    while (at->len > 0) {
        uint64_t key = read_varint(at);
        uint64_t value = read_varint(at); /* descriptors have no fields of fixed width */
        if ((key & 7) == VARINT)
            continue;
        if ((key & 7) != DELIMITED || value > at->len)
            return false;
        *ret_number = (unsigned)(key >> 3);
        *ret = (span){at->bytes, (size_t)value};
        at->bytes += value;
        at->len -= value;
        return true;
    }
    return false;
}

static span find_field(span in, unsigned wanted)
{
    unsigned number;
    span found;
    while (next_field(&in, &number, &found))
        if (number == wanted)
            return found;
    return (span){0};
}

static bool is_text(span text, const char *wanted)
{
    return strlen(wanted) == text.len && memcmp(text.bytes, wanted, text.len) == 0;
}

/* What of `symbol` follows `name` and a dot: "" when nothing does, NULL when it does not begin with it. */
static const char *after(const char *symbol, span name)
{
    if (name.len == 0 || strncmp(symbol, (const char *)name.bytes, name.len) != 0)
        return NULL;
    const char *rest = symbol + name.len;
    return *rest == '.' ? rest + 1 : *rest ? NULL : rest;
}

/* Messages, enums and services of a file hold named parts in fields 2 to 4; so do those again. */
static bool has_symbol(span node, const char *symbol, unsigned first, unsigned last)
{
    unsigned number;
    span part;
    while (next_field(&node, &number, &part)) {
        const char *rest = number >= first && number <= last ? after(symbol, find_field(part, NAME)) : NULL;
        if (rest && (!*rest || has_symbol(part, rest, PART_FIRST, PART_LAST)))
            return true;
    }
    return false;
}

static bool file_has_symbol(span file, const char *symbol)
{
    span package = find_field(file, FILE_PACKAGE);
    const char *rest = package.len ? after(symbol, package) : symbol;
    return rest && *rest && has_symbol(file, rest, FILE_MESSAGE, FILE_SERVICE);
}

static size_t list_files(span ret[FILES_MAX])
{
    span set = {lima_driver_desc, lima_driver_desc_len}, file;
    unsigned number;
    size_t count = 0;
    while (count < FILES_MAX && next_field(&set, &number, &file))
        if (number == SET_FILE)
            ret[count++] = file;
    return count;
}

/* ---- answers ---- */

static void pack(const reply_message *message, lima_buf *reply)
{
    size_t size = grpc__reflection__v1__server_reflection_response__get_packed_size(message);
    char *room = lima_buf_reserve(reply, size);
    if (room)
        reply->len += grpc__reflection__v1__server_reflection_response__pack(message, (uint8_t *)room);
}

static void reply_not_found(reply_message *message, const char *kind, const char *what, lima_buf *reply)
{
    Grpc__Reflection__V1__ErrorResponse error = GRPC__REFLECTION__V1__ERROR_RESPONSE__INIT;
    char *text = lima_mem_printf("no %s '%s' here", kind, what);
    error.error_code = LIMA_CODE_NOT_FOUND;
    error.error_message = text;
    message->message_response_case =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ERROR_RESPONSE;
    message->error_response = &error;
    pack(message, reply);
    message->error_response = NULL;
    free(text);
}

/* files[first], then the others. */
static void reply_files(reply_message *message, const span *files, size_t count, size_t first,
                        lima_buf *reply)
{
    Grpc__Reflection__V1__FileDescriptorResponse list = GRPC__REFLECTION__V1__FILE_DESCRIPTOR_RESPONSE__INIT;
    ProtobufCBinaryData items[FILES_MAX];
    for (size_t i = 0; i < count; i++) {
        span file = files[(first + i) % count];
        items[i] = (ProtobufCBinaryData){.len = file.len, .data = lima_mem_zalloc(1, file.len)};
        memcpy(items[i].data, file.bytes, file.len); /* protobuf-c wants them writable */
    }
    list.n_file_descriptor_proto = count;
    list.file_descriptor_proto = items;
    message->message_response_case =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_FILE_DESCRIPTOR_RESPONSE;
    message->file_descriptor_response = &list;
    pack(message, reply);
    message->file_descriptor_response = NULL;
    for (size_t i = 0; i < count; i++)
        free(items[i].data);
}

static void answer_file_name(reply_message *message, const char *name, lima_buf *reply)
{
    span files[FILES_MAX];
    size_t count = list_files(files);
    for (size_t i = 0; i < count; i++)
        if (is_text(find_field(files[i], NAME), name)) {
            reply_files(message, files, count, i, reply);
            return;
        }
    reply_not_found(message, "file", name, reply);
}

static void answer_symbol(reply_message *message, const char *symbol, lima_buf *reply)
{
    span files[FILES_MAX];
    size_t count = list_files(files);
    for (size_t i = 0; i < count; i++)
        if (file_has_symbol(files[i], symbol)) {
            reply_files(message, files, count, i, reply);
            return;
        }
    reply_not_found(message, "symbol", symbol, reply);
}

/* Names of all services of a file, with its package. */
static void add_services(span file, lima_strv *names)
{
    span package = find_field(file, FILE_PACKAGE), part;
    unsigned number;
    while (next_field(&file, &number, &part)) {
        span name = find_field(part, NAME);
        if (number == FILE_SERVICE)
            lima_strv_addf(names, "%.*s%s%.*s", (int)package.len,
                           package.len ? (const char *)package.bytes : "", package.len ? "." : "",
                           (int)name.len, (const char *)name.bytes);
    }
}

static void answer_services(reply_message *message, lima_buf *reply)
{
    Grpc__Reflection__V1__ListServiceResponse list = GRPC__REFLECTION__V1__LIST_SERVICE_RESPONSE__INIT;
    Grpc__Reflection__V1__ServiceResponse items[SERVICES_MAX], *pointers[SERVICES_MAX];
    lima_strv names = {0};
    span files[FILES_MAX];
    size_t count = list_files(files);
    for (size_t i = 0; i < count; i++)
        add_services(files[i], &names);
    for (size_t i = 0; i < names.len && i < SERVICES_MAX; i++) {
        grpc__reflection__v1__service_response__init(&items[i]);
        items[i].name = names.items[i];
        pointers[i] = &items[i];
        list.n_service = i + 1;
    }
    list.service = pointers;
    message->message_response_case =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_LIST_SERVICES_RESPONSE;
    message->list_services_response = &list;
    pack(message, reply);
    message->list_services_response = NULL;
    lima_strv_free(&names);
}

static void answer_ask(ask_message *ask, lima_buf *reply)
{
    reply_message message = GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__INIT;
    message.valid_host = ask->host;
    message.original_request = ask;
    if (ask->message_request_case
        == GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_BY_FILENAME)
        answer_file_name(&message, ask->file_by_filename, reply);
    else if (ask->message_request_case
             == GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_SYMBOL)
        answer_symbol(&message, ask->file_containing_symbol, reply);
    else if (ask->message_request_case
             == GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES)
        answer_services(&message, reply);
    else
        reply_not_found(&message, "extension of", "proto2", reply);
}

static bool answer(const void *request, size_t len, lima_buf *reply, lima_err *err)
{
    ask_message *ask = len <= REQUEST_MAX
                           ? grpc__reflection__v1__server_reflection_request__unpack(NULL, len, request)
                           : NULL;
    if (!ask)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "the request is no ServerReflectionRequest");
    answer_ask(ask, reply);
    grpc__reflection__v1__server_reflection_request__free_unpacked(ask, NULL);
    return true;
}

static const lima_service_method methods[] = {
    {"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", LIMA_SERVICE_BIDI, answer},
    {0},
};

static const lima_service_method alpha_methods[] = {
    {"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", LIMA_SERVICE_BIDI, answer},
    {0},
};

const lima_service lima_reflection_service = {"grpc.reflection.v1.ServerReflection", methods};
const lima_service lima_reflection_alpha_service = {"grpc.reflection.v1alpha.ServerReflection",
                                                    alpha_methods};
