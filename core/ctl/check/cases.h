/* The lists of cases, one file each; catalog.c puts them in order. Inside the kit only. */
#pragma once

#include "ctl/check/fixture.h"

extern const lima_check_case lima_check_process_cases[];
extern const lima_check_case lima_check_wire_cases[];
extern const lima_check_case lima_check_config_cases[];
extern const lima_check_case lima_check_tool_cases[];
extern const lima_check_case lima_check_life_cases[];
extern const lima_check_case lima_check_start_cases[];
extern const lima_check_case lima_check_stop_cases[];
extern const lima_check_case lima_check_snapshot_cases[];
extern const lima_check_case lima_check_robust_cases[];
