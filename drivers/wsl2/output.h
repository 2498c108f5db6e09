/* The bytes that wsl.exe writes, as text.
 *
 * One stream may mix UTF-16LE (wsl.exe's own words) and UTF-8 (tools it runs, the guest), whatever WSL_UTF8
 * says; old ones end lines with CR CR LF (facts: wsl.md 2.1). So each line is looked at by itself. Nothing
 * here fails: what is no character becomes U+FFFD, a unit cut in half at the end is dropped. Decode stdout
 * and stderr separately. Output of guest programs that is data, not text, must not come here. */
#pragma once

#include <stddef.h>

#include "base/strv.h"

/* Owned UTF-8, never NULL; lines end in '\n'; without BOM, CR and NUL. */
char *lima_wsl2_output_text(const void *bytes, size_t len);

/* Lines of decoded text, trimmed of white space and no-break spaces; empty ones are left out. */
void lima_wsl2_output_lines(const char *text, lima_strv *ret_lines);

/* What wsl.exe warns of: lines that begin with "wsl: ", without that word. For the log. */
void lima_wsl2_output_warnings(const char *text, lima_strv *ret_warnings);

/* All lines but warnings on one line, "; " between, at most `max` bytes, cut at a character with "..."
 * behind. Owned, "" when nothing was said. For error texts. */
char *lima_wsl2_output_one_line(const char *text, size_t max);
