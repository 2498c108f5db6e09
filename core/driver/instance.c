/* The Instance document and its facts.
 *
 * The document is the truth: facts are read from it, never kept beside it, and nothing is written back but by
 * whoever owns the instance. Known keys are checked for their kind once, here (instance_keys.c), so that a
 * driver may read with defaults and not mistake a wrong type for an absent key. Values of the configuration
 * are not judged: that is validate's task. */
#include "driver/instance.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "data/yaml.h"
#include "driver/instance_keys.h"
#include "os/file.h"

static bool take_number(const lima_json *doc, const char *key, uint64_t max, uint64_t *ret, lima_err *err)
{
    int64_t value = lima_json_int(doc, 0, "%s", key);
    if (value < 0 || (uint64_t)value > max)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "instance key '%s': %lld is out of range, 0 to %llu are allowed", key,
                            (long long)value, (unsigned long long)max);
    *ret = (uint64_t)value;
    return true;
}

static bool take_numbers(lima_instance *inst, lima_err *err)
{
    uint64_t port = 0, cpus = 0, memory = 0, disk = 0, pid = 0;
    if (!take_number(inst->doc, "sshLocalPort", UINT16_MAX, &port, err)
        || !take_number(inst->doc, "cpus", UINT32_MAX, &cpus, err)
        || !take_number(inst->doc, "memory", INT64_MAX, &memory, err)
        || !take_number(inst->doc, "disk", INT64_MAX, &disk, err)
        || !take_number(inst->doc, "hostAgentPID", UINT32_MAX, &pid, err))
        return false;
    inst->ssh_port = (uint16_t)port;
    inst->cpus = cpus ? (uint32_t)cpus : 1;
    inst->memory = memory;
    inst->disk = disk;
    inst->host_agent_pid = (uint32_t)pid;
    return true;
}

static void take_texts(lima_instance *inst)
{
    inst->name = lima_json_str(inst->doc, "", "name");
    inst->dir = lima_json_str(inst->doc, "", "dir");
    inst->vm_type = lima_json_str(inst->doc, "", "vmType");
    inst->arch = lima_json_str(inst->doc, "", "arch");
    inst->guest_os = lima_json_str(inst->doc, "Linux", "config.os");
    inst->ssh_address = lima_json_str(inst->doc, "", "sshAddress");
    if (!*inst->ssh_address)
        inst->ssh_address = "127.0.0.1";
    inst->running = strcmp(lima_json_str(inst->doc, "", "status"), "Running") == 0;
}

bool lima_instance_refresh(lima_instance *inst, lima_err *err)
{
    lima_instance fresh = {.doc = inst->doc};
    if (!lima_instance_check_keys(fresh.doc, err) || !take_numbers(&fresh, err))
        return false;
    take_texts(&fresh);
    if (*fresh.dir && !lima_path_is_absolute(fresh.dir))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "instance key 'dir': '%s' is not an absolute path", fresh.dir);
    *inst = fresh;
    return true;
}

/* Takes `doc` over, also on failure. */
static bool instance_new(lima_json *doc, lima_instance **ret, lima_err *err)
{
    lima_instance *inst = lima_mem_zalloc(1, sizeof *inst);
    inst->doc = doc;
    if (!lima_instance_refresh(inst, err)) {
        lima_instance_free(inst);
        return false;
    }
    *ret = inst;
    return true;
}

bool lima_instance_parse(const char *json, size_t len, lima_instance **ret, lima_err *err)
{
    lima_json *doc = NULL;
    if (!lima_json_parse(json, len, &doc, err))
        return lima_err_wrap(err, "instance document");
    if (lima_json_get_kind(doc, "%s", "") != LIMA_JSON_OBJECT) {
        lima_json_free(doc);
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "instance document: not a JSON object");
    }
    return instance_new(doc, ret, err);
}

static bool set_size(lima_json *doc, const lima_json *config, const char *key, lima_err *err)
{
    const char *text = lima_json_str(config, NULL, "%s", key);
    uint64_t bytes;
    if (!text)
        return true;
    if (!lima_parse_size(text, &bytes, err))
        return lima_err_wrap(err, "configuration key '%s'", key);
    if (bytes > INT64_MAX)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "configuration key '%s': %s is too large", key,
                            text);
    lima_json_set_int(doc, (int64_t)bytes, "%s", key);
    return true;
}

static void set_folder(lima_json *doc, const char *file_path)
{
    char *dir = lima_path_is_absolute(file_path) ? lima_path_dir(file_path) : lima_mem_strdup("");
    char *name = *dir ? lima_path_base(dir) : lima_mem_strdup("");
    lima_json_set_str(doc, name, "name");
    lima_json_set_str(doc, dir, "dir");
    free(name);
    free(dir);
}

bool lima_instance_from_config(const lima_json *config, const char *file_path, lima_instance **ret,
                               lima_err *err)
{
    if (lima_json_get_kind(config, "%s", "") != LIMA_JSON_OBJECT)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "configuration: not a JSON object");
    lima_json *doc = lima_json_new_object();
    lima_json_set_copy(doc, config, "config");
    if (!lima_instance_check_keys(doc, err) || !set_size(doc, config, "memory", err)
        || !set_size(doc, config, "disk", err)) {
        lima_json_free(doc);
        return false;
    }
    set_folder(doc, file_path);
    lima_json_set_str(doc, lima_json_str(config, "", "vmType"), "vmType");
    lima_json_set_str(doc, lima_json_str(config, "", "arch"), "arch");
    lima_json_set_int(doc, lima_json_int(config, 0, "cpus"), "cpus");
    lima_json_set_int(doc, lima_json_int(config, 0, "ssh.localPort"), "sshLocalPort");
    return instance_new(doc, ret, err);
}

lima_instance *lima_instance_copy(const lima_instance *inst)
{
    lima_instance *copy = lima_mem_zalloc(1, sizeof *copy);
    *copy = *inst;
    copy->doc = lima_json_copy(inst->doc);
    take_texts(copy);
    return copy;
}

void lima_instance_free(lima_instance *inst)
{
    if (!inst)
        return;
    lima_json_free(inst->doc);
    free(inst);
}

char *lima_instance_path(const lima_instance *inst, const char *file)
{
    return lima_path_join(inst->dir, file);
}

lima_json *lima_instance_written(const lima_instance *inst)
{
    lima_buf text = LIMA_BUF(LIMA_YAML_BYTES_MAX);
    lima_json *doc = NULL;
    char *path = lima_instance_path(inst, "lima.yaml");

    if (*inst->dir && lima_file_read(path, &text, NULL))
        lima_yaml_parse(lima_buf_str(&text), text.len, &doc, NULL);
    lima_buf_free(&text);
    free(path);
    return doc;
}
