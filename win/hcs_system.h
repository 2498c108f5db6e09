/* A compute system inside win/: the DLL's handle, who uses it, and what its events have said. */
#pragma once

#include "hcs.h"
#include "hcs_api.h"

/* For a handle to come; referenced once. */
lima_hcs_system *lima_win_hcs_system_new(const char *id);
void lima_win_hcs_system_ref(lima_hcs_system *system);
/* The last one closes the handle. Never on a thread of the DLL: the closing waits for callbacks to end. */
void lima_win_hcs_system_unref(lima_hcs_system *system);

/* Gives it the handle, which it owns from then on; and asks for its events. Before anybody else has the system. */
void lima_win_hcs_system_own(lima_hcs_system *system, hcs_handle handle);
HRESULT lima_win_hcs_system_listen(lima_hcs_system *system);
hcs_handle lima_win_hcs_system_handle(const lima_hcs_system *system); /* NULL: none yet */
const char *lima_win_hcs_system_id(const lima_hcs_system *system);
/* Whether the service has gone, and with it the handle's use. */
bool lima_win_hcs_system_is_dead(lima_hcs_system *system);
