/* The agent (front_agent.c): carries out the back end's orders in this Wine prefix until the connection ends. */
#pragma once

#include "front.h"
#include "front_link_win.h"

void agent_run(void);
