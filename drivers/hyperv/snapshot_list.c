/* What is read from the tree: for limactl, for granting access, for clearing away. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "hyperv/snapshot_plan.h"

/* The nearest one above that is shown; NULL: none. */
static const hyperv_snapshot *shown_parent(const hyperv_snapshot_index *index, const hyperv_snapshot *one)
{
    const hyperv_snapshot *above = lima_hyperv_index_at(index, one->parent);
    while (above && lima_str_empty(above->tag))
        above = lima_hyperv_index_at(index, above->parent);
    return above;
}

static bool is_older(const hyperv_snapshot *a, const hyperv_snapshot *b)
{
    return a->created != b->created ? a->created < b->created : strcmp(a->tag, b->tag) < 0;
}

/* The oldest one below `parent` that was not listed yet. */
static const hyperv_snapshot *next_below(const hyperv_snapshot_index *index, const hyperv_snapshot *parent,
                                         const bool *listed)
{
    const hyperv_snapshot *next = NULL;
    for (size_t i = 0; i < index->len; i++) {
        const hyperv_snapshot *one = &index->items[i];
        if (!listed[i] && !lima_str_empty(one->tag) && shown_parent(index, one) == parent
            && (!next || is_older(one, next)))
            next = one;
    }
    return next;
}

static void list_one(const hyperv_snapshot *one, const hyperv_snapshot *parent, lima_snapshot_list *ret)
{
    char no_id[] = "", no_tag[] = "", disk[] = "disk", live[] = "live";
    lima_snapshot item = {.id = no_id,
                          .tag = one->tag,
                          .vm_size = one->state_size,
                          .created = one->created,
                          .parent = parent ? parent->tag : no_tag,
                          .kind = one->kind == HYPERV_SNAPSHOT_LIVE ? live : disk,
                          .disk_size = one->disk_size};
    lima_snapshot_list_add(ret, &item);
}

void lima_hyperv_snapshot_list(const hyperv_snapshot_index *index, lima_snapshot_list *ret)
{
    bool listed[HYPERV_SNAPSHOTS_MAX] = {false};
    const hyperv_snapshot *at = NULL; /* whose children are being listed */

    for (;;) {
        const hyperv_snapshot *next = next_below(index, at, listed);
        if (next) {
            listed[next - index->items] = true;
            list_one(next, at, ret);
            at = next;
        } else if (at) {
            at = shown_parent(index, at);
        } else {
            return;
        }
    }
}

void lima_hyperv_snapshot_chain(const hyperv_snapshot_index *index, lima_strv *ret)
{
    const hyperv_snapshot *at = lima_hyperv_index_at(index, index->current);

    lima_strv_add(ret, HYPERV_DISK_FILE);
    while (at) {
        char *name = lima_hyperv_snapshot_name(at->file, "vhdx");
        lima_strv_add(ret, name);
        free(name);
        at = lima_hyperv_index_at(index, at->parent);
    }
}

static bool is_known(const hyperv_snapshot_index *index, const char *name)
{
    static const char *const ends[] = {"vhdx", "vmgs", "vmrs", "json"};
    bool known = false;
    for (size_t i = 0; i < index->len && !known; i++)
        for (size_t end = 0; end < sizeof ends / sizeof ends[0] && !known; end++) {
            char *due = lima_hyperv_snapshot_name(index->items[i].file, ends[end]);
            known = lima_str_eq_nocase(due, name);
            free(due);
        }
    return known;
}

void lima_hyperv_snapshot_leftovers(const hyperv_snapshot_index *index, const lima_strv *names,
                                    lima_strv *ret)
{
    for (size_t i = 0; i < names->len; i++) {
        const char *name = names->items[i];
        bool made = lima_str_eq_nocase(name, HYPERV_NEW_DISK_FILE)
                    || lima_str_eq_nocase(name, HYPERV_NEW_GUEST_STATE_FILE);
        if (made || (lima_str_has_prefix(name, HYPERV_SNAPSHOT_PREFIX) && !is_known(index, name)))
            lima_strv_add(ret, name);
    }
}
