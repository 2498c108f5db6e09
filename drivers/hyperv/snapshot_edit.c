#include "hyperv/snapshot_edit.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "driver/snapshot.h"

static void set(char **text, const char *value)
{
    char *copy = lima_mem_strdup(value);
    free(*text);
    *text = copy;
}

/* Files of a hidden snapshot may still have the name that the tag would give. */
static char *free_file(const hyperv_snapshot_index *index, const char *tag)
{
    char *stem = lima_snapshot_file_stem(tag);
    char *file = lima_mem_strdup(stem);

    for (unsigned n = 2; lima_hyperv_index_at(index, file); n++) {
        free(file);
        file = lima_mem_printf("%s-%u", stem, n);
    }
    free(stem);
    return file;
}

void lima_hyperv_edit_begin_create(const hyperv_snapshot_index *index, const hyperv_snapshot_wish *wish,
                                   hyperv_snapshot_index *ret)
{
    lima_hyperv_index_copy(index, ret);
    lima_hyperv_snapshot_free(&ret->made);
    ret->op = HYPERV_OP_CREATE;
    ret->made = (hyperv_snapshot){.tag = lima_mem_strdup(wish->tag),
                                  .file = free_file(index, wish->tag),
                                  .parent = lima_mem_strdup(ret->current),
                                  .kind = wish->kind,
                                  .created = wish->created,
                                  .disk_size = wish->disk_size,
                                  .state_size = wish->state_size,
                                  .guest_state = wish->guest_state};
}

void lima_hyperv_edit_end(const hyperv_snapshot_index *index, hyperv_snapshot_index *ret)
{
    lima_hyperv_index_copy(index, ret);
    lima_hyperv_snapshot_free(&ret->made);
    set(&ret->op_file, "");
    ret->op = HYPERV_OP_NONE;
    ret->forward = false;
}

void lima_hyperv_edit_end_create(const hyperv_snapshot_index *index, hyperv_snapshot_index *ret)
{
    const hyperv_snapshot *made = &index->made;

    lima_hyperv_edit_end(index, ret);
    ret->items = lima_mem_resize(ret->items, ret->len + 1, sizeof *ret->items);
    lima_hyperv_snapshot_copy(made, &ret->items[ret->len++]);
    set(&ret->current, made->file);
    if (made->kind == HYPERV_SNAPSHOT_LIVE)
        set(&ret->resume, made->file);
}

void lima_hyperv_edit_begin_apply(const hyperv_snapshot_index *index, const hyperv_snapshot *wanted,
                                  hyperv_snapshot_index *ret)
{
    lima_hyperv_index_copy(index, ret);
    ret->op = HYPERV_OP_APPLY;
    ret->forward = true;
    set(&ret->op_file, wanted->file);
    set(&ret->current, wanted->file);
    set(&ret->resume, wanted->kind == HYPERV_SNAPSHOT_LIVE ? wanted->file : "");
}

void lima_hyperv_edit_begin_remove(const hyperv_snapshot_index *index, const hyperv_snapshot *gone,
                                   hyperv_snapshot_index *ret)
{
    lima_hyperv_index_copy(index, ret);
    ret->op = HYPERV_OP_REMOVE;
    ret->forward = true;
    set(&ret->op_file, gone->file);
}

void lima_hyperv_edit_drop(const hyperv_snapshot_index *index, const char *file, hyperv_snapshot_index *ret)
{
    char *gone = lima_mem_strdup(file), *parent = lima_mem_strdup(lima_hyperv_index_at(index, file)->parent);
    size_t kept = 0;

    lima_hyperv_edit_end(index, ret);
    for (size_t i = 0; i < ret->len; i++) {
        hyperv_snapshot *one = &ret->items[i];
        if (lima_str_eq(one->file, gone)) {
            lima_hyperv_snapshot_free(one);
            continue;
        }
        if (lima_str_eq(one->parent, gone))
            set(&one->parent, parent);
        ret->items[kept++] = *one;
    }
    ret->len = kept;
    if (lima_str_eq(ret->current, gone))
        set(&ret->current, parent);
    free(parent);
    free(gone);
}

void lima_hyperv_edit_hide(const hyperv_snapshot_index *index, const char *file, hyperv_snapshot_index *ret)
{
    lima_hyperv_index_copy(index, ret);
    for (size_t i = 0; i < ret->len; i++)
        if (lima_str_eq(ret->items[i].file, file)) {
            set(&ret->items[i].tag, "");
            ret->items[i].kind = HYPERV_SNAPSHOT_DISK;
            ret->items[i].state_size = 0;
            ret->items[i].guest_state = false;
        }
}

void lima_hyperv_edit_resumed(const hyperv_snapshot_index *index, hyperv_snapshot_index *ret)
{
    lima_hyperv_index_copy(index, ret);
    set(&ret->resume, "");
}

void lima_hyperv_edit_moved(const hyperv_snapshot_index *index, const char *folder,
                            hyperv_snapshot_index *ret)
{
    lima_hyperv_edit_resumed(index, ret);
    set(&ret->folder, folder);
    for (size_t i = 0; i < ret->len; i++) {
        ret->items[i].kind = HYPERV_SNAPSHOT_DISK;
        ret->items[i].state_size = 0;
    }
}

const hyperv_snapshot *lima_hyperv_edit_only_child(const hyperv_snapshot_index *index, const char *file)
{
    for (size_t i = 0; i < index->len; i++)
        if (lima_str_eq(index->items[i].parent, file))
            return &index->items[i];
    return NULL;
}
