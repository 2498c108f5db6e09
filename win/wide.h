/* UTF-8 inside, UTF-16 at the edge to Windows.
 *
 * Names and texts of Windows are any sequence of 16-bit units; ours are valid UTF-8. A lone surrogate has no
 * UTF-8 form, and is refused in both directions (INVALID_ARGUMENT) rather than changed: a name that was
 * changed is the name of another file. Only lima_dir_remove meets such names without harm, because it never
 * converts them. All results are owned. */
#pragma once

#include <stddef.h>
#include <wchar.h>

#include "base/err.h"

/* Text with a NUL at its end. */
bool lima_wide_from_utf8(const char *text, wchar_t **ret, lima_err *err);
bool lima_wide_to_utf8(const wchar_t *text, char **ret, lima_err *err);
bool lima_wide_to_utf8_len(const wchar_t *text, size_t len, char **ret, lima_err *err);
/* For texts that are only shown or logged: a lone surrogate becomes U+FFFD. */
char *lima_wide_to_text(const wchar_t *text, size_t len);

/* A path as file functions of Windows take it: absolute, checked, always behind "\\?\", so that long paths
 * and short ones mean the same (path.h). Errors begin with the path in quotes. */
bool lima_wide_path(const char *path, wchar_t **ret, lima_err *err);
/* The same path in the form without "\\?\", for what does not know that form: the folder of a child, the
 * target of a link, a command line. No limit of length is checked. */
bool lima_wide_path_plain(const char *path, wchar_t **ret, lima_err *err);
/* A path from Windows, "\\?\" taken off. */
bool lima_wide_to_path(const wchar_t *path, char **ret, lima_err *err);
