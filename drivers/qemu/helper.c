/* How it works: output goes to a file and not into a pipe, so that a helper lives on, and its last words
 * stay, when this driver ends. Readiness is the socket's appearance, looked for at short intervals while
 * waiting for the process's end. Deliberately not here: starting a dead helper again. QEMU does not
 * reconnect to it; what helps is a restart of the VM, and the log says so. */
#include "qemu/helper.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "os/file.h"
#include "qemu/stderr_text.h"

enum { POLL_MS = 20, TAIL_BYTES = 4096, WORDS_BYTES = 400 };

char *lima_qemu_log_tail(const char *path, size_t max)
{
    lima_file *file = NULL;
    lima_file_info info;
    char *text = lima_mem_zalloc(max + 1, 1);
    size_t len = 0;

    if (!lima_file_stat(path, true, &info, NULL) || !lima_file_open(path, LIMA_FILE_READ, &file, NULL))
        return text;
    uint64_t offset = info.size > max ? info.size - max : 0;
    if (lima_file_read_at(file, offset, text, max, &len, NULL))
        text[len] = '\0';
    lima_file_close(file);
    for (size_t i = 0; i < len; i++)
        if (text[i] == '\0')
            text[i] = ' ';
    return text;
}

static char *last_words(const char *log)
{
    char *tail = lima_qemu_log_tail(log, TAIL_BYTES);
    char *words = lima_qemu_stderr_last_words(tail, strlen(tail), WORDS_BYTES);

    free(tail);
    return words;
}

static bool fail_with_words(const qemu_helper *helper, const char *what, lima_err *err)
{
    char *words = last_words(helper->log);

    lima_err_set(err, LIMA_CODE_UNAVAILABLE, "%s %s%s%s (log: %s)", helper->name, what, *words ? ": " : "",
                 words, helper->log);
    free(words);
    return false;
}

bool lima_qemu_helper_start(const char *name, const lima_strv *argv, const char *socket, const char *log,
                            qemu_helpers *list, lima_err *err)
{
    lima_process *process = NULL;
    lima_process_desc desc = {.argv = lima_strv_items(argv),
                              .out = LIMA_PROCESS_FILE,
                              .err = LIMA_PROCESS_FILE,
                              .out_file = log,
                              .err_file = log};

    if (!lima_file_remove(socket, err) || !lima_file_remove(log, err)
        || !lima_process_start(&desc, &process, err))
        return lima_err_wrap(err, "%s", name);
    lima_qemu_helpers_add(list, name, log, lima_process_get_id(process));
    list->items[list->len - 1].socket = lima_mem_strdup(socket);
    list->items[list->len - 1].process = process;
    return true;
}

static bool await_socket(const qemu_helper *helper, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    lima_process_exit end;

    for (;;) {
        lima_file_info info;
        if (lima_file_stat(helper->socket, false, &info, NULL) && info.kind == LIMA_FILE_SOCKET)
            return true;
        if (lima_process_wait(helper->process, lima_clock_in(POLL_MS), wake, &end, NULL))
            return fail_with_words(helper, end.text, err);
        if (lima_wake_wait(wake, 0))
            return lima_err_set(err, LIMA_CODE_CANCELLED, "%s: start cancelled", helper->name);
        if (lima_clock_now() >= deadline)
            return fail_with_words(helper, "made no socket in time", err);
    }
}

bool lima_qemu_helpers_await(qemu_helpers *list, lima_wake *wake, lima_err *err)
{
    lima_deadline deadline = lima_clock_in(QEMU_HELPER_START_MS);

    for (size_t i = 0; i < list->len; i++) {
        qemu_helper *helper = &list->items[i];
        if (!helper->process)
            continue;
        if (!await_socket(helper, deadline, wake, err))
            return false;
        lima_process_free(helper->process);
        helper->process = NULL;
    }
    return true;
}

void lima_qemu_helpers_add(qemu_helpers *list, const char *name, const char *log, lima_process_id id)
{
    list->items = lima_mem_resize(list->items, list->len + 1, sizeof *list->items);
    list->items[list->len++] =
        (qemu_helper){.name = lima_mem_strdup(name), .log = lima_mem_strdup(log), .id = id};
}

static bool alive(lima_process_id id)
{
    return id.pid && !lima_process_wait_id(id, 0, NULL, NULL);
}

void lima_qemu_helpers_watch(qemu_helpers *list)
{
    for (size_t i = 0; i < list->len; i++) {
        qemu_helper *helper = &list->items[i];
        if (helper->reported || alive(helper->id))
            continue;
        helper->reported = true;
        char *words = last_words(helper->log);
        lima_log_error("%s has ended while the VM runs; restart the instance to get it back%s%s (log: %s)",
                       helper->name, *words ? ": " : "", words, helper->log);
        free(words);
    }
}

void lima_qemu_helpers_end(const qemu_helpers *list)
{
    lima_deadline deadline = lima_clock_in(QEMU_HELPER_END_MS);

    for (size_t i = 0; i < list->len; i++)
        if (alive(list->items[i].id))
            lima_process_end_id(list->items[i].id, false, NULL);
    for (size_t i = 0; i < list->len; i++) {
        lima_process_id id = list->items[i].id;
        if (!id.pid || lima_process_wait_id(id, deadline, NULL, NULL))
            continue;
        lima_process_end_id(id, true, NULL);
        lima_process_wait_id(id, lima_clock_in(QEMU_HELPER_END_MS), NULL, NULL);
    }
}

void lima_qemu_helpers_free(qemu_helpers *list)
{
    for (size_t i = 0; i < list->len; i++) {
        free(list->items[i].name);
        free(list->items[i].log);
        free(list->items[i].socket);
        lima_process_free(list->items[i].process);
    }
    free(list->items);
    *list = (qemu_helpers){0};
}
