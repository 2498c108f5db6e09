/* What POSIX hosts have: lima-driver-example starts it as its VM. It ends early when it is asked to. */
#include <stdlib.h>

#include "os/process.h"

int main(int argc, char **argv)
{
    lima_wake *stop = lima_wake_new();
    lima_err err = {0};
    if (argc != 2 || !lima_process_set_role(LIMA_PROCESS_TOOL, stop, &err))
        return 2;
    return lima_wake_wait(stop, lima_clock_in(strtoull(argv[1], NULL, 10) * 1000));
}
