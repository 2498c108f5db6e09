/* core/driver: documents.c, controls.c, snapshot.c, over the scripted driver. */
#include "lima_test.h"

#include <stdlib.h>
#include <string.h>

#include "../rpc/scripted.h"
#include "base/mem.h"
#include "base/path.h"
#include "driver/controls.h"
#include "driver/documents.h"
#include "driver/snapshot.h"
#include "folder.h"
#include "os/file.h"
#include "os/process.h"

static int reset(void **state)
{
    (void)state;
    scripted_reset();
    return 0;
}

static lima_instance *parse(const char *text)
{
    lima_instance *inst = NULL;
    lima_err err = {0};
    if (!lima_instance_parse(text, strlen(text), &inst, &err))
        fail_msg("%s", err.text);
    return inst;
}

static void assert_document(const lima_instance *inst, const char *expected)
{
    char *printed = lima_json_print(inst->doc);
    assert_string_equal(printed, expected);
    free(printed);
}

/* ---- fill ---- */

static void fill__without_configure__sets_what_limactl_needs(void **state)
{
    (void)state;
    lima_instance *inst = parse("{\"name\":\"d\",\"config\":{}}");
    assert_true(lima_document_fill(&scripted_bare_driver, "bare", inst, NULL));
    assert_document(inst, "{\"name\":\"d\",\"config\":{\"vmType\":\"bare\",\"mountType\":\"reverse-sshfs\"},"
                          "\"vmType\":\"bare\"}");
    lima_instance_free(inst);
}

static void fill__what_is_set__stays(void **state)
{
    static const char text[] = "{\"vmType\":\"a\",\"config\":{\"vmType\":\"b\",\"mountType\":\"virtiofs\"}}";
    (void)state;
    lima_instance *inst = parse(text);
    assert_true(lima_document_fill(&scripted_bare_driver, "bare", inst, NULL));
    assert_document(inst, text);
    lima_instance_free(inst);
}

static void fill__configure_fails__names_the_instance(void **state)
{
    lima_err err = {0};
    (void)state;
    scripted_fail("configure", LIMA_CODE_INVALID_ARGUMENT, "no such mount type");
    lima_instance *inst = parse("{\"name\":\"dev\",\"config\":{}}");
    assert_false(lima_document_fill(&scripted_driver, "scripted", inst, &err));
    assert_string_equal(err.text, "configure instance 'dev': no such mount type");
    lima_instance_free(inst);
}

/* ---- Info ---- */

static void info__says_which_groups_there_are(void **state)
{
    (void)state;
    char *full = lima_document_info(&scripted_driver, "scripted", "1", NULL);
    char *bare = lima_document_info(&scripted_bare_driver, "bare", "1", NULL);
    assert_non_null(strstr(full, "\"groups\":{\"snapshots\":true,\"display\":true,\"guestAgent\":true}"));
    assert_non_null(strstr(full, "\"dynamicSSHAddress\":true"));
    assert_non_null(strstr(full, "\"supportedImageFormats\":[\"raw\",\"qcow2\"]"));
    assert_non_null(strstr(bare, "\"groups\":{\"snapshots\":false,\"display\":false,\"guestAgent\":false}"));
    assert_non_null(strstr(bare, "\"canRunGui\":false"));
    assert_null(strstr(bare, "supportedImageFormats"));
    free(full);
    free(bare);
}

/* ---- inspect: the truth table ---- */

static void inspect__truth_table(void **state)
{
    lima_process_id own = {0};
    (void)state;
    lima_process_find(0, &own);
    const struct {
        lima_vm_state vm;
        bool host_agent;
        const char *status;
        bool note;
    } cases[] = {
        {LIMA_VM_RUNNING, true, "Running", false},
        {LIMA_VM_RUNNING, false, "Broken", true},
        {LIMA_VM_STOPPED, true, "Stopped", false},
        {LIMA_VM_STOPPED, false, "Stopped", false},
        {LIMA_VM_BROKEN, true, "Broken", false},
        {LIMA_VM_BROKEN, false, "Broken", false},
        {LIMA_VM_UNINITIALIZED, true, "Uninitialized", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = lima_mem_printf("{\"name\":\"d\",\"driverPID\":1,\"hostAgentPID\":%u}",
                                     cases[i].host_agent ? own.pid : 0);
        char *note = NULL;
        lima_instance *inst = parse(text);
        scripted_set_vm(cases[i].vm);
        assert_true(lima_document_inspect(&scripted_driver, inst, &note, NULL));
        assert_string_equal(lima_json_str(inst->doc, "", "status"), cases[i].status);
        assert_int_equal(lima_json_int(inst->doc, 0, "driverPID"), cases[i].vm == LIMA_VM_RUNNING ? 4711 : 0);
        assert_int_equal(lima_json_get_kind(inst->doc, "errors"), LIMA_JSON_ABSENT);
        assert_int_equal(note != NULL, cases[i].note);
        free(note);
        lima_instance_free(inst);
        free(text);
    }
}

static void inspect__host_agent_pid_of_nobody__counts_as_dead(void **state)
{
    char *note = NULL;
    (void)state;
    lima_instance *inst = parse("{\"name\":\"d\",\"hostAgentPID\":4294967294}");
    scripted_set_vm(LIMA_VM_RUNNING);
    assert_true(lima_document_inspect(&scripted_driver, inst, &note, NULL));
    assert_string_equal(lima_json_str(inst->doc, "", "status"), "Broken");
    free(note);
    lima_instance_free(inst);
}

static void inspect__driver_fails__document_is_untouched(void **state)
{
    lima_err err = {0};
    char *note = NULL;
    (void)state;
    scripted_fail("inspect", LIMA_CODE_UNAVAILABLE, "no hypervisor");
    lima_instance *inst = parse("{\"name\":\"d\",\"status\":\"\"}");
    assert_false(lima_document_inspect(&scripted_driver, inst, &note, &err));
    assert_document(inst, "{\"name\":\"d\",\"status\":\"\"}");
    lima_document_set_broken(inst);
    assert_document(inst, "{\"name\":\"d\",\"status\":\"Broken\"}");
    lima_instance_free(inst);
}

/* ---- controls ---- */

typedef struct folders {
    char *root, *a, *b;
    lima_controls *controls;
} folders;

static int setup(void **state)
{
    folders *f = lima_mem_zalloc(1, sizeof *f);
    f->root = test_folder_make();
    f->a = lima_path_join(f->root, "a");
    f->b = lima_path_join(f->root, "b");
    scripted_reset();
    f->controls = lima_controls_new(&scripted_driver, "scripted", "1", NULL);
    *state = f;
    return lima_dir_make(f->a, LIMA_FILE_PRIVATE, NULL) && lima_dir_make(f->b, LIMA_FILE_PRIVATE, NULL) ? 0
                                                                                                        : -1;
}

static int teardown(void **state)
{
    folders *f = *state;
    lima_controls_free(f->controls);
    test_folder_remove(f->root);
    free(f->a);
    free(f->b);
    free(f);
    return 0;
}

static lima_code configure(lima_controls *controls, const char *name, const char *dir)
{
    lima_err err = {0};
    char *answer = NULL, *quoted = test_json_text(dir),
         *text = lima_mem_printf("{\"name\":\"%s\",\"dir\":\"%s\",\"config\":{}}", name, quoted);
    bool ok = lima_controls_configure(controls, text, strlen(text), &answer, &err);
    if (!ok && !strstr(err.text, dir))
        fail_msg("'%s' does not name '%s'", err.text, dir);
    free(answer);
    free(quoted);
    free(text);
    return ok ? LIMA_CODE_OK : err.code;
}

static void assert_current(lima_controls *controls, const char *name)
{
    lima_call *call = NULL;
    assert_true(lima_controls_call(controls, LIMA_GENERATION_2_1, &call, NULL));
    assert_string_equal(lima_call_instance(call)->name, name);
    lima_call_free(call);
}

static void controls__before_configure__there_is_no_call(void **state)
{
    folders *f = *state;
    lima_call *call = NULL;
    lima_err err = {0};
    assert_false(lima_controls_call(f->controls, LIMA_GENERATION_2_1, &call, &err));
    assert_int_equal(err.code, LIMA_CODE_FAILED_PRECONDITION);
    assert_false(lima_controls_vm_runs(f->controls));
}

static void controls__last_configured_is_current(void **state)
{
    folders *f = *state;
    assert_int_equal(configure(f->controls, "a", f->a), LIMA_CODE_OK);
    assert_int_equal(configure(f->controls, "b", f->b), LIMA_CODE_OK);
    assert_current(f->controls, "b");
    assert_int_equal(configure(f->controls, "a", f->a), LIMA_CODE_OK);
    assert_current(f->controls, "a");
}

static void controls__state_belongs_to_the_folder(void **state)
{
    folders *f = *state;
    lima_call *a = NULL, *b = NULL, *again = NULL;
    configure(f->controls, "a", f->a);
    assert_true(lima_controls_call(f->controls, LIMA_GENERATION_2_1, &a, NULL));
    configure(f->controls, "b", f->b);
    assert_true(lima_controls_call(f->controls, LIMA_GENERATION_2_1, &b, NULL));
    configure(f->controls, "a", f->a);
    assert_true(lima_controls_call(f->controls, LIMA_GENERATION_2_1, &again, NULL));
    assert_ptr_not_equal(lima_call_state(a), lima_call_state(b));
    assert_ptr_equal(lima_call_state(a), lima_call_state(again));
    lima_call_free(a);
    lima_call_free(b);
    lima_call_free(again);
}

static void controls__more_folders_than_fit__oldest_make_room(void **state)
{
    folders *f = *state;
    for (unsigned i = 0; i < LIMA_CONTROLS_MAX + 2; i++) {
        char *name = lima_mem_printf("n%u", i), *dir = lima_path_join(f->root, name);
        assert_true(lima_dir_make(dir, LIMA_FILE_PRIVATE, NULL));
        assert_int_equal(configure(f->controls, name, dir), LIMA_CODE_OK);
        assert_current(f->controls, name);
        free(dir);
        free(name);
    }
}

static void controls__bad_folders__are_refused(void **state)
{
    folders *f = *state;
    char *missing = lima_path_join(f->root, "missing"), *file = lima_path_join(f->root, "file");
    assert_true(lima_file_write(file, "", 0, LIMA_FILE_PRIVATE, NULL));
    assert_int_equal(configure(f->controls, "x", missing), LIMA_CODE_NOT_FOUND);
    assert_int_equal(configure(f->controls, "x", file), LIMA_CODE_FAILED_PRECONDITION);
    free(missing);
    free(file);
}

static void controls__bound_to_a_folder__refuses_others(void **state)
{
    folders *f = *state;
    lima_controls *bound = lima_controls_new(&scripted_driver, "scripted", "1", f->a);
    assert_int_equal(configure(bound, "b", f->b), LIMA_CODE_INVALID_ARGUMENT);
    assert_int_equal(configure(bound, "a", f->a), LIMA_CODE_OK);
    char *other_way = lima_mem_printf("%s/../a", f->b); /* the same folder */
    assert_int_equal(configure(bound, "a", other_way), LIMA_CODE_OK);
    free(other_way);
    lima_controls_free(bound);
}

static void controls__ending__cancels_later_instances_too(void **state)
{
    folders *f = *state;
    lima_call *call = NULL;
    lima_controls_end(f->controls, false);
    assert_int_equal(configure(f->controls, "a", f->a), LIMA_CODE_OK);
    assert_true(lima_controls_call(f->controls, LIMA_GENERATION_2_2, &call, NULL));
    assert_true(lima_call_cancelled(call));
    lima_call_free(call);
}

/* ---- snapshots ---- */

static void tag__allowed_and_refused(void **state)
{
    char longest[LIMA_CONTROL_TAG_MAX + 2];
    static const char *const good[] = {"a", "0", "before-update", "v1.2_3", "A"};
    static const char *const bad[] = {"", "-rf", ".hidden", "a b", "a/b", "a\"", "a'", "ü", "a\n", "_x"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(lima_snapshot_check_tag(good[i], NULL));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        lima_err err = {0};
        assert_false(lima_snapshot_check_tag(bad[i], &err));
        assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
    }
    memset(longest, 'a', sizeof longest);
    longest[LIMA_CONTROL_TAG_MAX] = '\0';
    assert_true(lima_snapshot_check_tag(longest, NULL));
    longest[LIMA_CONTROL_TAG_MAX] = 'a';
    longest[LIMA_CONTROL_TAG_MAX + 1] = '\0';
    assert_false(lima_snapshot_check_tag(longest, NULL));
}

static void list_text__second_word_is_the_tag(void **state)
{
    char one[] = "1", none[] = "", tag_a[] = "before", tag_b[] = "after";
    lima_snapshot_list list = {0};
    (void)state;
    lima_snapshot_list_add(&list, &(lima_snapshot){.id = one,
                                                   .tag = tag_a,
                                                   .vm_size = 3 * 1024 * 1024,
                                                   .created = 1709210096,
                                                   .vm_clock_ms = 3723004});
    lima_snapshot_list_add(&list, &(lima_snapshot){.id = none, .tag = tag_b});
    char *text = lima_snapshot_list_text(&list);
    assert_string_equal(text,
                        "ID    TAG                          VM-SIZE  CREATED               VM-CLOCK\n"
                        "1     before                        3.0MiB  2024-02-29T12:34:56Z  01:02:03.004\n"
                        "-     after                             0B  -                     00:00:00.000\n");
    free(text);
    lima_snapshot_list_free(&list);
    assert_null(list.items);
}

static void list_text__of_a_tree__says_kind_size_and_parent(void **state)
{
    char none[] = "", tag_a[] = "before", tag_b[] = "after", disk[] = "disk", live[] = "live";
    lima_snapshot_list list = {0};
    (void)state;
    lima_snapshot_list_add(
        &list, &(lima_snapshot){.id = none, .tag = tag_a, .parent = none, .kind = disk, .disk_size = 4096});
    lima_snapshot_list_add(&list, &(lima_snapshot){.id = none, .tag = tag_b, .parent = tag_a, .kind = live});
    char *text = lima_snapshot_list_text(&list);
    assert_string_equal(text, "ID    TAG                          VM-SIZE  CREATED               VM-CLOCK    "
                              "  KIND   DISK-SIZE  PARENT\n"
                              "-     before                            0B  -                     "
                              "00:00:00.000  disk      4.0KiB  -\n"
                              "-     after                             0B  -                     "
                              "00:00:00.000  live          0B  before\n");
    free(text);
    lima_snapshot_list_free(&list);
}

static void list_text__nothing__is_a_header(void **state)
{
    (void)state;
    char *text = lima_snapshot_list_text(&(lima_snapshot_list){0});
    assert_non_null(strstr(text, "TAG"));
    assert_ptr_equal(strchr(text, '\n') + 1, text + strlen(text));
    free(text);
}

#define PLAIN(name) cmocka_unit_test_setup(name, reset)
#define IN_FOLDERS(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLAIN(fill__without_configure__sets_what_limactl_needs),
        PLAIN(fill__what_is_set__stays),
        PLAIN(fill__configure_fails__names_the_instance),
        PLAIN(info__says_which_groups_there_are),
        PLAIN(inspect__truth_table),
        PLAIN(inspect__host_agent_pid_of_nobody__counts_as_dead),
        PLAIN(inspect__driver_fails__document_is_untouched),
        IN_FOLDERS(controls__before_configure__there_is_no_call),
        IN_FOLDERS(controls__last_configured_is_current),
        IN_FOLDERS(controls__state_belongs_to_the_folder),
        IN_FOLDERS(controls__more_folders_than_fit__oldest_make_room),
        IN_FOLDERS(controls__bad_folders__are_refused),
        IN_FOLDERS(controls__bound_to_a_folder__refuses_others),
        IN_FOLDERS(controls__ending__cancels_later_instances_too),
        PLAIN(tag__allowed_and_refused),
        PLAIN(list_text__second_word_is_the_tag),
        PLAIN(list_text__of_a_tree__says_kind_size_and_parent),
        PLAIN(list_text__nothing__is_a_header),
    };
    return cmocka_run_group_tests_name("documents", tests, NULL, NULL);
}
