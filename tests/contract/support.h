/* What the contract suites share: a private folder per test, the helper program, and assertions on errors. */
#pragma once

#include "lima_test.h"

#include "os/file.h"
#include "os/listener.h"
#include "os/process.h"
#include "os/stream.h"

enum { PATIENCE_MS = 60000 }; /* of waits that must succeed: far more than needed on a loaded machine */

/* CMocka set-up and tear-down: a new folder, with a space and an umlaut in its name, in *state; and its
 * removal. */
int folder_setup(void **state);
int folder_teardown(void **state);
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

char *in_folder(void **state, const char *name); /* owned */
void put_file(const char *path, const char *text);
void assert_file(const char *path, const char *text);
unsigned count_entries(const char *path);
lima_file_info look(const char *path);

/* The helper program: see child.c for what it does. `words` ends with NULL; at most 8. */
const char *child_program(void);
lima_process *start_child(const char *const *words);
void read_line(lima_process *process, char *into, size_t size); /* from its output */
void end_child(lima_process *process);                          /* kills, waits, frees */

/* Sockets and streams. */
lima_listener *open_at(const char *path);
lima_stream *connect_to(const char *path);
lima_stream *accept_from(lima_listener *listener);
void put(lima_stream *into, const char *text);

void raise_it(void *wake);                                   /* a thread that raises a wake */
void count_lines(void *count, const char *line, size_t len); /* a sink of the log; *count is unsigned */

lima_deadline patience(void);

#define assert_ok(call)                                                                                      \
    do {                                                                                                     \
        lima_err err_ = {0};                                                                                 \
        lima_err *err = &err_;                                                                               \
        if (!(call))                                                                                         \
            fail_msg("%s: %s", #call, err_.text);                                                            \
    } while (0)

/* The call fails with this code, and says something. `err` names the error object inside the call. */
#define assert_fails(expected, call)                                                                         \
    do {                                                                                                     \
        lima_err err_ = {0};                                                                                 \
        lima_err *err = &err_;                                                                               \
        assert_false(call);                                                                                  \
        if (err_.code != (expected) || !err_.text[0])                                                        \
            fail_msg("%s: %s: %s", #call, lima_code_name(err_.code), err_.text);                             \
    } while (0)
