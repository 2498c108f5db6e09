/* Folders to Instance documents.
 *
 * The configuration is filled with what limactl's common defaults would give, because drivers (Lima's own
 * included) take those keys for granted. Not done: templates (`base`), default.yaml and override.yaml,
 * networks; limadrv looks at instances, it does not make them for limactl. */
#include "instances.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "data/yaml.h"
#include "os/file.h"
#include "os/host.h"

static char *home_of(const char *variable, const char *dflt)
{
    char *home = lima_env_get(variable);
    if (!lima_str_empty(home))
        return home;
    free(home);
    return lima_path_join(lima_host_get()->home, dflt);
}

char *lima_instances_own_home(void)
{
    return home_of("LIMADRV_HOME", ".limadrv");
}

/* False without an error: there is none. False with one: nobody can tell. */
static bool has_config(const char *dir, lima_err *err)
{
    lima_file_info info = {0};
    char *path = lima_path_join(dir, "lima.yaml");
    bool ok = lima_file_stat(path, true, &info, err) && info.kind == LIMA_FILE_REGULAR;
    free(path);
    return ok;
}

static void list_home(char *home, lima_strv *ret_names)
{
    lima_strv names = {0};
    if (lima_dir_list(home, LIMA_INSTANCES_MAX, &names, NULL)) {
        for (size_t i = 0; i < names.len; i++) {
            char *dir = lima_path_join(home, names.items[i]);
            if (names.items[i][0] != '_' && has_config(dir, NULL))
                lima_strv_add(ret_names, names.items[i]);
            free(dir);
        }
    }
    lima_strv_free(&names);
    free(home);
}

void lima_instances_list(lima_strv *ret_names)
{
    list_home(home_of("LIMA_HOME", ".lima"), ret_names);
    list_home(lima_instances_own_home(), ret_names);
}

static bool find_in(char *home, const char *name, char **ret_dir, lima_err *err)
{
    char *dir = lima_path_join(home, name);
    bool ok = has_config(dir, err) && lima_file_real_path(dir, ret_dir, err);
    free(dir);
    free(home);
    return ok;
}

bool lima_instances_find(const char *name, char **ret_dir, lima_err *err)
{
    lima_err why = {0};
    bool path = strchr(name, '/') || strchr(name, '\\') || lima_str_eq(name, ".") || lima_str_eq(name, "..");
    if (lima_str_empty(name))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "an instance without a name");
    if (!path
        && (find_in(home_of("LIMA_HOME", ".lima"), name, ret_dir, &why)
            || find_in(lima_instances_own_home(), name, ret_dir, &why)))
        return true;
    if (!path && !has_config(name, NULL)) {
        if (why.code)
            return lima_err_set(err, why.code, "instance '%s': %s", name, why.text);
        char *lima = home_of("LIMA_HOME", ".lima"), *own = lima_instances_own_home();
        lima_err_set(
            err, LIMA_CODE_NOT_FOUND,
            "instance '%s': no folder of that name with a lima.yaml in '%s' or '%s'; limactl list shows "
            "the instances, LIMA_HOME tells where they are",
            name, lima, own);
        free(lima);
        free(own);
        return false;
    }
    if (!lima_file_real_path(name, ret_dir, err))
        return lima_err_wrap(err, "instance");
    return true;
}

/* A default where the configuration says nothing. `value` is JSON. */
struct dflt {
    const char *path, *value;
};

static const struct dflt DEFAULTS[] = {
    {"vmOpts", "{}"},
    {"os", "\"Linux\""},
    {"memory", "\"4GiB\""},
    {"disk", "\"100GiB\""},
    {"mountInotify", "false"},
    {"ssh.localPort", "0"},
    {"ssh.loadDotSSHPubKeys", "false"},
    {"ssh.forwardAgent", "false"},
    {"ssh.forwardX11", "false"},
    {"ssh.forwardX11Trusted", "false"},
    {"firmware.legacyBIOS", "false"},
    {"audio.device", "\"\""},
    {"audio.interface", "\"\""},
    {"video.display", "\"none\""},
    {"upgradePackages", "false"},
    {"containerd.system", "false"},
    {"containerd.user", "false"},
    {"guestInstallPrefix", "\"/usr/local\""},
    {"env", "{}"},
    {"param", "{}"},
    {"hostResolver.enabled", "true"},
    {"hostResolver.ipv6", "false"},
    {"hostResolver.hosts", "{}"},
    {"propagateProxyEnv", "true"},
    {"caCerts.removeDefaults", "false"},
    {"rosetta", "{}"},
    {"plain", "false"},
    {"timezone", "\"\""},
    {"nestedVirtualization", "false"},
    {"user.name", "\"lima\""},
    {"user.comment", "\"\""},
    {"user.home", "\"/home/{{.User}}.guest\""},
    {"user.shell", "\"/bin/bash\""},
    {"user.uid", "1000"},
    {"user.passwordlessSudo", "true"},
    {"tpm", "false"},
    {"osOpts", "{}"},
};

static bool is_set(const lima_json *config, const char *path)
{
    lima_json_kind kind = lima_json_get_kind(config, "%s", path);
    return kind != LIMA_JSON_ABSENT && kind != LIMA_JSON_NULL;
}

/* "ssh.localPort" can only be set when "ssh" is an object or missing; a wrong kind is the driver's to refuse.
 */
static bool parent_fits(const lima_json *config, const char *path)
{
    const char *dot = strchr(path, '.');
    if (!dot)
        return true;
    char *parent = lima_mem_strndup(path, (size_t)(dot - path));
    lima_json_kind kind = lima_json_get_kind(config, "%s", parent);
    free(parent);
    return kind == LIMA_JSON_OBJECT || kind == LIMA_JSON_ABSENT || kind == LIMA_JSON_NULL;
}

static void fill(lima_json *config)
{
    const lima_host *host = lima_host_get();
    for (size_t i = 0; i < sizeof DEFAULTS / sizeof *DEFAULTS; i++) {
        lima_json *value = NULL;
        if (is_set(config, DEFAULTS[i].path) || !parent_fits(config, DEFAULTS[i].path))
            continue;
        if (lima_json_parse(DEFAULTS[i].value, strlen(DEFAULTS[i].value), &value, NULL))
            lima_json_set_copy(config, value, "%s", DEFAULTS[i].path);
        lima_json_free(value);
    }
    if (!is_set(config, "arch"))
        lima_json_set_str(config, host->arch, "arch");
    if (!is_set(config, "cpus"))
        lima_json_set_int(config, host->cpus < 4 ? host->cpus : 4, "cpus");
}

static bool size_of(const lima_json *config, const char *key, lima_json *doc, lima_err *err)
{
    uint64_t bytes = 0;
    const char *text = lima_json_str(config, NULL, "%s", key);
    if (text && !lima_parse_size(text, &bytes, err))
        return lima_err_wrap(err, "%s", key);
    lima_json_set_int(doc, text ? (int64_t)bytes : lima_json_int(config, 0, "%s", key), "%s", key);
    return true;
}

/* What limactl takes for vmType when the file names none. */
static const char *default_type(void)
{
    const char *os = lima_host_get()->os;
    return lima_str_eq(os, "darwin") ? "vz" : lima_str_eq(os, "windows") ? "wsl2" : "qemu";
}

/* As limactl names guests: what a host's name may hold. Owned. */
static char *hostname_of(const char *name)
{
    char *host = lima_mem_printf("lima-%s", name);
    for (char *at = host; *at; at++)
        *at = *at == '.' || *at == '_' ? '-' : *at;
    return host;
}

bool lima_instances_describe(const char *dir, const lima_json *config, lima_json **ret, lima_err *err)
{
    lima_json *doc = lima_json_new_object(), *filled = lima_json_copy(config);
    char *name = lima_path_base(dir), *ssh = lima_path_join(dir, "ssh.config");
    fill(filled);
    lima_json_set_str(doc, name, "name");
    char *host = hostname_of(name);
    lima_json_set_str(doc, host, "hostname");
    lima_json_set_str(doc, "", "status");
    lima_json_set_str(doc, dir, "dir");
    lima_json_set_str(doc, lima_json_str(config, default_type(), "vmType"), "vmType");
    lima_json_set_str(doc, lima_json_str(filled, "", "arch"), "arch");
    lima_json_set_int(doc, lima_json_int(filled, 1, "cpus"), "cpus");
    bool ok = size_of(filled, "memory", doc, err) && size_of(filled, "disk", doc, err);
    if (lima_json_int(filled, 0, "ssh.localPort") > 0)
        lima_json_set_int(doc, lima_json_int(filled, 0, "ssh.localPort"), "sshLocalPort");
    lima_json_set_str(doc, ssh, "sshConfigFile");
    lima_json_set_str(doc, "127.0.0.1", "sshAddress");
    lima_json_set_bool(doc, false, "protected");
    lima_json_set_str(doc, "", "limaVersion");
    lima_json_set_copy(doc, filled, "config");
    free(host);
    free(ssh);
    free(name);
    lima_json_free(filled);
    if (ok)
        *ret = doc;
    else
        lima_json_free(doc);
    return ok;
}

static bool read_config(const char *dir, lima_json **ret, lima_err *err)
{
    char *path = lima_path_join(dir, "lima.yaml");
    lima_buf text = LIMA_BUF(LIMA_YAML_BYTES_MAX);
    bool ok = lima_file_read(path, &text, err);
    if (!ok && err && err->code == LIMA_CODE_NOT_FOUND)
        lima_err_set(err, LIMA_CODE_NOT_FOUND,
                     "no lima.yaml in it, so it is no instance; limactl list shows the instances");
    if (ok && !lima_yaml_parse(lima_buf_str(&text), text.len, ret, err))
        ok = lima_err_wrap(err, "'%s'", path);
    if (ok && lima_json_get_kind(*ret, "%s", "") != LIMA_JSON_OBJECT) {
        lima_json_free(*ret);
        *ret = NULL;
        ok = lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'%s': not a table of settings", path);
    }
    lima_buf_free(&text);
    free(path);
    return ok;
}

bool lima_instances_read(const char *dir, lima_json **ret, lima_err *err)
{
    lima_json *config = NULL;
    bool ok = read_config(dir, &config, err) && lima_instances_describe(dir, config, ret, err);
    lima_json_free(config);
    return ok || lima_err_wrap(err, "instance '%s'", dir);
}
