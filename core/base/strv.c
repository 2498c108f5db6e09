#include "base/strv.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Takes `text` over. */
static void add_owned(lima_strv *list, char *text)
{
    if (list->len + 1 >= list->cap) {
        list->cap = list->cap ? list->cap * 2 : 8;
        list->items = lima_mem_resize(list->items, list->cap, sizeof *list->items);
    }
    list->items[list->len++] = text;
    list->items[list->len] = NULL;
}

void lima_strv_add(lima_strv *list, const char *text)
{
    add_owned(list, lima_mem_strdup(text));
}

void lima_strv_addf(lima_strv *list, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add_owned(list, lima_mem_vprintf(fmt, args));
    va_end(args);
}

void lima_strv_add_all(lima_strv *list, const lima_strv *more)
{
    size_t count = more->len; /* `more` may be `list` itself */
    for (size_t i = 0; i < count; i++)
        lima_strv_add(list, more->items[i]);
}

static int compare_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void lima_strv_sort(lima_strv *list)
{
    if (list->len > 1)
        qsort(list->items, list->len, sizeof *list->items, compare_bytes);
}

bool lima_strv_has(const lima_strv *list, const char *text)
{
    for (size_t i = 0; i < list->len; i++)
        if (strcmp(list->items[i], text) == 0)
            return true;
    return false;
}

const char *const *lima_strv_items(const lima_strv *list)
{
    static const char *const EMPTY[] = {NULL};
    return list->items ? (const char *const *)list->items : EMPTY;
}

char *lima_strv_join(const lima_strv *list, const char *separator)
{
    size_t gap = strlen(separator), len = 0;
    for (size_t i = 0; i < list->len; i++)
        len += strlen(list->items[i]) + gap;
    char *text = lima_mem_zalloc(len + 1, 1), *end = text;
    for (size_t i = 0; i < list->len; i++) {
        if (i) {
            memcpy(end, separator, gap);
            end += gap;
        }
        size_t item = strlen(list->items[i]);
        memcpy(end, list->items[i], item);
        end += item;
    }
    return text;
}

void lima_strv_free(lima_strv *list)
{
    for (size_t i = 0; i < list->len; i++)
        free(list->items[i]);
    free(list->items);
    *list = (lima_strv){0};
}
