/* The Instance document that the cases send: what limactl 2.2 would send for a small Linux instance after
 * filling its defaults (facts: lima-driver-contract 4.1, 4.2). Inside the kit only. */
#pragma once

#include "data/json.h"

/* `dir` is the instance folder, absolute; its last part is the instance's name. */
lima_json *lima_check_document(const char *dir, const char *driver_name);
