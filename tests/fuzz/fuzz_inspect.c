/* Standard input of --inspect-status, --pre-driver-action and --prep. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "rpc/tool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool inspect(const lima_instance *inst, lima_vm_status *ret, lima_err *err)
{
    (void)err;
    *ret = (lima_vm_status){.state = (lima_vm_state)(strlen(inst->name) % 4), .pid = 1, .ssh_port = 22};
    return true;
}

static bool look(lima_json *into, lima_err *err)
{
    (void)err;
    lima_json_set_bool(into, true, "ready");
    return true;
}

static bool prepare(const char *user, lima_json *into, lima_err *err)
{
    (void)err;
    lima_json_set_str(into, user ? user : "", "done[0]");
    return true;
}

static void try_prep(const lima_driver *driver, const uint8_t *data, size_t size)
{
    char *output = NULL;
    bool ok = lima_tool_prep(driver, (const char *)data, size, &output, NULL);

    if (ok != (output != NULL))
        abort();
    free(output);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const lima_driver_preparation preparation = {.look = look, .prepare = prepare, .undo = look};
    static const lima_driver driver = {
        .name = "fuzz", .summary = "", .inspect = inspect, .preparation = &preparation};
    char *output = NULL;
    bool stuck = false;
    lima_err err = {0};
    lima_log_set_level(LIMA_LOG_ERROR);
    if (lima_tool_inspect(&driver, (const char *)data, size, &output, &stuck, &err)) {
        char *again = NULL;
        if (!lima_tool_inspect(&driver, output, strlen(output), &again, &stuck, &err))
            abort(); /* the answer is an input as well */
        free(again);
    }
    free(output);
    output = NULL;
    lima_tool_configure(&driver, "fuzz", (const char *)data, size, &output, &err);
    if (!output)
        abort();
    free(output);
    try_prep(&driver, data, size);
    return 0;
}
