/* What the bytes of a registry value say. Pure. */
#pragma once

#include "registry.h"

/* Fills kind and content of *value (its name aside) from a value as Windows gives it: `type` is REG_SZ and so
 * on by its number. Anything may stand there: a text without an end, half a unit, a number of three bytes.
 * What its type does not allow is of kind OTHER. */
void lima_win_registry_parse(uint32_t type, const void *bytes, size_t len, lima_registry_value *value);
