/* An instance folder and its VM, in memory: carries out the steps of plans as their contract says, and can be
 * broken off before, in or after any of them. */
#pragma once

#include "hyperv/snapshot_plan.h"

enum { MODEL_BLOCKS = 8, MODEL_FILES = 64 };

typedef enum model_vm { VM_NONE = 0, VM_RUNNING, VM_PAUSED } model_vm;

typedef struct model_file {
    char name[96];                 /* "": free */
    char parent[96];               /* of a disk; "": none */
    char blocks[MODEL_BLOCKS + 1]; /* of a disk: '.' is the parent's; of other files: what is in them */
    unsigned id, parent_id;        /* of a disk: changes with what a merge writes; that of its parent then */
    char *text;                    /* of the index; owned */
} model_file;

typedef struct model {
    model_file files[MODEL_FILES];
    unsigned ids; /* used up */
    model_vm vm;
    char memory[MODEL_BLOCKS + 1];
} model;

void model_init(model *m);
void model_free(model *m);
void model_copy(const model *from, model *to);
void model_write(model *m, size_t block, char value); /* the guest, on its disk */
void model_set_state(model *m, const char *content);  /* firmware's variables */

typedef enum model_break { BREAK_BEFORE = 0, BREAK_IN, BREAK_AFTER } model_break;

/* Carries out the steps; `at`: which one is broken off, and how; SIZE_MAX: none. */
void model_run(model *m, const hyperv_plan *plan, size_t at, model_break how);
/* What a driver does that finds the folder: recover, again and again, then clear leftovers. */
void model_recover(model *m);
void model_index(const model *m, hyperv_snapshot_index *ret);
/* All a user could see, as text: snapshots with their content, the disk, the machine. Owned. */
char *model_seen(const model *m);
/* Fails the test when a file is there that nobody needs, or one that somebody needs is not. */
void model_check(const model *m);
