/* Words for completion that only this machine knows. */
#pragma once

#include "command.h"

void lima_ctl_values(lima_ctl_complete kind, lima_strv *ret);
