/* Internal to document: the VM's devices. */
#pragma once

#include "hyperv/document.h"

/* Fills VirtualMachine.Devices. INVALID_ARGUMENT naming what is wrong with the VM. */
bool lima_hyperv_document_devices(const hyperv_vm *vm, lima_json *document, lima_err *err);
