/* Linux: the child closes what it was not given, whatever flags a library left on it. */
#include "platform.h"

int lima_posix_spawn_rest(posix_spawn_file_actions_t *actions, short *flags, int keep)
{
    (void)flags;
    return posix_spawn_file_actions_addclosefrom_np(actions, keep);
}
