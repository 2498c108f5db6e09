/* The rules of facts hyperv-hcs 3 for a VM document that hold between its parts; the table of the driver
 * knows the parts alone. */
#pragma once

#include "data/json.h"

void check_rules(const char *name, const lima_json *document);
