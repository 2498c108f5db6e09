/* What is read is checked for being a tree before anything follows a reference in it. */
#include "hyperv/snapshot_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "data/json.h"
#include "driver/snapshot.h"

enum { FORM = 1, FILE_MAX = 160 };

static const char *const kind_names[] = {"disk", "live"};
static const char *const op_names[] = {"", "create", "apply", "remove"};

static const char *text_of(const char *owned)
{
    return owned ? owned : "";
}

char *lima_hyperv_snapshot_name(const char *file, const char *end)
{
    return lima_mem_printf(HYPERV_SNAPSHOT_PREFIX "%s.%s", file, end);
}

/* ---- values ---- */

void lima_hyperv_snapshot_copy(const hyperv_snapshot *snapshot, hyperv_snapshot *ret)
{
    *ret = *snapshot;
    ret->tag = lima_mem_strdup(text_of(snapshot->tag));
    ret->file = lima_mem_strdup(text_of(snapshot->file));
    ret->parent = lima_mem_strdup(text_of(snapshot->parent));
}

void lima_hyperv_snapshot_free(hyperv_snapshot *snapshot)
{
    free(snapshot->tag);
    free(snapshot->file);
    free(snapshot->parent);
    *snapshot = (hyperv_snapshot){0};
}

void lima_hyperv_index_copy(const hyperv_snapshot_index *index, hyperv_snapshot_index *ret)
{
    *ret = *index;
    ret->items = lima_mem_zalloc(index->len + 1, sizeof *ret->items);
    for (size_t i = 0; i < index->len; i++)
        lima_hyperv_snapshot_copy(&index->items[i], &ret->items[i]);
    ret->folder = lima_mem_strdup(text_of(index->folder));
    ret->current = lima_mem_strdup(text_of(index->current));
    ret->resume = lima_mem_strdup(text_of(index->resume));
    ret->op_file = lima_mem_strdup(text_of(index->op_file));
    lima_hyperv_snapshot_copy(&index->made, &ret->made);
}

void lima_hyperv_index_free(hyperv_snapshot_index *index)
{
    for (size_t i = 0; i < index->len; i++)
        lima_hyperv_snapshot_free(&index->items[i]);
    free(index->items);
    free(index->folder);
    free(index->current);
    free(index->resume);
    free(index->op_file);
    lima_hyperv_snapshot_free(&index->made);
    *index = (hyperv_snapshot_index){0};
}

const hyperv_snapshot *lima_hyperv_index_find(const hyperv_snapshot_index *index, const char *tag)
{
    for (size_t i = 0; i < index->len; i++)
        if (*tag && lima_str_eq(text_of(index->items[i].tag), tag))
            return &index->items[i];
    return NULL;
}

const hyperv_snapshot *lima_hyperv_index_at(const hyperv_snapshot_index *index, const char *file)
{
    for (size_t i = 0; i < index->len; i++)
        if (lima_str_eq(text_of(index->items[i].file), text_of(file)))
            return &index->items[i];
    return NULL;
}

size_t lima_hyperv_index_children(const hyperv_snapshot_index *index, const char *file)
{
    size_t count = lima_str_eq(text_of(index->current), file);
    for (size_t i = 0; i < index->len; i++)
        count += lima_str_eq(text_of(index->items[i].parent), file);
    return count;
}

/* ---- writing ---- */

static void print_snapshot(const hyperv_snapshot *snapshot, lima_json *json, const char *at)
{
    lima_json_set_str(json, text_of(snapshot->tag), "%s.tag", at);
    lima_json_set_str(json, text_of(snapshot->file), "%s.file", at);
    lima_json_set_str(json, text_of(snapshot->parent), "%s.parent", at);
    lima_json_set_str(json, kind_names[snapshot->kind], "%s.kind", at);
    lima_json_set_int(json, snapshot->created, "%s.created", at);
    lima_json_set_int(json, (int64_t)snapshot->disk_size, "%s.diskSize", at);
    lima_json_set_int(json, (int64_t)snapshot->state_size, "%s.stateSize", at);
    lima_json_set_bool(json, snapshot->guest_state, "%s.guestState", at);
}

char *lima_hyperv_index_print(const hyperv_snapshot_index *index)
{
    lima_json *json = lima_json_new_object();

    lima_json_set_int(json, FORM, "form");
    lima_json_set_str(json, text_of(index->folder), "folder");
    lima_json_set_str(json, text_of(index->current), "current");
    lima_json_set_str(json, text_of(index->resume), "resume");
    lima_json_set_empty_array(json, "snapshots");
    for (size_t i = 0; i < index->len; i++) {
        char *at = lima_mem_printf("snapshots[%zu]", i);
        print_snapshot(&index->items[i], json, at);
        free(at);
    }
    if (index->op != HYPERV_OP_NONE) {
        lima_json_set_str(json, op_names[index->op], "pending.op");
        lima_json_set_bool(json, index->forward, "pending.forward");
        lima_json_set_str(json, text_of(index->op_file), "pending.file");
    }
    if (index->op == HYPERV_OP_CREATE)
        print_snapshot(&index->made, json, "pending.made");
    char *text = lima_json_print_indented(json);
    lima_json_free(json);
    return text;
}

/* ---- reading ---- */

/* Part of a file's name: nothing in it leaves the folder. */
static bool is_file(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && len <= FILE_MAX && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len
           && text[0] != '.' && text[0] != '-';
}

static bool lookup(const char *const names[], size_t count, const char *word, size_t *ret)
{
    for (size_t i = 0; i < count; i++)
        if (lima_str_eq(names[i], word)) {
            *ret = i;
            return true;
        }
    return false;
}

static bool read_size(const lima_json *json, const char *at, const char *key, uint64_t *ret)
{
    int64_t size = lima_json_int(json, -1, "%s.%s", at, key);
    *ret = (uint64_t)size;
    return size >= 0;
}

static bool read_snapshot(const lima_json *json, const char *at, hyperv_snapshot *ret, lima_err *err)
{
    const char *tag = lima_json_str(json, "", "%s.tag", at), *file = lima_json_str(json, "", "%s.file", at);
    const char *parent = lima_json_str(json, "", "%s.parent", at);
    hyperv_snapshot made = {.created = lima_json_int(json, -1, "%s.created", at),
                            .guest_state = lima_json_bool(json, false, "%s.guestState", at)};
    size_t kind = 0;

    if (!is_file(file) || (*parent && !is_file(parent)) || (*tag && !lima_snapshot_check_tag(tag, NULL)))
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "%s: tag, file or parent is no name", at);
    if (!lookup(kind_names, 2, lima_json_str(json, "", "%s.kind", at), &kind))
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "%s.kind is neither disk nor live", at);
    if (!*tag && kind != HYPERV_SNAPSHOT_DISK)
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "%s.kind is live without a tag", at);
    if (made.created < 0 || !read_size(json, at, "diskSize", &made.disk_size)
        || !read_size(json, at, "stateSize", &made.state_size))
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "%s: created or a size is missing", at);
    made.kind = (hyperv_snapshot_kind)kind;
    made.tag = lima_mem_strdup(tag);
    made.file = lima_mem_strdup(file);
    made.parent = lima_mem_strdup(parent);
    *ret = made;
    return true;
}

static bool read_snapshots(const lima_json *json, hyperv_snapshot_index *ret, lima_err *err)
{
    size_t count = lima_json_count(json, "snapshots");
    bool ok = lima_json_get_kind(json, "snapshots") == LIMA_JSON_ARRAY && count <= HYPERV_SNAPSHOTS_MAX;

    if (!ok)
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "snapshots is no list of at most %d",
                            HYPERV_SNAPSHOTS_MAX);
    ret->items = lima_mem_zalloc(count + 1, sizeof *ret->items);
    for (size_t i = 0; ok && i < count; i++) {
        char *at = lima_mem_printf("snapshots[%zu]", i);
        ok = read_snapshot(json, at, &ret->items[i], err);
        ret->len += ok;
        free(at);
    }
    return ok;
}

static bool read_pending(const lima_json *json, hyperv_snapshot_index *ret, lima_err *err)
{
    size_t op = 0;

    if (lima_json_get_kind(json, "pending") == LIMA_JSON_ABSENT)
        return true;
    if (!lookup(op_names, 4, lima_json_str(json, "?", "pending.op"), &op) || !op)
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "pending.op is not known");
    ret->op = (hyperv_snapshot_op)op;
    ret->forward = lima_json_bool(json, false, "pending.forward");
    ret->op_file = lima_mem_strdup(lima_json_str(json, "", "pending.file"));
    return ret->op != HYPERV_OP_CREATE || read_snapshot(json, "pending.made", &ret->made, err);
}

/* Whether following parents ends, at the first disk. */
static bool reaches_base(const hyperv_snapshot_index *index, const char *file)
{
    for (size_t steps = 0; *file && steps <= index->len; steps++) {
        const hyperv_snapshot *snapshot = lima_hyperv_index_at(index, file);
        if (!snapshot)
            return false;
        file = snapshot->parent;
    }
    return !*file;
}

static bool is_unique(const hyperv_snapshot_index *index, size_t i)
{
    const hyperv_snapshot *one = &index->items[i];
    return lima_hyperv_index_at(index, one->file) == one
           && (lima_str_empty(one->tag) || lima_hyperv_index_find(index, one->tag) == one);
}

static bool check_tree(const hyperv_snapshot_index *index, lima_err *err)
{
    for (size_t i = 0; i < index->len; i++)
        if (!is_unique(index, i) || !reaches_base(index, index->items[i].file))
            return lima_err_set(err, LIMA_CODE_DATA_LOSS,
                                "snapshots[%zu] is there twice, or its parents lead nowhere", i);
    const hyperv_snapshot *resumed = lima_hyperv_index_at(index, index->resume);
    if (!reaches_base(index, index->current)
        || (*index->resume && (!resumed || resumed->kind != HYPERV_SNAPSHOT_LIVE)))
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "current or resume names no snapshot that could be it");
    return true;
}

static bool check_pending(const hyperv_snapshot_index *index, lima_err *err)
{
    const hyperv_snapshot *concerned = lima_hyperv_index_at(index, index->op_file);
    bool ok = true;

    if (index->op == HYPERV_OP_CREATE)
        ok = !lima_str_empty(index->made.tag) && !lima_hyperv_index_at(index, index->made.file)
             && !lima_hyperv_index_find(index, index->made.tag)
             && lima_str_eq(index->made.parent, index->current) && index->len < HYPERV_SNAPSHOTS_MAX;
    else if (index->op == HYPERV_OP_APPLY)
        ok = concerned && lima_str_eq(index->current, concerned->file) && index->forward;
    else if (index->op == HYPERV_OP_REMOVE)
        ok = concerned && lima_hyperv_index_children(index, concerned->file) == 1 && index->forward
             && !lima_str_eq(index->resume, concerned->file);
    return ok || lima_err_set(err, LIMA_CODE_DATA_LOSS, "pending is not possible here");
}

static bool read_all(const lima_json *json, hyperv_snapshot_index *ret, lima_err *err)
{
    int64_t form = lima_json_int(json, 0, "form");

    if (form > FORM)
        return lima_err_set(err, LIMA_CODE_UNIMPLEMENTED, "form %lld is of a newer driver; update this one",
                            (long long)form);
    if (form != FORM)
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "form is missing");
    ret->folder = lima_mem_strdup(lima_json_str(json, "", "folder"));
    ret->current = lima_mem_strdup(lima_json_str(json, "", "current"));
    ret->resume = lima_mem_strdup(lima_json_str(json, "", "resume"));
    return read_snapshots(json, ret, err) && read_pending(json, ret, err) && check_tree(ret, err)
           && check_pending(ret, err);
}

bool lima_hyperv_index_parse(const char *text, size_t len, hyperv_snapshot_index *ret, lima_err *err)
{
    lima_json *json = NULL;
    lima_err cause = {0};
    hyperv_snapshot_index made = {0};
    bool ok = lima_json_parse(text, len, &json, &cause);

    if (!ok)
        lima_err_set(err, LIMA_CODE_DATA_LOSS, "%s", cause.text);
    ok = ok && read_all(json, &made, err);
    lima_json_free(json);
    if (!ok) {
        lima_hyperv_index_free(&made);
        return lima_err_wrap(err, "list of snapshots '%s'", HYPERV_INDEX_FILE);
    }
    *ret = made;
    return true;
}
