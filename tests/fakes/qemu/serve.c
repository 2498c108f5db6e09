/* QMP: one client at a time, one line per message, an event before each answer so that clients learn to
 * skip them. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "data/json.h"
#include "fake_qemu.h"

typedef struct fake_server {
    const fake_machine *machine;
    int client; /* -1: none */
    char line[64 * 1024];
    size_t len;
    bool greeted, over;
    char *tags[FAKE_TAGS_MAX];
    bool disk_only[FAKE_TAGS_MAX];
    char *job, *job_error; /* one at a time */
    unsigned job_looks;
    bool paused;
} fake_server;

static void send_text(const fake_server *server, const char *text)
{
    if (server->client >= 0 && write(server->client, text, strlen(text)) < 0)
        perror("fake-qemu: write");
}

static void send_event(const fake_server *server, const char *name)
{
    char *line = lima_mem_printf(
        "{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"%s\"}\r\n", name);

    send_text(server, line);
    free(line);
}

/* ---- answers ---- */

static char *ok(void)
{
    return lima_mem_strdup("{}");
}

static size_t find_tag(const fake_server *server, const char *tag)
{
    size_t i = 0;

    while (i < FAKE_TAGS_MAX && !lima_str_eq(server->tags[i], tag))
        i++;
    return i;
}

static char *query_block(fake_server *server, const lima_json *arguments)
{
    lima_json *blocks = lima_json_new_object();
    size_t next = 0;

    (void)arguments;
    lima_json_set_str(blocks, "pflash0", "a[0].device");
    lima_json_set_bool(blocks, true, "a[0].inserted.ro");
    lima_json_set_str(blocks, "boot-disk", "a[1].device");
    lima_json_set_bool(blocks, false, "a[1].inserted.ro");
    lima_json_set_str(blocks, "#block1", "a[1].inserted.node-name");
    lima_json_set_str(blocks, server->machine->boot_format, "a[1].inserted.drv");
    lima_json_set_str(blocks, server->machine->boot_file, "a[1].inserted.file");
    for (size_t i = 0; i < FAKE_TAGS_MAX; i++) {
        if (!server->tags[i])
            continue;
        char *id = lima_mem_printf("%zu", i + 1);
        lima_json_set_str(blocks, id, "a[1].inserted.image.snapshots[%zu].id", next);
        lima_json_set_str(blocks, server->tags[i], "a[1].inserted.image.snapshots[%zu].name", next);
        lima_json_set_int(blocks, server->disk_only[i] ? 0 : 1234567,
                          "a[1].inserted.image.snapshots[%zu].vm-state-size", next);
        lima_json_set_int(blocks, 1700000000, "a[1].inserted.image.snapshots[%zu].date-sec", next);
        lima_json_set_int(blocks, 61, "a[1].inserted.image.snapshots[%zu].vm-clock-sec", next);
        lima_json_set_int(blocks, 500000000, "a[1].inserted.image.snapshots[%zu].vm-clock-nsec", next++);
        free(id);
    }
    lima_json *list = lima_json_get_copy(blocks, "a");
    char *text = lima_json_print(list);
    lima_json_free(list);
    lima_json_free(blocks);
    return text;
}

static bool begin_job(fake_server *server, const lima_json *arguments, const char *error)
{
    const char *id = lima_json_str(arguments, NULL, "job-id");

    if (!id || server->job || lima_json_count(arguments, "devices") == 0)
        return false;
    server->job = lima_mem_strdup(id);
    server->job_error = lima_mem_strdup(error);
    server->job_looks = 0;
    return true;
}

static char *save(fake_server *server, const lima_json *arguments)
{
    const char *tag = lima_json_str(arguments, NULL, "tag");
    bool fails = fake_wants("fail-save");
    size_t slot = 0;

    while (slot < FAKE_TAGS_MAX && server->tags[slot])
        slot++;
    if (!tag || slot == FAKE_TAGS_MAX || find_tag(server, tag) < FAKE_TAGS_MAX
        || !lima_json_str(arguments, NULL, "vmstate")
        || !begin_job(server, arguments, fails ? getenv("FAKE_QEMU_TEXT") : NULL))
        return NULL;
    if (!fails)
        server->tags[slot] = lima_mem_strdup(tag);
    server->disk_only[slot] = lima_str_has_prefix(tag, "disk-only");
    return ok();
}

static char *load(fake_server *server, const lima_json *arguments)
{
    const char *tag = lima_json_str(arguments, "", "tag");

    if (find_tag(server, tag) == FAKE_TAGS_MAX
        || !begin_job(server, arguments, fake_wants("fail-load") ? "Error -5 while loading VM state" : NULL))
        return NULL;
    server->paused = fake_wants("fail-load");
    return ok();
}

static char *delete (fake_server *server, const lima_json *arguments)
{
    size_t at = find_tag(server, lima_json_str(arguments, "", "tag"));

    if (at == FAKE_TAGS_MAX
        || !begin_job(server, arguments, fake_wants("fail-delete") ? "Failed to remove it" : NULL))
        return NULL;
    if (!fake_wants("fail-delete")) {
        free(server->tags[at]);
        server->tags[at] = NULL;
    }
    return ok();
}

/* Done at the second look. */
static char *query_jobs(fake_server *server, const lima_json *arguments)
{
    (void)arguments;
    if (!server->job)
        return lima_mem_strdup("[]");
    bool done = server->job_looks++ > 0;
    return lima_mem_printf(
        "[{\"id\": \"%s\", \"type\": \"snapshot\", \"status\": \"%s\", \"current-progress\": 1, "
        "\"total-progress\": 1%s%s%s}]",
        server->job, done ? "concluded" : "running", done && server->job_error ? ", \"error\": \"" : "",
        done && server->job_error ? server->job_error : "", done && server->job_error ? "\"" : "");
}

static char *dismiss(fake_server *server, const lima_json *arguments)
{
    if (!lima_str_eq(server->job, lima_json_str(arguments, "", "id")))
        return NULL;
    free(server->job);
    free(server->job_error);
    server->job = server->job_error = NULL;
    return ok();
}

static char *power_down(fake_server *server, const lima_json *arguments)
{
    (void)arguments;
    send_event(server, "POWERDOWN");
    server->over = !fake_wants("ignore-powerdown");
    return ok();
}

static char *quit(fake_server *server, const lima_json *arguments)
{
    (void)arguments;
    server->over = true;
    return ok();
}

static char *query_name(fake_server *server, const lima_json *arguments)
{
    (void)arguments;
    return lima_mem_printf("{\"name\": \"%s\"}", server->machine->name ? server->machine->name : "");
}

static char *query_status(fake_server *server, const lima_json *arguments)
{
    (void)arguments;
    return lima_mem_printf("{\"status\": \"%s\", \"running\": %s, \"singlestep\": false}",
                           server->paused ? "restore-vm" : "running", server->paused ? "false" : "true");
}

static char *query_vnc(fake_server *server, const lima_json *arguments)
{
    (void)arguments;
    return lima_mem_strdup(
        server->machine->vnc
            ? "{\"enabled\": true, \"host\": \"127.0.0.1\", \"service\": \"5903\", \"clients\": []}"
            : "{\"enabled\": false}");
}

static char *set_password(fake_server *server, const lima_json *arguments)
{
    return server->machine->vnc && lima_json_str(arguments, NULL, "password") ? ok() : NULL;
}

static const struct {
    const char *name;
    char *(*run)(fake_server *server, const lima_json *arguments); /* owned answer, NULL: refused */
    bool is_job;                                                   /* QEMU 6.0 and later */
} commands[] = {
    {"query-block", query_block, false},     {"snapshot-save", save, true},
    {"snapshot-load", load, true},           {"snapshot-delete", delete, true},
    {"query-jobs", query_jobs, true},        {"job-dismiss", dismiss, true},
    {"system_powerdown", power_down, false}, {"quit", quit, false},
    {"query-name", query_name, false},       {"query-status", query_status, false},
    {"query-vnc", query_vnc, false},         {"change-vnc-password", set_password, false},
};

/* ---- lines ---- */

static void refuse(const fake_server *server, const char *class, const char *text, int64_t id)
{
    char *line = lima_mem_printf("{\"id\": %lld, \"error\": {\"class\": \"%s\", \"desc\": \"%s\"}}\r\n",
                                 (long long)id, class, text);

    send_text(server, line);
    free(line);
}

static void run_command(fake_server *server, const char *name, const lima_json *arguments, int64_t id)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (!lima_str_eq(commands[i].name, name) || (commands[i].is_job && fake_wants("no-jobs")))
            continue;
        char *answer = commands[i].run(server, arguments);
        char *line =
            answer ? lima_mem_printf("{\"return\": %s, \"id\": %lld}\r\n", answer, (long long)id) : NULL;
        if (line)
            send_text(server, line);
        else
            refuse(server, "GenericError", "The fake refuses this", id);
        free(line);
        free(answer);
        return;
    }
    refuse(server, "CommandNotFound", "The command has not been found", id);
}

static void take_message(fake_server *server, const lima_json *message)
{
    const char *name = lima_json_str(message, "", "execute");
    int64_t id = lima_json_int(message, -1, "id");
    lima_json *arguments = lima_json_get_copy(message, "arguments");

    if (lima_str_eq(name, "quit") && fake_wants("ignore-quit"))
        goto done;
    if (lima_str_eq(name, "qmp_capabilities")) {
        server->greeted = true;
        char *line = lima_mem_printf("{\"return\": {}, \"id\": %lld}\r\n", (long long)id);
        send_text(server, line);
        free(line);
        if (fake_wants("die-late"))
            fake_die(server->machine, "%s", getenv("FAKE_QEMU_TEXT"));
        goto done;
    }
    send_event(server, "RTC_CHANGE");
    if (!server->greeted)
        refuse(server, "CommandNotFound", "Expecting capabilities negotiation with 'qmp_capabilities'", id);
    else
        run_command(server, name, arguments, id);
done:
    lima_json_free(arguments);
}

static void take_line(fake_server *server)
{
    lima_json *message = NULL;

    if (lima_json_parse(server->line, server->len, &message, NULL))
        take_message(server, message);
    else
        send_text(server, "{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON parse error\"}}\r\n");
    lima_json_free(message);
    server->len = 0;
}

static void hang_up(fake_server *server)
{
    close(server->client);
    server->client = -1;
    server->len = 0;
    server->greeted = false;
}

static void take_bytes(fake_server *server)
{
    char byte;

    while (server->client >= 0 && !server->over) {
        ssize_t got = recv(server->client, &byte, 1, MSG_DONTWAIT);
        if (got == 0)
            hang_up(server);
        if (got <= 0)
            return;
        if (byte == '\n')
            take_line(server);
        else if (server->len + 1 < sizeof server->line)
            server->line[server->len++] = byte;
    }
}

/* 5 MiB without a line end; the client hangs up before that. */
static void send_endless(const fake_server *server)
{
    static char block[64 * 1024];

    memset(block, ' ', sizeof block - 1);
    for (size_t i = 0; i < 80; i++)
        send_text(server, block);
}

static void greet(fake_server *server)
{
    server->client = accept4(server->machine->qmp_socket, NULL, NULL, SOCK_CLOEXEC);
    if (fake_wants("nonsense"))
        send_text(server, "SSH-2.0-OpenSSH_9.2\r\n");
    else if (fake_wants("longline"))
        send_endless(server);
    else if (!fake_wants("mute"))
        send_text(server, "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}}, "
                          "\"capabilities\": [\"oob\"]}}\r\n");
}

static int catch_term(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static void obey_term(fake_server *server, int signals)
{
    struct signalfd_siginfo info;

    if (read(signals, &info, sizeof info) != sizeof info || fake_wants("ignore-term"))
        return;
    fprintf(stderr, "%s: terminating on signal 15 from pid %u (<unknown process>)\n",
            server->machine->program, info.ssi_pid);
    server->over = true;
}

int fake_serve(fake_machine *machine)
{
    static fake_server server;
    int signals = catch_term();

    server = (fake_server){.machine = machine, .client = -1};
    while (!server.over) {
        struct pollfd fds[] = {{.fd = signals, .events = POLLIN},
                               {.fd = server.client < 0 ? machine->qmp_socket : -1, .events = POLLIN},
                               {.fd = server.client, .events = POLLIN}};
        if (poll(fds, 3, -1) < 0)
            return 1;
        if (fds[0].revents)
            obey_term(&server, signals);
        if (fds[1].revents)
            greet(&server);
        if (fds[2].revents)
            take_bytes(&server);
    }
    return 0;
}
