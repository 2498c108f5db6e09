/* Internal to error_code: the table of everything known. */
#pragma once

#include "wsl2/error_code.h"

/* What is matched first stands first: rows with a context before the general one of the same symbol. */
extern const wsl2_error_row lima_wsl2_error_table[];
extern const size_t lima_wsl2_error_table_len;
