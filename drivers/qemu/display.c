#include "qemu/display.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "os/clock.h"
#include "qemu/vm.h"

enum { DISPLAY_MS = 30000 };

static bool change_password(lima_call *call, const char *password, lima_err *err)
{
    lima_deadline deadline = lima_clock_in(DISPLAY_MS);
    qemu_qmp *qmp = NULL;

    lima_log_add_secret(password);
    if (!lima_qemu_vm_qmp(call, deadline, &qmp, err))
        return lima_err_wrap(err, "VNC password");
    lima_json *arguments = lima_json_new_object();
    lima_json_set_str(arguments, password, "password");
    bool ok =
        lima_qemu_qmp_call(qmp, "change-vnc-password", arguments, deadline, lima_call_wake(call), NULL, err)
        || lima_err_wrap(err, "VNC password (video.display must be 'vnc')");
    lima_json_free(arguments);
    lima_qemu_vm_qmp_done(call, qmp);
    return ok;
}

static bool use_answer(const lima_json *answer, char **ret_port, lima_err *err)
{
    const char *port = lima_json_str(answer, "", "service");
    uint32_t number;

    if (!lima_json_bool(answer, false, "enabled") || !lima_parse_u32(port, &number, NULL) || number == 0
        || number > UINT16_MAX)
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                            "VNC display: QEMU serves none on a TCP port (video.display must be 'vnc')");
    *ret_port = lima_mem_strdup(port);
    return true;
}

static bool connection(lima_call *call, char **ret_port, lima_err *err)
{
    lima_deadline deadline = lima_clock_in(DISPLAY_MS);
    qemu_qmp *qmp = NULL;
    lima_json *answer = NULL;

    if (!lima_qemu_vm_qmp(call, deadline, &qmp, err))
        return lima_err_wrap(err, "VNC display");
    bool ok = lima_qemu_qmp_call(qmp, "query-vnc", NULL, deadline, lima_call_wake(call), &answer, err)
              && use_answer(answer, ret_port, err);
    lima_json_free(answer);
    lima_qemu_vm_qmp_done(call, qmp);
    return ok;
}

const lima_driver_display lima_qemu_display = {.change_password = change_password, .connection = connection};
