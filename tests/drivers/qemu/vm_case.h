/* One instance in a private LIMA_HOME, and the driver table upon it, with fakes in place of QEMU and its
 * tools. The folder's name has a space, an umlaut and a comma: every path that passes here is one that
 * users have, at the worst. */
#ifndef VM_CASE_H
#define VM_CASE_H

#include "unit/qemu/qemu_test.h"

#include "driver/control.h"
#include "driver/driver.h"
#include "os/thread.h"
#include "qemu/record.h"
#include "qemu/table.h"
#include "qemu/vm.h"

typedef struct vm_case {
    char *home;   /* LIMA_HOME */
    char *dir;    /* INSTDIR, home/dev */
    char *config; /* JSON */
    char *argv_file;
    uint16_t port; /* of the SSH forward; free when the case was made */
    lima_control *control;
    lima_generation generation;
} vm_case;

/* An instance with a disk, a cidata image and `config` (JSON with ' for "). Fakes are in place and do what
 * they should. */
void case_begin(vm_case *c, const char *config);
/* The folder's name in the temporary folder. */
void case_begin_in(vm_case *c, const char *folder, const char *config);
/* Ends what runs, and fails the test if anything of the case is still there. */
void case_end(vm_case *c);

/* The real QEMU and tools in place of the fakes, and a disk that boots `code` (at most 510 bytes). Skips
 * the test when they are not installed. */
void case_use_real(vm_case *c, const void *code, size_t len);

void fault(const char *words);                          /* FAKE_QEMU */
void set_variable(const char *name, const char *value); /* NULL: unset; undone by case_end */
/* One more in QEMU_SYSTEM_X86_64: answers are kept per command, this asks anew. */
void use_word(const char *word);
int take_port(vm_case *c, char ret_number[16]); /* the case's port, by somebody else; close it */
/* qemu-img, virtiofsd, swtpm, ssh on the case's PATH. */
void use_tool(vm_case *c, const char *name, bool there);

/* The table's callbacks, each in a call of its own. */
bool vm_start(vm_case *c, lima_err *err);
bool vm_wait(vm_case *c, lima_err *err);
bool vm_stop(vm_case *c, uint32_t grace_ms, lima_err *err);
bool vm_remove(vm_case *c, lima_err *err);
bool vm_create_disk(vm_case *c, lima_err *err);
lima_vm_status vm_status(vm_case *c);
void restart_driver(vm_case *c);   /* as after a crash: nothing is remembered */
lima_process_id vm_id(vm_case *c); /* by the record; {0}: no record */
void freeze(lima_process_id id);   /* from now on it answers nobody */

typedef bool snapshot_action(lima_call *call, const char *tag, lima_err *err);
bool vm_snapshot(vm_case *c, snapshot_action *run, const char *tag, lima_err *err);
lima_snapshot_list vm_snapshots(vm_case *c);
#define CREATE lima_qemu_driver.snapshots->create
#define APPLY lima_qemu_driver.snapshots->apply
#define DELETE lima_qemu_driver.snapshots->remove

/* A callback in a thread, with its result; cancel raises the wake of its call. */
typedef struct background {
    vm_case *c;
    bool (*run)(lima_call *call, lima_err *err);
    lima_call *call;
    lima_thread *thread;
    bool ok;
    lima_err err;
} background;
void background_begin(background *b, vm_case *c, bool (*run)(lima_call *call, lima_err *err));
void background_cancel(background *b);
bool background_end(background *b, lima_err *err); /* waits for it */

char *path_in(vm_case *c, const char *file); /* of INSTDIR, owned */
bool there_is(vm_case *c, const char *file);
void await_file(const char *path, bool there); /* fails the test after 20 s */
/* Of a start that failed: no process, no record, no files that tell of a VM. */
void assert_nothing_left(vm_case *c);
char *last_argv(vm_case *c); /* of the fake QEMU's last start, one argument per line; owned */

#endif
