/* The index of snapshots: refused, or printed and read again as the same; every operation on it then is
 * refused or a plan whose indexes are fit to be read. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hyperv/snapshot_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const hyperv_snapshot_index *index)
{
    hyperv_snapshot_index again = {0};
    char *text = lima_hyperv_index_print(index);
    assert(lima_hyperv_index_parse(text, strlen(text), &again, NULL));
    char *printed = lima_hyperv_index_print(&again);
    assert(strcmp(text, printed) == 0);
    free(printed);
    free(text);
    lima_hyperv_index_free(&again);
}

static void take_plan(hyperv_plan *plan)
{
    for (size_t i = 0; i < plan->len; i++) {
        const hyperv_step *step = &plan->items[i];
        hyperv_snapshot_index then = {0};
        assert(!step->to || !strchr(step->to, '\\'));
        if (step->kind != HYPERV_STEP_INDEX)
            continue;
        assert(lima_hyperv_index_parse(step->text, strlen(step->text), &then, NULL));
        lima_hyperv_index_free(&then);
    }
    lima_hyperv_plan_free(plan);
}

static void try_tag(const hyperv_snapshot_index *index, const char *tag)
{
    hyperv_plan plan = {0};
    if (lima_hyperv_snapshot_apply(index, tag, &plan, NULL))
        take_plan(&plan);
    if (lima_hyperv_snapshot_remove(index, tag, &plan, NULL))
        take_plan(&plan);
    for (int kind = HYPERV_SNAPSHOT_DISK; kind <= HYPERV_SNAPSHOT_LIVE; kind++) {
        hyperv_snapshot_wish wish = {.tag = tag, .kind = (hyperv_snapshot_kind)kind, .guest_state = true};
        if (lima_hyperv_snapshot_create(index, &wish, &plan, NULL))
            take_plan(&plan);
    }
}

static void try_all(const hyperv_snapshot_index *index)
{
    hyperv_plan plan = {0};
    lima_strv chain = {0};
    lima_snapshot_list list = {0};
    lima_hyperv_snapshot_recover(index, &plan);
    take_plan(&plan);
    lima_hyperv_snapshot_tidy(index, &plan);
    take_plan(&plan);
    lima_hyperv_snapshot_chain(index, &chain);
    assert(chain.len >= 1 && chain.len <= index->len + 1);
    lima_hyperv_snapshot_list(index, &list);
    assert(list.len <= index->len);
    lima_snapshot_list_free(&list);
    lima_strv_free(&chain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hyperv_snapshot_index index = {0};
    hyperv_plan plan = {0};
    lima_err err = {0};
    if (!lima_hyperv_index_parse((const char *)data, size, &index, &err)) {
        assert(err.code != LIMA_CODE_OK && err.text[0] && !index.items);
        return 0;
    }
    check_same(&index);
    try_all(&index);
    for (size_t i = 0; i < index.len && i < 4; i++)
        try_tag(&index, index.items[i].tag);
    try_tag(&index, "new");
    if (index.op == HYPERV_OP_NONE && lima_hyperv_snapshot_moved(&index, "C:\\elsewhere", &plan))
        take_plan(&plan);
    lima_hyperv_index_free(&index);
    return 0;
}
