/* Hundreds of rounds of each operation of win/ base, files and facts leave the number of this process's
 * handles as it was. One left in a round would show after three; Wine takes milliseconds for each. */
#include <windows.h>
#include <winternl.h>

#include <stdlib.h>
#include <string.h>

#include "support.h"

#include "base/mem.h"
#include "hvsocket.h"
#include "os/host.h"
#include "processes.h"
#include "registry.h"

enum { ROUNDS = 200, FEW_ROUNDS = 50, LIST_BYTES = 4 << 20 };

/* Of this process in the list of all: Wine's GetProcessHandleCount always says 0. */
static unsigned handles(void)
{
    char *list = lima_mem_zalloc(1, LIST_BYTES);
    ULONG len = 0;
    unsigned count = 0;

    assert_int_equal(NtQuerySystemInformation(SystemProcessInformation, list, LIST_BYTES, &len), 0);
    for (const SYSTEM_PROCESS_INFORMATION *at = (const void *)list;;
         at = (const void *)((const char *)at + at->NextEntryOffset)) {
        if ((DWORD)(ULONG_PTR)at->UniqueProcessId == GetCurrentProcessId())
            count = at->HandleCount;
        if (!at->NextEntryOffset)
            break;
    }
    free(list);
    assert_true(count > 0);
    return count;
}

typedef void operation(const char *file, const char *dir);

static void op_stat(const char *file, const char *dir)
{
    lima_file_info at;

    assert_ok(lima_file_stat(file, true, &at, err) && lima_file_stat(dir, false, &at, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_file_stat("nul", false, &at, err));
}

static void op_read(const char *file, const char *dir)
{
    lima_buf text = LIMA_BUF(100), little = LIMA_BUF(1);

    assert_ok(lima_file_read(file, &text, err));
    assert_fails(LIMA_CODE_OUT_OF_RANGE, lima_file_read(file, &little, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_file_read(dir, &text, err));
    lima_buf_free(&little);
    lima_buf_free(&text);
}

static void op_write(const char *file, const char *dir)
{
    assert_ok(lima_file_write(file, "text", 4, LIMA_FILE_PRIVATE, err));
    assert_false(lima_file_write(dir, "text", 4, LIMA_FILE_PRIVATE, NULL));
}

static void op_rename_and_remove(const char *file, const char *dir)
{
    char *other = lima_mem_printf("%s.other", file);

    (void)dir;
    assert_ok(lima_file_rename(file, other, err) && lima_file_rename(other, file, err));
    assert_fails(LIMA_CODE_NOT_FOUND, lima_file_rename(other, file, err));
    assert_ok(lima_file_write(other, "x", 1, LIMA_FILE_SHARED, err) && lima_file_remove(other, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_file_remove(dir, err));
    free(other);
}

static void op_folders(const char *file, const char *dir)
{
    char *top = lima_mem_printf("%s\\a", dir), *deep = lima_mem_printf("%s\\b\\c", top);
    lima_strv names = {0};

    assert_ok(lima_dir_make(deep, LIMA_FILE_PRIVATE, err) && lima_dir_list(top, 10, &names, err));
    lima_strv_free(&names);
    assert_fails(LIMA_CODE_OUT_OF_RANGE, lima_dir_list(top, 0, &names, err));
    assert_fails(LIMA_CODE_NOT_FOUND, lima_dir_list(file, 10, &names, err));
    assert_ok(lima_dir_remove(top, err) && lima_dir_remove(top, err));
    free(deep);
    free(top);
}

static void op_names(const char *file, const char *dir)
{
    char *real = NULL, *found = NULL;
    uint64_t bytes;

    assert_ok(lima_file_real_path(file, &real, err) && lima_file_free_space(dir, &bytes, err));
    assert_fails(LIMA_CODE_NOT_FOUND, lima_file_find_program("lima-none", &found, err));
    assert_false(lima_file_find_program(dir, &found, NULL));
    free(real);
}

static void op_lock(const char *file, const char *dir)
{
    lima_file_lock *lock = NULL, *more = NULL;

    assert_ok(lima_file_lock_take(file, 0, &lock, err));
    assert_fails(LIMA_CODE_UNAVAILABLE, lima_file_lock_take(file, 0, &more, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_file_lock_take(dir, 0, &more, err));
    lima_file_lock_release(lock);
}

static void op_random_access(const char *file, const char *dir)
{
    lima_file *opened = NULL;
    char byte;
    size_t len;

    assert_ok(lima_file_open(file, LIMA_FILE_WRITE, &opened, err));
    assert_ok(lima_file_read_at(opened, 0, &byte, 1, &len, err) && lima_file_resize(opened, 10, err));
    lima_file_close(opened);
    assert_fails(LIMA_CODE_ALREADY_EXISTS, lima_file_open(file, LIMA_FILE_CREATE, &opened, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_file_open(dir, LIMA_FILE_READ, &opened, err));
}

static void do_nothing(void *arg)
{
    (void)arg;
}

static void op_threads(const char *file, const char *dir)
{
    lima_wake *wake = lima_wake_new();
    lima_monitor *monitor = lima_monitor_new();
    lima_thread *thread = NULL;

    (void)file;
    (void)dir;
    assert_ok(lima_thread_start("nothing", do_nothing, NULL, &thread, err));
    lima_thread_join(thread);
    lima_wake_raise(wake);
    assert_true(lima_wake_wait(wake, 0));
    lima_wake_free(wake);
    lima_monitor_free(monitor);
}

static void op_facts(const char *file, const char *dir)
{
    lima_registry_key key = {0};
    lima_stream *stream = NULL;
    uint16_t port;

    (void)file;
    (void)dir;
    assert_ok(lima_registry_read(LIMA_REGISTRY_USER, "Software", &key, err));
    lima_registry_free(&key);
    assert_fails(LIMA_CODE_NOT_FOUND, lima_registry_read(LIMA_REGISTRY_USER, "lima none", &key, err));
    assert_false(lima_hvsocket_connect("00000000-0000-0000-0000-000000000001", 1, 0, NULL, &stream, NULL));
    assert_ok(lima_host_free_port(&port, err));
}

static void op_processes(const char *file, const char *dir)
{
    lima_processes list = {0};

    (void)file;
    (void)dir;
    assert_ok(lima_processes_find("services.exe", &list, err));
    lima_processes_free(&list);
}

static void rounds__of_everything__leave_no_handle(void **state)
{
    static const struct {
        const char *name;
        operation *run;
        int rounds;
    } operations[] = {
        {"stat", op_stat, ROUNDS},
        {"read", op_read, ROUNDS},
        {"write", op_write, ROUNDS},
        {"rename and remove", op_rename_and_remove, ROUNDS},
        {"folders", op_folders, ROUNDS},
        {"names", op_names, ROUNDS},
        {"lock", op_lock, ROUNDS},
        {"random access", op_random_access, ROUNDS},
        {"threads", op_threads, ROUNDS},
        {"facts", op_facts, ROUNDS},
        {"processes", op_processes, FEW_ROUNDS}, /* each looks at all there are */
    };
    char *file = in_folder(state, "f"), *dir = in_folder(state, "dir");

    put_file(file, "text");
    assert_ok(lima_dir_make(dir, LIMA_FILE_PRIVATE, err));
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        operations[i].run(file, dir); /* what is opened once and kept */
        unsigned before = handles();
        for (int round = 0; round < operations[i].rounds; round++)
            operations[i].run(file, dir);
        unsigned after = handles();
        if (after > before + 2) /* Windows opens one or another of its own meanwhile */
            fail_msg("%s: %u handles became %u", operations[i].name, before, after);
    }
    free(dir);
    free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(rounds__of_everything__leave_no_handle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
