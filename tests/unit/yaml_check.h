/* What the tests of YAML share. */
#pragma once

#include "json_check.h"

#include "data/yaml.h"

static inline void check(const char *text, const char *expected)
{
    lima_json *json = NULL;
    lima_err err = {0};
    size_t len = strlen(text);
    char *exact = malloc(len ? len : 1); /* no NUL behind it */
    memcpy(exact, text, len);
    if (!lima_yaml_parse(exact, len, &json, &err))
        fail_msg("%s: %s", text, err.text);
    assert_json(json, expected);
    lima_json_free(json);
    free(exact);
}

static inline void check_fails(const char *text, lima_code code, const char *reason)
{
    lima_json *json = NULL;
    lima_err err = {0};
    assert_false(lima_yaml_parse(text, strlen(text), &json, &err));
    assert_string_equal(err.text, reason);
    assert_int_equal(err.code, code);
    assert_null(json);
}
