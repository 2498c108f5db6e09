#include "wsl2/config_inputs.h"

#include "base/log.h"
#include "os/host.h"
#include "wsl2/config.h"
#include "wsl2/look.h"
#include "wsl2/record.h"

static wsl2_config_inputs gather(const lima_instance *inst, lima_json *yaml)
{
    wsl2_record record = {0};
    wsl2_look look = {0};
    wsl2_config_inputs inputs = {
        .host_arch = lima_host_get()->arch, .home = lima_host_get()->home, .written = yaml};

    if (*inst->dir) {
        lima_wsl2_record_read(inst, &record);
        bool unused = record.made && !record.user_uid; /* imported, never booted: nobody in it yet */
        inputs.exists = lima_wsl2_look(inst, &look, NULL) && look.kin == WSL2_KIN_OURS && !unused;
        lima_wsl2_look_free(&look);
    }
    inputs.user_uid = record.user_uid;
    return inputs;
}

bool lima_wsl2_fill(lima_instance *inst, lima_err *err)
{
    lima_json *yaml = lima_instance_written(inst);
    wsl2_config_inputs inputs = gather(inst, yaml);
    bool ok = lima_wsl2_configure(inst, &inputs, err);

    lima_json_free(yaml);
    return ok;
}

bool lima_wsl2_check(const lima_instance *inst, lima_err *err)
{
    lima_strv warnings = {0};
    lima_json *yaml = lima_instance_written(inst);
    wsl2_config_inputs inputs = gather(inst, yaml);
    bool ok = lima_wsl2_validate(inst, &inputs, &warnings, err);

    for (size_t i = 0; ok && i < warnings.len; i++)
        lima_log_warn("instance '%s': %s", inst->name, warnings.items[i]);
    lima_strv_free(&warnings);
    lima_json_free(yaml);
    return ok;
}
