/* core/driver: instance.c, instance_keys.c, idfile.c */
#include "lima_test.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "driver/idfile.h"
#include "driver/instance.h"
#include "folder.h"
#include "os/file.h"

static lima_instance *parse(const char *text)
{
    lima_instance *inst = NULL;
    lima_err err = {0};
    if (!lima_instance_parse(text, strlen(text), &inst, &err))
        fail_msg("%s: %s", text, err.text);
    return inst;
}

static void assert_refused(const char *text, const char *named)
{
    lima_instance *inst = NULL;
    lima_err err = {0};
    if (lima_instance_parse(text, strlen(text), &inst, &err))
        fail_msg("%s: was taken", text);
    assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
    assert_null(inst);
    if (!strstr(err.text, named))
        fail_msg("'%s' does not name '%s'", err.text, named);
}

static void parse__facts_are_read(void **state)
{
    (void)state;
    lima_instance *inst =
        parse("{\"name\":\"dev\",\"dir\":\"/l/dev\",\"vmType\":\"qemu\",\"arch\":\"aarch64\",\"cpus\":4,"
              "\"memory\":4294967296,\"disk\":107374182400,\"sshLocalPort\":60022,\"sshAddress\":\"::1\","
              "\"status\":\"Running\",\"hostAgentPID\":77,\"config\":{\"os\":\"FreeBSD\"}}");
    assert_string_equal(inst->name, "dev");
    assert_string_equal(inst->dir, "/l/dev");
    assert_string_equal(inst->vm_type, "qemu");
    assert_string_equal(inst->arch, "aarch64");
    assert_string_equal(inst->guest_os, "FreeBSD");
    assert_string_equal(inst->ssh_address, "::1");
    assert_int_equal(inst->ssh_port, 60022);
    assert_int_equal(inst->cpus, 4);
    assert_true(inst->memory == 4294967296);
    assert_true(inst->disk == 107374182400);
    assert_true(inst->running);
    assert_int_equal(inst->host_agent_pid, 77);
    lima_instance_free(inst);
}

static void parse__absent_and_null__have_defaults(void **state)
{
    static const char *const texts[] = {
        "{}", "{\"name\":null,\"dir\":null,\"cpus\":null,\"sshAddress\":null,\"config\":null}",
        "{\"cpus\":0,\"sshAddress\":\"\",\"sshLocalPort\":0}"}; /* wsl2: cpus 0 */
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        lima_instance *inst = parse(texts[i]);
        assert_string_equal(inst->name, "");
        assert_string_equal(inst->dir, "");
        assert_string_equal(inst->guest_os, "Linux");
        assert_string_equal(inst->ssh_address, "127.0.0.1");
        assert_int_equal(inst->cpus, 1);
        assert_false(inst->running);
        lima_instance_free(inst);
    }
}

static void parse__wrong_kinds__are_named(void **state)
{
    static const struct {
        const char *text, *named;
    } cases[] = {
        {"{\"name\":7}", "name"},
        {"{\"cpus\":\"two\"}", "cpus"},
        {"{\"memory\":4.29e9}", "memory"},
        {"{\"memory\":1e400}", "memory"},
        {"{\"disk\":99999999999999999999}", "disk"},
        {"{\"errors\":\"x\"}", "errors"},
        {"{\"config\":[]}", "config"},
        {"{\"config\":{\"plain\":\"true\"}}", "config.plain"},
        {"{\"config\":{\"mounts\":{}}}", "config.mounts"},
        {"{\"config\":{\"mounts\":[{},\"x\"]}}", "config.mounts[1]"},
        {"{\"config\":{\"video\":{\"vnc\":{\"display\":1}}}}", "config.video.vnc.display"},
        {"{\"config\":{\"video\":\"none\"}}", "config.video"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(cases[i].text, cases[i].named);
}

static void parse__numbers_out_of_range__are_named(void **state)
{
    (void)state;
    assert_refused("{\"cpus\":-1}", "cpus");
    assert_refused("{\"cpus\":4294967296}", "cpus");
    assert_refused("{\"sshLocalPort\":65536}", "sshLocalPort");
    assert_refused("{\"hostAgentPID\":-5}", "hostAgentPID");
    assert_refused("{\"memory\":-1}", "memory");
}

static void parse__no_instance_at_all__is_refused(void **state)
{
    (void)state;
    assert_refused("", "instance document");
    assert_refused("{", "instance document");
    assert_refused("[]", "object");
    assert_refused("{\"dir\":\"relative/dev\"}", "relative/dev");
}

static void document__keeps_keys_order_and_digits(void **state)
{
    static const char text[] =
        "{\"z\":1.10,\"name\":\"d\",\"unknown\":{\"a\":[1e400,12345678901234567890]},\"b\":null}";
    (void)state;
    lima_instance *inst = parse(text), *copy = lima_instance_copy(inst);
    lima_instance_free(inst);
    char *printed = lima_json_print(copy->doc);
    assert_string_equal(printed, text);
    assert_string_equal(copy->name, "d"); /* its own, not the original's */
    free(printed);
    lima_instance_free(copy);
}

static void refresh__takes_changes_over_or_leaves_all(void **state)
{
    lima_err err = {0};
    (void)state;
    lima_instance *inst = parse("{\"sshLocalPort\":1}");
    lima_json_set_int(inst->doc, 2, "sshLocalPort");
    assert_true(lima_instance_refresh(inst, &err));
    assert_int_equal(inst->ssh_port, 2);
    lima_json_set_int(inst->doc, -2, "sshLocalPort");
    assert_false(lima_instance_refresh(inst, &err));
    assert_int_equal(inst->ssh_port, 2);
    lima_instance_free(inst);
}

/* ---- a configuration alone ---- */

static lima_instance *from_config(const char *text, const char *file_path, lima_err *err)
{
    lima_instance *inst = NULL;
    lima_json *config = NULL;
    assert_true(lima_json_parse(text, strlen(text), &config, NULL));
    bool ok = lima_instance_from_config(config, file_path, &inst, err);
    lima_json_free(config);
    return ok ? inst : NULL;
}

static void from_config__sizes_and_folder(void **state)
{
    lima_err err = {0};
    (void)state;
    lima_instance *inst = from_config(
        "{\"cpus\":3,\"memory\":\"4GiB\",\"disk\":\"100GiB\",\"ssh\":{\"localPort\":22},\"os\":\"Linux\"}",
        "/l/dev/lima.yaml", &err);
    assert_non_null(inst);
    assert_string_equal(inst->dir, "/l/dev");
    assert_string_equal(inst->name, "dev");
    assert_int_equal(inst->cpus, 3);
    assert_true(inst->memory == 4ull << 30);
    assert_true(inst->disk == 100ull << 30);
    assert_int_equal(inst->ssh_port, 22);
    lima_instance_free(inst);
}

static void from_config__no_file_of_an_instance__has_no_folder(void **state)
{
    static const char *const paths[] = {"", "template:default", "dev.yaml"};
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        lima_instance *inst = from_config("{}", paths[i], NULL);
        assert_non_null(inst);
        assert_string_equal(inst->dir, "");
        lima_instance_free(inst);
    }
}

static void from_config__bad_values__are_named(void **state)
{
    static const struct {
        const char *text, *named;
    } cases[] = {
        {"[]", "configuration"},      {"{\"memory\":\"much\"}", "memory"},      {"{\"memory\":4}", "memory"},
        {"{\"cpus\":\"2\"}", "cpus"}, {"{\"disk\":\"9000000000GiB\"}", "disk"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lima_err err = {0};
        assert_null(from_config(cases[i].text, "", &err));
        assert_non_null(strstr(err.text, cases[i].named));
    }
}

/* ---- idfile ---- */

static int make_folder(void **state)
{
    *state = test_folder_make();
    return 0;
}

static int remove_folder(void **state)
{
    test_folder_remove(*state);
    return 0;
}

static lima_instance *in_folder(const char *folder)
{
    char *text = lima_mem_printf("{\"dir\":\"%s\"}", folder);
    lima_instance *inst = parse(text);
    free(text);
    return inst;
}

static void idfile__names_a_process_as_long_as_it_runs(void **state)
{
    lima_process_id own = {0}, found = {0};
    lima_instance *inst = in_folder(*state);
    assert_true(lima_process_find(0, &own));
    assert_false(lima_idfile_find(inst, "vm.id", &found));
    assert_true(lima_idfile_write(inst, "vm.id", own, NULL));
    assert_true(lima_idfile_find(inst, "vm.id", &found));
    assert_int_equal(found.pid, own.pid);
    own.start++; /* the same pid in another life */
    assert_true(lima_idfile_write(inst, "vm.id", own, NULL));
    assert_false(lima_idfile_find(inst, "vm.id", &found));
    lima_instance_free(inst);
}

static void idfile__damaged__names_nobody(void **state)
{
    static const char *const texts[] = {
        "",
        "x",
        "1",
        "1 2 3",
        "-1 5",
        "0 0",
        "1 \"",
        "99999999999 1",
        "1 00000000000000000000000000000000000000000000000000000000000000000001"};
    lima_instance *inst = in_folder(*state);
    char *path = lima_instance_path(inst, "vm.id");
    lima_process_id found = {0};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_true(lima_file_write(path, texts[i], strlen(texts[i]), LIMA_FILE_PRIVATE, NULL));
        assert_false(lima_idfile_find(inst, "vm.id", &found));
    }
    free(path);
    lima_instance_free(inst);
}

static void written__is_what_the_user_wrote_or_nothing(void **state)
{
    static const char text[] = "cpus: 3\n";
    lima_instance *inst = in_folder(*state);
    char *path = lima_instance_path(inst, "lima.yaml");

    assert_null(lima_instance_written(inst));
    assert_true(lima_file_write(path, text, strlen(text), LIMA_FILE_PRIVATE, NULL));
    lima_json *doc = lima_instance_written(inst);
    assert_int_equal(lima_json_int(doc, 0, "cpus"), 3);
    assert_int_equal(lima_json_int(doc, 0, "memory"), 0);
    lima_json_free(doc);
    assert_true(lima_file_write(path, "a: [", 4, LIMA_FILE_PRIVATE, NULL));
    assert_null(lima_instance_written(inst));
    free(path);
    lima_instance_free(inst);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__facts_are_read),
        cmocka_unit_test(parse__absent_and_null__have_defaults),
        cmocka_unit_test(parse__wrong_kinds__are_named),
        cmocka_unit_test(parse__numbers_out_of_range__are_named),
        cmocka_unit_test(parse__no_instance_at_all__is_refused),
        cmocka_unit_test(document__keeps_keys_order_and_digits),
        cmocka_unit_test(refresh__takes_changes_over_or_leaves_all),
        cmocka_unit_test(from_config__sizes_and_folder),
        cmocka_unit_test(from_config__no_file_of_an_instance__has_no_folder),
        cmocka_unit_test(from_config__bad_values__are_named),
        cmocka_unit_test_setup_teardown(idfile__names_a_process_as_long_as_it_runs, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(idfile__damaged__names_nobody, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(written__is_what_the_user_wrote_or_nothing, make_folder,
                                        remove_folder),
    };
    return cmocka_run_group_tests_name("instance", tests, NULL, NULL);
}
