/* The kinds of the keys of an Instance document (facts: lima-driver-contract 4.1, 4.2). */
#pragma once

#include "base/err.h"
#include "data/json.h"

/* INVALID_ARGUMENT naming the first key that has a wrong kind. Absent and null are fine everywhere, unknown
 * keys too. */
bool lima_instance_check_keys(const lima_json *doc, lima_err *err);
