#include "hyperv/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/json.h"
#include "os/file.h"

enum { FILE_MAX = 64 * 1024 };

static void read_doc(const lima_json *doc, hyperv_record *ret)
{
    uint32_t address = 0;

    lima_ipv4_net_parse(lima_json_str(doc, "", "subnet"), &ret->subnet);
    lima_hyperv_network_parse(lima_json_str(doc, "", "network"), &ret->network);
    if (lima_ipv4_parse(lima_json_str(doc, "", "address"), &address))
        lima_ipv4_print(address, ret->address);
    int64_t port = lima_json_int(doc, 0, "sshPort");
    ret->ssh_port = port > 0 && port <= UINT16_MAX ? (uint16_t)port : 0;
}

void lima_hyperv_record_read(const lima_instance *inst, hyperv_record *ret)
{
    lima_buf text = LIMA_BUF(FILE_MAX);
    lima_json *doc = NULL;
    char *path = lima_instance_path(inst, HYPERV_RECORD_FILE);

    *ret = (hyperv_record){0};
    if (lima_file_read(path, &text, NULL) && lima_json_parse(lima_buf_str(&text), text.len, &doc, NULL))
        read_doc(doc, ret);
    lima_json_free(doc);
    lima_buf_free(&text);
    free(path);
}

bool lima_hyperv_is_in_user_space(const lima_instance *inst)
{
    hyperv_record record;

    lima_hyperv_record_read(inst, &record);
    return record.network == HYPERV_NETWORK_HVSOCKET;
}

uint16_t lima_hyperv_ssh_port(const lima_instance *inst)
{
    hyperv_record record;

    if (inst->ssh_port)
        return inst->ssh_port;
    lima_hyperv_record_read(inst, &record);
    return record.ssh_port;
}

bool lima_hyperv_keep_file(const lima_instance *inst, const char *name, const char *text, size_t len,
                           lima_err *err)
{
    lima_buf present = LIMA_BUF(len);
    char *path = lima_instance_path(inst, name);
    bool same = lima_file_read(path, &present, NULL) && present.len == len
                && !memcmp(lima_buf_str(&present), text, len);
    bool ok = same || lima_file_write(path, text, len, LIMA_FILE_PRIVATE, err);

    lima_buf_free(&present);
    free(path);
    return ok;
}

bool lima_hyperv_record_write(const lima_instance *inst, const hyperv_record *record, lima_err *err)
{
    lima_json *doc = lima_json_new_object();
    char address[LIMA_IPV4_SIZE];

    lima_ipv4_print(record->subnet.base, address);
    char *subnet = lima_mem_printf("%s/%u", address, record->subnet.bits);
    lima_json_set_str(doc, subnet, "subnet");
    lima_json_set_str(doc, lima_hyperv_network_name(record->network), "network");
    lima_json_set_str(doc, record->address, "address");
    if (record->ssh_port)
        lima_json_set_int(doc, record->ssh_port, "sshPort");
    char *text = lima_json_print(doc);
    bool ok = lima_hyperv_keep_file(inst, HYPERV_RECORD_FILE, text, strlen(text), err);
    free(text);
    free(subnet);
    lima_json_free(doc);
    return ok;
}
