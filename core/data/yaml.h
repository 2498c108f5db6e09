/* YAML into the same documents as JSON (data/json.h): a thin, bounded wrapper over libyaml, for users' files.
 *
 * One document. Plain scalars follow YAML 1.2's core schema as Go's YAML reader does for Lima files: null ~, true/false, integers, 0x…, 0o…, floats; all
 * else is a string. Anchors and aliases are expanded up to a limit; merge keys (<<) work. Limits: LIMA_YAML_BYTES_MAX of text, LIMA_YAML_NODES_MAX
 * values after expansion, LIMA_JSON_DEPTH_MAX levels. Duplicate keys and non-scalar keys are INVALID_ARGUMENT. Errors tell line and column. */
#pragma once

#include "data/json.h"

enum { LIMA_YAML_BYTES_MAX = 4 * 1024 * 1024, LIMA_YAML_NODES_MAX = 200000 };

/* An empty text gives an empty object. */
bool lima_yaml_parse(const char *text, size_t len, lima_json **ret, lima_err *err);
