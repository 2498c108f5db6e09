/* Memory that is there, or the process ends.
 *
 * All input of this project is bounded before it is stored, so an allocation fails only when the machine is
 * out of memory; no caller could do anything useful then. These functions therefore never return NULL: they
 * write one line to stderr and abort. Large sizes that come from outside (disk sizes, file sizes) must be
 * checked against a limit before they come here. Free with free(). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

void *lima_mem_zalloc(size_t count, size_t size); /* zeroed; count * size is checked for overflow */
void *lima_mem_resize(void *old, size_t count, size_t size);
char *lima_mem_strdup(const char *text); /* NULL gives NULL */
char *lima_mem_strndup(const char *text, size_t len);
char *lima_mem_printf(const char *fmt, ...) LIMA_PRINTF(1, 2);
char *lima_mem_vprintf(const char *fmt, va_list args) LIMA_PRINTF(1, 0);

bool lima_mem_is_zero(const void *bytes, size_t len); /* every byte; no bytes are */
