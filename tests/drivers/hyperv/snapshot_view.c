#include "snapshot_view.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "hyperv/snapshot_steps.h"

enum { NAMES_MAX = 1000, VIEW_MAX = 64 * 1024 };

static void check_file(const lima_instance *inst, const hyperv_snapshot *one, const char *end, bool due)
{
    char *name = lima_hyperv_snapshot_name(one->file, end);
    if (disks_there(inst, name) != due)
        fail_msg("'%s' is %s", name, due ? "missing" : "there");
    free(name);
}

static void check_files(const lima_instance *inst, const hyperv_snapshot_index *index)
{
    lima_strv names = {0}, leftovers = {0};

    assert_int_equal(index->op, HYPERV_OP_NONE);
    for (size_t i = 0; i < index->len; i++) {
        const hyperv_snapshot *one = &index->items[i];
        bool live = one->kind == HYPERV_SNAPSHOT_LIVE;
        check_file(inst, one, "vhdx", true);
        check_file(inst, one, "vmrs", live);
        check_file(inst, one, "json", live);
        check_file(inst, one, "vmgs", one->guest_state);
    }
    assert_ok(lima_dir_list(inst->dir, NAMES_MAX, &names, &disks_err));
    lima_hyperv_snapshot_leftovers(index, &names, &leftovers);
    if (leftovers.len)
        fail_msg("'%s' is left over", leftovers.items[0]);
    lima_strv_free(&leftovers);
    lima_strv_free(&names);
}

static void add_disk(const lima_instance *inst, const char *name, lima_buf *into)
{
    lima_virtdisk disk = {0};
    char *path = disks_path(inst, name);

    assert_ok(lima_hyperv_disk_check_whole(path, NULL, &disk, &disks_err));
    lima_virtdisk_free(&disk);
    char *hash = disks_hash(inst, name);
    lima_buf_addf(into, "%s\n", hash);
    free(hash);
    free(path);
}

char *snapshot_view(const lima_instance *inst)
{
    hyperv_snapshot_index index = {0};
    lima_snapshot_list list = {0};
    lima_buf view = LIMA_BUF(VIEW_MAX);

    assert_ok(lima_hyperv_index_read(inst, &index, &disks_err));
    check_files(inst, &index);
    assert_ok(lima_hyperv_snapshots_list(inst, &list, &disks_err));
    for (size_t i = 0; i < list.len; i++) {
        const hyperv_snapshot *one = lima_hyperv_index_find(&index, list.items[i].tag);
        char *name = lima_hyperv_snapshot_name(one->file, "vhdx");
        lima_buf_addf(&view, "%s on '%s', %s: ", one->tag, list.items[i].parent, list.items[i].kind);
        add_disk(inst, name, &view);
        free(name);
    }
    lima_buf_add_str(&view, "disk: ");
    add_disk(inst, "disk.vhdx", &view);
    lima_snapshot_list_free(&list);
    lima_hyperv_index_free(&index);
    return lima_buf_take(&view);
}

static void copy_tree(const char *from, const char *to)
{
    const char *const argv[] = {"cp", "-a", from, to, NULL};

    assert_ok(lima_dir_remove(to, &disks_err));
    free(disks_run(argv));
}

void snapshot_folder_keep(const lima_instance *inst)
{
    char *kept = lima_mem_printf("%s kept", inst->dir);
    copy_tree(inst->dir, kept);
    free(kept);
}

void snapshot_folder_back(const lima_instance *inst)
{
    char *kept = lima_mem_printf("%s kept", inst->dir);
    copy_tree(kept, inst->dir);
    free(kept);
}
