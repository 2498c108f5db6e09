/* How it works: the registry says what exists, a live keeper proves that it runs, and only without one
 * wsl.exe is asked, in the one form of answer that never changed. What could not be found out is "broken",
 * with the reason: limactl would start a second VM on what is wrongly called stopped. */
#include "wsl2/inspect.h"

#include <stdio.h>
#include <stdlib.h>

#include "driver/idfile.h"
#include "wsl2/argv.h"
#include "wsl2/record.h"
#include "wsl2/state.h"
#include "wsl2/wsl_exe.h"

bool lima_wsl2_running_names(const char *exe, const lima_strv *known, uint64_t limit_ms, lima_wake *wake,
                             lima_strv *ret, lima_err *err)
{
    lima_strv argv = {0};
    wsl2_said said;
    wsl2_run run = {
        .argv = &argv, .what = "list the running distributions", .limit_ms = limit_ms, .wake = wake};

    lima_wsl2_argv_list(exe, true, &argv);
    bool ok = lima_wsl2_run(&run, &said, err)
              && lima_wsl2_listing_names(lima_buf_str(&said.out), said.out.len, known, ret, err);
    lima_wsl2_said_free(&said);
    lima_strv_free(&argv);
    return ok;
}

bool lima_wsl2_runs(const char *exe, const wsl2_look *look, uint64_t limit_ms, lima_wake *wake, bool *ret,
                    lima_err *err)
{
    lima_strv names = {0};

    if (!lima_wsl2_running_names(exe, &look->names, limit_ms, wake, &names, err))
        return false;
    *ret = lima_wsl2_listing_has(&names, look->distro);
    lima_strv_free(&names);
    return true;
}

static wsl2_running ask(const wsl2_look *look, lima_err *why)
{
    char *exe = NULL;
    bool runs = false;
    bool told = lima_wsl2_exe_find(&exe, why) && lima_wsl2_runs(exe, look, WSL2_INSPECT_MS, NULL, &runs, why);

    free(exe);
    return !told ? WSL2_RUNNING_UNKNOWN : runs ? WSL2_RUNNING_YES : WSL2_RUNNING_NO;
}

static void decide(const lima_instance *inst, const wsl2_look *look, lima_vm_status *ret)
{
    lima_process_id keeper;
    lima_err why = {0};
    wsl2_state_facts facts = {.distro = look->distro,
                              .inst_dir = look->dir,
                              .kin = look->kin,
                              .registration = look->registered ? &look->registration : NULL,
                              .keeper_alive = lima_idfile_find(inst, WSL2_KEEPER_FILE, &keeper),
                              .why = why.text};

    if (lima_wsl2_state_needs_list(&facts))
        facts.running = ask(look, &why);
    lima_wsl2_state_decide(&facts, ret);
}

bool lima_wsl2_inspect(const lima_instance *inst, lima_vm_status *ret, lima_err *err)
{
    wsl2_look look = {0};
    lima_err why = {0};
    lima_vm_status status = {0};

    (void)err;
    if (!*inst->dir) {
        *ret = status;
        return true;
    }
    wsl2_state_facts unreadable = {.unreadable = true, .why = why.text};
    if (lima_wsl2_look(inst, &look, &why))
        decide(inst, &look, &status);
    else
        lima_wsl2_state_decide(&unreadable, &status);
    if (status.state == LIMA_VM_RUNNING && !inst->ssh_port) {
        wsl2_record record;
        lima_wsl2_record_read(inst, &record);
        status.ssh_port = record.ssh_port;
    }
    lima_wsl2_look_free(&look);
    *ret = status;
    return true;
}
