#include <assert.h>
#include <string.h>

#include "json_path.h"
#include "json_value.h"

static json_t *new_container(const json_step *step)
{
    return lima_json_solid(step->key ? json_object() : json_array());
}

static bool holds(const json_t *container, const json_step *step)
{
    return step->key ? json_is_object(container) : json_is_array(container);
}

static json_t *get_child(const json_t *container, const json_step *step)
{
    return step->key ? json_object_get(container, step->key) : json_array_get(container, step->index);
}

static void put_child(json_t *container, const json_step *step, json_t *value)
{
    int failed;
    if (step->key) {
        failed = json_object_set_new(container, step->key, value);
    } else {
        size_t size = json_array_size(container);
        assert(step->index <= size);
        failed = step->index < size ? json_array_set_new(container, step->index, value)
                                    : json_array_append_new(container, value);
    }
    if (failed)
        abort(); /* out of memory */
}

static void replace_root(lima_json *json, json_t *value)
{
    json_decref(json->root);
    json->root = value;
}

/* The container of the path's last step, made on the way where there is none or null. */
static json_t *container_of_last(lima_json *json, const json_path *path)
{
    if (json_is_null(json->root))
        replace_root(json, new_container(&path->steps[0]));
    json_t *at = json->root;
    for (size_t i = 0; i + 1 < path->len; i++) {
        assert(holds(at, &path->steps[i]));
        json_t *next = get_child(at, &path->steps[i]);
        if (!next || json_is_null(next)) {
            next = new_container(&path->steps[i + 1]);
            put_child(at, &path->steps[i], next);
        }
        at = next;
    }
    return at;
}

/* Takes `value` over. */
LIMA_PRINTF(3, 0) static void set(lima_json *json, json_t *value, const char *fmt, va_list args)
{
    json_path path = json_path_make(fmt, args);
    lima_json_solid(value);
    assert(path.well_formed && path.len < LIMA_JSON_DEPTH_MAX);
    if (path.len == 0) {
        replace_root(json, value);
    } else {
        const json_step *last = &path.steps[path.len - 1];
        json_t *container = container_of_last(json, &path);
        assert(holds(container, last));
        put_child(container, last, value);
    }
    json_path_free(&path);
}

#define SET(json, value, path)                                                                               \
    do {                                                                                                     \
        va_list args;                                                                                        \
        va_start(args, path);                                                                                \
        set(json, value, path, args);                                                                        \
        va_end(args);                                                                                        \
    } while (0)

void lima_json_set_str(lima_json *json, const char *value, const char *path, ...)
{
    SET(json, value ? lima_json_string_new(value, strlen(value)) : json_null(), path);
}

void lima_json_set_int(lima_json *json, int64_t value, const char *path, ...)
{
    SET(json, json_integer(value), path);
}

void lima_json_set_bool(lima_json *json, bool value, const char *path, ...)
{
    SET(json, json_boolean(value), path);
}

void lima_json_set_null(lima_json *json, const char *path, ...)
{
    SET(json, json_null(), path);
}

void lima_json_set_copy(lima_json *json, const lima_json *value, const char *path, ...)
{
    SET(json, json_deep_copy(value->root), path);
}

void lima_json_set_empty_array(lima_json *json, const char *path, ...)
{
    SET(json, json_array(), path);
}

/* Follows the path as far as it goes; nothing is made. */
static void remove_at(lima_json *json, const json_path *path)
{
    json_t *at = json->root;
    for (size_t i = 0; at && i + 1 < path->len; i++)
        at = get_child(at, &path->steps[i]);
    const json_step *last = &path->steps[path->len - 1];
    if (last->key)
        json_object_del(at, last->key);
    else
        json_array_remove(at, last->index);
}

void lima_json_remove(lima_json *json, const char *path, ...)
{
    va_list args;
    va_start(args, path);
    json_path steps = json_path_make(path, args);
    va_end(args);
    assert(steps.well_formed);
    if (steps.len)
        remove_at(json, &steps);
    else
        replace_root(json, json_null());
    json_path_free(&steps);
}
