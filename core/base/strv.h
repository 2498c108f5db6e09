/* A list of owned strings, always followed by a NULL pointer: an argv. {0} is valid and empty (items may be
 * NULL then: use lima_strv_items). Not thread-safe. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

typedef struct lima_strv {
    char **items; /* owned strings, NULL-terminated once anything was added */
    size_t len;
    size_t cap;
} lima_strv;

void lima_strv_add(lima_strv *list, const char *text);
void lima_strv_addf(lima_strv *list, const char *fmt, ...) LIMA_PRINTF(2, 3);
void lima_strv_add_all(lima_strv *list, const lima_strv *more);
void lima_strv_sort(lima_strv *list); /* by bytes */
bool lima_strv_has(const lima_strv *list, const char *text);
const char *const *lima_strv_items(const lima_strv *list);          /* never NULL, NULL-terminated */
char *lima_strv_join(const lima_strv *list, const char *separator); /* owned; "" for an empty list */
void lima_strv_free(lima_strv *list);
