/* What only win/ promises of children, or what only Windows calls can see. This program is its own child:
 * with arguments it does what the first one says. */
#include <winsock2.h>
#include <windows.h>

#include <shellapi.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

#include "base/mem.h"
#include "base/str.h"
#include "os/host.h"
#include "child.h"
#include "quote.h"
#include "wide.h"

static lima_process *start_self(const char *verb, const char *arg)
{
    const char *argv[] = {lima_host_get()->program, verb, arg, NULL};
    lima_process_desc desc = {
        .argv = argv, .in = LIMA_PROCESS_PIPE, .out = LIMA_PROCESS_PIPE, .err = LIMA_PROCESS_INHERIT};
    lima_process *child = NULL;

    assert_ok(lima_process_start(&desc, &child, err));
    return child;
}

static lima_process_id read_id(lima_process *child)
{
    char line[64];
    uint64_t pid = 0, start = 0;

    read_line(child, line, sizeof line);
    assert_int_equal(sscanf(line, "%" SCNu64 " %" SCNu64, &pid, &start), 2);
    return (lima_process_id){.pid = (uint32_t)pid, .start = start};
}

/* ---- arguments ---- */

static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1103515245 + 12345;
    return *seed >> 16 & 0x7FFF;
}

static void add_random(lima_strv *argv, unsigned *seed)
{
    static const char *const parts[] = {
        "\"",     "\\", " ", "\t", "a", "\\\"", "\"\"", "\n", "\xc3\xbc", "\xe6\x97\xa5", "\xf0\x9f\x98\x80",
        "%PATH%", "^",  "*", "'",  "&", "$x"};
    char text[100] = "";

    for (unsigned left = next_random(seed) % 9; left > 0; left--)
        strcat(text, parts[next_random(seed) % (sizeof parts / sizeof parts[0])]);
    lima_strv_add(argv, text);
}

static void assert_windows_agrees(const lima_strv *argv)
{
    char *line = NULL;
    wchar_t *wide = NULL;
    int count = 0;

    assert_ok(lima_quote(lima_strv_items(argv), &line, err));
    assert_ok(lima_wide_from_utf8(line, &wide, err));
    wchar_t **found = CommandLineToArgvW(wide, &count);
    assert_int_equal(count, argv->len);
    for (int i = 0; i < count; i++) {
        char *text = NULL;
        assert_ok(lima_wide_to_utf8(found[i], &text, err));
        assert_string_equal(text, argv->items[i]);
        free(text);
    }
    LocalFree(found);
    free(wide);
    free(line);
}

static void quote__thousands_of_random_arguments__windows_takes_them_apart_again(void **state)
{
    unsigned seed = 7;

    (void)state;
    for (int i = 0; i < 5000; i++) {
        lima_strv argv = {0};
        lima_strv_add(&argv, "C:\\Program Files\\x.exe");
        for (unsigned left = next_random(&seed) % 6; left > 0; left--)
            add_random(&argv, &seed);
        assert_windows_agrees(&argv);
        lima_strv_free(&argv);
    }
}

/* Each argument as its length, a colon and its bytes. */
static int do_args(int argc, char **argv)
{
    for (int i = 2; i < argc; i++)
        printf("%zu:%s", strlen(argv[i]), argv[i]);
    return 0;
}

static void start__random_arguments__arrive_in_a_child(void **state)
{
    unsigned seed = 3;

    (void)state;
    for (int i = 0; i < 20; i++) {
        lima_strv argv = {0};
        lima_buf expected = LIMA_BUF(1 << 20), found = LIMA_BUF(1 << 20);
        lima_process_exit end;
        lima_strv_add(&argv, lima_host_get()->program);
        lima_strv_add(&argv, "args");
        for (int k = 0; k < 200; k++)
            add_random(&argv, &seed);
        for (size_t k = 2; k < argv.len; k++)
            lima_buf_addf(&expected, "%zu:%s", strlen(argv.items[k]), argv.items[k]);
        assert_ok(lima_process_run(lima_strv_items(&argv), NULL, &found, NULL, patience(), NULL, &end, err));
        assert_string_equal(lima_buf_str(&found), lima_buf_str(&expected));
        lima_buf_free(&expected);
        lima_buf_free(&found);
        lima_strv_free(&argv);
    }
}

static void start__command_line_longer_than_windows_allows__is_refused(void **state)
{
    char *text = lima_mem_zalloc(LIMA_QUOTE_MAX + 1, 1);
    const char *argv[] = {lima_host_get()->program, text, NULL};
    lima_process_desc desc = {.argv = argv};
    lima_process *child = NULL;

    (void)state;
    memset(text, 'x', LIMA_QUOTE_MAX);
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_process_start(&desc, &child, err));
    free(text);
}

static void start__command_file__is_refused(void **state)
{
    static const char *const names[] = {"x.bat", "y.CMD"};

    for (int i = 0; i < 2; i++) {
        char *path = in_folder(state, names[i]);
        lima_process_desc desc = {.argv = (const char *[]){path, "a\" & calc", NULL}};
        lima_process *child = NULL;
        put_file(path, "@echo off\r\n");
        assert_fails(LIMA_CODE_FAILED_PRECONDITION, lima_process_start(&desc, &child, err));
        free(path);
    }
}

/* ---- environment ---- */

static int do_env(const char *name)
{
    char *value = lima_env_get(name);

    printf("%s\n", value ? value : "unset");
    free(value);
    return 0;
}

static void start__environment__knows_no_case(void **state)
{
    const char *argv[] = {lima_host_get()->program, "env", "Lima_Test_X", NULL};
    const char *add[] = {"LIMA_TEST_X=1", "lima_test_x=2", NULL};
    lima_process_desc desc = {
        .argv = argv, .env_add = add, .out = LIMA_PROCESS_PIPE, .err = LIMA_PROCESS_INHERIT};
    lima_process *child = NULL;
    char line[100];

    (void)state;
    assert_ok(lima_process_start(&desc, &child, err));
    read_line(child, line, sizeof line);
    assert_string_equal(line, "2");
    end_child(child);
}

static int name_len(const wchar_t *entry)
{
    return (int)(1 + wcscspn(entry + 1, L"="));
}

/* Of the block itself: Wine adds to what a child gets. */
static void env__additions_and_removals__leave_it_sorted_and_without_doubles(void **state)
{
    const char *add[] = {"zz_lima=1", "AA_lima=1", "aa_LIMA=2", "Path", "", NULL};
    wchar_t *block = NULL;
    unsigned added = 0;

    (void)state;
    assert_ok(lima_win_env(add, &block, err));
    for (const wchar_t *at = block, *next; *at; at = next) {
        next = at + wcslen(at) + 1;
        added += !wcscmp(at, L"zz_lima=1") + !wcscmp(at, L"aa_LIMA=2");
        assert_true(_wcsnicmp(at, L"PATH=", 5) != 0);
        if (*next)
            assert_int_equal(CompareStringOrdinal(at, name_len(at), next, name_len(next), TRUE),
                             CSTR_LESS_THAN);
    }
    assert_int_equal(added, 2);
    free(block);
}

/* ---- what reaches a child ---- */

/* Tries to set an event of the parent by the number that its handle has there. */
static int do_set(const char *number)
{
    HANDLE event = (HANDLE)(uintptr_t)strtoull(number, NULL, 16);

    SetEvent(event);
    return 0;
}

static void start__inheritable_handle__does_not_reach_the_child(void **state)
{
    SECURITY_ATTRIBUTES inheritable = {.nLength = sizeof inheritable, .bInheritHandle = TRUE};
    HANDLE event = CreateEventW(&inheritable, TRUE, FALSE, NULL);
    char number[32];
    lima_process_exit end;

    (void)state;
    snprintf(number, sizeof number, "%llx", (unsigned long long)(uintptr_t)event);
    lima_process *child = start_self("set", number);
    assert_ok(lima_process_wait(child, patience(), NULL, &end, err));
    assert_int_equal(WaitForSingleObject(event, 0), WAIT_TIMEOUT);
    lima_process_free(child);
    CloseHandle(event);
}

static void start__sockets_to_inherit__are_unimplemented(void **state)
{
    lima_stream *none[1] = {NULL};
    lima_process_desc desc = {
        .argv = (const char *[]){lima_host_get()->program, NULL}, .inherit = none, .inherit_count = 1};
    lima_process *child = NULL;

    (void)state;
    assert_fails(LIMA_CODE_UNIMPLEMENTED, lima_process_start(&desc, &child, err));
}

/* ---- ends ---- */

static int do_exit(const char *code)
{
    ExitProcess((UINT)strtoul(code, NULL, 0));
}

static void assert_end(const char *code, bool signaled, const char *text)
{
    lima_process *child = start_self("exit", code);
    lima_process_exit end;

    assert_ok(lima_process_wait(child, patience(), NULL, &end, err));
    assert_string_equal(end.text, text);
    assert_int_equal(end.signaled, signaled);
    assert_int_equal(end.code, (int)strtoul(code, NULL, 0));
    lima_process_free(child);
}

static void wait__crash_or_code__is_told_apart(void **state)
{
    (void)state;
    assert_end("0", false, "exit status 0");
    assert_end("300", false, "exit status 300");
    assert_end("0xffffffff", false, "exit status -1 (0xffffffff)");
    assert_end("0x80370102", false, "exit status -2143878910 (0x80370102)");
    assert_end("0xc0000005", true, "exception 0xc0000005");
    assert_end("0xc000013a", true, "ended from outside");
}

/* ---- jobs ---- */

static int hang(void)
{
    lima_wake_wait(NULL, lima_clock_in(PATIENCE_MS));
    return 9;
}

/* Starts a "hang" as a group of its own, prints its identity, and hangs, or ends. */
static int do_parent(bool hangs)
{
    const char *argv[] = {lima_host_get()->program, "hang", NULL};
    lima_process_desc desc = {.argv = argv};
    lima_process *child;

    if (!lima_process_start(&desc, &child, NULL))
        return 1;
    lima_process_id id = lima_process_get_id(child);
    printf("%lu %llu\n", (unsigned long)id.pid, (unsigned long long)id.start);
    fflush(stdout);
    int status = hangs ? hang() : 0;
    lima_process_free(child);
    return status;
}

static void assert_lives_and_end(lima_process_id id)
{
    assert_fails(LIMA_CODE_DEADLINE_EXCEEDED, lima_process_wait_id(id, 0, NULL, err));
    assert_ok(lima_process_end_id(id, true, err));
    assert_ok(lima_process_wait_id(id, patience(), NULL, err));
}

static void end__grandchild_with_a_group_of_its_own__outlives_the_group(void **state)
{
    lima_process *child = start_self("parent", "hangs");
    lima_process_id grandchild = read_id(child);

    (void)state;
    end_child(child);
    assert_lives_and_end(grandchild);
}

/* A terminal or a host agent may keep us in a job that ends all in it when it closes. */
static void start__in_a_job_that_lets_children_go__child_outlives_the_job(void **state)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {
        .BasicLimitInformation = {.LimitFlags =
                                      JOB_OBJECT_LIMIT_BREAKAWAY_OK | JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE}};
    HANDLE job = CreateJobObjectW(NULL, NULL);
    lima_process *child = start_self("wait-parent", NULL);
    HANDLE handle = OpenProcess(PROCESS_ALL_ACCESS, FALSE, lima_process_get_id(child).pid);

    (void)state;
    assert_true(SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits));
    assert_true(AssignProcessToJobObject(job, handle));
    assert_ok(lima_stream_write(lima_process_stream(child, 0), "\n", 1, patience(), NULL, err));
    lima_process_id grandchild = read_id(child);
    CloseHandle(job);
    assert_int_equal(WaitForSingleObject(handle, PATIENCE_MS), WAIT_OBJECT_0);
    CloseHandle(handle);
    assert_lives_and_end(grandchild);
    lima_process_free(child);
}

/* ---- the console ---- */

/* Started as limactl starts drivers: on its console, but as the leader of a group, so that the event
 * reaches it alone. */
static HANDLE start_on_console(const char *role, lima_process_id *ret_id)
{
    STARTUPINFOW how = {.cb = sizeof how, .dwFlags = STARTF_USESTDHANDLES};
    SECURITY_ATTRIBUTES inheritable = {.nLength = sizeof inheritable, .bInheritHandle = TRUE};
    PROCESS_INFORMATION made;
    HANDLE read_end, write_end;
    char line[16] = "";
    DWORD len;
    char *text = lima_mem_printf("\"%s\" role %s", child_program(), role);
    wchar_t *wide = NULL;

    assert_ok(lima_wide_from_utf8(text, &wide, err));
    assert_true(CreatePipe(&read_end, &write_end, &inheritable, 0));
    how.hStdOutput = write_end;
    assert_true(
        CreateProcessW(NULL, wide, NULL, NULL, TRUE, CREATE_NEW_PROCESS_GROUP, NULL, NULL, &how, &made));
    CloseHandle(write_end);
    assert_true(ReadFile(read_end, line, sizeof line - 1, &len, NULL));
    assert_true(lima_str_has_prefix(line, "ready"));
    CloseHandle(read_end);
    CloseHandle(made.hThread);
    assert_true(lima_process_find(made.dwProcessId, ret_id));
    free(text);
    free(wide);
    return made.hProcess;
}

static void assert_exit(HANDLE process, DWORD expected)
{
    DWORD code = 0;

    assert_int_equal(WaitForSingleObject(process, PATIENCE_MS), WAIT_OBJECT_0);
    assert_true(GetExitCodeProcess(process, &code));
    assert_int_equal(code, expected);
    CloseHandle(process);
}

static void role__break_on_the_console__stops_a_tool_and_not_a_server(void **state)
{
    lima_process_id id;

    (void)state;
    HANDLE tool = start_on_console("tool", &id);
    bool sent = GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, id.pid);
    if (!sent)
        assert_ok(lima_process_end_id(id, false, err));
    assert_exit(tool, 7);
    if (!sent)
        lima_skip("this program has no console");
    HANDLE server = start_on_console("server", &id);
    GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, id.pid); /* fails: it is not there any more */
    assert_int_equal(WaitForSingleObject(server, 300), WAIT_TIMEOUT);
    assert_ok(lima_process_end_id(id, false, err));
    assert_exit(server, 7);
}

static void find__number_between_two_pids__is_nobody(void **state)
{
    lima_process_id own = {0}, found;

    (void)state;
    assert_true(lima_process_find(0, &own));
    for (uint32_t i = 1; i < 4; i++)
        assert_false(lima_process_find(own.pid + i, &found) && found.start == own.start);
}

static int run_suite(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quote__thousands_of_random_arguments__windows_takes_them_apart_again),
        cmocka_unit_test(start__random_arguments__arrive_in_a_child),
        cmocka_unit_test(start__command_line_longer_than_windows_allows__is_refused),
        IN_FOLDER(start__command_file__is_refused),
        cmocka_unit_test(start__environment__knows_no_case),
        cmocka_unit_test(env__additions_and_removals__leave_it_sorted_and_without_doubles),
        cmocka_unit_test(start__inheritable_handle__does_not_reach_the_child),
        cmocka_unit_test(start__sockets_to_inherit__are_unimplemented),
        cmocka_unit_test(wait__crash_or_code__is_told_apart),
        cmocka_unit_test(end__grandchild_with_a_group_of_its_own__outlives_the_group),
        cmocka_unit_test(start__in_a_job_that_lets_children_go__child_outlives_the_job),
        cmocka_unit_test(role__break_on_the_console__stops_a_tool_and_not_a_server),
        cmocka_unit_test(find__number_between_two_pids__is_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "", *arg = argc > 2 ? argv[2] : "";

    if (!*verb)
        return run_suite();
    if (lima_str_eq(verb, "args"))
        return do_args(argc, argv);
    if (lima_str_eq(verb, "env"))
        return do_env(arg);
    if (lima_str_eq(verb, "set"))
        return do_set(arg);
    if (lima_str_eq(verb, "exit"))
        return do_exit(arg);
    if (lima_str_eq(verb, "wait-parent"))
        return getchar() == EOF ? 1 : do_parent(true);
    return lima_str_eq(verb, "parent") ? do_parent(lima_str_eq(arg, "hangs")) : hang();
}
