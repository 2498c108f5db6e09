/* What the tests of documents share. */
#ifndef JSON_CHECK_H
#define JSON_CHECK_H

#include "lima_test.h"

#include <stdlib.h>
#include <string.h>

#include "data/json.h"

static inline lima_json *json_from(const char *text)
{
    lima_json *json = NULL;
    lima_err err = {0};
    if (!lima_json_parse(text, strlen(text), &json, &err))
        fail_msg("%s: %s", text, err.text);
    return json;
}

static inline void assert_json(const lima_json *json, const char *expected)
{
    char *printed = lima_json_print(json);
    assert_string_equal(printed, expected);
    free(printed);
}

/* Compact texts come back byte for byte. The copy has no NUL behind it: reading on would be seen by ASan. */
static inline void check_same(const char *text)
{
    size_t len = strlen(text);
    char *exact = malloc(len ? len : 1);
    memcpy(exact, text, len);
    lima_json *json = NULL;
    lima_err err = {0};
    if (!lima_json_parse(exact, len, &json, &err))
        fail_msg("%s: %s", text, err.text);
    assert_json(json, text);
    lima_json_free(json);
    free(exact);
}

#endif
