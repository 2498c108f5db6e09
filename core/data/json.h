/* JSON documents that lose nothing: a thin, bounded wrapper over jansson.
 *
 * - Every key stays, known or not, in its order. Every number stays digit for digit: integers beyond 64 bits,
 *   1e400 and 0.10 are written as they were read (limactl refuses 4.29e9 where an integer is due). Duplicate
 *   keys: the last one wins, as in Go.
 * - Limits: LIMA_JSON_BYTES_MAX of text, LIMA_JSON_DEPTH_MAX levels, LIMA_JSON_VALUES_MAX values (an empty
 *   object costs a hundred times its text in memory). Errors tell line, column (in characters, from 1) and
 *   byte offset (from 0).
 * - Values are addressed by paths from the root: "config.mounts[2].location"; a "" path is the value itself.
 *   A key that holds '.', '[' or ']' is written in quotes: "vmOpts.\"a.b\".c". Paths are printf formats, so
 *   indices need no string building: lima_json_str(doc, NULL, "disks[%zu].name", i). A value put between
 *   quotes by %s is taken literally, whatever characters it has: "param.\"%s\"". Outside quotes it is path
 *   text, so that "%s" passes a whole path on. A quoted key ends at the next quote that '.', '[' or the end
 *   follows (and that comes from the format, if the first one did). Conversions: %s %.*s %d %i %u, with l,
 *   ll, z, and %%. A malformed path leads nowhere; for writing it is a programming mistake.
 *
 * A lima_json is one value that owns everything below it. Not thread-safe. The type is ours; no library type
 * shows. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"

enum { LIMA_JSON_BYTES_MAX = 16 * 1024 * 1024, LIMA_JSON_DEPTH_MAX = 256, LIMA_JSON_VALUES_MAX = 262144 };

typedef struct lima_json lima_json;

typedef enum lima_json_kind {
    LIMA_JSON_ABSENT = 0, /* nothing at that path */
    LIMA_JSON_NULL,
    LIMA_JSON_BOOL,
    LIMA_JSON_INTEGER, /* written without fraction or exponent, within int64 */
    LIMA_JSON_NUMBER,  /* any other number */
    LIMA_JSON_STRING,
    LIMA_JSON_ARRAY,
    LIMA_JSON_OBJECT,
} lima_json_kind;

/* One JSON value with nothing but white space around it. INVALID_ARGUMENT with the position; OUT_OF_RANGE
 * past a limit. */
bool lima_json_parse(const char *text, size_t len, lima_json **ret, lima_err *err);
/* The first JSON value of a text; *ret_used bytes were it. For streams of values (QMP). */
bool lima_json_parse_first(const char *text, size_t len, lima_json **ret, size_t *ret_used, lima_err *err);
lima_json *lima_json_new_object(void);
lima_json *lima_json_copy(const lima_json *json);
void lima_json_free(lima_json *json); /* NULL does nothing */

/* Compact (one line) or indented by two spaces; UTF-8, '/' not escaped. Owned string. */
char *lima_json_print(const lima_json *json);
char *lima_json_print_indented(const lima_json *json);

/* Reading. A path that leads nowhere, or to another kind, or to null, gives the default. Strings are borrowed
 * until that value changes. A string that holds U+0000 is no C string: it is kept and printed, but
 * lima_json_str gives the default for it and lima_json_expect refuses it. `json` may be NULL here: everything
 * is absent then. */
lima_json_kind lima_json_get_kind(const lima_json *json, const char *path, ...) LIMA_PRINTF(2, 3);
const char *lima_json_str(const lima_json *json, const char *dflt, const char *path, ...) LIMA_PRINTF(3, 4);
int64_t lima_json_int(const lima_json *json, int64_t dflt, const char *path, ...) LIMA_PRINTF(3, 4);
bool lima_json_bool(const lima_json *json, bool dflt, const char *path, ...) LIMA_PRINTF(3, 4);
/* of an array or object; else 0 */
size_t lima_json_count(const lima_json *json, const char *path, ...) LIMA_PRINTF(2, 3);
/* of an object, in order */
void lima_json_keys(const lima_json *json, lima_strv *ret_keys, const char *path, ...) LIMA_PRINTF(3, 4);
/* An owned copy of the value at the path, or NULL. */
lima_json *lima_json_get_copy(const lima_json *json, const char *path, ...) LIMA_PRINTF(2, 3);

/* Fails with INVALID_ARGUMENT naming path, wanted and found kind, when something other than `kind`, null or
 * nothing stands there. An integer passes as LIMA_JSON_NUMBER too. */
bool lima_json_expect(const lima_json *json, lima_json_kind kind, lima_err *err, const char *path, ...)
    LIMA_PRINTF(4, 5);

/* Writing. Missing objects on the way are made; an index may be one past the end of its array (append). A
 * path through a value of another kind replaces null and is a programming mistake (assert) otherwise: check
 * with lima_json_expect first. Bytes that are no UTF-8 are written as U+FFFD; a NULL string as null. */
void lima_json_set_str(lima_json *json, const char *value, const char *path, ...) LIMA_PRINTF(3, 4);
void lima_json_set_int(lima_json *json, int64_t value, const char *path, ...) LIMA_PRINTF(3, 4);
void lima_json_set_bool(lima_json *json, bool value, const char *path, ...) LIMA_PRINTF(3, 4);
void lima_json_set_null(lima_json *json, const char *path, ...) LIMA_PRINTF(2, 3);
void lima_json_set_copy(lima_json *json, const lima_json *value, const char *path, ...) LIMA_PRINTF(3, 4);
void lima_json_set_empty_array(lima_json *json, const char *path, ...) LIMA_PRINTF(2, 3);
void lima_json_remove(lima_json *json, const char *path, ...) LIMA_PRINTF(2, 3);
