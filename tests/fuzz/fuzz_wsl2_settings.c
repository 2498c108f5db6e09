/* wsl.conf of a guest, .wslconfig of a user. A merged file has our keys, keeps its other lines, and merging
 * again changes nothing. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wsl2/ini.h"
#include "wsl2/wslconf.h"
#include "wsl2/wslconfig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_merge(const char *text, size_t size)
{
    wsl2_conf_key keys[WSL2_CONF_KEYS];
    size_t count = lima_wsl2_wslconf_wanted("lima-dev", true, keys);
    char *merged = NULL, *again = NULL;
    bool changed = false, changed_again = true;
    if (!lima_wsl2_wslconf_merge(text, size, keys, count, &merged, &changed, NULL))
        return;
    assert(changed || strlen(merged) == size);
    size_t len = strlen(merged);
    char *hostname = lima_wsl2_ini_get(merged, len, "network", "hostname", NULL);
    assert(hostname && strcmp(hostname, "lima-dev") == 0);
    bool fits = lima_wsl2_wslconf_merge(merged, len, keys, count, &again, &changed_again, NULL);
    assert(!fits || (!changed_again && strcmp(merged, again) == 0));
    free(hostname);
    free(merged);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    check_merge(text, size);
    wsl2_conf conf;
    lima_wsl2_wslconf_read(text, size, &conf);
    assert(conf.automount_root[0] == '/');
    wsl2_user_config config;
    lima_strv warnings = {0};
    lima_wsl2_wslconfig_read(data, size, &config, &warnings);
    assert(lima_wsl2_wslconfig_cpus(&config, 4) >= 1 && lima_wsl2_wslconfig_cpus(&config, 4) <= 4);
    assert(lima_wsl2_wslconfig_memory(&config, 1 << 30) <= 1 << 30);
    lima_strv_free(&warnings);
    return 0;
}
