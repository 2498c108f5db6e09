/* Where a long command is: one moving line on a terminal, plain lines elsewhere. On stderr, with the time
 * since the beginning. */
#pragma once

#include "command.h"

typedef struct lima_phase {
    uint64_t begin, shown; /* clock */
    const char *name;      /* borrowed; NULL: none is shown */
    unsigned percent;      /* of this phase; 0: not known */
    bool moving, colored;
} lima_phase;

void lima_phase_init(lima_phase *phase, const lima_ctl_args *args);
void lima_phase_next(lima_phase *phase, const char *name); /* "Booting"; a literal */
void lima_phase_tick(lima_phase *phase); /* call now and then while waiting: moves the seconds on */
void lima_phase_part(lima_phase *phase, uint64_t done,
                     uint64_t total);                      /* the same, and how much of it is done */
void lima_phase_done(lima_phase *phase, const char *text); /* the last word, "Ready" */
void lima_phase_clear(lima_phase *phase);                  /* makes room for other output */
