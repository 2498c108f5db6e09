/* What an agent holds in its Wine prefix: files, as a running VM has its disks open, and processes. */
#pragma once

#include <stdbool.h>

void held_keep(const char *name, void *handle); /* owned now */
/* Opens a file for writing, shared for reading only, so that whoever wants to write, rename or delete it gets
 * a sharing violation, and whoever shares everything may read. False: somebody else has it open. */
bool held_hold(const char *path);
/* The same for reading only: any number of times. */
bool held_hold_read(const char *path);
bool held_is_free(const char *path); /* nobody has it open */
void held_let_go(const char *name, bool process);
void held_end(const char *process); /* ends the processes whose names begin so; files close by themselves */
