#include "fake_qemu.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool fake_wants(const char *word)
{
    const char *all = getenv("FAKE_QEMU");
    size_t len = strlen(word);

    for (const char *at = all ? strstr(all, word) : NULL; at; at = strstr(at + 1, word))
        if ((at == all || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' '))
            return true;
    return false;
}

void fake_die(const fake_machine *machine, const char *fmt, ...)
{
    va_list args;

    fprintf(stderr, "%s: ", machine->program);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    _exit(1);
}

static void note_arguments(char **argv)
{
    const char *path = getenv("FAKE_QEMU_ARGV");
    FILE *file = path ? fopen(path, "w") : NULL;

    for (size_t i = 0; file && argv[i]; i++)
        fprintf(file, "%s\n", argv[i]);
    if (file)
        fclose(file);
}

_Noreturn static void do_nothing(void)
{
    for (;;)
        pause();
}

static bool is_try(char **argv)
{
    bool halted = false, monitor = false;

    for (; *argv; argv++) {
        halted = halted || strcmp(*argv, "-S") == 0;
        monitor = monitor || strcmp(*argv, "-monitor") == 0;
    }
    return halted && monitor;
}

/* Without a guest, halted, with the monitor on standard input: somebody tries the accelerator. */
static int be_tried(const fake_machine *machine)
{
    const char *kvm = getenv("FAKE_KVM");
    char line[16];

    if (!machine->kvm || (kvm && strcmp(kvm, "ok") == 0))
        return fgets(line, sizeof line, stdin) && strcmp(line, "quit\n") == 0 ? 0 : 1;
    if (kvm && strcmp(kvm, "hang") == 0)
        do_nothing();
    if (kvm && strcmp(kvm, "abort") == 0)
        abort();
    fputs("Could not access KVM kernel module: Permission denied\n", stderr);
    fprintf(stderr, "%s: failed to initialize kvm: Permission denied\n", machine->program);
    return 1;
}

static void check_kvm(const fake_machine *machine)
{
    const char *kvm = getenv("FAKE_KVM");

    if (machine->kvm && !(kvm && strcmp(kvm, "ok") == 0))
        fake_die(machine, "failed to initialize kvm: Permission denied");
}

static void write_pid_file(const fake_machine *machine)
{
    FILE *file = machine->pid_file ? fopen(machine->pid_file, "w") : NULL;

    if (!machine->pid_file)
        return;
    if (!file)
        fake_die(machine, "cannot create PID file: Cannot open pid file");
    fprintf(file, "%ld\n", (long)getpid());
    fclose(file);
}

static void fail_early(const fake_machine *machine)
{
    const char *text = getenv("FAKE_QEMU_TEXT");

    if (fake_wants("die"))
        fake_die(machine, "%s", text ? text : "told to die");
    if (fake_wants("exit0"))
        _exit(0);
    if (fake_wants("hang"))
        do_nothing();
}

int main(int argc, char **argv)
{
    fake_machine machine = {.program = "qemu-system-x86_64", .qmp_socket = -1};

    (void)argc;
    signal(SIGPIPE, SIG_IGN);
    if (fake_answer_help(argv + 1))
        return 0;
    if (is_try(argv + 1)) {
        fake_take_options(&machine, argv + 1);
        return be_tried(&machine);
    }
    note_arguments(argv);
    fail_early(&machine);
    fake_take_options(&machine, argv + 1);
    check_kvm(&machine);
    write_pid_file(&machine);
    int status = fake_serve(&machine);
    if (machine.pid_file)
        unlink(machine.pid_file);
    _exit(status); /* what is still allocated is nobody's business: no report of leaks among the last words */
}
