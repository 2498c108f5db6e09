/* Winsock, started once. */
#pragma once

#include "base/err.h"

/* Before the first socket of each module; later calls cost nothing. Never undone. Thread-safe. */
bool lima_win_net_start(lima_err *err);
