/* Of processes.h, what is plain C: the tests' own list of processes on Linux links it too. */
#include "processes.h"

#include <stdlib.h>

void lima_processes_free(lima_processes *list)
{
    if (!list)
        return;
    for (size_t i = 0; i < list->count; i++)
        free(list->entries[i].command);
    free(list->entries);
    *list = (lima_processes){0};
}
