/* The methods of the service Driver and their messages: one table and one C form, shared by server, client
 * and conformance kit.
 *
 * Field numbers stand in driver.proto alone; that names, order and kinds here agree with it is checked by a
 * test. All messages but two (boot scripts, Start) have at most one field, so one struct holds any of them.
 * convert.c turns it into JSON and back. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "data/json.h"

enum {
    /* Bytes of one packed message, either way: what limactl's client takes. */
    LIMA_MESSAGE_MAX = 16 * 1024 * 1024,
    /* Bytes of a text that is neither a document nor a list of snapshots. */
    LIMA_MESSAGE_TEXT_MAX = 64 * 1024,
    LIMA_MESSAGE_SCRIPTS_MAX = 256,
};

typedef enum lima_message_kind {
    LIMA_MESSAGE_EMPTY = 0,
    LIMA_MESSAGE_INFO,    /* text: a JSON document */
    LIMA_MESSAGE_CONFIG,  /* text: the Instance JSON document; "" in answers of 2.0 and 2.1 servers */
    LIMA_MESSAGE_SCRIPTS, /* names and contents */
    LIMA_MESSAGE_START,   /* flag: success; text: error */
    LIMA_MESSAGE_ADDRESS, /* text, as all below */
    LIMA_MESSAGE_PASSWORD,
    LIMA_MESSAGE_CONNECTION,
    LIMA_MESSAGE_TAG,
    LIMA_MESSAGE_SNAPSHOTS,
    LIMA_MESSAGE_FORWARD, /* flag */
    LIMA_MESSAGE_KINDS,
} lima_message_kind;

typedef enum lima_method_id {
    LIMA_METHOD_INFO = 0, /* in the order of driver.proto */
    LIMA_METHOD_CONFIGURE,
    LIMA_METHOD_VALIDATE,
    LIMA_METHOD_CREATE,
    LIMA_METHOD_CREATE_DISK,
    LIMA_METHOD_BOOT_SCRIPTS,
    LIMA_METHOD_START, /* the only stream */
    LIMA_METHOD_SETUP_SSH,
    LIMA_METHOD_SSH_ADDRESS,
    LIMA_METHOD_STOP,
    LIMA_METHOD_DELETE,
    LIMA_METHOD_RUN_GUI,
    LIMA_METHOD_CHANGE_PASSWORD,
    LIMA_METHOD_DISPLAY_CONNECTION,
    LIMA_METHOD_CREATE_SNAPSHOT,
    LIMA_METHOD_APPLY_SNAPSHOT,
    LIMA_METHOD_DELETE_SNAPSHOT,
    LIMA_METHOD_LIST_SNAPSHOTS,
    LIMA_METHOD_FORWARD_AGENT,
    LIMA_METHOD_AGENT_CONN,
    LIMA_METHODS,
} lima_method_id;

typedef struct lima_method {
    const char *name; /* "Info" */
    const char *path; /* "/Driver/Info" */
    lima_message_kind request, reply;
    bool stream; /* the reply is a stream */
} lima_method;

/* LIMA_METHODS entries, indexed by lima_method_id. */
const lima_method *lima_method_table(void);
const lima_method *lima_method_by_name(const char *name);             /* NULL: no such method */
const lima_method *lima_method_by_path(const char *path, size_t len); /* `path` need not end in NUL */

/* One message. {0} is the empty one. Which members count is said at the kind. */
typedef struct lima_message {
    lima_message_kind kind;
    bool flag;
    char *text;                /* owned, NUL-terminated; NULL is "" */
    size_t len;                /* bytes of text */
    lima_strv names, contents; /* pairwise */
} lima_message;

void lima_message_free(lima_message *message);

/* Wire bytes to message. Unknown fields are skipped. INVALID_ARGUMENT for bytes that are no such message, a
 * NUL in a text, or text over its limit. Memory used is bounded by a small multiple of `len`, whatever the
 * bytes are. */
bool lima_message_unpack(lima_message_kind kind, const void *bytes, size_t len, lima_message *ret,
                         lima_err *err);
/* Adds the wire bytes to `ret`; false only when its limit does not hold them. */
bool lima_message_pack(const lima_message *message, lima_buf *ret);

/* JSON forms (rpc/client.h names them): INFO and CONFIG are their document, EMPTY is {}, the others
 * {"address":…}, {"password":…}, {"connection":…}, {"tag":…}, {"snapshots":…}, {"shouldForward":…},
 * {"scripts":{NAME:TEXT}}, {"success":…,"error":…}. A CONFIG without text gives NULL in *ret. */
bool lima_message_to_json(const lima_message *message, lima_json **ret, lima_err *err);
/* `json` may be NULL for EMPTY. INVALID_ARGUMENT naming the key that is missing, of the wrong type, or
 * unknown. */
bool lima_message_from_json(lima_message_kind kind, const lima_json *json, lima_message *ret, lima_err *err);
