/* Operations on snapshots that a process begins and does not end: it is killed after a number of steps. */
#pragma once

#include "disks_case.h"

typedef enum kill_op { KILL_CREATE = 0, KILL_APPLY, KILL_REMOVE, KILL_REMOVE_LATER, KILL_TIDY } kill_op;

/* Runs in a child process, from main: does it and never returns, if argv asks for it. */
void snapshot_kill_child(int argc, char **argv);
/* A child process begins the operation and is killed after `steps` of them. False: it has no more steps than
 * that. */
bool snapshot_kill(const lima_instance *inst, kill_op op, const char *tag, unsigned steps);
/* A child process puts all right, as the next start would. */
void snapshot_settle_elsewhere(const lima_instance *inst);
