/* A DLL's connection to the back end (../hcssim/wire.py): calls with numbers, their answers, and what comes
 * unasked. It is made by the first call, and stays until the process ends. Any thread may call. */
#pragma once

#include <winsock2.h>

#include <windows.h>

#include <stdbool.h>
#include <stdint.h>

#include "front_link.h"

#define HCS_E_SERVICE_DISCONNECT ((HRESULT)0x8037011EL)

/* What a DLL makes of frames nobody waits for. `fields` are the frame's, borrowed. On the receiving thread,
 * without locks. NULL: they do not come. */
typedef struct session_hooks {
    const char *kind;                  /* hcs, hcn, virtdisk */
    void (*done)(const char *fields);  /* an operation has ended: id, hr, result */
    void (*event)(const char *fields); /* handle, type, data */
    void (*lost)(void);                /* the back end has gone */
    void (*sweep)(void);               /* at the process's end, before handles are counted */
} session_hooks;

extern const session_hooks session_dll; /* each DLL has its own */

/* A request under construction; `id` is its number. */
typedef struct session_request {
    front_text text;
    uint64_t id;
} session_request;

session_request session_begin(const char *call);
void session_text(session_request *request, const char *name, const wchar_t *value); /* NULL: leaves it out */
void session_number(session_request *request, const char *name, uint64_t value);
/* Sends it, frees it, and waits for the call's return: its fields, owned. NULL: the back end has gone. */
char *session_call(session_request *request);
/* The same; only the code counts: RPC_S_SERVER_UNAVAILABLE as HRESULT when the back end has gone. */
HRESULT session_simple(session_request *request);

/* The first field of that name in the frame; NULL: none. Borrowed. */
const char *session_field(const char *fields, const char *name);
uint64_t session_field_number(const char *fields, const char *name);
HRESULT session_code(const char *fields); /* `hr`; fields NULL: as session_simple */
/* A field as a new block that LocalFree and CoTaskMemFree take, counted (results.h); NULL: no such field. */
wchar_t *session_result(const char *fields, const char *name);
