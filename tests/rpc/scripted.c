/* One monitor for everything. A blocked callback looks at its wake now and then: the wake and the monitor
 * cannot be waited for together. */
#include "script.h"

#include <stdlib.h>
#include <string.h>

#include "lima_test.h"

#include "base/mem.h"

enum { LOG_MAX = 64 * 1024 };

struct script script;

void scripted_reset(void)
{
    if (!script.monitor)
        script.monitor = lima_monitor_new();
    lima_monitor_enter(script.monitor);
    lima_buf_free(&script.log);
    script.log = LIMA_BUF(LOG_MAX);
    script.count = 0;
    script.changing = 0;
    script.vm = LIMA_VM_STOPPED;
    script.failure = NULL;
    script.grace = UINT32_MAX;
    script.violation = "";
    lima_monitor_leave(script.monitor);
}

/* Under the monitor. */
static script_callback *find(const char *name)
{
    for (size_t i = 0; i < script.count; i++)
        if (strcmp(script.callbacks[i].name, name) == 0)
            return &script.callbacks[i];
    assert_true(script.count < SCRIPT_CALLBACKS_MAX);
    script.callbacks[script.count] = (script_callback){.name = name};
    return &script.callbacks[script.count++];
}

static void set_blocked(const char *name, bool blocked, bool deaf)
{
    lima_monitor_enter(script.monitor);
    find(name)->blocked = blocked;
    find(name)->deaf = deaf;
    lima_monitor_notify(script.monitor);
    lima_monitor_leave(script.monitor);
}

void scripted_block(const char *name)
{
    set_blocked(name, true, false);
}

void scripted_block_deaf(const char *name)
{
    set_blocked(name, true, true);
}

void scripted_release(const char *name)
{
    set_blocked(name, false, false);
}

void scripted_fail(const char *name, lima_code code, const char *text)
{
    lima_monitor_enter(script.monitor);
    find(name)->fail = code;
    find(name)->text = text;
    lima_monitor_leave(script.monitor);
}

unsigned scripted_count(const char *name)
{
    lima_monitor_enter(script.monitor);
    unsigned entered = find(name)->entered;
    lima_monitor_leave(script.monitor);
    return entered;
}

void scripted_await(const char *name, unsigned entered)
{
    lima_deadline until = lima_clock_in(SCRIPTED_PATIENCE_MS);
    lima_monitor_enter(script.monitor);
    while (find(name)->entered < entered && lima_monitor_wait(script.monitor, until))
        ;
    unsigned found = find(name)->entered;
    lima_monitor_leave(script.monitor);
    if (found < entered)
        fail_msg("'%s' was entered %u times, not %u", name, found, entered);
}

char *scripted_log(void)
{
    lima_monitor_enter(script.monitor);
    char *log = lima_mem_strdup(lima_buf_str(&script.log));
    lima_monitor_leave(script.monitor);
    return log;
}

void scripted_set_vm(lima_vm_state state)
{
    lima_monitor_enter(script.monitor);
    script.vm = state;
    lima_monitor_notify(script.monitor);
    lima_monitor_leave(script.monitor);
}

void scripted_end_vm(const char *failure)
{
    lima_monitor_enter(script.monitor);
    script.failure = failure;
    script.vm = LIMA_VM_STOPPED;
    lima_monitor_notify(script.monitor);
    lima_monitor_leave(script.monitor);
}

lima_vm_state scripted_vm(void)
{
    lima_monitor_enter(script.monitor);
    lima_vm_state state = script.vm;
    lima_monitor_leave(script.monitor);
    return state;
}

uint32_t scripted_grace(void)
{
    lima_monitor_enter(script.monitor);
    uint32_t grace = script.grace;
    lima_monitor_leave(script.monitor);
    return grace;
}

const char *scripted_violation(void)
{
    lima_monitor_enter(script.monitor);
    const char *violation = script.violation;
    lima_monitor_leave(script.monitor);
    return violation;
}

bool script_pass(const char *name, lima_call *call, lima_err *err)
{
    script_callback *own = find(name);
    own->entered++;
    if (strcmp(name, "inspect") != 0 && strcmp(name, "configure") != 0)
        lima_buf_addf(&script.log, "%s%s", script.log.len ? " " : "", name);
    lima_monitor_notify(script.monitor);
    while (find(name)->blocked && (find(name)->deaf || !call || !lima_call_cancelled(call)))
        lima_monitor_wait(script.monitor, lima_clock_in(SCRIPT_LOOK_MS));
    if (find(name)->blocked)
        return lima_err_set(err, LIMA_CODE_CANCELLED, "%s was cancelled", name);
    own = find(name);
    return own->fail == LIMA_CODE_OK || lima_err_set(err, own->fail, "%s", own->text);
}

void script_violate(const char *what)
{
    if (!*script.violation)
        script.violation = what;
}
