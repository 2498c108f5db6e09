/* The environment of a child: one block of "NAME=value", sorted by name without regard to case, as Windows
 * keeps its own. Values of ours go on as they are, even if they are no Unicode. Names beginning with "="
 * (the current folder of each drive) are Windows' own and go on too. */
#include "child.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "wide.h"

typedef struct entries {
    wchar_t **at; /* owned texts */
    size_t len, cap;
} entries;

static int name_len(const wchar_t *entry)
{
    return (int)(1 + wcscspn(entry + 1, L"="));
}

static int compare(const wchar_t *a, const wchar_t *b)
{
    return CompareStringOrdinal(a, name_len(a), b, name_len(b), TRUE) - CSTR_EQUAL;
}

static int compare_at(const void *a, const void *b)
{
    return compare(*(wchar_t *const *)a, *(wchar_t *const *)b);
}

static void take(entries *list, wchar_t *entry)
{
    if (list->len == list->cap) {
        list->cap = list->cap ? list->cap * 2 : 64;
        list->at = lima_mem_resize(list->at, list->cap, sizeof *list->at);
    }
    list->at[list->len++] = entry;
}

static void drop_named(entries *list, const wchar_t *entry)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->len; i++) {
        if (compare(list->at[i], entry))
            list->at[kept++] = list->at[i];
        else
            free(list->at[i]);
    }
    list->len = kept;
}

static void take_ours(entries *list)
{
    wchar_t *block = GetEnvironmentStringsW();

    for (const wchar_t *at = block; at && *at; at += wcslen(at) + 1) {
        wchar_t *copy = lima_mem_zalloc(wcslen(at) + 1, sizeof *copy);
        wcscpy(copy, at);
        take(list, copy);
    }
    FreeEnvironmentStringsW(block);
}

static bool change(entries *list, const char *const *add, lima_err *err)
{
    for (; add && *add; add++) {
        wchar_t *entry;
        if (!**add)
            continue;
        if (!lima_wide_from_utf8(*add, &entry, err))
            return lima_err_wrap(err, "environment variable %.*s", (int)strcspn(*add, "="), *add);
        drop_named(list, entry);
        if (entry[name_len(entry)])
            take(list, entry);
        else
            free(entry);
    }
    return true;
}

/* Each text with its NUL, and one more NUL; an empty block is two. */
static wchar_t *join(const entries *list)
{
    size_t units = 2, at = 0;

    for (size_t i = 0; i < list->len; i++)
        units += wcslen(list->at[i]) + 1;
    wchar_t *block = lima_mem_zalloc(units, sizeof *block);
    for (size_t i = 0; i < list->len; i++) {
        wcscpy(block + at, list->at[i]);
        at += wcslen(list->at[i]) + 1;
    }
    return block;
}

bool lima_win_env(const char *const *add, wchar_t **ret, lima_err *err)
{
    entries list = {0};

    take_ours(&list);
    bool ok = change(&list, add, err);
    if (ok) {
        qsort(list.at, list.len, sizeof *list.at, compare_at);
        *ret = join(&list);
    }
    for (size_t i = 0; i < list.len; i++)
        free(list.at[i]);
    free(list.at);
    return ok;
}
