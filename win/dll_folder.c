/* Alone in its file, so that a test's program can bring its own and this one is not linked. */
#include "dll.h"

char *lima_win_dll_folder(void)
{
    return NULL;
}
