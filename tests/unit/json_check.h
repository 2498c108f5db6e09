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

#endif
