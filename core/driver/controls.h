/* All instances of one server. limactl 2.2 has one server per instance; 2.0 and 2.1 give one server several
 * instances after each other. The one that was configured last is the current one, which all other calls
 * mean. Thread-safe. */
#pragma once

#include "driver/control.h"

enum { LIMA_CONTROLS_MAX = 64 }; /* instances of one server; unused ones make room, else RESOURCE_EXHAUSTED */

typedef struct lima_controls lima_controls;

/* `inst_dir`: the only instance folder that Configure accepts; NULL: any. The strings are copied. */
lima_controls *lima_controls_new(const lima_driver *driver, const char *name, const char *version,
                                 const char *inst_dir);
void lima_controls_free(lima_controls *controls); /* no call may be under way */

/* NOT_FOUND: missing; FAILED_PRECONDITION: not a folder; PERMISSION_DENIED: another user's. */
bool lima_controls_check_folder(const char *dir, lima_err *err);
/* Makes the instance of this document the current one, and answers with the filled document (owned). A live
 * VM keeps its SSH port when the document has none (facts: lima-driver-contract 8.1, no. 13).
 * INVALID_ARGUMENT: not a usable document, or of another instance folder than inst_dir; else as
 * lima_controls_check_folder. */
bool lima_controls_configure(lima_controls *controls, const char *json, size_t len, char **ret,
                             lima_err *err);
char *lima_controls_info(lima_controls *controls); /* owned; works before Configure; asks nobody */
/* Whether limactl has to forward the guest agent's socket over SSH; asks nobody. */
bool lima_controls_forward_agent(const lima_controls *controls);
/* A call on the current instance. FAILED_PRECONDITION before the first Configure. */
bool lima_controls_call(lima_controls *controls, lima_generation generation, lima_call **ret, lima_err *err);

unsigned lima_controls_sessions(lima_controls *controls); /* VMs started by this process that run */
/* Asks the driver about the current instance; may take seconds. */
bool lima_controls_vm_runs(lima_controls *controls);
/* lima_control_hurry, lima_control_end for all, and for those to come. */
void lima_controls_hurry(lima_controls *controls);
void lima_controls_end(lima_controls *controls, bool stop_vms);
