/* Apart from the look, which tests do in their own way. */
#include "rights.h"

#include <stdlib.h>

void lima_rights_free(lima_rights *rights)
{
    if (!rights)
        return;
    free(rights->user);
    free(rights->user_sid);
    free(rights->hyperv_group);
    *rights = (lima_rights){0};
}
