/* The JSON forms of the messages, for everything that shows or takes them as text: client, limadrv,
 * conformance kit. The server does not need them. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "rpc/messages.h"

/* The one key of a message that has one field; NULL: a form of its own. */
static const char *const keys[LIMA_MESSAGE_KINDS] = {
    [LIMA_MESSAGE_ADDRESS] = "address",       [LIMA_MESSAGE_PASSWORD] = "password",
    [LIMA_MESSAGE_CONNECTION] = "connection", [LIMA_MESSAGE_TAG] = "tag",
    [LIMA_MESSAGE_SNAPSHOTS] = "snapshots",   [LIMA_MESSAGE_FORWARD] = "shouldForward",
};

static const char *text_of(const lima_message *message)
{
    return message->text ? message->text : "";
}

static lima_json *scripts_to_json(const lima_message *message)
{
    lima_json *json = lima_json_new_object();
    lima_json *empty = lima_json_new_object();
    lima_json_set_copy(json, empty, "scripts");
    lima_json_free(empty);
    for (size_t i = 0; i < message->names.len; i++)
        lima_json_set_str(json, message->contents.items[i], "scripts.\"%s\"", message->names.items[i]);
    return json;
}

static lima_json *start_to_json(const lima_message *message)
{
    lima_json *json = lima_json_new_object();
    lima_json_set_bool(json, message->flag, "success");
    lima_json_set_str(json, text_of(message), "error");
    return json;
}

static lima_json *field_to_json(const lima_message *message)
{
    lima_json *json = lima_json_new_object();
    if (message->kind == LIMA_MESSAGE_FORWARD)
        lima_json_set_bool(json, message->flag, "%s", keys[message->kind]);
    else if (message->kind != LIMA_MESSAGE_EMPTY)
        lima_json_set_str(json, text_of(message), "%s", keys[message->kind]);
    return json;
}

bool lima_message_to_json(const lima_message *message, lima_json **ret, lima_err *err)
{
    if (message->kind == LIMA_MESSAGE_CONFIG && message->len == 0) {
        *ret = NULL;
        return true;
    }
    if (message->kind == LIMA_MESSAGE_INFO || message->kind == LIMA_MESSAGE_CONFIG)
        return lima_json_parse(text_of(message), message->len, ret, err);
    if (message->kind == LIMA_MESSAGE_SCRIPTS)
        *ret = scripts_to_json(message);
    else if (message->kind == LIMA_MESSAGE_START)
        *ret = start_to_json(message);
    else
        *ret = field_to_json(message);
    return true;
}

static void set_text(lima_message *message, char *text)
{
    message->text = text;
    message->len = strlen(text);
}

static bool document_from_json(const lima_json *json, lima_message *message, lima_err *err)
{
    if (!json || lima_json_get_kind(json, "%s", "") != LIMA_JSON_OBJECT)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "this message is a JSON object; give the whole document");
    set_text(message, lima_json_print(json));
    return true;
}

static bool scripts_from_json(const lima_json *json, lima_message *message, lima_err *err)
{
    if (!lima_json_expect(json, LIMA_JSON_OBJECT, err, "scripts"))
        return false;
    lima_json_keys(json, &message->names, "scripts");
    for (size_t i = 0; i < message->names.len; i++) {
        const char *text = lima_json_str(json, NULL, "scripts.\"%s\"", message->names.items[i]);
        if (!text)
            return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "scripts.%s is not a string",
                                message->names.items[i]);
        lima_strv_add(&message->contents, text);
    }
    return true;
}

static bool start_from_json(const lima_json *json, lima_message *message, lima_err *err)
{
    if (!lima_json_expect(json, LIMA_JSON_BOOL, err, "success")
        || !lima_json_expect(json, LIMA_JSON_STRING, err, "error"))
        return false;
    message->flag = lima_json_bool(json, false, "success");
    set_text(message, lima_mem_strdup(lima_json_str(json, "", "error")));
    return true;
}

static bool only_key(const lima_json *json, const char *key, lima_err *err)
{
    lima_strv found = {0};
    if (json)
        lima_json_keys(json, &found, "%s", "");
    bool ok = true;
    for (size_t i = 0; ok && i < found.len; i++)
        if (!lima_str_eq(found.items[i], key))
            ok = key ? lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                                    "unknown key '%s'; this message has '%s'", found.items[i], key)
                     : lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                                    "unknown key '%s'; this message has none", found.items[i]);
    lima_strv_free(&found);
    return ok;
}

static bool field_from_json(const lima_json *json, lima_message *message, lima_err *err)
{
    const char *key = keys[message->kind];
    if (json && lima_json_get_kind(json, "%s", "") != LIMA_JSON_OBJECT)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "the request is not a JSON object");
    if (!only_key(json, key, err))
        return false;
    if (message->kind == LIMA_MESSAGE_EMPTY)
        return true;
    lima_json_kind kind = message->kind == LIMA_MESSAGE_FORWARD ? LIMA_JSON_BOOL : LIMA_JSON_STRING;
    if (!json || lima_json_get_kind(json, "%s", key) == LIMA_JSON_ABSENT)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "key '%s' is missing", key);
    if (!lima_json_expect(json, kind, err, "%s", key))
        return false;
    if (kind == LIMA_JSON_BOOL)
        message->flag = lima_json_bool(json, false, "%s", key);
    else
        set_text(message, lima_mem_strdup(lima_json_str(json, "", "%s", key)));
    return true;
}

bool lima_message_from_json(lima_message_kind kind, const lima_json *json, lima_message *ret, lima_err *err)
{
    lima_message message = {.kind = kind};
    bool ok;
    if (kind == LIMA_MESSAGE_INFO || kind == LIMA_MESSAGE_CONFIG)
        ok = document_from_json(json, &message, err);
    else if (kind == LIMA_MESSAGE_SCRIPTS)
        ok = scripts_from_json(json, &message, err);
    else if (kind == LIMA_MESSAGE_START)
        ok = start_from_json(json, &message, err);
    else
        ok = field_from_json(json, &message, err);
    if (!ok) {
        lima_message_free(&message);
        return false;
    }
    *ret = message;
    return true;
}
