/* Internal to core/data: what a plain YAML scalar means. */
#pragma once

#include <jansson.h>

/* NULL: a number that JSON does not have (.inf, .nan). */
json_t *lima_yaml_resolve(const char *text);
