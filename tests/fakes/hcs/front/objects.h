/* Handles the DLLs give away. They are numbers and no addresses: a stale or wrong one is told, and never
 * followed. All of this under objects_lock. */
#pragma once

#include <winsock2.h>

#include <windows.h>

#include <stdbool.h>
#include <stdint.h>

typedef enum object_kind {
    OBJECT_OPERATION = 1,
    OBJECT_SYSTEM,
    OBJECT_NETWORK,
    OBJECT_ENDPOINT,
    OBJECT_CALLBACK,
    OBJECT_DISK, /* of a handle of Windows' own (disk.c) */
    OBJECT_KINDS
} object_kind;

typedef struct object { /* what a kind has of its own lies behind it */
    struct object *next;
    object_kind kind;
    uint64_t number;
} object;

extern SRWLOCK objects_lock;
extern CONDITION_VARIABLE objects_changed; /* something in one of them has */

void *object_new(object_kind kind, size_t size); /* zeroed, with a number */
void *object_handle(const void *one);
/* Ends the process when the handle is none of that kind, naming the function. */
void *object_find(object_kind kind, const void *handle, const char *function);
void *object_by_number(object_kind kind, uint64_t number); /* NULL: it has been closed */
/* One that fits; NULL: none. */
void *object_search(object_kind kind, bool (*fits)(const void *one, const void *wanted), const void *wanted);
/* Takes it out of the table; the caller frees it. */
void object_remove(void *one);
/* Lines in leaks.log, and the end of the process if results were not freed. Only at the process's end. */
void objects_report(const char *dll);
