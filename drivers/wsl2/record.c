#include "wsl2/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/guid.h"
#include "data/json.h"
#include "os/file.h"

enum { FILE_MAX = 64 * 1024 };

static lima_json *load(const lima_instance *inst)
{
    lima_buf text = LIMA_BUF(FILE_MAX);
    lima_json *doc = NULL;
    char *path = lima_instance_path(inst, WSL2_RECORD_FILE);

    if (lima_file_read(path, &text, NULL))
        lima_json_parse(lima_buf_str(&text), text.len, &doc, NULL);
    lima_buf_free(&text);
    free(path);
    return doc;
}

static uint64_t number(const lima_json *doc, const char *key, uint64_t max)
{
    int64_t value = lima_json_int(doc, 0, "%s", key);

    return value > 0 && (uint64_t)value <= max ? (uint64_t)value : 0;
}

void lima_wsl2_record_read(const lima_instance *inst, wsl2_record *ret)
{
    lima_json *doc = load(inst);

    *ret = (wsl2_record){.made = lima_json_bool(doc, false, "made"),
                         .user_uid = (uint32_t)number(doc, "userUID", UINT32_MAX),
                         .disk_size = number(doc, "diskSize", INT64_MAX),
                         .ssh_port = (uint16_t)number(doc, "sshPort", UINT16_MAX),
                         .vsock_port = (uint32_t)number(doc, "vsockPort", UINT32_MAX)};
    lima_guid_parse(lima_json_str(doc, "", "guid"), ret->guid);
    lima_guid_parse(lima_json_str(doc, "", "vmID"), ret->vm_id);
    lima_json_free(doc);
}

bool lima_wsl2_record_write(const lima_instance *inst, const wsl2_record *record, lima_err *err)
{
    lima_json *doc = lima_json_new_object();
    char *path = lima_instance_path(inst, WSL2_RECORD_FILE);

    lima_json_set_str(doc, record->guid, "guid");
    lima_json_set_bool(doc, record->made, "made");
    lima_json_set_int(doc, record->user_uid, "userUID");
    lima_json_set_int(doc, (int64_t)record->disk_size, "diskSize");
    lima_json_set_int(doc, record->ssh_port, "sshPort");
    lima_json_set_str(doc, record->vm_id, "vmID");
    lima_json_set_int(doc, record->vsock_port, "vsockPort");
    char *text = lima_json_print(doc);
    bool ok = lima_file_write(path, text, strlen(text), LIMA_FILE_PRIVATE, err);
    free(text);
    free(path);
    lima_json_free(doc);
    return ok;
}
