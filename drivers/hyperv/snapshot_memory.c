#include "hyperv/snapshot_memory.h"

#include <inttypes.h>
#include <stdlib.h>

#include "hyperv/document.h"
#include "os/file.h"

static bool read_document(const lima_instance *inst, const char *name, lima_buf *into, lima_err *err)
{
    char *path = lima_instance_path(inst, name);
    bool ok = lima_file_read(path, into, err);

    free(path);
    return ok;
}

/* ---- save ---- */

static bool check_document(const lima_instance *inst, lima_err *err)
{
    lima_buf text = LIMA_BUF(HYPERV_DOCUMENT_MAX);
    bool ok = read_document(inst, HYPERV_DOCUMENT_FILE, &text, err);
    const char *why = ok ? lima_hyperv_document_why_not_saved(lima_buf_str(&text), text.len) : NULL;

    lima_buf_free(&text);
    return ok
           && (!why
               || lima_err_set(
                   err, LIMA_CODE_FAILED_PRECONDITION,
                   "it runs, and its memory cannot be saved: %s; stop it first, then the snapshot is "
                   "one of its disk: limactl stop %s",
                   why, inst->name));
}

/* Memory that has files of such a disk open would go on with what they were. */
bool lima_hyperv_snapshot_check_saveable(const lima_instance *inst, lima_err *err)
{
    uint64_t room = UINT64_MAX;

    if (lima_json_count(inst->doc, "config.additionalDisks"))
        return lima_err_set(
            err, LIMA_CODE_FAILED_PRECONDITION,
            "it runs, and its memory cannot be saved without its additionalDisks, which are no part "
            "of a snapshot; stop it first: limactl stop %s",
            inst->name);
    if (lima_file_free_space(inst->dir, &room, NULL) && room < inst->memory)
        return lima_err_set(err, LIMA_CODE_RESOURCE_EXHAUSTED,
                            "'%s': its memory needs %" PRIu64 " MiB, and %" PRIu64 " MiB are free; make room",
                            inst->dir, inst->memory >> 20, room >> 20);
    return check_document(inst, err);
}

/* ---- go on ---- */

/* The network of the VM that runs is the one there is: of Windows, or in user space. */
static bool check_network(const lima_instance *inst, const hyperv_snapshot *wanted, lima_err *err)
{
    lima_buf now = LIMA_BUF(HYPERV_DOCUMENT_MAX), then = LIMA_BUF(HYPERV_DOCUMENT_MAX);
    char *name = lima_hyperv_snapshot_name(wanted->file, "json");
    bool ok =
        read_document(inst, HYPERV_DOCUMENT_FILE, &now, err) && read_document(inst, name, &then, err)
        && (lima_hyperv_document_same_adapters(&now, &then)
            || lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                            "it runs with another network than when the snapshot was made, and memory goes "
                            "on only with the same; stop it first, then the snapshot's disk is brought "
                            "back: limactl stop %s",
                            inst->name));

    free(name);
    lima_buf_free(&then);
    lima_buf_free(&now);
    return ok;
}

bool lima_hyperv_snapshot_check_goes_on(const lima_instance *inst, const hyperv_snapshot *wanted,
                                        lima_err *err)
{
    if (wanted->kind != HYPERV_SNAPSHOT_LIVE)
        return lima_err_set(
            err, LIMA_CODE_FAILED_PRECONDITION,
            "it runs, and the snapshot has no memory from which it could go on; stop it first: "
            "limactl stop %s",
            inst->name);
    return check_network(inst, wanted, err);
}
