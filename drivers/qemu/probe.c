/* How it works: help texts are read from one run of the program each. The accelerator is tried with the
 * machine type and processor model of the real start, halted before its first instruction, and the
 * monitor's `quit` on standard input: making the processor is where a KVM that may be opened but does not
 * work fails. Deliberately not here: a cache on disk; a wrong answer that outlives a process is worse than
 * 0.2 s. */
#include "qemu/probe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "os/file.h"
#include "os/process.h"
#include "qemu/monitor.h"
#include "qemu/stderr_text.h"

typedef struct cached {
    char *key;
    qemu_features features; /* of a features entry */
    qemu_accel_probe accel; /* of an accelerator entry */
} cached;

static qemu_monitor_slot cache_lock;
static cached cache[QEMU_PROBE_CACHE_MAX * 2];
static size_t cache_next;

/* What names the program file as it is now, and the question. */
static char *make_key(const lima_strv *words, const char *question)
{
    lima_file_info info = {0};
    char *joined = lima_strv_join(words, "\n");

    lima_file_stat(words->items[0], true, &info, NULL);
    char *key =
        lima_mem_printf("%s\n%" PRIi64 " %" PRIu64 "\n%s", question, info.mtime_ms, info.size, joined);
    free(joined);
    return key;
}

static void copy_features(const qemu_features *from, qemu_features *to)
{
    *to = (qemu_features){.version = from->version};
    lima_strv_add_all(&to->accels, &from->accels);
    lima_strv_add_all(&to->netdevs, &from->netdevs);
    lima_strv_add_all(&to->cpus, &from->cpus);
}

static bool cache_get(const char *key, qemu_features *features, qemu_accel_probe *accel)
{
    bool found = false;

    lima_monitor_enter(lima_qemu_monitor(&cache_lock));
    for (size_t i = 0; i < sizeof cache / sizeof cache[0] && !found; i++) {
        found = lima_str_eq(cache[i].key, key);
        if (found && features)
            copy_features(&cache[i].features, features);
        if (found && accel)
            *accel = cache[i].accel;
    }
    lima_monitor_leave(lima_qemu_monitor(&cache_lock));
    return found;
}

static void cache_put(const char *key, const qemu_features *features, const qemu_accel_probe *accel)
{
    lima_monitor_enter(lima_qemu_monitor(&cache_lock));
    cached *entry = &cache[cache_next++ % (sizeof cache / sizeof cache[0])];
    free(entry->key);
    lima_qemu_features_free(&entry->features);
    entry->key = lima_mem_strdup(key);
    if (features)
        copy_features(features, &entry->features);
    if (accel)
        entry->accel = *accel;
    lima_monitor_leave(lima_qemu_monitor(&cache_lock));
}

/* ---- features ---- */

static bool run_probe(const lima_strv *words, const qemu_probe *probe, lima_wake *wake,
                      qemu_features *features, lima_err *err)
{
    lima_strv argv = {0};
    lima_buf out = LIMA_BUF(QEMU_HELP_BYTES_MAX), errors = LIMA_BUF(QEMU_HELP_BYTES_MAX);
    lima_process_exit end;

    lima_strv_add_all(&argv, words);
    for (size_t i = 0; probe->args[i]; i++)
        lima_strv_add(&argv, probe->args[i]);
    bool ok = lima_process_run(lima_strv_items(&argv), NULL, &out, &errors, lima_clock_in(QEMU_PROBE_MS),
                               wake, &end, err);
    if (ok && (end.signaled || end.code != 0)) {
        char *said = lima_qemu_stderr_last_words(lima_buf_str(&errors), errors.len, 400);
        ok = lima_err_set(err, LIMA_CODE_UNKNOWN, "%s%s%s", end.text, *said ? ": " : "", said);
        free(said);
    }
    ok = ok && probe->parse(lima_buf_str(out.len ? &out : &errors), features, err);
    if (!ok)
        lima_err_wrap(err, "QEMU '%s' asked for '%s'", words->items[0], argv.items[argv.len - 1]);
    lima_buf_free(&errors);
    lima_buf_free(&out);
    lima_strv_free(&argv);
    return ok;
}

/* The first two must answer; the others may stay unknown. */
static bool run_probes(const lima_strv *words, const char *guest_arch, lima_wake *wake,
                       qemu_features *features, lima_err *err)
{
    const qemu_probe *probe = lima_qemu_probes(guest_arch);

    for (size_t i = 0; probe[i].args[0]; i++) {
        lima_err failure = {0};
        if (run_probe(words, &probe[i], wake, features, &failure))
            continue;
        if (failure.code == LIMA_CODE_CANCELLED)
            return lima_err_set(err, failure.code, "%s", failure.text);
        if (i < 2)
            return lima_err_set(err, failure.code,
                                "%s; see whether it is a QEMU that works, or name another one in %s",
                                failure.text, lima_qemu_program_variable(guest_arch));
        lima_log_warn("%s", failure.text);
    }
    return true;
}

bool lima_qemu_probe_features(const lima_strv *words, const char *guest_arch, lima_wake *wake,
                              qemu_features *ret, lima_err *err)
{
    qemu_features features = {0};
    char *key = make_key(words, guest_arch);
    bool ok = cache_get(key, ret, NULL);

    if (!ok) {
        ok = run_probes(words, guest_arch, wake, &features, err);
        if (ok) {
            cache_put(key, &features, NULL);
            *ret = features;
        } else {
            lima_qemu_features_free(&features);
        }
    }
    free(key);
    return ok;
}

/* ---- accelerator ---- */

static void add_accel_argv(const lima_strv *words, const char *guest_arch, const char *accel, const char *cpu,
                           lima_strv *ret)
{
    static const char *const rest[] = {"-m",   "64", "-nodefaults", "-no-user-config", "-display",
                                       "none", "-S", "-monitor",    "stdio",           NULL};

    lima_strv_add_all(ret, words);
    lima_strv_add(ret, "-machine");
    lima_strv_addf(ret, "%s,accel=%s", lima_str_eq(guest_arch, "x86_64") ? "q35" : "virt", accel);
    lima_strv_add(ret, "-cpu");
    lima_strv_add(ret, cpu);
    for (size_t i = 0; rest[i]; i++)
        lima_strv_add(ret, rest[i]);
}

static void say_why(const char *accel, const lima_process_exit *end, const lima_buf *errors,
                    qemu_accel_probe *probe)
{
    char *said = lima_qemu_stderr_last_words(lima_buf_str(errors), errors->len, 160);

    snprintf(probe->reason, sizeof probe->reason, "%s does not work here: %s%s", accel,
             *said ? said : end->text,
             strstr(said, "ermission denied") && lima_str_eq(accel, "kvm")
                 ? " (hint: add yourself to the group kvm)"
                 : "");
    free(said);
}

static qemu_accel_probe try_accel(const lima_strv *words, const char *guest_arch, const char *accel,
                                  const char *cpu, lima_wake *wake)
{
    qemu_accel_probe probe = {0};
    lima_strv argv = {0};
    lima_buf errors = LIMA_BUF(64 * 1024);
    lima_process_exit end;
    lima_err err = {0};

    add_accel_argv(words, guest_arch, accel, cpu, &argv);
    if (!lima_process_run(lima_strv_items(&argv), "quit\n", NULL, &errors, lima_clock_in(QEMU_ACCEL_TRY_MS),
                          wake, &end, &err))
        snprintf(probe.reason, sizeof probe.reason, "%s does not work here: %.160s", accel,
                 err.code == LIMA_CODE_DEADLINE_EXCEEDED ? "QEMU hangs when it uses it" : err.text);
    else if (end.signaled || end.code != 0)
        say_why(accel, &end, &errors, &probe);
    else
        probe.usable = true;
    lima_buf_free(&errors);
    lima_strv_free(&argv);
    return probe;
}

qemu_accel_probe lima_qemu_probe_accel(const lima_strv *words, const char *guest_arch, const char *accel,
                                       const char *cpu, lima_wake *wake)
{
    qemu_accel_probe probe = {0};
    char *question = lima_mem_printf("%s %s %s", guest_arch, accel, cpu);
    char *key = make_key(words, question);

    if (!cache_get(key, NULL, &probe)) {
        probe = try_accel(words, guest_arch, accel, cpu, wake);
        if (!lima_wake_wait(wake, 0))
            cache_put(key, NULL, &probe);
    }
    free(key);
    free(question);
    return probe;
}
