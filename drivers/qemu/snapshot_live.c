/* How it works: QEMU is asked for its disks (query-block), which tells their snapshots too; everything that
 * would be refused is refused before QEMU is told to do anything, because a failing load leaves the guest
 * stopped. Then one of QEMU's snapshot jobs is run and looked at until it is concluded; its error is ours.
 * While a job moves memory QEMU answers nobody, hence the one long deadline.
 *
 * All writable disks take part, as with QEMU's own savevm: memory and disks of one moment belong together.
 * Deliberately not here: QEMU before 6.0, whose monitor commands report errors as text for humans. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "os/clock.h"
#include "os/process.h"
#include "qemu/snapshot.h"
#include "qemu/snapshot_json.h"

enum { FIRST_POLL_MS = 20, LAST_POLL_MS = 500 };

/* ---- disks ---- */

static bool is_writable(const lima_json *blocks, size_t i)
{
    return lima_json_get_kind(blocks, "[%zu].inserted", i) == LIMA_JSON_OBJECT
           && !lima_json_bool(blocks, false, "[%zu].inserted.ro", i);
}

/* Index of `tag` among the disk's snapshots, or -1. */
static int64_t find_tag(const lima_json *blocks, size_t i, const char *tag)
{
    size_t count = lima_json_count(blocks, "[%zu].inserted.image.snapshots", i);

    for (size_t k = 0; k < count; k++)
        if (lima_str_eq(lima_json_str(blocks, "", "[%zu].inserted.image.snapshots[%zu].name", i, k), tag))
            return (int64_t)k;
    return -1;
}

static bool check_disk(const lima_json *blocks, size_t i, lima_err *err)
{
    const char *format = lima_json_str(blocks, "?", "[%zu].inserted.drv", i);

    return lima_str_eq(format, "qcow2")
           || lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                           "disk '%s' has format '%s', which cannot hold snapshots; only qcow2 can",
                           lima_json_str(blocks, "?", "[%zu].inserted.file", i), format);
}

static bool ask_disks(qemu_qmp *qmp, lima_json **ret, lima_err *err)
{
    lima_json *blocks = NULL;
    size_t writable = 0;

    if (!lima_qemu_qmp_call(qmp, "query-block", NULL, lima_clock_in(QEMU_QMP_CALL_MS), NULL, &blocks, err))
        return false;
    for (size_t i = 0; i < lima_json_count(blocks, "%s", ""); i++)
        writable += is_writable(blocks, i);
    if (writable == 0) {
        lima_json_free(blocks);
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                            "the VM has no disk that could hold snapshots");
    }
    *ret = blocks;
    return true;
}

/* ---- jobs ---- */

/* True when the job has concluded; its error, "" for none, goes to *ret_error (owned). */
static bool look_at_job(const lima_json *jobs, const char *id, char **ret_error)
{
    for (size_t i = 0; i < lima_json_count(jobs, "%s", ""); i++) {
        if (!lima_str_eq(lima_json_str(jobs, "", "[%zu].id", i), id))
            continue;
        if (!lima_str_eq(lima_json_str(jobs, "", "[%zu].status", i), "concluded"))
            return false;
        *ret_error = lima_mem_strdup(lima_json_str(jobs, "", "[%zu].error", i));
        return true;
    }
    *ret_error = lima_mem_strdup("QEMU lost the job");
    return true;
}

static bool await_job(qemu_qmp *qmp, const char *id, lima_deadline deadline, char **ret_error, lima_err *err)
{
    for (uint64_t pause = FIRST_POLL_MS;; pause = pause * 2 < LAST_POLL_MS ? pause * 2 : LAST_POLL_MS) {
        lima_json *jobs = NULL;
        if (!lima_qemu_qmp_call(qmp, "query-jobs", NULL, deadline, NULL, &jobs, err))
            return false;
        bool done = look_at_job(jobs, id, ret_error);
        lima_json_free(jobs);
        if (done)
            return true;
        lima_wake_wait(NULL, lima_clock_in(pause));
        if (lima_clock_now() >= deadline)
            return lima_err_set(err, LIMA_CODE_DEADLINE_EXCEEDED, "QEMU's job takes too long");
    }
}

static void dismiss(qemu_qmp *qmp, const char *id, lima_deadline deadline)
{
    lima_json *arguments = lima_json_new_object();

    lima_json_set_str(arguments, id, "id");
    lima_qemu_qmp_call(qmp, "job-dismiss", arguments, deadline, NULL, NULL, NULL);
    lima_json_free(arguments);
}

/* An id that no job of an earlier driver process has. */
static char *new_job_id(void)
{
    lima_process_id self = {0};

    lima_process_find(0, &self);
    return lima_mem_printf("lima-%" PRIu32 "-%" PRIu64, self.pid, lima_clock_now());
}

/* With a shared folder mounted in the guest, part of its state lies outside of QEMU. */
static const char *hint_of(const char *error)
{
    return strstr(error, "VirtFS") || strstr(error, "vhost-user-fs")
               ? " (folders shared by 9p or virtiofs prevent it: stop the instance first, or set mountType "
                 "to "
                 "reverse-sshfs)"
               : "";
}

static bool run_job(qemu_qmp *qmp, const char *command, lima_json *arguments, lima_err *err)
{
    lima_deadline deadline = lima_clock_in(QEMU_SNAPSHOT_MS);
    lima_err failure = {0};
    char *id = new_job_id();
    char *error = NULL;

    lima_json_set_str(arguments, id, "job-id");
    bool started = lima_qemu_qmp_call(qmp, command, arguments, deadline, NULL, NULL, &failure);
    bool ok = started && await_job(qmp, id, deadline, &error, &failure);
    if (started)
        dismiss(qmp, id, deadline);
    if (ok && error && *error)
        ok = lima_err_set(&failure, LIMA_CODE_UNKNOWN, "QEMU: %s%s", error, hint_of(error));
    if (!ok && failure.code == LIMA_CODE_UNIMPLEMENTED)
        lima_err_set(
            &failure, LIMA_CODE_UNIMPLEMENTED,
            "this QEMU is too old for snapshots of a running VM (6.0 is needed); stop the instance first");
    if (!ok)
        lima_err_set(err, failure.code, "%s", failure.text);
    free(error);
    free(id);
    return ok;
}

/* ---- create ---- */

static bool plan_create(const lima_json *blocks, const char *tag, lima_json *arguments, lima_err *err)
{
    size_t used = 0;

    for (size_t i = 0; i < lima_json_count(blocks, "%s", ""); i++) {
        if (!is_writable(blocks, i))
            continue;
        if (!check_disk(blocks, i, err))
            return false;
        if (find_tag(blocks, i, tag) >= 0)
            return lima_err_set(
                err, LIMA_CODE_ALREADY_EXISTS,
                "there is a snapshot of this name already; delete it first, or take another name");
        const char *node = lima_json_str(blocks, "", "[%zu].inserted.node-name", i);
        if (used == 0)
            lima_json_set_str(arguments, node, "vmstate");
        lima_json_set_str(arguments, node, "devices[%zu]", used++);
    }
    return true;
}

/* ---- apply, remove ---- */

/* Every writable disk must have the snapshot, and one of them the memory. */
static bool plan_apply(const lima_json *blocks, const char *tag, lima_json *arguments, lima_err *err)
{
    size_t used = 0;

    for (size_t i = 0; i < lima_json_count(blocks, "%s", ""); i++) {
        int64_t at = is_writable(blocks, i) ? find_tag(blocks, i, tag) : -1;
        if (!is_writable(blocks, i))
            continue;
        if (at < 0)
            return lima_err_set(err, LIMA_CODE_NOT_FOUND,
                                "there is no snapshot of this name on disk '%s' (`limactl snapshot list` "
                                "shows those there are)",
                                lima_json_str(blocks, "?", "[%zu].inserted.file", i));
        const char *node = lima_json_str(blocks, "", "[%zu].inserted.node-name", i);
        if (lima_json_int(blocks, 0, "[%zu].inserted.image.snapshots[%zu].vm-state-size", i, (size_t)at) > 0)
            lima_json_set_str(arguments, node, "vmstate");
        lima_json_set_str(arguments, node, "devices[%zu]", used++);
    }
    return lima_json_get_kind(arguments, "vmstate") == LIMA_JSON_STRING
           || lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                           "it was made of a stopped VM and holds no memory; stop the instance to apply it");
}

static bool plan_remove(const lima_json *blocks, const char *tag, lima_json *arguments, lima_err *err)
{
    size_t used = 0;

    for (size_t i = 0; i < lima_json_count(blocks, "%s", ""); i++)
        if (is_writable(blocks, i) && find_tag(blocks, i, tag) >= 0)
            lima_json_set_str(arguments, lima_json_str(blocks, "", "[%zu].inserted.node-name", i),
                              "devices[%zu]", used++);
    return used > 0
           || lima_err_set(
               err, LIMA_CODE_NOT_FOUND,
               "there is no snapshot of this name (`limactl snapshot list` shows those there are)");
}

typedef bool plan_job(const lima_json *blocks, const char *tag, lima_json *arguments, lima_err *err);

static bool act(qemu_qmp *qmp, const char *command, plan_job *plan, const char *tag, lima_err *err)
{
    lima_json *blocks = NULL;

    if (!ask_disks(qmp, &blocks, err))
        return false;
    lima_json *arguments = lima_json_new_object();
    lima_json_set_str(arguments, tag, "tag");
    bool ok = plan(blocks, tag, arguments, err) && run_job(qmp, command, arguments, err);
    lima_json_free(arguments);
    lima_json_free(blocks);
    return ok;
}

bool lima_qemu_live_create(qemu_qmp *qmp, const char *tag, lima_err *err)
{
    return act(qmp, "snapshot-save", plan_create, tag, err);
}

bool lima_qemu_live_remove(qemu_qmp *qmp, const char *tag, lima_err *err)
{
    return act(qmp, "snapshot-delete", plan_remove, tag, err);
}

static bool guest_runs(qemu_qmp *qmp)
{
    lima_json *status = NULL;
    bool runs =
        lima_qemu_qmp_call(qmp, "query-status", NULL, lima_clock_in(QEMU_QMP_CALL_MS), NULL, &status, NULL)
        && lima_json_bool(status, false, "running");

    lima_json_free(status);
    return runs;
}

bool lima_qemu_live_apply(qemu_qmp *qmp, const char *tag, lima_err *err)
{
    lima_err failure = {0};

    if (act(qmp, "snapshot-load", plan_apply, tag, &failure))
        return true;
    bool tried = failure.code == LIMA_CODE_UNKNOWN;
    return lima_err_set(
        err, failure.code, "%s%s", failure.text,
        tried && !guest_runs(qmp)
            ? " (the guest is halted, because memory and disk may not belong together now: stop the "
              "instance with `limactl stop -f`, apply again, start)"
            : "");
}

/* ---- list ---- */

static bool on_all_disks(const lima_json *blocks, const char *tag)
{
    for (size_t i = 0; i < lima_json_count(blocks, "%s", ""); i++)
        if (is_writable(blocks, i) && find_tag(blocks, i, tag) < 0)
            return false;
    return true;
}

/* Those of the first writable disk that all others have too. */
static bool list_disks(const lima_json *blocks, lima_snapshot_list *ret, lima_err *err)
{
    lima_snapshot_list all = {0}, common = {0};
    size_t first = 0;

    while (!is_writable(blocks, first))
        first++;
    lima_json *image = lima_json_get_copy(blocks, "[%zu].inserted.image", first);
    bool ok = lima_qemu_snapshots_from_json(image, &all, err);
    for (size_t i = 0; i < all.len; i++)
        if (on_all_disks(blocks, all.items[i].tag))
            lima_snapshot_list_add(&common, &all.items[i]);
    lima_snapshot_list_free(&all);
    lima_json_free(image);
    if (ok)
        *ret = common;
    return ok;
}

bool lima_qemu_live_list(qemu_qmp *qmp, lima_snapshot_list *ret, lima_err *err)
{
    lima_json *blocks = NULL;
    bool ok = ask_disks(qmp, &blocks, err) && list_disks(blocks, ret, err);

    lima_json_free(blocks);
    return ok;
}
