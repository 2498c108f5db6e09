/* An instance with its disks on the double for the Host Compute Service, for tests of drivers/hyperv's disks
 * and snapshots. The back end runs as long as the test program does; each test has a LIMA_HOME of its own. */
#pragma once

#include "lima_test.h"

#include "driver/instance.h"
#include "hyperv/snapshots.h"

extern lima_err disks_err;

#define assert_ok(call)                                                                                      \
    do {                                                                                                     \
        disks_err = (lima_err){0};                                                                           \
        if (!(call))                                                                                         \
            fail_msg("%s: %s (%s)", #call, disks_err.text, lima_code_name(disks_err.code));                  \
    } while (0)
/* `words`: the text has them. */
#define assert_fails(call, due, words)                                                                       \
    do {                                                                                                     \
        disks_err = (lima_err){0};                                                                           \
        if (call)                                                                                            \
            fail_msg("%s: it succeeded", #call);                                                             \
        if (disks_err.code != (due) || !strstr(disks_err.text, words))                                       \
            fail_msg("%s: %s (%s)", #call, disks_err.text, lima_code_name(disks_err.code));                  \
    } while (0)

/* For CMocka's groups: starts and ends the back end. */
int disks_group_begin(void **state);
int disks_group_end(void **state);
/* For tests: *state is the instance, without a file. */
int disks_begin(void **state);
int disks_end(void **state);
/* The same folder with another configuration: *state is replaced. `more`: JSON of more keys of `config`, or
 * NULL. */
void disks_configure(void **state, uint64_t disk, const char *more);
/* The instance of a folder; the caller's to free. */
lima_instance *disks_instance(const char *dir, uint64_t disk, const char *more);

void disks_faults(const char *rules); /* of the double, from now on; "": none */
void disks_mark(const char *path, const char *words);

char *disks_path(const lima_instance *inst, const char *name); /* as lima_instance_path; "../x" too */
void disks_put(const lima_instance *inst, const char *name, const char *text);
bool disks_there(const lima_instance *inst, const char *name);
void disks_remove(const lima_instance *inst, const char *name);

/* Runs a program, which must succeed; its output is owned. */
char *disks_run(const char *const *argv);
/* A byte pattern at a MiB of a disk, as a guest would write it. */
void disks_write(const lima_instance *inst, const char *name, unsigned mib, unsigned pattern);
void disks_assert_read(const lima_instance *inst, const char *name, unsigned mib, unsigned pattern);
/* An image of `mib` MiB that has `pattern` in its first one. */
void disks_make_image(const lima_instance *inst, const char *name, const char *format, unsigned mib,
                      unsigned pattern);
uint64_t disks_size(const lima_instance *inst, const char *name); /* as the guest sees it */
/* What is on it: SHA-256 as text; owned. */
char *disks_hash(const lima_instance *inst, const char *name);

/* A VM that consists of a file in INSTDIR: "running", "paused", or none. */
hyperv_vm_steps disks_vm(const lima_instance *inst);
void disks_vm_set(const lima_instance *inst, const char *what); /* NULL: none */
char *disks_vm_get(const lima_instance *inst);                  /* owned; "" for none */
