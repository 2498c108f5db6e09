/* The command lines of the scenarios, taken by the QEMU that is installed: it starts (stopped, -S), tells its
 * block devices over QMP and quits. The accelerator is always tcg. Architectures whose program is missing are
 * skipped by name. */
#include "qemu_test.h"

#include "os/stream.h"
#include "qemu/argv.h"
#include "qemu/image_info.h"
#include "qemu/stderr_text.h"
#include "scenario.h"

enum { START_MS = 60000, ANSWER_MAX = 1 << 20 };

static void run_tool(const char *const *argv, lima_buf *out)
{
    lima_buf said = LIMA_BUF(65536);
    lima_process_exit how = {0};
    lima_err err = {0};
    if (!lima_process_run(argv, NULL, out, &said, lima_clock_in(START_MS), NULL, &how, &err))
        fail_msg("%s", err.text);
    if (how.code != 0 || how.signaled)
        fail_msg("%s: %s: %s", argv[0], how.text, lima_buf_str(&said));
    lima_buf_free(&said);
}

static void make_image(const char *path, const char *format)
{
    const char *argv[] = {"qemu-img", "create", "-q", "-f", format, path, "1M", NULL};
    run_tool(argv, NULL);
}

static void make_images(const qemu_settings *set)
{
    if (set->disk.path)
        make_image(set->disk.path, set->disk.format);
    for (size_t i = 0; i < set->extra_disk_count; i++)
        make_image(set->extra_disks[i].path, set->extra_disks[i].format);
    if (set->iso)
        make_image(set->iso, "raw");
    if (set->cidata)
        make_image(set->cidata, "raw");
}

/* With -S no guest code runs: any bytes do for a Linux kernel that is never loaded, but QEMU looks at its
 * header. */
static void drop_kernel(qemu_settings *set)
{
    char **strings[] = {&set->kernel, &set->initrd, &set->cmdline};
    for (size_t i = 0; i < 3; i++) {
        free(*strings[i]);
        *strings[i] = NULL;
    }
}

static lima_process *start_qemu(const qemu_settings *set, const char *dir, const char *log)
{
    lima_strv argv = {0};
    lima_process *process = NULL;
    lima_err err = {0};
    lima_qemu_argv(set, &argv);
    lima_strv_add(&argv, "-S");
    lima_process_desc desc = {
        .argv = lima_strv_items(&argv),
        .dir = dir, /* the wav device writes into it */
        .err = LIMA_PROCESS_FILE,
        .err_file = log,
    };
    if (!lima_process_start(&desc, &process, &err))
        fail_msg("%s", err.text);
    lima_strv_free(&argv);
    return process;
}

static void fail_with_log(const char *name, const char *log)
{
    lima_buf text = LIMA_BUF(1 << 20);
    lima_err err = {0};
    qemu_death death = {.program = name};
    lima_file_read(log, &text, NULL);
    lima_qemu_stderr_explain(lima_buf_str(&text), text.len, &death, &err);
    lima_buf_free(&text);
    fail_msg("%s", err.text);
}

/* Retries until QEMU listens, has died, or the time is over. */
static lima_stream *connect_qmp(const qemu_settings *set, lima_process *process, const char *name,
                                const char *log)
{
    lima_stream *stream = NULL;
    lima_process_exit how = {0};
    for (int tries = 0; tries < START_MS / 20; tries++) {
        if (lima_stream_connect(set->qmp_socket, lima_clock_in(START_MS), &stream, NULL))
            return stream;
        if (lima_process_wait(process, lima_clock_in(20), NULL, &how, NULL))
            break;
    }
    fail_with_log(name, log);
    return NULL;
}

/* Everything QMP says until it closes. */
static void talk(lima_stream *stream, lima_buf *answer)
{
    static const char words[] =
        "{\"execute\":\"qmp_capabilities\"}{\"execute\":\"query-block\"}{\"execute\":\"quit\"}";
    size_t got = 1;
    char part[4096];
    assert_true(lima_stream_write(stream, words, sizeof words - 1, lima_clock_in(START_MS), NULL, NULL));
    while (got > 0 && lima_stream_read(stream, part, sizeof part, lima_clock_in(START_MS), NULL, &got, NULL))
        lima_buf_add(answer, part, got);
    lima_stream_close(stream);
}

static void check_answer(const qemu_settings *set, const char *name, const char *answer)
{
    if (strstr(answer, "\"error\""))
        fail_msg("%s: %s", name, answer);
    if (set->disk.path)
        assert_non_null(strstr(answer, "\"device\": \"disk\""));
    if (set->cidata)
        assert_non_null(strstr(answer, "\"device\": \"cidata\""));
    if (set->extra_disk_count)
        assert_non_null(strstr(answer, "\"device\": \"disk1\""));
}

static void try_scenario(const scenario *s, const char *program)
{
    char *dir = make_folder(s->arch ? "real-arm" : "real");
    char *log = lima_path_join(dir, "stderr.log");
    qemu_settings set = {0};
    lima_buf answer = LIMA_BUF(ANSWER_MAX);
    lima_process_exit how = {0};
    uint16_t port = 0;
    scenario_settings(s, dir, program, &set);
    assert_ok(lima_host_free_port(&port, &err));
    set.nics.items[0].ssh_port = port;
    drop_kernel(&set);
    make_images(&set);
    lima_process *process = start_qemu(&set, dir, log);
    talk(connect_qmp(&set, process, s->name, log), &answer);
    assert_ok(lima_process_wait(process, lima_clock_in(START_MS), NULL, &how, &err));
    if (how.code != 0)
        fail_with_log(s->name, log);
    check_answer(&set, s->name, lima_buf_str(&answer));
    lima_process_free(process);
    lima_buf_free(&answer);
    lima_qemu_settings_free(&set);
    lima_dir_remove(dir, NULL);
    free(log);
    free(dir);
}

static bool firmware_missing(const scenario *s)
{
    lima_file_info info = {0};
    return s->firmware && (!lima_file_stat(s->firmware, true, &info, NULL) || info.kind == LIMA_FILE_NONE);
}

static void try_all(const char *arch)
{
    char *name = lima_mem_printf("qemu-system-%s", arch), *program = NULL;
    bool found = lima_file_find_program(name, &program, NULL);
    free(name);
    for (const scenario *s = scenarios; found && s->name; s++) {
        if (!s->real || strcmp(s->arch ? s->arch : "x86_64", arch) != 0)
            continue;
        if (firmware_missing(s))
            print_message("skip: scenario %s: %s is not installed\n", s->name, s->firmware);
        else
            try_scenario(s, program);
    }
    free(program);
    if (!found)
        lima_skip("qemu-system of this architecture is not installed");
}

static void x86_64__takes_every_command_line(void **state)
{
    (void)state;
    try_all("x86_64");
}

static void aarch64__takes_every_command_line(void **state)
{
    (void)state;
    try_all("aarch64");
}

static void features_of(const char *arch)
{
    char *name = lima_mem_printf("qemu-system-%s", arch), *program = NULL;
    qemu_features features = {0};
    bool found = lima_file_find_program(name, &program, NULL);
    free(name);
    if (!found)
        lima_skip("qemu-system of this architecture is not installed");
    for (const qemu_probe *probe = lima_qemu_probes(arch); probe->args[0]; probe++) {
        lima_strv argv = {0};
        lima_buf out = LIMA_BUF(QEMU_HELP_BYTES_MAX);
        lima_strv_add(&argv, program);
        for (size_t i = 0; probe->args[i]; i++)
            lima_strv_add(&argv, probe->args[i]);
        run_tool(lima_strv_items(&argv), &out);
        assert_ok(probe->parse(lima_buf_str(&out), &features, &err));
        lima_buf_free(&out);
        lima_strv_free(&argv);
    }
    assert_true(features.version.major >= 4);
    assert_true(lima_strv_has(&features.accels, "tcg"));
    assert_true(lima_strv_has(&features.netdevs, "user"));
    assert_true(lima_strv_has(&features.cpus, "max"));
    lima_qemu_features_free(&features);
    free(program);
}

static void help_texts__of_x86_64__are_read(void **state)
{
    (void)state;
    features_of("x86_64");
}

static void help_texts__of_aarch64__are_read(void **state)
{
    (void)state;
    features_of("aarch64");
}

static void image_info__of_real_images__is_read(void **state)
{
    (void)state;
    char *program = NULL;
    if (!lima_file_find_program("qemu-img", &program, NULL))
        lima_skip("qemu-img is not installed");
    free(program);
    char *dir = make_folder("img, ü");
    for (const char *const *format = lima_qemu_image_formats(); *format; format++) {
        char *path = lima_path_join(dir, *format);
        lima_buf out = LIMA_BUF(QEMU_IMAGE_INFO_BYTES_MAX);
        qemu_image_info info = {0};
        make_image(path, *format);
        const char *argv[] = {"qemu-img", "info", "--output=json", "-f", *format, path, NULL};
        run_tool(argv, &out);
        assert_ok(lima_qemu_image_info_parse(lima_buf_str(&out), out.len, path, &info, &err));
        assert_ok(lima_qemu_image_info_check(&info, path, &err));
        assert_string_equal(info.format, *format);
        lima_qemu_image_info_free(&info);
        lima_buf_free(&out);
        free(path);
    }
    lima_dir_remove(dir, NULL);
    free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_texts__of_x86_64__are_read),
        cmocka_unit_test(help_texts__of_aarch64__are_read),
        cmocka_unit_test(image_info__of_real_images__is_read),
        cmocka_unit_test(x86_64__takes_every_command_line),
        cmocka_unit_test(aarch64__takes_every_command_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
