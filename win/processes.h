/* Other programs that run, by the name of their file: how the VM of WSL is found when wslinfo cannot tell.
 *
 * Plain C: tests on other hosts implement it on files (tests/fakes/wsl). Thread-safe. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    LIMA_PROCESSES_MAX = 1024, /* of one name */
};

typedef struct lima_processes_entry {
    uint32_t pid;
    uint32_t parent; /* as it was at its start; may have been used again since */
    /* its command line, UTF-8 (what is no Unicode shows as U+FFFD); NULL where Windows does not tell: a
     * process of another user or of higher integrity, or one that has just ended */
    char *command;
} lima_processes_entry;

typedef struct lima_processes {
    lima_processes_entry *entries;
    size_t count;
} lima_processes;

/* Processes whose file has this name ("wslhost.exe"; ASCII case does not matter), in no order. None is fine.
 * More than the limit: OUT_OF_RANGE. A pid may be another process's by the time you read it:
 * lima_process_find (os/process.h) tells identity. */
bool lima_processes_find(const char *image, lima_processes *ret, lima_err *err);
void lima_processes_free(lima_processes *list); /* {0} and NULL do nothing */
