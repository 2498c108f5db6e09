/* Internal to core/data: how values stand in jansson's tree.
 *
 * * Objects, arrays, strings, booleans, null and 64-bit integers are jansson's own. A number that jansson
 * could not give back digit for digit (a fraction, an exponent, -0, more than 64 bits) is stored as a
 * string: U+0001, 'n', the number as it was written. A true string that begins with U+0001 is stored with
 * U+0001 and 's' before it, so the two are never confused, whatever a string holds. Keys are stored as
 * they are. */
#pragma once

#include <jansson.h>

#include "data/json.h"

#define LIMA_JSON_MARK '\x01'
#define LIMA_JSON_MARK_ESCAPED "\\u0001" /* its only spelling in JSON text */
enum { LIMA_JSON_MARK_NUMBER = 'n', LIMA_JSON_MARK_STRING = 's', LIMA_JSON_MARK_LEN = 2 };

struct lima_json {
    json_t *root; /* never NULL */
};

lima_json *lima_json_wrap(json_t *root); /* takes the reference over */
/* `value` itself; ends the process when jansson ran out of memory and gave NULL. */
json_t *lima_json_solid(json_t *value);

/* Bytes that are no UTF-8 become U+FFFD. */
json_t *lima_json_string_new(const char *text, size_t len);
char *lima_json_clean(const char *text, size_t len);
/* `token` is a number by JSON's grammar. */
json_t *lima_json_number_new(const char *token, size_t len);
bool lima_json_number_is_exact(const char *token, size_t len); /* may be stored as a 64-bit integer */

lima_json_kind lima_json_value_kind(const json_t *value); /* NULL is LIMA_JSON_ABSENT */
/* Of a LIMA_JSON_STRING or LIMA_JSON_NUMBER, without the mark. */
const char *lima_json_value_text(const json_t *value, size_t *ret_len);
