/* Instances on this machine: folders of LIMA_HOME, and machines of limadrv run. Read only. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/strv.h"
#include "data/json.h"

enum { LIMA_INSTANCES_MAX = 1000 };

/* Names of all instances; whatever cannot be read is left out. */
void lima_instances_list(lima_strv *ret_names);

/* The folder of an instance by name, or by path when `name` has a separator or names a folder here. Owned,
 * absolute. NOT_FOUND. */
bool lima_instances_find(const char *name, char **ret_dir, lima_err *err);

/* Where limadrv run --name keeps machines: LIMADRV_HOME or ~/.limadrv. Owned. */
char *lima_instances_own_home(void);

/* The Instance document that limactl would send for a folder: name, folder, sizes, port, and the
 * configuration of lima.yaml with limactl's common defaults (facts: lima-driver-contract 4.1, 4.2). Owned. */
bool lima_instances_read(const char *dir, lima_json **ret, lima_err *err);

/* The same from a configuration that is not in a file yet. `config` is copied; `name` is the base name of
 * `dir`. */
bool lima_instances_describe(const char *dir, const lima_json *config, lima_json **ret, lima_err *err);
