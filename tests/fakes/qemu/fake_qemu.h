/* A stand-in for qemu-system-x86_64. Options are checked for real: files are opened and locked, ports bound,
 * sockets made. Then it serves QMP.
 *
 * FAKE_QEMU: words that say what goes wrong:
 *   exit0            ends at once, in order             die            prints FAKE_QEMU_TEXT to stderr, ends with status 1
 *   die-late         the same after QMP has answered    hang           does nothing, without a control socket
 *   mute             makes the socket, never greets     nonsense       greets with something else
 *   longline         greets without an end
 *   ignore-powerdown, ignore-quit, ignore-term
 *   fail-save, fail-load, fail-delete    the job concludes with an error (fail-save: FAKE_QEMU_TEXT)
 *   help-hang        does not answer help               old            is version 3.1.0
 *   no-jobs          knows no snapshot jobs          no-stream      knows no -netdev stream
 * FAKE_KVM: what trying the accelerator gives: ok, denied (default), hang, abort.
 * FAKE_QEMU_ARGV: a file to which the arguments of a start are written, one per line. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { FAKE_FDS_MAX = 64, FAKE_TAGS_MAX = 16 };

typedef struct fake_machine {
    const char *program;
    const char *name; /* of -name */
    const char *pid_file;
    const char *boot_file; /* first writable drive */
    const char *boot_format;
    int qmp_socket; /* listening, -1: none */
    bool kvm, vnc;
    int kept[FAKE_FDS_MAX]; /* ports, locks, sockets, for as long as it runs */
    size_t kept_count;
} fake_machine;

bool fake_wants(const char *word); /* among the words of FAKE_QEMU */
_Noreturn void fake_die(const fake_machine *machine, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Reads the options into *machine, doing what they ask for. Dies as QEMU does. */
void fake_take_options(fake_machine *machine, char **argv);
/* Answers --version and the help lists; false when that was not asked. */
bool fake_answer_help(char **argv);
/* Serves QMP until told to end; returns the exit status. */
int fake_serve(fake_machine *machine);
