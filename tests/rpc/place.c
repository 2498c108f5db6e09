#include "place.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "folder.h"
#include "os/host.h"

void need_tool(const char *name)
{
    char *path = NULL, *why = lima_mem_printf("no program '%s' here", name);
    bool found = lima_file_find_program(name, &path, NULL);
    free(path);
    if (!found)
        lima_skip(why);
    free(why);
}

void run_tool(const char *a, const char *b, const char *c, const char *d)
{
    const char *argv[] = {a, b, c, d, NULL};
    lima_process_exit left = {0};
    lima_err err = {0};
    must(lima_process_run(argv, NULL, NULL, NULL, patience(), NULL, &left, &err), &err);
    assert_int_equal(left.code, 0);
}

/* By a link, or a copy where users may not make links. */
static void give_name(const char *program, const char *name)
{
    lima_buf bytes = LIMA_BUF(64 * 1024 * 1024);
    lima_err err = {0};
    if (!lima_file_link_make(name, program, NULL)) {
        must(lima_file_read(program, &bytes, &err), &err);
        must(lima_file_write(name, bytes.data, bytes.len, LIMA_FILE_PRIVATE, &err), &err);
        lima_buf_free(&bytes);
    }
}

int place_setup(void **state)
{
    place *p = lima_mem_zalloc(1, sizeof *p);
    char *bin = lima_env_get("LIMA_BIN");
    assert_non_null(bin);
    bool windows = strcmp(lima_host_get()->os, "windows") == 0;
    char *real = lima_path_join(bin, windows ? "lima-driver-example.exe" : "lima-driver-example");
    p->root = test_folder_make();
    p->inst = lima_path_join(p->root, "dev");
    p->driver = lima_path_join(p->root, windows ? "lima-driver-trial.exe" : "lima-driver-trial");
    p->socket = lima_path_join(p->inst, "trial.drv.sock");
    p->log = lima_path_join(p->root, "log");
    assert_true(lima_dir_make(p->inst, LIMA_FILE_PRIVATE, NULL));
    give_name(real, p->driver);
    free(real);
    free(bin);
    *state = p;
    return 0;
}

static char *read_text(const char *path)
{
    lima_buf text = LIMA_BUF(1024 * 1024);
    lima_file_read(path, &text, NULL);
    return lima_buf_take(&text);
}

int place_teardown(void **state)
{
    place *p = *state;
    char *log = read_text(p->log);
    if (strstr(log, "ERROR:") || strstr(log, "runtime error"))
        print_error("the driver's log: %s\n", log);
    bool bad = strstr(log, "Sanitizer");
    free(log);
    test_folder_remove(p->root);
    free(p->inst);
    free(p->driver);
    free(p->socket);
    free(p->log);
    free(p);
    return bad ? -1 : 0;
}

lima_file_kind kind_of(const char *path)
{
    lima_file_info info = {0};
    assert_true(lima_file_stat(path, false, &info, NULL));
    return info.kind;
}

char *in_inst(const place *p, const char *name)
{
    return lima_path_join(p->inst, name);
}

lima_launched launch(const place *p, lima_launch_mode mode)
{
    lima_launched l = {0};
    lima_err err = {0};
    must(lima_launch(p->driver, mode, p->inst, p->log, patience(), &l, &err), &err);
    return l;
}

void expect_exit(lima_process *process, int code)
{
    lima_process_exit left = {0};
    lima_err err = {0};
    must(lima_process_wait(process, patience(), NULL, &left, &err), &err);
    assert_false(left.signaled);
    assert_int_equal(left.code, code);
}

int run_driver(const place *p, const char *a, const char *b, const char *input, lima_buf *out,
               lima_buf *err_out)
{
    const char *argv[] = {p->driver, a, b, NULL};
    lima_process_exit left = {0};
    lima_err err = {0};
    must(lima_process_run(argv, input, out, err_out, patience(), NULL, &left, &err), &err);
    assert_false(left.signaled);
    return left.code;
}

void configure(const place *p, lima_client *client)
{
    char *dir = test_json_text(p->inst),
         *text = lima_mem_printf("{\"name\":\"dev\",\"dir\":\"%s\",\"config\":{}}", dir);
    call_expect(client, "Configure", text, LIMA_CODE_OK, NULL);
    free(dir);
    free(text);
}

lima_start_stream *start_vm(lima_client *client)
{
    lima_start_stream *stream = start(client);
    lima_start_event event = {0};
    lima_err err = {0};
    must(lima_start_stream_next(stream, patience(), NULL, &event, &err), &err);
    if (!event.success)
        fail_msg("%s", event.error);
    lima_start_event_free(&event);
    return stream;
}

char *inspect(const place *p, uint32_t *ret_pid)
{
    lima_process_id own = {0};
    lima_json *instance = NULL, *reply = NULL;
    lima_err err = {0};
    lima_process_find(0, &own);
    char *dir = test_json_text(p->inst),
         *text = lima_mem_printf("{\"name\":\"dev\",\"dir\":\"%s\",\"hostAgentPID\":%u,\"x\":[0.10]}", dir,
                                 own.pid);
    free(dir);
    must(lima_json_parse(text, strlen(text), &instance, &err), &err);
    must(lima_launch_inspect(p->driver, instance, patience(), &reply, &err), &err);
    char *status = lima_mem_strdup(lima_json_str(reply, "", "status"));
    *ret_pid = (uint32_t)lima_json_int(reply, 0, "driverPID");
    lima_json_free(instance);
    lima_json_free(reply);
    free(text);
    return status;
}

void expect_status(const place *p, const char *expected)
{
    uint32_t pid = 0;
    lima_process_id id;
    char *status = inspect(p, &pid);
    assert_string_equal(status, expected);
    assert_int_equal(pid != 0, strcmp(expected, "Running") == 0);
    if (pid)
        assert_true(lima_process_find(pid, &id));
    free(status);
}
