/* The helper of the contract suites: does what its first argument says. Portable; uses the contract itself
 * where C has nothing.
 *
 * exit N              ends with that status
 * args …              prints each argument as [argument], one per line
 * env NAME            its value or "unset"
 * has FILE            "yes" or "no"
 * cat                 standard input to output
 * both                "out" to output, "err" to errors
 * flood N             N bytes "x" to output
 * hang                waits to be ended (two minutes at most)
 * family              starts a "hang" in its own group, prints its pid and start, and hangs
 * self                prints its own pid and start
 * std                 takes standard streams, prints stray text, echoes one line
 * lock FILE           locks it, prints "locked", ends without releasing once standard input ends
 * listen PATH         listens there, prints "listening", hangs
 * role tool|server    prints "ready", waits for its wake, ends with 7 (8 if it never came)
 * log                 becomes a server, logs "first", prints "ready"; once standard input ends, logs
 *                     "second" */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "os/file.h"
#include "os/host.h"
#include "os/listener.h"
#include "os/process.h"

enum { LIFE_MS = 120000 };

static int hang(void)
{
    lima_wake_wait(NULL, lima_clock_in(LIFE_MS));
    return 9;
}

static int say(const char *text)
{
    printf("%s\n", text);
    fflush(stdout);
    return 0;
}

static int complain(const lima_err *err)
{
    fprintf(stderr, "contract_child: %s\n", err->text);
    return 1;
}

static int do_exit(const char *const *words)
{
    return atoi(words[0]);
}

static int do_args(const char *const *words)
{
    for (; *words; words++)
        printf("[%s]\n", *words);
    return 0;
}

static int do_env(const char *const *words)
{
    char *value = lima_env_get(words[0]);

    say(value ? value : "unset");
    free(value);
    return 0;
}

static int do_has(const char *const *words)
{
    lima_file_info at = {0};

    lima_file_stat(words[0], true, &at, NULL);
    return say(at.kind == LIMA_FILE_NONE ? "no" : "yes");
}

static int do_cat(const char *const *words)
{
    (void)words;
    for (int c; (c = getchar()) != EOF;)
        putchar(c);
    return 0;
}

static int do_both(const char *const *words)
{
    (void)words;
    printf("out");
    fflush(stdout);
    fprintf(stderr, "err");
    return 0;
}

static int do_flood(const char *const *words)
{
    for (long left = atol(words[0]); left > 0; left--)
        if (putchar('x') == EOF)
            return 3;
    return 0;
}

static int do_hang(const char *const *words)
{
    (void)words;
    return hang();
}

static void print_id(lima_process_id id)
{
    printf("%lu %llu\n", (unsigned long)id.pid, (unsigned long long)id.start);
    fflush(stdout);
}

static int do_family(const char *const *words)
{
    const char *argv[] = {lima_host_get()->program, "hang", NULL};
    lima_process_desc desc = {.argv = argv, .same_group = true};
    lima_process *process;
    lima_err err;

    (void)words;
    if (!lima_process_start(&desc, &process, &err))
        return complain(&err);
    print_id(lima_process_get_id(process));
    int status = hang();
    lima_process_free(process);
    return status;
}

static int do_self(const char *const *words)
{
    lima_process_id id = {0};

    (void)words;
    lima_process_find(0, &id);
    print_id(id);
    return 0;
}

static int do_std(const char *const *words)
{
    lima_stream *in, *out;
    lima_err err;
    char line[64];
    size_t len = 0;

    (void)words;
    if (!lima_stream_take_std(&in, &out, &err))
        return complain(&err);
    say("stray");
    bool ok = getchar() == EOF
              && lima_stream_read(in, line, sizeof line, lima_clock_in(LIFE_MS), NULL, &len, &err)
              && lima_stream_write(out, line, len, lima_clock_in(LIFE_MS), NULL, &err);
    lima_stream_close(in);
    lima_stream_close(out);
    return ok ? 0 : 1;
}

static int do_lock(const char *const *words)
{
    lima_file_lock *lock;
    lima_err err;

    if (!lima_file_lock_take(words[0], lima_clock_in(LIFE_MS), &lock, &err))
        return complain(&err);
    say("locked");
    while (getchar() != EOF)
        ;
    exit(0);
}

static int do_listen(const char *const *words)
{
    lima_listener *listener;
    lima_err err;

    if (!lima_listener_open(words[0], &listener, &err))
        return complain(&err);
    say("listening");
    int status = hang();
    lima_listener_close(listener);
    return status;
}

static int do_role(const char *const *words)
{
    lima_wake *stop = lima_wake_new();
    lima_err err;

    if (!lima_process_set_role(lima_str_eq(words[0], "server") ? LIMA_PROCESS_SERVER : LIMA_PROCESS_TOOL,
                               stop, &err))
        return complain(&err);
    /* gcc 12's TSan loses a signal that comes while a thread makes its first call that can block. */
    lima_wake_wait(stop, lima_clock_now());
    say("ready");
    int status = lima_wake_wait(stop, lima_clock_in(LIFE_MS)) ? 7 : 8;
    exit(status); /* the wake lives as long as the process */
}

static int do_leave(const char *const *words)
{
    lima_wake *stop = lima_wake_new();
    lima_err err;

    return lima_process_set_role(LIMA_PROCESS_SERVER, stop, &err) ? do_has(words) : complain(&err);
}

static int do_log(const char *const *words)
{
    lima_wake *stop = lima_wake_new();
    lima_err err;

    (void)words;
    if (!lima_process_set_role(LIMA_PROCESS_SERVER, stop, &err))
        return complain(&err);
    lima_log_warn("first");
    say("ready");
    while (getchar() != EOF)
        ;
    lima_log_warn("second");
    return 0;
}

static const struct {
    const char *name;
    unsigned words;
    int (*run)(const char *const *words);
} verbs[] = {
    {"exit", 1, do_exit},     {"args", 0, do_args},     {"env", 1, do_env},     {"has", 1, do_has},
    {"cat", 0, do_cat},       {"both", 0, do_both},     {"flood", 1, do_flood}, {"hang", 0, do_hang},
    {"self", 0, do_self},     {"family", 0, do_family}, {"std", 0, do_std},     {"lock", 1, do_lock},
    {"listen", 1, do_listen}, {"role", 1, do_role},     {"log", 0, do_log},     {"leave", 1, do_leave},
};

int main(int argc, char **argv)
{
    lima_strv words = {0};
    int status = 2;

    for (int i = 2; i < argc; i++)
        lima_strv_add(&words, argv[i]);
    for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof verbs[0]; i++)
        if (lima_str_eq(argv[1], verbs[i].name) && words.len >= verbs[i].words)
            status = verbs[i].run(lima_strv_items(&words));
    lima_strv_free(&words);
    return status;
}
