#include "folder_model.h"

#include "hyperv_test.h"

static model_file *find(const model *m, const char *name)
{
    for (size_t i = 0; i < MODEL_FILES; i++)
        if (*name && strcmp(m->files[i].name, name) == 0)
            return (model_file *)&m->files[i];
    return NULL;
}

static model_file *need(const model *m, const char *name)
{
    model_file *file = find(m, name);
    if (!file)
        fail_msg("file %s is not there", name);
    return file;
}

static void drop(model *m, const char *name)
{
    model_file *file = find(m, name);
    if (file) {
        free(file->text);
        *file = (model_file){0};
    }
}

static model_file *make(model *m, const char *name)
{
    drop(m, name);
    for (size_t i = 0; i < MODEL_FILES; i++)
        if (!m->files[i].name[0]) {
            snprintf(m->files[i].name, sizeof m->files[i].name, "%s", name);
            return &m->files[i];
        }
    fail_msg("too many files");
    return NULL;
}

static void put(model *m, const char *name, const char *content)
{
    snprintf(make(m, name)->blocks, MODEL_BLOCKS + 1, "%s", content);
}

void model_init(model *m)
{
    *m = (model){0};
    put(m, HYPERV_DISK_FILE, "--------");
    put(m, HYPERV_DOCUMENT_FILE, "document");
    model_set_state(m, "v0");
}

void model_free(model *m)
{
    for (size_t i = 0; i < MODEL_FILES; i++)
        free(m->files[i].text);
    *m = (model){0};
}

void model_copy(const model *from, model *to)
{
    *to = *from;
    for (size_t i = 0; i < MODEL_FILES; i++)
        to->files[i].text = lima_mem_strdup(from->files[i].text);
}

void model_write(model *m, size_t block, char value)
{
    need(m, HYPERV_DISK_FILE)->blocks[block] = value;
}

void model_set_state(model *m, const char *content)
{
    put(m, HYPERV_GUEST_STATE_FILE, content);
}

/* A disk's content through its parents. */
static void resolve(const model *m, const char *name, char ret[MODEL_BLOCKS + 1])
{
    memset(ret, '.', MODEL_BLOCKS);
    ret[MODEL_BLOCKS] = '\0';
    for (unsigned depth = 0; *name; depth++) {
        const model_file *file = need(m, name);
        if (depth > MODEL_FILES)
            fail_msg("disk %s is its own parent", name);
        if (*file->parent && file->parent_id != need(m, file->parent)->id)
            fail_msg("disk %s does not know its parent again", name);
        for (size_t i = 0; i < MODEL_BLOCKS; i++)
            if (ret[i] == '.')
                ret[i] = file->blocks[i];
        name = file->parent;
    }
}

static void rename_over(model *m, const char *from, const char *to)
{
    model_file *file = need(m, from);
    drop(m, to);
    snprintf(file->name, sizeof file->name, "%s", to);
}

static void adopt(model_file *child, const model_file *parent)
{
    snprintf(child->parent, sizeof child->parent, "%s", parent->name);
    child->parent_id = parent->id;
}

/* A merge writes block by block; broken off, the first half is there. */
static void merge(model *m, const hyperv_step *step, bool half)
{
    model_file *child = need(m, step->from);
    model_file *parent = find(m, step->to);
    if (!parent)
        return;
    assert_string_equal(child->parent, step->to);
    adopt(child, parent); /* as the contract says of a merge that was broken off */
    parent->id = ++m->ids;
    for (size_t i = 0; i < (half ? MODEL_BLOCKS / 2 : MODEL_BLOCKS); i++)
        if (child->blocks[i] != '.')
            parent->blocks[i] = child->blocks[i];
}

static void make_child(model *m, const hyperv_step *step, bool half)
{
    need(m, step->from);
    model_file *made = make(m, step->to);
    snprintf(made->blocks, sizeof made->blocks, "%s", half ? "!!" : "........");
    made->id = ++m->ids;
    if (!half)
        adopt(made, need(m, step->from));
}

static void start(model *m)
{
    hyperv_snapshot_index index = {0};
    model_index(m, &index);
    char *state = lima_hyperv_snapshot_name(index.resume, "vmrs");
    char *document = lima_hyperv_snapshot_name(index.resume, "json");
    assert_int_equal(m->vm, VM_NONE);
    assert_string_equal(need(m, document)->blocks, "document");
    snprintf(m->memory, sizeof m->memory, "%s", need(m, state)->blocks);
    m->vm = VM_RUNNING;
    free(document);
    free(state);
    lima_hyperv_index_free(&index);
}

static void pause_vm(model *m)
{
    assert_int_equal(m->vm, VM_RUNNING);
    m->vm = VM_PAUSED;
}

static void save_vm(model *m, const char *file, bool half)
{
    assert_int_equal(m->vm, VM_PAUSED);
    put(m, file, half ? "half" : m->memory);
}

static void write_index(model *m, const char *text)
{
    char *copy = lima_mem_strdup(text); /* may be that of the file */
    make(m, HYPERV_INDEX_FILE)->text = copy;
}

/* Files of a VM that exists are not touched, but those that do not belong to it yet. */
static void check_no_vm(const model *m, const hyperv_step *step)
{
    static const char *const own[] = {HYPERV_DISK_FILE, HYPERV_GUEST_STATE_FILE};
    bool moves = step->kind >= HYPERV_STEP_MOVE && step->kind <= HYPERV_STEP_PARENT;
    for (size_t i = 0; i < 2 && moves && m->vm != VM_NONE; i++)
        if ((lima_str_eq(step->to, own[i]) && (!step->from || find(m, step->from)))
            || lima_str_eq(step->from, own[i]))
            fail_msg("step %d touches %s while the VM exists", (int)step->kind, own[i]);
}

/* Steps that happen in one instant are not done at all when they are broken off. */
static bool is_instant(hyperv_step_kind kind)
{
    return kind != HYPERV_STEP_CHILD && kind != HYPERV_STEP_MERGE && kind != HYPERV_STEP_VM_SAVE;
}

static void run_step(model *m, const hyperv_step *step, bool half)
{
    check_no_vm(m, step);
    if (half && is_instant(step->kind))
        return;
    switch (step->kind) {
    case HYPERV_STEP_INDEX:
        write_index(m, step->text);
        break;
    case HYPERV_STEP_COPY:
        if (find(m, step->from))
            put(m, step->to, need(m, step->from)->blocks);
        break;
    case HYPERV_STEP_MOVE:
        if (!find(m, step->to))
            rename_over(m, step->from, step->to);
        break;
    case HYPERV_STEP_REPLACE:
        if (find(m, step->from))
            rename_over(m, step->from, step->to);
        break;
    case HYPERV_STEP_REMOVE:
        drop(m, step->to);
        break;
    case HYPERV_STEP_CHILD:
        make_child(m, step, half);
        break;
    case HYPERV_STEP_MERGE:
        merge(m, step, half);
        break;
    case HYPERV_STEP_PARENT:
        adopt(need(m, step->to), need(m, step->from));
        break;
    case HYPERV_STEP_VM_PAUSE:
        pause_vm(m);
        break;
    case HYPERV_STEP_VM_SAVE:
        save_vm(m, step->to, half);
        break;
    case HYPERV_STEP_VM_END:
        m->vm = VM_NONE;
        break;
    case HYPERV_STEP_VM_RESUME:
        m->vm = m->vm == VM_PAUSED ? VM_RUNNING : m->vm;
        break;
    case HYPERV_STEP_VM_START:
        start(m);
        break;
    }
}

void model_run(model *m, const hyperv_plan *plan, size_t at, model_break how)
{
    for (size_t i = 0; i < plan->len; i++) {
        if (i == at && how == BREAK_BEFORE)
            return;
        run_step(m, &plan->items[i], i == at && how == BREAK_IN);
        if (i == at)
            return;
    }
}

void model_index(const model *m, hyperv_snapshot_index *ret)
{
    const model_file *file = find(m, HYPERV_INDEX_FILE);
    *ret = (hyperv_snapshot_index){0};
    if (file)
        assert_ok(lima_hyperv_index_parse(file->text, strlen(file->text), ret, &err));
}

static void clear_leftovers(model *m)
{
    hyperv_snapshot_index index = {0};
    lima_strv names = {0}, leftovers = {0};
    model_index(m, &index);
    for (size_t i = 0; i < MODEL_FILES; i++)
        if (m->files[i].name[0])
            lima_strv_add(&names, m->files[i].name);
    lima_hyperv_snapshot_leftovers(&index, &names, &leftovers);
    for (size_t i = 0; i < leftovers.len; i++)
        drop(m, leftovers.items[i]);
    lima_strv_free(&leftovers);
    lima_strv_free(&names);
    lima_hyperv_index_free(&index);
}

/* A recovery that is broken off at each of its steps in turn, then one that is not. */
void model_recover(model *m)
{
    for (size_t at = 0;; at++) {
        hyperv_snapshot_index index = {0};
        hyperv_plan plan = {0};
        model_index(m, &index);
        bool pending = lima_hyperv_snapshot_recover(&index, &plan);
        assert_int_equal(pending, plan.len > 0);
        size_t len = plan.len;
        model_run(m, &plan, at / 2, at % 2 ? BREAK_AFTER : BREAK_IN);
        lima_hyperv_plan_free(&plan);
        lima_hyperv_index_free(&index);
        if (!pending)
            break;
        if (at / 2 > len)
            fail_msg("recovery does not end");
    }
    clear_leftovers(m);
}

static void see_machine(const model *m, const hyperv_snapshot_index *index, lima_buf *into)
{
    if (m->vm != VM_NONE) {
        lima_buf_addf(into, "machine %s %s\n", m->vm == VM_PAUSED ? "paused" : "on", m->memory);
    } else if (index->resume && *index->resume) {
        char *state = lima_hyperv_snapshot_name(index->resume, "vmrs");
        lima_buf_addf(into, "machine on %s\n", need(m, state)->blocks);
        free(state);
    } else {
        lima_buf_add_str(into, "machine off\n");
    }
}

static void see_snapshot(const model *m, const hyperv_snapshot *one, lima_buf *into)
{
    static const char *const ends[] = {"vmgs", "vmrs", "json"};
    char content[MODEL_BLOCKS + 1];
    char *disk = lima_hyperv_snapshot_name(one->file, "vhdx");
    resolve(m, disk, content);
    lima_buf_addf(into, "%s %d %s", one->tag, (int)one->kind, content);
    for (size_t i = 0; i < 3; i++) {
        char *name = lima_hyperv_snapshot_name(one->file, ends[i]);
        const model_file *file = find(m, name);
        lima_buf_addf(into, " %s", file ? file->blocks : "-");
        free(name);
    }
    lima_buf_add_str(into, "\n");
    free(disk);
}

char *model_seen(const model *m)
{
    hyperv_snapshot_index index = {0};
    lima_buf seen = LIMA_BUF(1 << 16);
    char content[MODEL_BLOCKS + 1];
    model_index(m, &index);
    for (size_t i = 0; i < index.len; i++)
        if (*index.items[i].tag)
            see_snapshot(m, &index.items[i], &seen);
    resolve(m, HYPERV_DISK_FILE, content);
    const model_file *state = find(m, HYPERV_GUEST_STATE_FILE);
    lima_buf_addf(&seen, "disk %s state %s\n", content, state ? state->blocks : "-");
    see_machine(m, &index, &seen);
    lima_hyperv_index_free(&index);
    return lima_buf_take(&seen);
}

/* The chain of the index is that of the disks. */
static void check_parent(const model *m, const char *disk, const char *parent_file)
{
    char *parent = *parent_file ? lima_hyperv_snapshot_name(parent_file, "vhdx") : lima_mem_strdup("");
    assert_string_equal(need(m, disk)->parent, parent);
    free(parent);
}

void model_check(const model *m)
{
    hyperv_snapshot_index index = {0};
    model_index(m, &index);
    assert_int_equal(index.op, HYPERV_OP_NONE);
    check_parent(m, HYPERV_DISK_FILE, index.current ? index.current : "");
    size_t disks = 1;
    for (size_t i = 0; i < index.len; i++) {
        char *disk = lima_hyperv_snapshot_name(index.items[i].file, "vhdx");
        check_parent(m, disk, index.items[i].parent);
        free(disk);
        disks++;
    }
    for (size_t i = 0; i < MODEL_FILES; i++)
        if (lima_str_has_suffix(m->files[i].name, ".vhdx"))
            disks--;
    assert_int_equal(disks, 0);
    lima_hyperv_index_free(&index);
}
