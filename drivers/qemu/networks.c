/* Networks by name are daemons of limactl (user-v2) that speak length-prefixed frames on a stream socket, as
 * QEMU's "stream" back end and its older "socket" one do; "socket:" entries name such a socket directly.
 * Connecting is the caller's or QEMU's work. */
#include "qemu/networks.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "data/yaml.h"
#include "os/file.h"
#include "driver/identity.h"

enum { FIRST_FD = 3, NETWORKS_YAML_MAX = 1024 * 1024 };

bool lima_qemu_user_v2_names(const char *yaml, size_t len, lima_strv *ret, lima_err *err)
{
    if (len == 0) {
        lima_strv_add(ret, "user-v2");
        return true;
    }
    lima_json *doc = NULL;
    if (!lima_yaml_parse(yaml, len, &doc, err))
        return false;
    lima_strv names = {0};
    lima_json_keys(doc, &names, "networks");
    for (size_t i = 0; i < names.len; i++)
        if (lima_str_eq(lima_json_str(doc, "", "networks.\"%s\".mode", names.items[i]), "user-v2"))
            lima_strv_add(ret, names.items[i]);
    lima_strv_free(&names);
    lima_json_free(doc);
    return true;
}

static char *lima_home(const lima_instance *inst)
{
    return lima_path_dir(inst->dir);
}

bool lima_qemu_user_v2_read(const lima_instance *inst, lima_strv *ret, lima_err *err)
{
    lima_buf text = LIMA_BUF(NETWORKS_YAML_MAX);
    lima_err cause = {0};
    char *home = lima_home(inst);
    char *path = lima_path_join(home, "_config/networks.yaml");
    bool ok = lima_file_read(path, &text, &cause) || cause.code == LIMA_CODE_NOT_FOUND;
    ok = ok && lima_qemu_user_v2_names(lima_buf_str(&text), text.len, ret, &cause);
    if (!ok)
        lima_err_set(err, cause.code, "Lima's list of networks '%s': %s", path, cause.text);
    free(path);
    free(home);
    lima_buf_free(&text);
    return ok;
}

char *lima_qemu_network_file(const lima_instance *inst, const char *network, const char *file)
{
    char *home = lima_home(inst);
    char *name = lima_mem_printf("_networks/%s/%s_%s", network, network, file);
    char *path = lima_path_join(home, name);
    free(name);
    free(home);
    return path;
}

static const char *nic_lima(const lima_instance *inst, size_t i)
{
    return lima_json_str(inst->doc, "", "config.networks[%zu].lima", i);
}

/* The index of the first entry that is a user-v2 network; `count` when there is none. */
static size_t first_user_v2(const lima_instance *inst, const lima_strv *user_v2, size_t count)
{
    size_t i = 0;
    while (i < count && !(*nic_lima(inst, i) && lima_strv_has(user_v2, nic_lima(inst, i))))
        i++;
    return i;
}

static bool mac_valid(const char *mac)
{
    size_t len = strlen(mac);
    for (size_t i = 0; i < len; i++)
        if (i % 3 == 2 ? mac[i] != ':' : !strchr("0123456789abcdefABCDEF", mac[i]))
            return false;
    return len == LIMA_MAC_SIZE - 1;
}

/* limactl fills the key; its rule is repeated for callers that do not. */
static bool read_mac(const lima_instance *inst, size_t i, const char *machine_id, char **ret, lima_err *err)
{
    const char *mac = lima_json_str(inst->doc, "", "config.networks[%zu].macAddress", i);
    if (*mac && !mac_valid(mac))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "networks[%zu].macAddress '%.40s' is not an address like 52:55:55:12:34:56", i,
                            mac);
    if (*mac) {
        *ret = lima_mem_strdup(mac);
        return true;
    }
    char made[LIMA_MAC_SIZE];
    char *id = lima_mem_printf("%s/lima.yaml#%zu", inst->dir, i);
    lima_identity_mac(machine_id, id, made);
    free(id);
    *ret = lima_mem_strdup(made);
    return true;
}

static void make_primary(const lima_instance *inst, const char *machine_id, qemu_nic *nic)
{
    char mac[LIMA_MAC_SIZE];
    lima_identity_mac(machine_id, inst->dir, mac);
    nic->mac = lima_mem_strdup(mac);
    nic->ssh_port = inst->ssh_port;
    nic->address = lima_mem_strdup(inst->ssh_address);
}

/* To a user-v2 network or to the socket of the entry. */
static bool connect_nic(const lima_instance *inst, size_t i, const lima_strv *user_v2, bool stream,
                        qemu_nic *nic, lima_err *err)
{
    const char *network = nic_lima(inst, i);
    const char *socket = lima_json_str(inst->doc, "", "config.networks[%zu].socket", i);
    nic->kind = stream ? QEMU_NIC_STREAM : QEMU_NIC_FD;
    if (*network && !lima_strv_has(user_v2, network))
        return lima_err_set(err, LIMA_CODE_UNIMPLEMENTED,
                            "networks[%zu]: network '%.100s' is not of mode user-v2; this driver has only "
                            "those and socket: entries",
                            i, network);
    if (*network) {
        nic->network = lima_mem_strdup(network);
        nic->socket = lima_qemu_network_file(inst, network, "qemu.sock");
        return true;
    }
    if (!*socket)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "networks[%zu] has neither lima nor socket; QEMU needs one of them", i);
    nic->socket = lima_mem_strdup(socket);
    return true;
}

static bool add_nic(const lima_instance *inst, size_t i, const char *machine_id, const lima_strv *user_v2,
                    bool stream, qemu_nics *nics, lima_err *err)
{
    qemu_nic *nic = &nics->items[nics->len++];
    return read_mac(inst, i, machine_id, &nic->mac, err) && connect_nic(inst, i, user_v2, stream, nic, err);
}

static void number_fds(qemu_nics *nics)
{
    int next = FIRST_FD;
    for (size_t i = 0; i < nics->len; i++)
        if (nics->items[i].kind == QEMU_NIC_FD)
            nics->items[i].fd = next++;
}

bool lima_qemu_nics_read(const lima_instance *inst, const char *machine_id, const lima_strv *user_v2,
                         bool stream, qemu_nics *ret, lima_err *err)
{
    size_t count = lima_json_count(inst->doc, "config.networks");
    if (count >= QEMU_NICS_MAX)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "networks has %zu entries; at most %d are possible", count, QEMU_NICS_MAX - 1);
    qemu_nics made = {.items = lima_mem_zalloc(count + 1, sizeof *made.items), .len = 1};
    size_t primary = first_user_v2(inst, user_v2, count);
    make_primary(inst, machine_id, &made.items[0]);
    bool ok = primary == count || connect_nic(inst, primary, user_v2, stream, &made.items[0], err);
    for (size_t i = 0; ok && i < count; i++)
        ok = i == primary || add_nic(inst, i, machine_id, user_v2, stream, &made, err);
    if (!ok) {
        lima_qemu_nics_free(&made);
        return false;
    }
    number_fds(&made);
    *ret = made;
    return true;
}

const char *lima_qemu_nics_ssh_network(const qemu_nics *nics)
{
    return nics->len ? nics->items[0].network : NULL;
}

void lima_qemu_nics_free(qemu_nics *nics)
{
    for (size_t i = 0; i < nics->len; i++) {
        free(nics->items[i].mac);
        free(nics->items[i].socket);
        free(nics->items[i].network);
        free(nics->items[i].address);
    }
    free(nics->items);
    *nics = (qemu_nics){0};
}
