/* lima-driver-example as a process, under the name lima-driver-trial, with an instance folder of its own. */
#pragma once

#include "calls.h"
#include "os/file.h"
#include "os/process.h"
#include "rpc/launch.h"

typedef struct place {
    char *root, *inst, *driver, *socket, *log;
} place;

/* CMocka set-up and tear-down: *state is a place. The tear-down fails when a sanitizer complained in the
 * driver's log. */
int place_setup(void **state);
int place_teardown(void **state);

char *in_inst(const place *p, const char *name); /* a path; owned */
lima_file_kind kind_of(const char *path);
void need_tool(const char *name); /* skips the test where the system has none such */
/* A program of the system, which must succeed. */
void run_tool(const char *a, const char *b, const char *c, const char *d);

/* One run with arguments to the end; its exit code. */
int run_driver(const place *p, const char *a, const char *b, const char *input, lima_buf *out,
               lima_buf *err_out);
lima_launched launch(const place *p, lima_launch_mode mode); /* a server, and a client of it */
void expect_exit(lima_process *process, int code);

void configure(const place *p, lima_client *client); /* instance "dev" */
lima_start_stream *start_vm(lima_client *client);    /* until it runs */

/* The status as --inspect-status gives it, host agent (this process) alive; with the pid of the VM. */
char *inspect(const place *p, uint32_t *ret_pid);
void expect_status(const place *p, const char *expected);
