/* Apart from what asks Windows, which tests do in their own way. */
#include "membership.h"

#include <stdlib.h>

void lima_account_free(lima_account *account)
{
    free(account->name);
    free(account->sid);
    *account = (lima_account){0};
}

void lima_accounts_free(lima_accounts *list)
{
    for (size_t i = 0; i < list->len; i++)
        lima_account_free(&list->items[i]);
    free(list->items);
    *list = (lima_accounts){0};
}
