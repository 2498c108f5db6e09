/* hcs_probe.exe: calls the DLLs as a driver would. `hcs_probe FOLDER CASE [ARGUMENT…]`; FOLDER holds the
 * DLLs. */
#pragma once

#include <winsock2.h>

#include <windows.h>

#include <computecore.h>
#include <computenetwork.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* The DLLs' functions, by name. */
typedef struct probe_api {
    __typeof__(HcsCreateOperation) *create_operation;
    __typeof__(HcsCloseOperation) *close_operation;
    __typeof__(HcsWaitForOperationResult) *wait;
    __typeof__(HcsGetOperationResult) *result;
    __typeof__(HcsGetOperationType) *type;
    __typeof__(HcsGetComputeSystemFromOperation) *system_of;
    __typeof__(HcsCreateComputeSystem) *create;
    __typeof__(HcsOpenComputeSystem) *open;
    __typeof__(HcsCloseComputeSystem) *close;
    __typeof__(HcsStartComputeSystem) *start;
    __typeof__(HcsPauseComputeSystem) *pause;
    __typeof__(HcsResumeComputeSystem) *resume;
    __typeof__(HcsSaveComputeSystem) *save;
    __typeof__(HcsShutDownComputeSystem) *shut_down;
    __typeof__(HcsTerminateComputeSystem) *terminate;
    __typeof__(HcsGetComputeSystemProperties) *properties;
    __typeof__(HcsSetComputeSystemCallback) *set_callback;
    __typeof__(HcsWaitForComputeSystemExit) *wait_exit;
    __typeof__(HcsGetServiceProperties) *service;
    __typeof__(HcsGrantVmAccess) *grant;
    __typeof__(HcsCreateEmptyRuntimeStateFile) *runtime_file;
    __typeof__(HcsEnumerateComputeSystems) *enumerate;
    __typeof__(HcnCreateNetwork) *create_network;
    __typeof__(HcnOpenNetwork) *open_network;
    __typeof__(HcnCloseNetwork) *close_network;
    __typeof__(HcnDeleteNetwork) *delete_network;
    __typeof__(HcnCreateEndpoint) *create_endpoint;
    __typeof__(HcnQueryEndpointProperties) *query_endpoint;
    __typeof__(HcnCloseEndpoint) *close_endpoint;
    __typeof__(HcnDeleteEndpoint) *delete_endpoint;
} probe_api;

extern probe_api api;
extern char **probe_words; /* the case's arguments */

/* Ends the program with status 1 unless the code is what it should be. */
void probe_expect(const char *what, HRESULT code, HRESULT wanted);
void probe_true(const char *what, bool holds);
wchar_t *probe_wide(const char *text); /* never freed */
wchar_t *probe_file(const char *path); /* its content; never freed */
/* One call with an operation of its own, to its end. */
HRESULT probe_done(HRESULT began, HCS_OPERATION operation, PWSTR *document);
HCS_SYSTEM probe_create(void);  /* words: ID DOCUMENT-FILE */
HCS_SYSTEM probe_granted(void); /* the same, then FILE…: access is granted to all */
HCS_SYSTEM probe_running(void); /* and started */

typedef struct probe_case {
    const char *name;
    void (*run)(void);
} probe_case;

extern const probe_case probe_cases[], probe_agent_cases[], probe_disk_cases[];
