/* Texts given to the caller, who must free them with LocalFree or CoTaskMemFree: whether it did is looked at
 * when the process ends. */
#pragma once

#include <wchar.h>

wchar_t *results_new(const wchar_t *text); /* a copy in the process heap */
int results_outstanding(void);             /* not freed so far */
