/* The help lists of QEMU 7.2, shortened. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fake_qemu.h"

static bool is(const char *text, const char *what)
{
    return text && strcmp(text, what) == 0;
}

static bool has_pair(char **argv, const char *option, const char *value)
{
    for (; *argv; argv++)
        if (is(*argv, option) && is(argv[1], value))
            return true;
    return false;
}

static bool has(char **argv, const char *option)
{
    while (*argv && !is(*argv, option))
        argv++;
    return *argv != NULL;
}

static const char *answer(char **argv)
{
    if (has(argv, "--version"))
        return fake_wants("old") ? "QEMU emulator version 3.1.0\nCopyright (c) nobody\n"
                                 : "QEMU emulator version 7.2.22 (Fake 1:7.2)\nCopyright (c) nobody\n";
    if (has_pair(argv, "-accel", "help"))
        return "Accelerators supported in QEMU binary:\ntcg\nkvm\n";
    if (has_pair(argv, "-netdev", "help"))
        return fake_wants("no-stream")
                   ? "Available netdev backend types:\nsocket\nhubport\ntap\nuser\n"
                   : "Available netdev backend types:\nsocket\nstream\ndgram\nhubport\ntap\nuser\n";
    if (has_pair(argv, "-cpu", "help"))
        return "Available CPUs:\nx86 qemu64                QEMU Virtual CPU version 2.5+ (alias configured "
               "by machine type)\n"
               "x86 max                   Enables all features supported by the accelerator in the current "
               "host\n"
               "x86 host                  processor with all supported host features \n\nRecognized CPUID "
               "flags:\n  3dnow 3dnowext\n";
    return NULL;
}

bool fake_answer_help(char **argv)
{
    const char *text = answer(argv);

    while (text && fake_wants("help-hang"))
        pause();
    if (text)
        fputs(text, stdout);
    return text != NULL;
}
