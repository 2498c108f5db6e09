#include <string.h>

#include "base/mem.h"
#include "json_path.h"
#include "json_value.h"

static json_t *step_into(const json_t *from, const json_step *step)
{
    return step->key ? json_object_get(from, step->key) : json_array_get(from, step->index);
}

/* NULL when the path leads nowhere. */
static json_t *follow(const lima_json *json, const json_path *path)
{
    json_t *value = json && path->well_formed ? json->root : NULL;
    for (size_t i = 0; value && i < path->len; i++)
        value = step_into(value, &path->steps[i]);
    return value;
}

LIMA_PRINTF(2, 0) static json_t *find(const lima_json *json, const char *fmt, va_list args)
{
    json_path path = json_path_make(fmt, args);
    json_t *value = follow(json, &path);
    json_path_free(&path);
    return value;
}

/* The value at a function's variadic path. */
#define FIND(value, json, path)                                                                              \
    json_t *value;                                                                                           \
    do {                                                                                                     \
        va_list args;                                                                                        \
        va_start(args, path);                                                                                \
        value = find(json, path, args);                                                                      \
        va_end(args);                                                                                        \
    } while (0)

/* NULL when the value is no string, or one that a C string cannot hold. */
static const char *c_string(const json_t *value)
{
    if (lima_json_value_kind(value) != LIMA_JSON_STRING)
        return NULL;
    size_t len;
    const char *text = lima_json_value_text(value, &len);
    return strlen(text) == len ? text : NULL;
}

lima_json_kind lima_json_get_kind(const lima_json *json, const char *path, ...)
{
    FIND(value, json, path);
    return lima_json_value_kind(value);
}

const char *lima_json_str(const lima_json *json, const char *dflt, const char *path, ...)
{
    FIND(value, json, path);
    const char *text = c_string(value);
    return text ? text : dflt;
}

int64_t lima_json_int(const lima_json *json, int64_t dflt, const char *path, ...)
{
    FIND(value, json, path);
    return json_is_integer(value) ? (int64_t)json_integer_value(value) : dflt;
}

bool lima_json_bool(const lima_json *json, bool dflt, const char *path, ...)
{
    FIND(value, json, path);
    return json_is_boolean(value) ? json_is_true(value) : dflt;
}

size_t lima_json_count(const lima_json *json, const char *path, ...)
{
    FIND(value, json, path);
    return json_is_object(value) ? json_object_size(value) : json_array_size(value);
}

void lima_json_keys(const lima_json *json, lima_strv *ret_keys, const char *path, ...)
{
    FIND(value, json, path);
    lima_strv keys = {0};
    for (void *at = json_object_iter(value); at; at = json_object_iter_next(value, at))
        lima_strv_add(&keys, json_object_iter_key(at));
    *ret_keys = keys;
}

lima_json *lima_json_get_copy(const lima_json *json, const char *path, ...)
{
    FIND(value, json, path);
    return value ? lima_json_wrap(json_deep_copy(value)) : NULL;
}

static const char *kind_name(lima_json_kind kind)
{
    static const char *const NAMES[] = {
        [LIMA_JSON_ABSENT] = "absent",      [LIMA_JSON_NULL] = "null",
        [LIMA_JSON_BOOL] = "true or false", [LIMA_JSON_INTEGER] = "an integer",
        [LIMA_JSON_NUMBER] = "a number",    [LIMA_JSON_STRING] = "a string",
        [LIMA_JSON_ARRAY] = "an array",     [LIMA_JSON_OBJECT] = "an object",
    };
    return NAMES[kind];
}

static bool suits(const json_t *value, lima_json_kind wanted)
{
    lima_json_kind found = lima_json_value_kind(value);
    if (found == LIMA_JSON_ABSENT || found == LIMA_JSON_NULL)
        return true;
    if (wanted == LIMA_JSON_STRING)
        return c_string(value);
    return found == wanted || (wanted == LIMA_JSON_NUMBER && found == LIMA_JSON_INTEGER);
}

/* "a string", "the number 1.50", … */
static char *describe(const json_t *value, lima_json_kind wanted)
{
    lima_json_kind kind = lima_json_value_kind(value);
    if (kind == wanted)
        return lima_mem_strdup("one that holds U+0000");
    if (kind != LIMA_JSON_NUMBER)
        return lima_mem_strdup(kind_name(kind));
    size_t len;
    return lima_mem_printf("the number %.40s", lima_json_value_text(value, &len));
}

bool lima_json_expect(const lima_json *json, lima_json_kind kind, lima_err *err, const char *path, ...)
{
    va_list args;
    va_start(args, path);
    json_path steps = json_path_make(path, args);
    va_end(args);
    const json_t *value = follow(json, &steps);
    bool ok = suits(value, kind);
    if (!ok) {
        char *found = describe(value, kind);
        const char *quote = steps.len ? "'" : "";
        lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "%s%s%s%s must be %s, got %s",
                     steps.len ? "field " : "", quote, steps.len ? steps.text : "the document", quote,
                     kind_name(kind), found);
        free(found);
    }
    json_path_free(&steps);
    return ok;
}
