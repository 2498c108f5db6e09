/* Internal to core/data: a path of data/json.h, formatted and taken apart. */
#pragma once

#include <stdarg.h>

#include "data/json.h"

typedef struct json_step {
    char *key; /* owned; NULL: an index */
    size_t index;
} json_step;

typedef struct json_path {
    char *text; /* as formatted, for errors; owned */
    json_step *steps;
    size_t len;
    bool well_formed; /* else steps are not to be used */
} json_path;

json_path json_path_make(const char *fmt, va_list args) LIMA_PRINTF(1, 0);
void json_path_free(json_path *path);
