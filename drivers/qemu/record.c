/* Process ids are written as text: a start time has 64 bits, more than a JSON number carries exactly in
 * every reader. */
#include "qemu/record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "os/file.h"

enum { RECORD_VERSION = 1 };

static void set_id(lima_json *doc, lima_process_id id, const char *prefix)
{
    char *start = lima_mem_printf("%" PRIu64, id.start);

    lima_json_set_int(doc, id.pid, "%s.pid", prefix);
    lima_json_set_str(doc, start, "%s.start", prefix);
    free(start);
}

static bool get_id(const lima_json *doc, const char *prefix, lima_process_id *ret)
{
    int64_t pid = lima_json_int(doc, 0, "%s.pid", prefix);

    if (pid <= 0 || pid > UINT32_MAX
        || !lima_parse_u64(lima_json_str(doc, "", "%s.start", prefix), &ret->start, NULL))
        return false;
    ret->pid = (uint32_t)pid;
    return true;
}

static void set_helpers(lima_json *doc, const qemu_helpers *helpers)
{
    for (size_t i = 0; i < helpers->len; i++) {
        char *prefix = lima_mem_printf("helpers[%zu]", i);
        lima_json_set_str(doc, helpers->items[i].name, "%s.name", prefix);
        lima_json_set_str(doc, helpers->items[i].log, "%s.log", prefix);
        set_id(doc, helpers->items[i].id, prefix);
        free(prefix);
    }
}

static bool get_helpers(const lima_json *doc, qemu_helpers *ret)
{
    size_t count = lima_json_count(doc, "helpers");

    for (size_t i = 0; i < count && i < QEMU_HELPERS_MAX; i++) {
        lima_process_id id;
        char *prefix = lima_mem_printf("helpers[%zu]", i);
        bool ok = get_id(doc, prefix, &id);
        if (ok)
            lima_qemu_helpers_add(ret, lima_json_str(doc, "", "%s.name", prefix),
                                  lima_json_str(doc, "", "%s.log", prefix), id);
        free(prefix);
        if (!ok)
            return false;
    }
    return true;
}

bool lima_qemu_record_write(const lima_instance *inst, const qemu_record *record, lima_err *err)
{
    char *real = NULL;

    if (!lima_file_real_path(inst->dir, &real, err))
        return false;
    lima_json *doc = lima_json_new_object();
    lima_json_set_int(doc, RECORD_VERSION, "version");
    lima_json_set_str(doc, real, "dir");
    if (record->vm.pid)
        set_id(doc, record->vm, "vm");
    set_helpers(doc, &record->helpers);
    for (size_t i = 0; i < record->disk_locks.len; i++)
        lima_json_set_str(doc, record->disk_locks.items[i], "diskLocks[%zu]", i);
    if (record->endpoint)
        lima_json_set_str(doc, record->endpoint, "endpoint");
    lima_json_set_str(doc, record->ssh_address ? record->ssh_address : "", "sshAddress");
    lima_json_set_int(doc, record->ssh_port, "sshPort");
    char *text = lima_json_print(doc);
    char *path = lima_instance_path(inst, QEMU_RECORD_FILE);
    bool ok = lima_file_write(path, text, strlen(text), LIMA_FILE_PRIVATE, err);
    free(path);
    free(text);
    lima_json_free(doc);
    free(real);
    return ok;
}

static bool parse(const lima_json *doc, qemu_record *ret)
{
    int64_t port = lima_json_int(doc, 0, "sshPort");

    bool started = lima_json_get_kind(doc, "vm") != LIMA_JSON_ABSENT;

    if (lima_json_int(doc, 0, "version") != RECORD_VERSION || (started && !get_id(doc, "vm", &ret->vm))
        || !get_helpers(doc, &ret->helpers) || port < 0 || port > UINT16_MAX)
        return false;
    for (size_t i = 0; i < lima_json_count(doc, "diskLocks"); i++)
        lima_strv_add(&ret->disk_locks, lima_json_str(doc, "", "diskLocks[%zu]", i));
    ret->endpoint = lima_mem_strdup(lima_json_str(doc, NULL, "endpoint"));
    ret->ssh_address = lima_mem_strdup(lima_json_str(doc, "", "sshAddress"));
    ret->ssh_port = (uint16_t)port;
    return true;
}

static bool is_of(const lima_json *doc, const lima_instance *inst)
{
    char *real = NULL;
    bool same =
        lima_file_real_path(inst->dir, &real, NULL) && lima_str_eq(real, lima_json_str(doc, "", "dir"));

    free(real);
    return same;
}

static bool read_text(const lima_instance *inst, const lima_buf *text, const char *path, qemu_record *ret,
                      lima_err *err)
{
    lima_json *doc = NULL;
    qemu_record record = {0};
    bool ok = false;

    if (!lima_json_parse(lima_buf_str(text), text->len, &doc, NULL))
        lima_err_set(err, LIMA_CODE_DATA_LOSS, "'%s': damaged record of the running VM", path);
    else if (!is_of(doc, inst))
        lima_err_set(err, LIMA_CODE_NOT_FOUND, "'%s': belongs to another instance", path);
    else if (!parse(doc, &record))
        lima_err_set(err, LIMA_CODE_DATA_LOSS, "'%s': damaged record of the running VM", path);
    else
        ok = true;
    lima_json_free(doc);
    if (ok)
        *ret = record;
    else
        lima_qemu_record_free(&record);
    return ok;
}

bool lima_qemu_record_read(const lima_instance *inst, qemu_record *ret, lima_err *err)
{
    lima_buf text = LIMA_BUF(QEMU_RECORD_BYTES_MAX);
    char *path = lima_instance_path(inst, QEMU_RECORD_FILE);
    bool ok = lima_file_read(path, &text, err) && read_text(inst, &text, path, ret, err);

    free(path);
    lima_buf_free(&text);
    return ok;
}

bool lima_qemu_record_remove(const lima_instance *inst, lima_err *err)
{
    char *path = lima_instance_path(inst, QEMU_RECORD_FILE);
    bool ok = lima_file_remove(path, err);

    free(path);
    return ok;
}

void lima_qemu_record_free(qemu_record *record)
{
    lima_qemu_helpers_free(&record->helpers);
    lima_strv_free(&record->disk_locks);
    free(record->endpoint);
    free(record->ssh_address);
    *record = (qemu_record){0};
}
