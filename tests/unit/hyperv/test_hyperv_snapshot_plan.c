/* Every operation of a long story, broken off before, in and after each of its steps: the instance then is
 * what it was before, or what it was to become, and a recovery that is broken off changes nothing of that. */
#include "hyperv_test.h"

#include "folder_model.h"

static model now;
static unsigned clock_now;

static int set_up(void **state)
{
    (void)state;
    model_init(&now);
    clock_now = 1000;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    model_free(&now);
    return 0;
}

typedef enum op { CREATE, CREATE_LIVE, APPLY, REMOVE, TIDY } op;

/* False: there is nothing to tidy. */
static bool plan_of(const model *m, op what, const char *tag, hyperv_plan *ret)
{
    hyperv_snapshot_index index = {0};
    lima_err err = {0};
    hyperv_snapshot_wish wish = {.tag = tag,
                                 .kind = what == CREATE_LIVE ? HYPERV_SNAPSHOT_LIVE : HYPERV_SNAPSHOT_DISK,
                                 .created = clock_now,
                                 .disk_size = 4096,
                                 .guest_state = true};
    bool ok = true, some = true;
    model_index(m, &index);
    if (what == CREATE || what == CREATE_LIVE)
        ok = lima_hyperv_snapshot_create(&index, &wish, ret, &err);
    else if (what == APPLY)
        ok = lima_hyperv_snapshot_apply(&index, tag, ret, &err);
    else if (what == REMOVE)
        ok = lima_hyperv_snapshot_remove(&index, tag, ret, &err);
    else
        some = lima_hyperv_snapshot_tidy(&index, ret);
    lima_hyperv_index_free(&index);
    if (!ok)
        fail_msg("%s: %s", tag, err.text);
    return some;
}

static void try_break(const hyperv_plan *plan, size_t at, model_break how, const char *before,
                      const char *after)
{
    model broken = {0};
    model_copy(&now, &broken);
    model_run(&broken, plan, at, how);
    model_recover(&broken);
    model_check(&broken);
    char *seen = model_seen(&broken);
    if (strcmp(seen, before) != 0 && strcmp(seen, after) != 0)
        fail_msg("broken off %s step %zu (kind %d): neither before\n%s nor after\n%s but\n%s",
                 how == BREAK_BEFORE ? "before"
                 : how == BREAK_IN   ? "in"
                                     : "after",
                 at, (int)plan->items[at].kind, before, after, seen);
    free(seen);
    model_free(&broken);
}

/* Does it, and tries every way to break it off. */
static bool does(op what, const char *tag)
{
    hyperv_plan plan = {0};
    model done = {0};
    clock_now++;
    if (!plan_of(&now, what, tag, &plan))
        return false;
    char *before = model_seen(&now);
    model_copy(&now, &done);
    model_run(&done, &plan, SIZE_MAX, BREAK_BEFORE);
    model_check(&done);
    char *after = model_seen(&done);
    for (size_t at = 0; at < plan.len; at++)
        for (int how = BREAK_BEFORE; how <= BREAK_AFTER; how++)
            try_break(&plan, at, (model_break)how, before, after);
    free(before);
    free(after);
    model_free(&now);
    now = done;
    lima_hyperv_plan_free(&plan);
    return true;
}

static void assert_seen(const char *due)
{
    char *seen = model_seen(&now);
    if (!strstr(seen, due))
        fail_msg("'%s' is not in:\n%s", due, seen);
    free(seen);
}

static void boot(const char *memory)
{
    now.vm = VM_RUNNING;
    snprintf(now.memory, sizeof now.memory, "%s", memory);
}

static void story__disk_snapshots__tree_of_two_branches(void **state)
{
    (void)state;
    model_write(&now, 0, 'a');
    does(CREATE, "a");
    model_write(&now, 1, 'b');
    model_set_state(&now, "v1");
    does(CREATE, "b");
    model_write(&now, 1, 'c');
    does(APPLY, "a");
    assert_seen("disk a------- state v0");
    model_write(&now, 2, 'd');
    does(CREATE, "d");
    assert_seen("a 0 a------- v0 - -\nb 0 ab------ v1 - -\nd 0 a-d----- v0 - -\n");
    does(APPLY, "b");
    assert_seen("disk ab------ state v1");
    model_write(&now, 7, 'z');
    does(REMOVE, "a"); /* two stand on it: hidden */
    assert_seen("b 0 ab------ v1 - -\nd 0 a-d----- v0 - -\ndisk ab-----z");
    assert_false(does(TIDY, ""));
    does(REMOVE, "d"); /* a leaf: then the hidden one has one child left */
    assert_true(does(TIDY, ""));
    assert_false(does(TIDY, ""));
    assert_seen("b 0 ab------ v1 - -\ndisk ab-----z");
    does(REMOVE, "b"); /* merged with the disk in use */
    assert_seen("disk ab-----z state v1\nmachine off\n");
    char *seen = model_seen(&now);
    assert_int_equal(strncmp(seen, "disk", 4), 0);
    free(seen);
}

static void story__merge_in_the_middle__grandchildren_follow(void **state)
{
    (void)state;
    static const char *const tags[] = {"one", "two", "three"};
    for (size_t i = 0; i < 3; i++) {
        model_write(&now, i, (char)('1' + (char)i));
        does(CREATE, tags[i]);
    }
    does(APPLY, "two");
    model_write(&now, 5, '5');
    does(CREATE, "side"); /* two has two children now */
    does(APPLY, "three");
    does(REMOVE, "one"); /* merged into two, whose children are told */
    assert_seen("two 0 12------");
    assert_seen("three 0 123-----");
    assert_seen("side 0 12---5--");
    does(REMOVE, "side");
    does(REMOVE, "two");
    does(REMOVE, "three");
    assert_seen("disk 123-----");
}

static void story__live_snapshots__memory_comes_back(void **state)
{
    (void)state;
    boot("m1");
    model_write(&now, 0, 'a');
    does(CREATE_LIVE, "a");
    assert_seen("a 1 a------- v0 m1 document\n");
    assert_seen("machine on m1");
    snprintf(now.memory, sizeof now.memory, "m2");
    model_write(&now, 1, 'b');
    does(CREATE_LIVE, "b");
    now.vm = VM_NONE;
    does(APPLY, "a");
    assert_seen("disk a------- state v0\nmachine on m1");
    does(CREATE, "cold"); /* before it goes on: the disk is the same, so it still can */
    assert_seen("machine on m1");
    does(APPLY, "b");
    assert_seen("disk ab------ state v0\nmachine on m2");
    does(APPLY, "cold");
    assert_seen("disk a------- state v0\nmachine off");
    does(REMOVE, "b");
    does(REMOVE, "a");
    assert_seen("cold 0 a-------");
}

static void story__tag_again__after_a_hidden_one(void **state)
{
    (void)state;
    does(CREATE, "base");
    model_write(&now, 0, 'x');
    does(CREATE, "x");
    does(APPLY, "base");
    does(REMOVE, "base");
    model_write(&now, 1, 'y');
    does(CREATE, "base");
    assert_seen("x 0 x-------");
    assert_seen("base 0 -y------");
    does(REMOVE, "x");
    assert_true(does(TIDY, ""));
    assert_seen("base 0 -y------");
}

static void create__refusals(void **state)
{
    (void)state;
    does(CREATE, "a");
    hyperv_snapshot_index index = {0};
    hyperv_plan plan = {0};
    hyperv_snapshot_wish wish = {.tag = "a"};
    model_index(&now, &index);
    assert_err(lima_hyperv_snapshot_create(&index, &wish, &plan, &err), LIMA_CODE_ALREADY_EXISTS, "'a'");
    wish.tag = "-x";
    assert_err(lima_hyperv_snapshot_create(&index, &wish, &plan, &err), LIMA_CODE_INVALID_ARGUMENT, "'-x'");
    wish.tag = "new";
    index.op = HYPERV_OP_APPLY;
    assert_err(lima_hyperv_snapshot_create(&index, &wish, &plan, &err), LIMA_CODE_FAILED_PRECONDITION,
               "broken off");
    assert_err(lima_hyperv_snapshot_apply(&index, "a", &plan, &err), LIMA_CODE_FAILED_PRECONDITION,
               "broken off");
    assert_err(lima_hyperv_snapshot_remove(&index, "a", &plan, &err), LIMA_CODE_FAILED_PRECONDITION,
               "broken off");
    assert_false(lima_hyperv_snapshot_tidy(&index, &plan));
    index.op = HYPERV_OP_NONE;
    assert_err(lima_hyperv_snapshot_apply(&index, "b", &plan, &err), LIMA_CODE_NOT_FOUND, "'b'");
    assert_err(lima_hyperv_snapshot_remove(&index, "", &plan, &err), LIMA_CODE_NOT_FOUND, "''");
    assert_int_equal(plan.len, 0);
    lima_hyperv_index_free(&index);
}

static void create__too_many(void **state)
{
    (void)state;
    hyperv_snapshot_index index = {0};
    for (unsigned i = 0; i < HYPERV_SNAPSHOTS_MAX; i++) {
        char *tag = lima_mem_printf("t%u", i);
        hyperv_snapshot_wish wish = {.tag = tag};
        hyperv_plan plan = {0};
        assert_ok(lima_hyperv_snapshot_create(&index, &wish, &plan, &err));
        hyperv_snapshot_index next = {0};
        const char *text = plan.items[plan.len - 1].text;
        assert_true(strlen(text) <= HYPERV_INDEX_BYTES_MAX);
        assert_ok(lima_hyperv_index_parse(text, strlen(text), &next, &err));
        lima_hyperv_index_free(&index);
        index = next;
        lima_hyperv_plan_free(&plan);
        free(tag);
    }
    hyperv_plan plan = {0};
    hyperv_snapshot_wish wish = {.tag = "more"};
    assert_err(lima_hyperv_snapshot_create(&index, &wish, &plan, &err), LIMA_CODE_RESOURCE_EXHAUSTED, "256");
    lima_hyperv_index_free(&index);
}

static void remove__what_the_next_start_needs__is_refused(void **state)
{
    (void)state;
    boot("m");
    does(CREATE_LIVE, "a");
    now.vm = VM_NONE;
    does(APPLY, "a");
    hyperv_snapshot_index index = {0};
    hyperv_plan plan = {0};
    model_index(&now, &index);
    assert_err(lima_hyperv_snapshot_remove(&index, "a", &plan, &err), LIMA_CODE_FAILED_PRECONDITION, "memory",
               "'a'");
    lima_hyperv_snapshot_resumed(&index, &plan);
    model_run(&now, &plan, SIZE_MAX, BREAK_BEFORE);
    lima_hyperv_plan_free(&plan);
    lima_hyperv_index_free(&index);
    does(REMOVE, "a");
    assert_seen("disk -------- state v0\nmachine off");
}

/* The VM that runs is not asked for: no step has to do with it, and no disk is merged. */
static void remove_later__hides_what_is_needed_and_removes_a_leaf(void **state)
{
    (void)state;
    hyperv_snapshot_index index = {0};
    hyperv_plan plan = {0};
    lima_err err = {0};

    does(CREATE, "a");
    does(CREATE, "leaf");
    does(APPLY, "a");
    model_index(&now, &index);
    assert_true(lima_hyperv_snapshot_remove_later(&index, "a", &plan, &err));
    for (size_t i = 0; i < plan.len; i++)
        assert_true(plan.items[i].kind == HYPERV_STEP_INDEX
                    || (plan.items[i].kind == HYPERV_STEP_REMOVE && !strstr(plan.items[i].to, ".vhdx")));
    lima_hyperv_plan_free(&plan);
    assert_true(lima_hyperv_snapshot_remove_later(&index, "leaf", &plan, &err));
    assert_int_equal(plan.items[1].kind, HYPERV_STEP_REMOVE);
    assert_non_null(strstr(plan.items[1].to, ".vhdx"));
    lima_hyperv_plan_free(&plan);
    assert_false(lima_hyperv_snapshot_remove_later(&index, "none", &plan, &err));
    assert_int_equal(err.code, LIMA_CODE_NOT_FOUND);
    lima_hyperv_index_free(&index);
}

static void moved__disks_find_their_parents_and_memory_is_dropped(void **state)
{
    (void)state;
    boot("m");
    model_write(&now, 0, 'a');
    does(CREATE_LIVE, "a");
    now.vm = VM_NONE;
    model_write(&now, 1, 'b');
    does(CREATE, "b");
    hyperv_snapshot_index index = {0};
    hyperv_plan plan = {0};
    model_index(&now, &index);
    assert_false(lima_hyperv_snapshot_moved(&index, index.folder, &plan));
    assert_true(lima_hyperv_snapshot_moved(&index, "C:\\lh\\copy", &plan));
    assert_int_equal(plan.items[0].kind, HYPERV_STEP_PARENT);
    model_run(&now, &plan, SIZE_MAX, BREAK_BEFORE);
    lima_hyperv_plan_free(&plan);
    lima_hyperv_index_free(&index);
    model_check(&now);
    assert_seen("a 0 a------- v0 - -\nb 0 ab------ v0 - -\ndisk ab------");
    model_index(&now, &index);
    assert_string_equal(index.folder, "C:\\lh\\copy");
    assert_string_equal(index.resume, "");
    lima_hyperv_index_free(&index);
    hyperv_snapshot_index none = {0};
    assert_false(lima_hyperv_snapshot_moved(&none, "C:\\x", &plan));
}

static void list__tree_order_with_parents(void **state)
{
    (void)state;
    hyperv_snapshot_index index = {0};
    lima_snapshot_list list = {0};
    lima_hyperv_snapshot_list(&index, &list);
    assert_int_equal(list.len, 0);
    does(CREATE, "a");
    does(CREATE, "b");
    does(CREATE, "b2");
    does(APPLY, "a");
    boot("m");
    does(CREATE_LIVE, "c");
    now.vm = VM_NONE;
    does(APPLY, "b");
    does(REMOVE, "a");
    model_index(&now, &index);
    lima_hyperv_snapshot_list(&index, &list);
    static const char *const due[][3] = {{"b", "", "disk"}, {"b2", "b", "disk"}, {"c", "", "live"}};
    assert_int_equal(list.len, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(list.items[i].tag, due[i][0]);
        assert_string_equal(list.items[i].parent, due[i][1]);
        assert_string_equal(list.items[i].kind, due[i][2]);
        assert_int_equal(list.items[i].disk_size, 4096);
    }
    lima_snapshot_list_free(&list);
    lima_hyperv_index_free(&index);
}

static void chain__from_the_disk_in_use_to_the_first(void **state)
{
    (void)state;
    does(CREATE, "A");
    does(CREATE, "b");
    does(CREATE, "c");
    does(APPLY, "b");
    hyperv_snapshot_index index = {0};
    lima_strv chain = {0};
    model_index(&now, &index);
    lima_hyperv_snapshot_chain(&index, &chain);
    assert_int_equal(chain.len, 3);
    assert_string_equal(chain.items[0], "disk.vhdx");
    assert_int_equal(strncmp(chain.items[1], "hyperv.snapshot.b-", 18), 0);
    assert_int_equal(strncmp(chain.items[2], "hyperv.snapshot.a-", 18), 0);
    lima_strv_free(&chain);
    lima_hyperv_index_free(&index);
}

static void leftovers__only_what_nobody_knows(void **state)
{
    (void)state;
    does(CREATE, "a");
    hyperv_snapshot_index index = {0};
    lima_strv names = {0}, leftovers = {0};
    model_index(&now, &index);
    char *own = lima_hyperv_snapshot_name(index.items[0].file, "VHDX");
    lima_strv_add(&names, own);
    lima_strv_add(&names, "disk.vhdx");
    lima_strv_add(&names, "hyperv.snapshots.json");
    lima_strv_add(&names, "hyperv.new.vhdx");
    lima_strv_add(&names, "hyperv.snapshot.x-12345678.vmrs");
    lima_strv_add(&names, "lima.yaml");
    lima_hyperv_snapshot_leftovers(&index, &names, &leftovers);
    assert_int_equal(leftovers.len, 2);
    assert_string_equal(leftovers.items[0], "hyperv.new.vhdx");
    assert_string_equal(leftovers.items[1], "hyperv.snapshot.x-12345678.vmrs");
    free(own);
    lima_strv_free(&names);
    lima_strv_free(&leftovers);
    lima_hyperv_index_free(&index);
}

#define story(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(story__disk_snapshots__tree_of_two_branches),
        story(story__merge_in_the_middle__grandchildren_follow),
        story(story__live_snapshots__memory_comes_back),
        story(story__tag_again__after_a_hidden_one),
        story(create__refusals),
        story(create__too_many),
        story(remove__what_the_next_start_needs__is_refused),
        story(remove_later__hides_what_is_needed_and_removes_a_leaf),
        story(moved__disks_find_their_parents_and_memory_is_dropped),
        story(list__tree_order_with_parents),
        story(chain__from_the_disk_in_use_to_the_first),
        story(leftovers__only_what_nobody_knows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
