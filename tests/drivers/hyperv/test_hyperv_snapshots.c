/* Snapshots of an instance (drivers/hyperv/snapshots.h) on real files and the double's disks. */
#include "disks_case.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "hyperv/disks.h"
#include "hyperv/snapshot_steps.h"
#include "snapshot_kill.h"
#include "snapshot_view.h"

#define MIB ((uint64_t)1 << 20)
enum { STEPS_MAX = 40 };

static void create(const lima_instance *inst, const char *tag)
{
    hyperv_vm_steps vm = disks_vm(inst);
    assert_ok(lima_hyperv_snapshots_create(inst, &vm, tag, NULL, &disks_err));
}

static void apply(const lima_instance *inst, const char *tag)
{
    hyperv_vm_steps vm = disks_vm(inst);
    assert_ok(lima_hyperv_snapshots_apply(inst, &vm, tag, NULL, &disks_err));
}

static void drop(const lima_instance *inst, const char *tag)
{
    hyperv_vm_steps vm = disks_vm(inst);
    assert_ok(lima_hyperv_snapshots_remove(inst, &vm, tag, NULL, &disks_err));
}

static void assert_disk(const lima_instance *inst, unsigned a, unsigned b, unsigned c)
{
    disks_assert_read(inst, "disk.vhdx", 0, a);
    disks_assert_read(inst, "disk.vhdx", 1, b);
    disks_assert_read(inst, "disk.vhdx", 2, c);
}

/* A savable VM's document, as start writes it. */
static void put_document(const lima_instance *inst)
{
    disks_put(inst, HYPERV_DOCUMENT_FILE, "{\"Owner\":\"lima-hyperv\",\"VirtualMachine\":{\"Devices\":{}}}");
}

/* Three snapshots, one upon the other: "eins" is A, "zwei" AB, "drei" ABC, the disk ABCD. */
static const lima_instance *three(void **state)
{
    const lima_instance *inst = *state;
    static const char *const tags[] = {"eins", "zwei", "drei"};

    disks_make_image(inst, "image", "raw", 8, 0xa1);
    assert_ok(lima_hyperv_disks_create(inst, NULL, &disks_err));
    disks_put(inst, HYPERV_GUEST_STATE_FILE, "firmware");
    put_document(inst);
    for (unsigned i = 0; i < 3; i++) {
        create(inst, tags[i]);
        disks_write(inst, "disk.vhdx", i + 1, 0xb1 + i);
    }
    return inst;
}

/* ---- stories ---- */

static void story__create_change_apply_delete(void **state)
{
    const lima_instance *inst = three(state);

    assert_disk(inst, 0xa1, 0xb1, 0xb2);
    apply(inst, "zwei");
    assert_disk(inst, 0xa1, 0xb1, 0);
    disks_write(inst, "disk.vhdx", 2, 0xee);
    apply(inst, "eins");
    assert_disk(inst, 0xa1, 0, 0);
    apply(inst, "drei");
    assert_disk(inst, 0xa1, 0xb1, 0xb2);
    drop(inst, "zwei"); /* in the middle: drei finds its parent again */
    char *view = snapshot_view(inst);
    assert_non_null(strstr(view, "drei on 'eins', disk: "));
    free(view);
    drop(inst, "eins");
    drop(inst, "drei");
    assert_disk(inst, 0xa1, 0xb1, 0xb2);
    assert_int_equal(disks_size(inst, "disk.vhdx"), 8 * MIB);
    free(snapshot_view(inst));
}

static void story__several_stand_on_it__hidden_then_merged(void **state)
{
    const lima_instance *inst = three(state);

    apply(inst, "eins");
    disks_write(inst, "disk.vhdx", 4, 0xc4);
    create(inst, "ast");
    drop(inst, "eins"); /* zwei and ast stand on it */
    char *view = snapshot_view(inst);
    assert_null(strstr(view, "eins"));
    assert_non_null(strstr(view, "ast on ''"));
    free(view);
    drop(inst, "drei");
    drop(inst, "zwei"); /* now only ast does */
    disks_assert_read(inst, "disk.vhdx", 4, 0xc4);
    view = snapshot_view(inst);
    hyperv_snapshot_index index = {0};
    assert_ok(lima_hyperv_index_read(inst, &index, &disks_err));
    assert_int_equal(index.len, 1);
    lima_hyperv_index_free(&index);
    free(view);
}

static void story__live__memory_and_disk_come_back(void **state)
{
    const lima_instance *inst = three(state);
    hyperv_resume resume = {0};

    disks_vm_set(inst, "running");
    create(inst, "live");
    char *vm = disks_vm_get(inst);
    assert_string_equal(vm, "running");
    free(vm);
    disks_write(inst, "disk.vhdx", 5, 0x55);
    apply(inst, "live"); /* while it runs */
    disks_assert_read(inst, "disk.vhdx", 5, 0);
    vm = disks_vm_get(inst);
    assert_string_equal(vm, "running");
    free(vm);
    assert_ok(lima_hyperv_snapshots_resume(inst, &resume, &disks_err));
    assert_null(resume.state);
    disks_vm_set(inst, NULL);
    apply(inst, "live"); /* while it does not: its disk alone */
    assert_ok(lima_hyperv_snapshots_resume(inst, &resume, &disks_err));
    assert_null(resume.state);
    drop(inst, "live");
    free(snapshot_view(inst));
}

static void prepare__larger_configuration_after_apply__disk_grows(void **state)
{
    hyperv_disks disks = {0};

    three(state);
    disks_vm_set(*state, "running");
    create(*state, "live");
    disks_vm_set(*state, NULL);
    apply(*state, "live");
    disks_configure(state, 16 * MIB, NULL);
    assert_ok(lima_hyperv_disks_prepare(*state, NULL, &disks, &disks_err));
    assert_int_equal(disks_size(*state, "disk.vhdx"), 16 * MIB);
    assert_int_equal(disks.granted.len, 5);
    lima_hyperv_disks_free(&disks);
    drop(*state, "live"); /* a child that is larger than its parent */
    assert_int_equal(disks_size(*state, "disk.vhdx"), 16 * MIB);
    assert_disk(*state, 0xa1, 0xb1, 0xb2);
}

static void remove__while_it_runs__is_merged_later(void **state)
{
    const lima_instance *inst = three(state);

    disks_vm_set(inst, "running");
    drop(inst, "drei");
    drop(inst, "eins");
    char *view = snapshot_view(inst);
    assert_null(strstr(view, "drei"));
    free(view);
    disks_vm_set(inst, NULL);
    snapshot_settle_elsewhere(inst);
    hyperv_snapshot_index index = {0};
    assert_ok(lima_hyperv_index_read(inst, &index, &disks_err));
    assert_int_equal(index.len, 1);
    lima_hyperv_index_free(&index);
    assert_disk(inst, 0xa1, 0xb1, 0xb2);
    disks_assert_read(inst, "disk.vhdx", 3, 0xb3);
    free(snapshot_view(inst));
}

/* ---- killed after every step ---- */

typedef struct kill_case {
    kill_op op;
    const char *tag;
    bool runs;
} kill_case;

static void finish(const lima_instance *inst, const kill_case *one)
{
    hyperv_vm_steps vm = disks_vm(inst);
    switch (one->op) {
    case KILL_CREATE:
        create(inst, one->tag);
        break;
    case KILL_APPLY:
        apply(inst, one->tag);
        break;
    case KILL_REMOVE:
    case KILL_REMOVE_LATER:
        drop(inst, one->tag);
        break;
    case KILL_TIDY:
        assert_ok(lima_hyperv_snapshots_settle(inst, &vm, NULL, &disks_err));
        break;
    }
}

static void assert_vm(const lima_instance *inst, const kill_case *one)
{
    hyperv_resume resume = {0};
    char *vm = disks_vm_get(inst);

    assert_ok(lima_hyperv_snapshots_resume(inst, &resume, &disks_err));
    if (one->runs && !lima_str_eq(vm, "running") && !resume.state)
        fail_msg("the VM is '%s', and there is no memory to go on from", vm);
    lima_hyperv_resume_free(&resume);
    free(vm);
}

static void assert_before_or_after(const lima_instance *inst, const char *before, const char *after,
                                   unsigned step)
{
    char *view = snapshot_view(inst);
    if (!lima_str_eq(view, before) && !lima_str_eq(view, after))
        fail_msg("after step %u:\n%s\nis neither\n%s\nnor\n%s", step, view, before, after);
    free(view);
}

static void kill_everywhere(const lima_instance *inst, const kill_case *one)
{
    unsigned steps = 0;

    if (one->runs)
        disks_vm_set(inst, "running");
    snapshot_folder_keep(inst);
    char *before = snapshot_view(inst);
    finish(inst, one);
    char *after = snapshot_view(inst);
    for (snapshot_folder_back(inst); snapshot_kill(inst, one->op, one->tag, steps);
         snapshot_folder_back(inst)) {
        snapshot_settle_elsewhere(inst);
        assert_before_or_after(inst, before, after, steps);
        assert_vm(inst, one);
        steps++;
    }
    assert_in_range(steps, 2, STEPS_MAX);
    free(after);
    free(before);
}

static void killed__create_disk(void **state)
{
    kill_everywhere(three(state), &(kill_case){KILL_CREATE, "vier", false});
}

static void killed__create_live(void **state)
{
    kill_everywhere(three(state), &(kill_case){KILL_CREATE, "vier", true});
}

static void killed__apply(void **state)
{
    kill_everywhere(three(state), &(kill_case){KILL_APPLY, "eins", false});
}

static void killed__remove_the_first(void **state)
{
    kill_everywhere(three(state), &(kill_case){KILL_REMOVE, "eins", false});
}

static void killed__remove_in_the_middle(void **state)
{
    kill_everywhere(three(state), &(kill_case){KILL_REMOVE, "zwei", false});
}

static void killed__remove_below_the_disk(void **state)
{
    kill_everywhere(three(state), &(kill_case){KILL_REMOVE, "drei", false});
}

static void killed__remove_a_leaf(void **state)
{
    const lima_instance *inst = three(state);
    apply(inst, "zwei");
    kill_everywhere(inst, &(kill_case){KILL_REMOVE, "drei", false});
}

static void killed__tidy(void **state)
{
    const lima_instance *inst = three(state);
    disks_vm_set(inst, "running");
    drop(inst, "zwei");
    disks_vm_set(inst, NULL);
    kill_everywhere(inst, &(kill_case){KILL_TIDY, "", false});
}

/* The process dies inside a call of virtdisk: the service ends it before anything happens. */
static void killed__in_a_call__recovers(void **state)
{
    static const char *const calls[] = {"CreateVirtualDisk", "MergeVirtualDisk", "SetVirtualDiskInformation"};
    const lima_instance *inst = three(state);

    snapshot_folder_keep(inst);
    char *before = snapshot_view(inst);
    drop(inst, "zwei");
    char *after = snapshot_view(inst);
    for (size_t i = 0; i < 3; i++) {
        char *rule = lima_mem_printf("call=%s : kill\n", calls[i]);
        snapshot_folder_back(inst);
        disks_faults(rule);
        snapshot_kill(inst, i == 0 ? KILL_CREATE : KILL_REMOVE, i == 0 ? "vier" : "zwei", STEPS_MAX);
        disks_faults("");
        snapshot_settle_elsewhere(inst);
        assert_before_or_after(inst, before, after, (unsigned)i);
        free(rule);
    }
    free(after);
    free(before);
}

/* ---- failures ---- */

static void fails__create__all_is_as_before(void **state)
{
    static const char *const rules[] = {"call=CreateVirtualDisk : fail=0x80070070\n",
                                        "call=CreateVirtualDisk : fail-after=0x80070070\n"};
    const lima_instance *inst = three(state);
    hyperv_vm_steps vm = disks_vm(inst);
    char *before = snapshot_view(inst);

    for (size_t i = 0; i < 2; i++) {
        disks_faults(rules[i]);
        assert_fails(lima_hyperv_snapshots_create(inst, &vm, "vier", NULL, &disks_err),
                     LIMA_CODE_RESOURCE_EXHAUSTED, "");
        disks_faults("");
        assert_before_or_after(inst, before, before, 0);
    }
    free(before);
}

static void fails__save__vm_runs_on(void **state)
{
    const lima_instance *inst = three(state);
    hyperv_vm_steps vm = disks_vm(inst);
    char *before = snapshot_view(inst);

    disks_vm_set(inst, "running");
    disks_put(inst, "save fails", "");
    assert_fails(lima_hyperv_snapshots_create(inst, &vm, "live", NULL, &disks_err),
                 LIMA_CODE_RESOURCE_EXHAUSTED, "no room for memory");
    char *is = disks_vm_get(inst);
    assert_string_equal(is, "running");
    assert_before_or_after(inst, before, before, 0);
    free(is);
    free(before);
}

static void fails__merge_on_a_full_disk__is_gone_on_with(void **state)
{
    const lima_instance *inst = three(state);
    hyperv_vm_steps vm = disks_vm(inst);

    disks_faults("call=MergeVirtualDisk : fail=0x80070070\n");
    assert_fails(lima_hyperv_snapshots_remove(inst, &vm, "zwei", NULL, &disks_err),
                 LIMA_CODE_RESOURCE_EXHAUSTED, "");
    disks_faults("");
    disks_vm_set(inst, "running"); /* which no start of ours allows */
    assert_fails(lima_hyperv_snapshots_create(inst, &vm, "x", NULL, &disks_err),
                 LIMA_CODE_FAILED_PRECONDITION, "stop it");
    disks_vm_set(inst, NULL);
    snapshot_settle_elsewhere(inst);
    char *view = snapshot_view(inst);
    assert_non_null(strstr(view, "drei on 'eins', disk: "));
    assert_disk(inst, 0xa1, 0xb1, 0xb2);
    free(view);
}

static char *file_of(const lima_instance *inst, const char *tag)
{
    hyperv_snapshot_index index = {0};
    assert_ok(lima_hyperv_index_read(inst, &index, &disks_err));
    char *name = lima_hyperv_snapshot_name(lima_hyperv_index_find(&index, tag)->file, "vhdx");
    lima_hyperv_index_free(&index);
    return name;
}

static void refused__parent_missing_or_changed__names_it(void **state)
{
    const lima_instance *inst = three(state);
    hyperv_vm_steps vm = disks_vm(inst);
    hyperv_disks disks = {0};
    char *first = file_of(inst, "eins");

    disks_write(inst, first, 6, 0x66); /* a parent must not change */
    for (unsigned i = 0; i < 2; i++) {
        assert_fails(lima_hyperv_snapshots_create(inst, &vm, "vier", NULL, &disks_err),
                     LIMA_CODE_FAILED_PRECONDITION, "put back");
        assert_fails(lima_hyperv_snapshots_remove(inst, &vm, "zwei", NULL, &disks_err),
                     LIMA_CODE_FAILED_PRECONDITION, "put back");
        assert_fails(lima_hyperv_snapshots_apply(inst, &vm, "drei", NULL, &disks_err),
                     LIMA_CODE_FAILED_PRECONDITION, "put back");
        if (!i)
            disks_remove(inst, first);
    }
    assert_fails(lima_hyperv_disks_prepare(inst, NULL, &disks, &disks_err), LIMA_CODE_NOT_FOUND, first);
    assert_true(disks_there(inst, "disk.vhdx"));
    free(first);
}

static void refused__what_cannot_be(void **state)
{
    lima_instance *inst = (lima_instance *)three(state);
    hyperv_vm_steps vm = disks_vm(inst);

    assert_fails(lima_hyperv_snapshots_create(inst, &vm, "eins", NULL, &disks_err), LIMA_CODE_ALREADY_EXISTS,
                 "");
    assert_fails(lima_hyperv_snapshots_apply(inst, &vm, "nie", NULL, &disks_err), LIMA_CODE_NOT_FOUND, "nie");
    assert_fails(lima_hyperv_snapshots_remove(inst, &vm, "nie", NULL, &disks_err), LIMA_CODE_NOT_FOUND,
                 "nie");
    disks_vm_set(inst, "running");
    assert_fails(lima_hyperv_snapshots_apply(inst, &vm, "eins", NULL, &disks_err),
                 LIMA_CODE_FAILED_PRECONDITION, "limactl stop");
    disks_configure(state, 8 * MIB, "{\"additionalDisks\":[{\"name\":\"x\"}]}");
    vm = disks_vm(*state);
    assert_fails(lima_hyperv_snapshots_create(*state, &vm, "l", NULL, &disks_err),
                 LIMA_CODE_FAILED_PRECONDITION, "additionalDisks");
    disks_put(*state, HYPERV_INDEX_FILE, "{broken");
    assert_fails(lima_hyperv_snapshots_settle(*state, &vm, NULL, &disks_err), LIMA_CODE_DATA_LOSS,
                 HYPERV_INDEX_FILE);
}

static void settle__foreign_files_in_the_way(void **state)
{
    const lima_instance *inst = three(state);

    char *before = snapshot_view(inst);
    disks_put(inst, "hyperv.new.vhdx", "half a disk");
    disks_put(inst, "hyperv.snapshot.fremd-12345678.vhdx", "of nobody");
    disks_put(inst, "mine.vhdx", "somebody's");
    snapshot_settle_elsewhere(inst);
    assert_true(disks_there(inst, "mine.vhdx"));
    assert_before_or_after(inst, before, before, 0);
    disks_put(inst, "hyperv.new.vhdx", "half a disk");
    create(inst, "vier");
    free(snapshot_view(inst));
    free(before);
}

static void settle__copied_folder__stands_on_its_own_disks(void **state)
{
    const lima_instance *inst = three(state);
    char *dir = lima_mem_printf("%s klön", inst->dir);
    const char *const copy[] = {"cp", "-a", inst->dir, dir, NULL};

    disks_vm_set(inst, "running");
    create(inst, "live");
    disks_vm_set(inst, NULL);
    free(disks_run(copy));
    lima_instance *clone = disks_instance(dir, 8 * MIB, NULL);
    char *before = snapshot_view(inst);
    assert_true(snapshot_kill(clone, KILL_REMOVE, "zwei", 1)); /* a merge has begun in the original's words */
    snapshot_settle_elsewhere(clone);
    assert_before_or_after(inst, before, before, 0);
    char *view = snapshot_view(clone);
    assert_null(strstr(view, "live: "));
    free(view);
    disks_write(clone, "disk.vhdx", 1, 0x99);
    drop(clone, "eins");
    drop(clone, "drei");
    assert_before_or_after(inst, before, before, 0);
    free(before);
    lima_instance_free(clone);
    free(dir);
}

static void lock__two_processes__one_waits(void **state)
{
    lima_file_lock *one, *two;

    assert_ok(lima_hyperv_lock(*state, 0, &one, &disks_err));
    assert_fails(lima_hyperv_lock(*state, 0, &two, &disks_err), LIMA_CODE_UNAVAILABLE, "another process");
    lima_file_lock_release(one);
}

#define ON_DISKS(test) cmocka_unit_test_setup_teardown(test, disks_begin, disks_end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        ON_DISKS(story__create_change_apply_delete),
        ON_DISKS(story__several_stand_on_it__hidden_then_merged),
        ON_DISKS(story__live__memory_and_disk_come_back),
        ON_DISKS(prepare__larger_configuration_after_apply__disk_grows),
        ON_DISKS(remove__while_it_runs__is_merged_later),
        ON_DISKS(fails__create__all_is_as_before),
        ON_DISKS(fails__save__vm_runs_on),
        ON_DISKS(fails__merge_on_a_full_disk__is_gone_on_with),
        ON_DISKS(refused__parent_missing_or_changed__names_it),
        ON_DISKS(refused__what_cannot_be),
        ON_DISKS(settle__foreign_files_in_the_way),
        ON_DISKS(settle__copied_folder__stands_on_its_own_disks),
        ON_DISKS(lock__two_processes__one_waits),
    };
    const struct CMUnitTest kills[] = {
        ON_DISKS(killed__create_disk),
        ON_DISKS(killed__create_live),
        ON_DISKS(killed__apply),
        ON_DISKS(killed__remove_the_first),
        ON_DISKS(killed__remove_in_the_middle),
        ON_DISKS(killed__remove_below_the_disk),
        ON_DISKS(killed__remove_a_leaf),
        ON_DISKS(killed__tidy),
        ON_DISKS(killed__in_a_call__recovers),
    };

    snapshot_kill_child(argc, argv);
    if (argc < 2)
        return cmocka_run_group_tests(tests, disks_group_begin, disks_group_end);
    cmocka_set_test_filter(argv[1]); /* these take minutes */
    return cmocka_run_group_tests(kills, disks_group_begin, disks_group_end);
}
