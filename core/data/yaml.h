/* YAML into the same documents as JSON (data/json.h): a thin, bounded wrapper over libyaml, for users' files.
 *
 * One document. Plain scalars mean what the YAML reader of limactl (goccy/go-yaml) makes of them; where that
 * differs from YAML 1.2's core schema: 0b101, 0777 (octal) and 1_000 are integers; a number with an exponent
 * but no '.' (1e3), and an integer beyond 64 bits, are strings. yes, no, on, off are strings. .inf and .nan
 * are INVALID_ARGUMENT: JSON has no such numbers. Of the tags only !!int, !!float, !!bool and !!null (which
 * must fit the text) are looked at; a scalar with any other tag is a string. Anchors and aliases are
 * expanded, merge keys (<<) work: keys written in the mapping win, then earlier sources. Limits:
 * LIMA_YAML_BYTES_MAX of text, LIMA_YAML_NODES_MAX values and LIMA_JSON_BYTES_MAX of text after expansion,
 * LIMA_JSON_DEPTH_MAX levels; past them OUT_OF_RANGE. Duplicate keys, keys that are no scalars, aliases
 * without an anchor before them and a second document are INVALID_ARGUMENT. Errors tell line and column. */
#pragma once

#include "data/json.h"

enum { LIMA_YAML_BYTES_MAX = 4 * 1024 * 1024, LIMA_YAML_NODES_MAX = 200000 };

/* A text without a document (nothing, or comments only) gives an empty object. */
bool lima_yaml_parse(const char *text, size_t len, lima_json **ret, lima_err *err);
