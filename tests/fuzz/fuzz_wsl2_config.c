/* An Instance document: configured twice is configured once; what is accepted can be made into a mount
 * script. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wsl2/config.h"
#include "wsl2/mounts_script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_twice(lima_instance *inst, const wsl2_config_inputs *inputs)
{
    char *once = lima_json_print(inst->doc);
    assert(lima_wsl2_configure(inst, inputs, NULL));
    char *twice = lima_json_print(inst->doc);
    assert(strcmp(once, twice) == 0);
    free(once);
    free(twice);
}

static void check_mounts(const lima_instance *inst, const char *home)
{
    lima_windows_mounts mounts = {0};
    assert(lima_windows_mounts_read(inst, home, &mounts, NULL));
    char *script = lima_wsl2_mounts_script(&mounts, 2000, 2000);
    size_t lines = 0;
    for (const char *at = script; (at = strstr(at, "\nshare ")); at++)
        lines++;
    assert(lines == mounts.len);
    free(script);
    lima_windows_mounts_free(&mounts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lima_instance *inst = NULL;
    lima_err err = {0};
    if (!lima_instance_parse((const char *)data, size, &inst, NULL))
        return 0;
    lima_json *written = lima_json_get_copy(inst->doc, "written");
    wsl2_config_inputs inputs = {.host_arch = "x86_64", .home = "C:\\Users\\me", .written = written};
    lima_strv warnings = {0};
    if (lima_wsl2_configure(inst, &inputs, &err))
        check_twice(inst, &inputs);
    if (lima_wsl2_validate(inst, &inputs, &warnings, &err))
        check_mounts(inst, inputs.home);
    lima_strv_free(&warnings);
    lima_json_free(written);
    lima_instance_free(inst);
    return 0;
}
