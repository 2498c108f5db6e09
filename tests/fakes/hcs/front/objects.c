/* A list, since there are few at a time. */
#include "objects.h"

#include <stdlib.h>

#include "misuse.h"
#include "results.h"
#include "session.h"

#define BASE 0x4843530000000000ULL /* what looks like no address */

static const char *const names[OBJECT_KINDS] = {"",         "operation", "compute system", "network",
                                                "endpoint", "callback",  "virtual disk"};

SRWLOCK objects_lock = SRWLOCK_INIT;
CONDITION_VARIABLE objects_changed = CONDITION_VARIABLE_INIT;

static object *objects;
static uint64_t last_number;

void *object_new(object_kind kind, size_t size)
{
    object *one = calloc(1, size);
    if (!one)
        front_mistake("hcssim: no memory\n");
    *one = (object){.next = objects, .kind = kind, .number = ++last_number};
    objects = one;
    return one;
}

void *object_handle(const void *one)
{
    return (void *)(uintptr_t)(BASE + ((const object *)one)->number * 16);
}

void *object_by_number(object_kind kind, uint64_t number)
{
    for (object *at = objects; at; at = at->next) {
        if (at->number == number)
            return at->kind == kind ? at : NULL;
    }
    return NULL;
}

void *object_search(object_kind kind, bool (*fits)(const void *one, const void *wanted), const void *wanted)
{
    for (object *at = objects; at; at = at->next) {
        if (at->kind == kind && fits(at, wanted))
            return at;
    }
    return NULL;
}

void *object_find(object_kind kind, const void *handle, const char *function)
{
    uint64_t number = ((uintptr_t)handle - BASE) / 16;
    object *one = object_by_number(kind, number);
    if (one && object_handle(one) == handle)
        return one;
    if ((uintptr_t)handle <= BASE || number > last_number || ((uintptr_t)handle - BASE) % 16)
        misuse_abort(function, "%p is no handle of a %s", handle, names[kind]);
    for (object *at = objects; at; at = at->next) {
        if (at->number == number)
            misuse_abort(function, "the handle is that of a %s, not of a %s", names[at->kind], names[kind]);
    }
    misuse_abort(function, "the handle (%s) was closed before", names[kind]);
}

void object_remove(void *one)
{
    object **at = &objects;
    while (*at != one)
        at = &(*at)->next;
    *at = (*at)->next;
}

void objects_report(const char *dll)
{
    int count[OBJECT_KINDS] = {0};
    if (session_dll.sweep)
        session_dll.sweep();
    for (object *at = objects; at; at = at->next)
        count[at->kind]++;
    for (int kind = 1; kind < OBJECT_KINDS; kind++) {
        if (count[kind])
            misuse_leak("%s: %d handle(s) of kind %s not closed", dll, count[kind], names[kind]);
    }
    int results = results_outstanding();
    if (results)
        misuse_abort(dll, "%d result(s) not freed at the end of the process", results);
}
