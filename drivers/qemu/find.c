/* How it works: the record names a process, and the system says whether that still is the same one. Where
 * that does not help, whoever listens at qmp.sock is asked for the VM's name. The pid file alone is never
 * believed. */
#include "qemu/find.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "os/file.h"
#include "qemu/qmp.h"

char *lima_qemu_pid_file(const lima_instance *inst)
{
    char *file = lima_mem_printf("%s.pid", *inst->vm_type ? inst->vm_type : "qemu");
    char *path = lima_instance_path(inst, file);

    free(file);
    return path;
}

/* The process behind the pid file, {0} when there is none. Who it is has to be settled by the caller. */
static lima_process_id process_of_pid_file(const lima_instance *inst)
{
    lima_buf text = LIMA_BUF(32);
    char *path = lima_qemu_pid_file(inst);
    lima_process_id id = {0};
    uint32_t pid;

    if (lima_file_read(path, &text, NULL) && text.len) {
        lima_str_trim(text.data);
        if (lima_parse_u32(text.data, &pid, NULL) && pid && !lima_process_find(pid, &id))
            id = (lima_process_id){0};
    }
    free(path);
    lima_buf_free(&text);
    return id;
}

static bool name_matches(qemu_qmp *qmp, const lima_instance *inst, lima_deadline deadline, lima_err *err)
{
    lima_json *answer = NULL;
    char *name = lima_mem_printf("lima-%s", inst->name);
    bool ok = lima_qemu_qmp_call(qmp, "query-name", NULL, deadline, NULL, &answer, err)
              && (lima_str_eq(lima_json_str(answer, "", "name"), name)
                  || lima_err_set(err, LIMA_CODE_NOT_FOUND, "the VM there is another one, '%s'",
                                  lima_json_str(answer, "", "name")));

    free(name);
    lima_json_free(answer);
    return ok;
}

static void set_unclear(qemu_found *found, const lima_err *why)
{
    found->kind = QEMU_FOUND_UNCLEAR;
    snprintf(found->why, sizeof found->why, "%.250s", why->text);
}

/* Nobody behind the socket, or somebody else: none. Somebody who does not speak, or not with us: unclear. */
static void ask_socket(const lima_instance *inst, lima_deadline deadline, qemu_found *found)
{
    qemu_qmp *qmp = NULL;
    lima_err err = {0};
    char *path = lima_instance_path(inst, "qmp.sock");

    if (lima_qemu_qmp_open(path, deadline, NULL, &qmp, &err) && name_matches(qmp, inst, deadline, &err)) {
        found->kind = QEMU_FOUND_RUNNING;
        found->id = process_of_pid_file(inst);
    } else if (err.code == LIMA_CODE_DEADLINE_EXCEEDED) {
        set_unclear(found, &err);
        found->id = process_of_pid_file(inst);
    } else if (err.code == LIMA_CODE_PERMISSION_DENIED) {
        set_unclear(found, &err);
    }
    lima_qemu_qmp_close(qmp);
    free(path);
}

void lima_qemu_find(const lima_instance *inst, lima_deadline deadline, qemu_found *ret)
{
    qemu_found found = {0};
    lima_process_id now;
    lima_err err = {0};

    if (!lima_qemu_record_read(inst, &found.record, &err) && err.code == LIMA_CODE_PERMISSION_DENIED) {
        set_unclear(&found, &err); /* another user's instance, looked at by this one */
    } else if (found.record.vm.pid && lima_process_find(found.record.vm.pid, &now)
               && now.start == found.record.vm.start) {
        found.kind = QEMU_FOUND_RUNNING;
        found.id = found.record.vm;
    } else {
        ask_socket(inst, deadline, &found);
    }
    *ret = found;
}

void lima_qemu_found_free(qemu_found *found)
{
    lima_qemu_record_free(&found->record);
    *found = (qemu_found){0};
}
