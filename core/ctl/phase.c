#include "phase.h"

#include <stdio.h>
#include <stdlib.h>

#include "os/clock.h"
#include "out.h"

enum {
    TICK_MS = 500,
    STEP_PERCENT = 25, /* plain lines */
};

void lima_phase_init(lima_phase *phase, const lima_ctl_args *args)
{
    *phase = (lima_phase){.begin = lima_clock_now(),
                          .moving = lima_out_terminal(args, 2),
                          .colored = lima_out_colored(args, 2)};
}

static double elapsed(const lima_phase *phase)
{
    return (double)(lima_clock_now() - phase->begin) / 1000;
}

static void show(lima_phase *phase)
{
    phase->shown = lima_clock_now();
    fprintf(stderr, "\r\033[K%6.1f s  %s...", elapsed(phase), phase->name);
    if (phase->percent)
        fprintf(stderr, " %u %%", phase->percent);
    fflush(stderr);
}

void lima_phase_next(lima_phase *phase, const char *name)
{
    phase->name = name;
    phase->percent = 0;
    if (phase->moving)
        show(phase);
    else
        fprintf(stderr, "%6.1f s  %s...\n", elapsed(phase), name);
}

void lima_phase_tick(lima_phase *phase)
{
    if (phase->moving && phase->name && lima_clock_now() - phase->shown >= TICK_MS)
        show(phase);
}

void lima_phase_part(lima_phase *phase, uint64_t done, uint64_t total)
{
    unsigned before = phase->percent;
    phase->percent = (unsigned)(total ? (double)done / (double)total * 100 : 0);
    lima_phase_tick(phase);
    if (!phase->moving && phase->percent / STEP_PERCENT > before / STEP_PERCENT && done < total)
        fprintf(stderr, "%6.1f s  %s... %u %%\n", elapsed(phase), phase->name, phase->percent);
}

void lima_phase_clear(lima_phase *phase)
{
    if (phase->moving && phase->name)
        fprintf(stderr, "\r\033[K");
    phase->name = NULL;
}

void lima_phase_done(lima_phase *phase, const char *text)
{
    char *painted = lima_out_paint(phase->colored, LIMA_COLOR_GREEN, text);
    lima_phase_clear(phase);
    fprintf(stderr, "%6.1f s  %s\n", elapsed(phase), painted);
    free(painted);
}
