/* WSL falls back to its default for a value it cannot read, with a warning; so does this. */
#include "wsl2/wslconfig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "wsl2/ini.h"
#include "wsl2/output.h"

enum { VM_IDLE_MS = 60000, INSTANCE_IDLE_MS = 15000, PROCESSORS_MAX = 4096 };

typedef struct reading {
    const char *text;
    size_t len;
    wsl2_user_config *ret;
    lima_strv *warnings; /* NULL: not wanted */
} reading;

static void warn(const reading *in, const char *key, size_t number, const char *value)
{
    if (in->warnings)
        lima_strv_addf(in->warnings, ".wslconfig line %zu: %s=%.100s is not understood and counts as not set",
                       number, key, value);
}

/* False: it could not be read. */
typedef bool take_value(wsl2_user_config *config, const char *value);

static void read_key(const reading *in, const char *section, const char *key, take_value *take)
{
    size_t number = 0;
    char *value = lima_wsl2_ini_get(in->text, in->len, section, key, &number);
    if (value && !take(in->ret, value))
        warn(in, key, number, value);
    free(value);
}

static bool take_processors(wsl2_user_config *config, const char *value)
{
    uint32_t count = 0;
    bool ok = lima_parse_u32(value, &count, NULL) && count >= 1 && count <= PROCESSORS_MAX;
    if (ok)
        config->processors = count;
    return ok;
}

static bool take_memory(wsl2_user_config *config, const char *value)
{
    uint64_t bytes = 0;
    bool ok = lima_parse_size(value, &bytes, NULL) && bytes > 0;
    if (ok)
        config->memory = bytes;
    return ok;
}

static bool take_swap(wsl2_user_config *config, const char *value)
{
    config->has_swap = lima_parse_size(value, &config->swap, NULL);
    return config->has_swap;
}

static bool take_network(wsl2_user_config *config, const char *value)
{
    config->network = lima_wsl2_network_parse(value);
    return config->network != WSL2_NETWORK_UNKNOWN;
}

static bool take_forwarding(wsl2_user_config *config, const char *value)
{
    bool on = lima_str_eq_nocase(value, "true") || lima_str_eq(value, "1");
    bool off = lima_str_eq_nocase(value, "false") || lima_str_eq(value, "0");
    config->localhost_forwarding = !off;
    return on || off;
}

static bool take_vm_idle(wsl2_user_config *config, const char *value)
{
    return lima_parse_i64(value, &config->vm_idle_ms, NULL);
}

static bool take_instance_idle(wsl2_user_config *config, const char *value)
{
    return lima_parse_i64(value, &config->instance_idle_ms, NULL);
}

static bool take_kernel(wsl2_user_config *config, const char *value)
{
    size_t len = strlen(value);
    config->has_kernel = len > 0 && len < sizeof config->kernel;
    if (config->has_kernel)
        memcpy(config->kernel, value, len + 1);
    return len < sizeof config->kernel;
}

void lima_wsl2_wslconfig_read(const void *bytes, size_t len, wsl2_user_config *ret, lima_strv *ret_warnings)
{
    char *text = lima_wsl2_output_text(bytes, len);
    reading in = {text, strlen(text), ret, ret_warnings};
    *ret = (wsl2_user_config){.network = WSL2_NETWORK_NAT,
                              .localhost_forwarding = true,
                              .vm_idle_ms = VM_IDLE_MS,
                              .instance_idle_ms = INSTANCE_IDLE_MS};
    read_key(&in, "wsl2", "processors", take_processors);
    read_key(&in, "wsl2", "memory", take_memory);
    read_key(&in, "wsl2", "swap", take_swap);
    read_key(&in, "wsl2", "networkingMode", take_network);
    read_key(&in, "wsl2", "localhostForwarding", take_forwarding);
    read_key(&in, "wsl2", "vmIdleTimeout", take_vm_idle);
    read_key(&in, "general", "instanceIdleTimeout", take_instance_idle);
    read_key(&in, "wsl2", "kernel", take_kernel);
    free(text);
}

uint32_t lima_wsl2_wslconfig_cpus(const wsl2_user_config *config, uint32_t host_cpus)
{
    return config->processors && config->processors < host_cpus ? config->processors : host_cpus;
}

uint64_t lima_wsl2_wslconfig_memory(const wsl2_user_config *config, uint64_t host_memory)
{
    if (!config->memory)
        return host_memory / 2;
    return host_memory && config->memory > host_memory ? host_memory : config->memory;
}

static const char *origin(bool set)
{
    return set ? "as .wslconfig says" : "WSL's default";
}

void lima_wsl2_wslconfig_explain(const wsl2_user_config *config, const lima_instance *inst,
                                 uint32_t host_cpus, uint64_t host_memory, lima_strv *ret_sentences)
{
    static const double gib = 1024.0 * 1024.0 * 1024.0;
    uint32_t cpus = lima_wsl2_wslconfig_cpus(config, host_cpus);
    uint64_t memory = lima_wsl2_wslconfig_memory(config, host_memory);
    if (inst->cpus != cpus)
        lima_strv_addf(
            ret_sentences,
            "cpus: %u cannot be given to one WSL distribution; all of them share %u (%s), and inside this "
            "one a limit is set where possible",
            inst->cpus, cpus, origin(config->processors != 0));
    if (inst->memory != memory && memory)
        lima_strv_addf(
            ret_sentences,
            "memory: %.1f GiB cannot be given to one WSL distribution; all of them share %.1f GiB (%s), and "
            "inside this one a limit is set where possible",
            (double)inst->memory / gib, (double)memory / gib, origin(config->memory != 0));
}
