#include "ctl/check/cases.h"

enum { CASES_MAX = 200 };

static const lima_check_case *const groups[] = {
    lima_check_process_cases, lima_check_wire_cases,
    lima_check_config_cases,  lima_check_tool_cases,
    lima_check_life_cases,    lima_check_start_cases,
    lima_check_stop_cases,    lima_check_snapshot_cases,
    lima_check_robust_cases,  NULL,
};

static size_t collect(const lima_check_case **into)
{
    size_t count = 0;
    for (size_t group = 0; groups[group]; group++)
        for (const lima_check_case *at = groups[group]; at->id && count < CASES_MAX; at++)
            into[count++] = at;
    return count;
}

/* One run at a time, one thread: collected at the first question. */
size_t lima_check_cases(const lima_check_case *const **ret)
{
    static const lima_check_case *all[CASES_MAX];
    static size_t count;
    if (count == 0)
        count = collect(all);
    *ret = all;
    return count;
}
