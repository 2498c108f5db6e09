/* Internal to config: keys that these VMs cannot do, and keys that have no effect, as tables. */
#pragma once

#include "base/strv.h"
#include "driver/instance.h"

/* Whether a value stands at the path: not null, "", {} or []. */
bool lima_hyperv_config_is_set(const lima_json *doc, const char *path);
/* UNIMPLEMENTED or INVALID_ARGUMENT naming the key, its value, the cause and the next step. */
bool lima_hyperv_config_refuse(const lima_instance *inst, lima_err *err);
/* One sentence for each key of the user's file that has no effect here. */
void lima_hyperv_config_warn(const lima_json *written, lima_strv *ret);
