/* sleep SECONDS [THREADS]: what POSIX hosts have; lima-driver-example starts it as its VM. It ends early when it is asked to.
 * So many further threads sleep with it: the benchmark measures what Wine takes for one. */
#include <stdlib.h>

#include "os/process.h"
#include "os/thread.h"

static void wait_for(void *stop)
{
    lima_wake_wait(stop, LIMA_DEADLINE_NEVER);
}

int main(int argc, char **argv)
{
    lima_wake *stop = lima_wake_new();
    lima_thread *ignored; /* they end with the process */
    lima_err err = {0};

    if (argc < 2 || argc > 3 || !lima_process_set_role(LIMA_PROCESS_TOOL, stop, &err))
        return 2;
    for (unsigned long i = argc == 3 ? strtoul(argv[2], NULL, 10) : 0; i > 0; i--)
        if (!lima_thread_start("sleeper", wait_for, stop, &ignored, &err))
            return 1;
    return lima_wake_wait(stop, lima_clock_in(strtoull(argv[1], NULL, 10) * 1000));
}
