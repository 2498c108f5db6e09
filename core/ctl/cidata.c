#include "cidata.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "image/iso.h"
#include "os/file.h"

enum { UID = 1000, KEY_MAX = 4096 };

static bool read_key(const char *dir, char **ret, lima_err *err)
{
    char *path = lima_path_join(dir, "user.pub");
    lima_buf text = LIMA_BUF(KEY_MAX);
    bool ok = lima_file_read(path, &text, err);
    if (ok) {
        *ret = lima_buf_take(&text);
        lima_str_trim(*ret);
    }
    lima_buf_free(&text);
    free(path);
    return ok;
}

static char *user_data(const char *user, const char *key)
{
    return lima_mem_printf("#cloud-config\n"
                           "users:\n"
                           "  - name: \"%s\"\n"
                           "    uid: \"%d\"\n"
                           "    homedir: \"/home/%s\"\n"
                           "    shell: /bin/bash\n"
                           "    sudo: ALL=(ALL) NOPASSWD:ALL\n"
                           "    lock_passwd: true\n"
                           "    ssh-authorized-keys:\n"
                           "      - \"%s\"\n",
                           user, UID, user, key);
}

bool lima_cidata_write(const char *dir, const char *user, lima_err *err)
{
    char *key = NULL;
    if (!read_key(dir, &key, err))
        return false;
    char *name = lima_path_base(dir), *path = lima_path_join(dir, "cidata.iso");
    char *users = user_data(user, key);
    const char *prefix = lima_str_has_prefix(name, "lima-") ? "" : "lima-";
    char *meta = lima_mem_printf("instance-id: limadrv-%s\nlocal-hostname: %s%s\n", name, prefix, name);
    char *env = lima_mem_printf(
        "LIMA_CIDATA_NAME=%s\nLIMA_CIDATA_USER=%s\nLIMA_CIDATA_UID=%d\nLIMA_CIDATA_HOME=/home/%s\n"
        "LIMA_CIDATA_SHELL=/bin/bash\nLIMA_CIDATA_IID=limadrv-%s\n",
        name, user, UID, user, name);
    for (char *at = meta; *at; at++) /* a host name has no underscore */
        *at = *at == '_' ? '-' : *at;
    const lima_iso_file files[] = {
        {"user-data", users, strlen(users)},
        {"meta-data", meta, strlen(meta)},
        {"lima.env", env, strlen(env)},
    };
    bool ok = lima_iso_write(path, "cidata", files, sizeof files / sizeof *files, err);
    char *const strings[] = {key, name, path, users, meta, env};
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        free(strings[i]);
    return ok;
}
