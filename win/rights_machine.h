/* The half of lima_rights that belongs to the computer and not to the user. */
#pragma once

#include "rights.h"

void lima_win_rights_machine(lima_rights *into);
