#include "wsl2/hosts.h"

#include <string.h>

#include "base/ipv4.h"
#include "base/str.h"
#include "wsl2/network.h"

enum { NAME_MAX_LEN = 253, STEPS_MAX = 8 };

static bool is_name(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    size_t len = strlen(text);

    return len >= 1 && len <= NAME_MAX_LEN && strspn(text, allowed) == len;
}

/* The value that `keys`, the names of the table, have for one of them; "" for another name. */
static const char *value_of(const lima_json *doc, const lima_strv *keys, const char *name)
{
    for (size_t i = 0; i < keys->len; i++)
        if (lima_str_eq_nocase(keys->items[i], name))
            return lima_json_str(doc, "", "config.hostResolver.hosts.\"%s\"", keys->items[i]);
    return "";
}

static bool resolve(const lima_json *doc, const lima_strv *keys, const char *host, const char *name,
                    uint32_t *ret)
{
    for (unsigned step = 0; step < STEPS_MAX && *name; step++) {
        if (lima_ipv4_parse(name, ret))
            return true;
        name = lima_str_eq_nocase(name, WSL2_HOST_NAME) ? host : value_of(doc, keys, name);
    }
    return false;
}

void lima_wsl2_hosts(const lima_instance *inst, const char *host, lima_strv *ret)
{
    lima_strv keys = {0};
    char address[LIMA_IPV4_SIZE];
    uint32_t number = 0;

    if (*host)
        lima_strv_addf(ret, "%s " WSL2_HOST_NAME, host);
    if (lima_json_bool(inst->doc, true, "config.hostResolver.enabled"))
        lima_json_keys(inst->doc, &keys, "config.hostResolver.hosts");
    for (size_t i = 0; i < keys.len && i < WSL2_HOSTS_MAX; i++)
        if (is_name(keys.items[i]) && !lima_str_eq_nocase(keys.items[i], WSL2_HOST_NAME)
            && resolve(inst->doc, &keys, host, keys.items[i], &number)) {
            lima_ipv4_print(number, address);
            lima_strv_addf(ret, "%s %s", address, keys.items[i]);
        }
    lima_strv_free(&keys);
}
