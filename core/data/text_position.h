/* Internal to core/data: where a byte stands, as a person counts. */
#pragma once

#include <stddef.h>

typedef struct text_position {
    size_t line;   /* from 1 */
    size_t column; /* from 1, in characters */
} text_position;

text_position text_position_of(const char *text, size_t offset);
