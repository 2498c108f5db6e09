/* macOS: the kernel closes all that the file actions did not put in place. */
#include "platform.h"

int lima_posix_spawn_rest(posix_spawn_file_actions_t *actions, short *flags, int keep)
{
    (void)actions;
    (void)keep;
    *flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
    return 0;
}
