/* libyaml's events become values as they come; nothing is kept but the tree and a table of anchors. An alias
 * is a copy of its anchor's value. What aliases make of a small text is bounded before each copy: the number
 * of values, their bytes and the depth.
 *
 * * Differs from limactl's reader where that one departs from the YAML documents: in merge keys (there the
 * last one written wins), and a second document is refused instead of ignored. */
#include "data/yaml.h"

#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/utf.h"
#include "json_value.h"
#include "text_position.h"
#include "yaml_scalar.h"

typedef struct reader {
    const char *text;
    yaml_parser_t parser;
    yaml_event_t event; /* the current one */
    json_t *anchors;    /* name -> value */
    size_t depth;
    size_t values; /* so far, aliases expanded */
    size_t bytes;  /* of keys and strings, likewise */
    lima_err *err;
} reader;

typedef struct extent {
    size_t values;
    size_t bytes;
    size_t depth;
} extent;

static bool read_node(reader *r, json_t **ret);

LIMA_PRINTF(4, 5)
static bool fail(reader *r, yaml_mark_t at, lima_code code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    lima_err_vset(r->err, code, 0, fmt, args);
    va_end(args);
    return lima_err_wrap(r->err, "line %zu, column %zu", at.line + 1, at.column + 1);
}

static bool fail_in_library(reader *r)
{
    const yaml_parser_t *p = &r->parser;
    yaml_mark_t at = p->problem_mark;
    if (p->error == YAML_READER_ERROR) { /* has no mark */
        text_position position = text_position_of(r->text, p->problem_offset);
        at = (yaml_mark_t){.line = position.line - 1, .column = position.column - 1};
    }
    return fail(r, at, LIMA_CODE_INVALID_ARGUMENT, "%s%s%s", p->context ? p->context : "",
                p->context ? ", " : "", p->problem ? p->problem : "out of memory");
}

static bool next(reader *r)
{
    yaml_event_delete(&r->event);
    return yaml_parser_parse(&r->parser, &r->event) || fail_in_library(r);
}

/* Counts what is about to be added below the current depth. */
static bool charge(reader *r, extent more)
{
    r->values += more.values;
    r->bytes += more.bytes;
    if (r->values > LIMA_YAML_NODES_MAX)
        return fail(r, r->event.start_mark, LIMA_CODE_OUT_OF_RANGE, "more than %d values",
                    LIMA_YAML_NODES_MAX);
    if (r->bytes > LIMA_JSON_BYTES_MAX)
        return fail(r, r->event.start_mark, LIMA_CODE_OUT_OF_RANGE,
                    "more than %d bytes after expanding aliases", LIMA_JSON_BYTES_MAX);
    if (r->depth + more.depth > LIMA_JSON_DEPTH_MAX)
        return fail(r, r->event.start_mark, LIMA_CODE_OUT_OF_RANGE, "more than %d levels",
                    LIMA_JSON_DEPTH_MAX);
    return true;
}

static void add_extent(extent *sum, extent child)
{
    sum->values += child.values;
    sum->bytes += child.bytes;
    if (child.depth >= sum->depth)
        sum->depth = child.depth + 1;
}

/* Recursion is as deep as the value, which is within the limit. */
static extent measure(json_t *value)
{
    extent sum = {.values = 1, .bytes = json_string_length(value)};
    if (json_is_array(value) || json_is_object(value))
        sum.depth = 1;
    for (size_t i = 0; i < json_array_size(value); i++)
        add_extent(&sum, measure(json_array_get(value, i)));
    for (void *at = json_object_iter(value); at; at = json_object_iter_next(value, at)) {
        sum.bytes += strlen(json_object_iter_key(at));
        add_extent(&sum, measure(json_object_iter_value(at)));
    }
    return sum;
}

static bool read_alias(reader *r, json_t **ret)
{
    const char *name = (const char *)r->event.data.alias.anchor;
    json_t *value = json_object_get(r->anchors, name);
    if (!value)
        return fail(r, r->event.start_mark, LIMA_CODE_INVALID_ARGUMENT,
                    "the alias *%s has no anchor &%s before it", name, name);
    if (!charge(r, measure(value)))
        return false;
    *ret = lima_json_solid(json_deep_copy(value));
    return true;
}

/* What a tag demands of the scalar's kind; LIMA_JSON_ABSENT when no kind in particular. */
static lima_json_kind kind_of_tag(const char *tag)
{
    static const struct {
        const char *tag;
        lima_json_kind kind;
    } KINDS[] = {
        {YAML_INT_TAG, LIMA_JSON_INTEGER},
        {YAML_FLOAT_TAG, LIMA_JSON_NUMBER},
        {YAML_BOOL_TAG, LIMA_JSON_BOOL},
        {YAML_NULL_TAG, LIMA_JSON_NULL},
    };
    for (size_t i = 0; tag && i < sizeof KINDS / sizeof KINDS[0]; i++)
        if (strcmp(tag, KINDS[i].tag) == 0)
            return KINDS[i].kind;
    return LIMA_JSON_ABSENT;
}

static bool fits_tag(const json_t *value, lima_json_kind wanted)
{
    lima_json_kind kind = lima_json_value_kind(value);
    return wanted == LIMA_JSON_ABSENT || kind == wanted
           || (wanted != LIMA_JSON_BOOL && wanted != LIMA_JSON_NULL
               && (kind == LIMA_JSON_INTEGER || kind == LIMA_JSON_NUMBER));
}

static bool read_scalar(reader *r, json_t **ret)
{
    const char *text = (const char *)r->event.data.scalar.value;
    const char *tag = (const char *)r->event.data.scalar.tag;
    size_t len = r->event.data.scalar.length;
    bool plain = r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    lima_json_kind wanted = kind_of_tag(tag);
    if (!charge(r, (extent){.values = 1, .bytes = len}))
        return false;
    if (wanted == LIMA_JSON_ABSENT && (tag || !plain)) {
        *ret = lima_json_string_new(text, len);
        return true;
    }
    json_t *value = lima_yaml_resolve(text);
    if (!value)
        return fail(r, r->event.start_mark, LIMA_CODE_INVALID_ARGUMENT, "%s cannot be written in JSON", text);
    if (!fits_tag(value, wanted)) {
        json_decref(value);
        return fail(r, r->event.start_mark, LIMA_CODE_INVALID_ARGUMENT, "'%.64s' does not fit its tag", text);
    }
    *ret = value;
    return true;
}

static bool read_sequence(reader *r, json_t **ret)
{
    json_t *list = lima_json_solid(json_array()), *item = NULL;
    bool ok;
    while ((ok = next(r)) && r->event.type != YAML_SEQUENCE_END_EVENT) {
        ok = read_node(r, &item);
        if (!ok)
            break;
        json_array_append_new(list, item);
    }
    if (ok)
        *ret = list;
    else
        json_decref(list);
    return ok;
}

/* The key that a scalar makes, owned: integers in decimal, as limactl's reader has it. NULL: none. */
static char *key_text(const json_t *value)
{
    lima_json_kind kind = lima_json_value_kind(value);
    if (kind == LIMA_JSON_INTEGER)
        return lima_mem_printf("%lld", (long long)json_integer_value(value));
    if (kind == LIMA_JSON_BOOL)
        return lima_mem_strdup(json_is_true(value) ? "true" : "false");
    if (kind == LIMA_JSON_NULL)
        return lima_mem_strdup("null");
    if (kind != LIMA_JSON_STRING && kind != LIMA_JSON_NUMBER)
        return NULL;
    size_t len;
    const char *text = lima_json_value_text(value, &len);
    return strlen(text) == len ? lima_mem_strdup(text) : NULL;
}

static bool read_key(reader *r, char **ret)
{
    yaml_mark_t at = r->event.start_mark;
    json_t *value = NULL;
    if (!read_node(r, &value))
        return false;
    char *key = key_text(value);
    json_decref(value);
    if (!key)
        return fail(r, at, LIMA_CODE_INVALID_ARGUMENT, "a key must be a scalar without U+0000");
    *ret = key;
    return true;
}

static bool is_merge_key(const yaml_event_t *event)
{
    return event->type == YAML_SCALAR_EVENT && event->data.scalar.plain_implicit
           && lima_str_eq((const char *)event->data.scalar.value, "<<");
}

/* Adds what `object` does not have yet. */
static void merge_into(json_t *object, json_t *source)
{
    for (void *at = json_object_iter(source); at; at = json_object_iter_next(source, at))
        if (!json_object_get(object, json_object_iter_key(at)))
            json_object_set(object, json_object_iter_key(at), json_object_iter_value(at));
}

/* `sources` is a mapping or a sequence of them. */
static bool merge(reader *r, yaml_mark_t at, json_t *object, json_t *sources)
{
    bool ok = json_is_object(sources) || json_is_array(sources);
    for (size_t i = 0; ok && i < json_array_size(sources); i++) {
        ok = json_is_object(json_array_get(sources, i));
        merge_into(object, json_array_get(sources, i));
    }
    merge_into(object, sources);
    return ok || fail(r, at, LIMA_CODE_INVALID_ARGUMENT, "<< wants a mapping or a sequence of mappings");
}

/* A mapping that is being read. */
typedef struct mapping {
    json_t *object;
    json_t *merged; /* value of the merge key, or NULL */
    yaml_mark_t merged_at;
} mapping;

/* Takes `value` over. */
static bool add_pair(reader *r, yaml_mark_t at, mapping *map, bool is_merge, const char *key, json_t *value)
{
    if (is_merge ? map->merged : json_object_get(map->object, key)) {
        json_decref(value);
        return fail(r, at, LIMA_CODE_INVALID_ARGUMENT, "the key '%.64s' stands twice in one mapping", key);
    }
    if (is_merge) {
        map->merged = value;
        map->merged_at = at;
    } else {
        json_object_set_new(map->object, key, value);
    }
    return true;
}

static bool read_pair(reader *r, mapping *map)
{
    yaml_mark_t at = r->event.start_mark;
    bool is_merge = is_merge_key(&r->event);
    char *key = NULL;
    json_t *value = NULL;
    bool ok =
        read_key(r, &key) && next(r) && read_node(r, &value) && add_pair(r, at, map, is_merge, key, value);
    free(key);
    return ok;
}

static bool read_mapping(reader *r, json_t **ret)
{
    mapping map = {.object = lima_json_solid(json_object())};
    bool ok;
    while ((ok = next(r)) && r->event.type != YAML_MAPPING_END_EVENT) {
        ok = read_pair(r, &map);
        if (!ok)
            break;
    }
    if (ok && map.merged)
        ok = merge(r, map.merged_at, map.object, map.merged);
    json_decref(map.merged);
    if (ok)
        *ret = map.object;
    else
        json_decref(map.object);
    return ok;
}

static bool read_container(reader *r, json_t **ret)
{
    bool is_mapping = r->event.type == YAML_MAPPING_START_EVENT;
    if (!charge(r, (extent){.values = 1, .depth = 1}))
        return false;
    r->depth++;
    bool ok = is_mapping ? read_mapping(r, ret) : read_sequence(r, ret);
    r->depth--;
    return ok;
}

static const yaml_char_t *anchor_of(const yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT)
        return event->data.scalar.anchor;
    return event->type == YAML_MAPPING_START_EVENT ? event->data.mapping_start.anchor
                                                   : event->data.sequence_start.anchor;
}

/* The current event begins the node and is, afterwards, the last one of it. */
static bool read_node(reader *r, json_t **ret)
{
    if (r->event.type == YAML_ALIAS_EVENT)
        return read_alias(r, ret);
    char *anchor = lima_mem_strdup((const char *)anchor_of(&r->event));
    json_t *value = NULL;
    bool ok = r->event.type == YAML_SCALAR_EVENT ? read_scalar(r, &value) : read_container(r, &value);
    if (ok && anchor)
        json_object_set(r->anchors, anchor, value);
    free(anchor);
    if (ok)
        *ret = value;
    return ok;
}

static bool read_stream(reader *r, json_t **ret)
{
    if (!next(r)) /* the stream's start */
        return false;
    if (!next(r)) /* a document's, or the end */
        return false;
    if (r->event.type == YAML_STREAM_END_EVENT) {
        *ret = lima_json_solid(json_object());
        return true;
    }
    json_t *value = NULL;
    bool ok = next(r) && read_node(r, &value) && next(r) && next(r);
    if (ok && r->event.type != YAML_STREAM_END_EVENT)
        ok = fail(r, r->event.start_mark, LIMA_CODE_INVALID_ARGUMENT,
                  "a second document begins here; one is allowed");
    if (ok)
        *ret = value;
    else
        json_decref(value);
    return ok;
}

static bool check_text(const char *text, size_t len, lima_err *err)
{
    if (len > LIMA_YAML_BYTES_MAX)
        return lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "the YAML text has %zu bytes, the most is %d", len,
                            LIMA_YAML_BYTES_MAX);
    size_t pos = 0, step = 1;
    uint32_t character;
    while (pos < len && (step = lima_utf8_char(text + pos, len - pos, &character)))
        pos += step;
    if (step)
        return true;
    text_position at = text_position_of(text, pos);
    return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "line %zu, column %zu: the byte 0x%02X is not UTF-8",
                        at.line, at.column, (unsigned)(unsigned char)text[pos]);
}

bool lima_yaml_parse(const char *text, size_t len, lima_json **ret, lima_err *err)
{
    if (!check_text(text, len, err))
        return false;
    reader r = {.text = text, .anchors = lima_json_solid(json_object()), .err = err};
    if (!yaml_parser_initialize(&r.parser))
        abort(); /* out of memory */
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
    json_t *root = NULL;
    bool ok = read_stream(&r, &root);
    if (ok)
        *ret = lima_json_wrap(root);
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    json_decref(r.anchors);
    return ok;
}
