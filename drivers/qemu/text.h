/* Small text helpers of this folder. Inputs come from other programs or from users; results are owned. */
#pragma once

#include <stddef.h>

#include "base/strv.h"

enum { QEMU_LINES_MAX = 16384, QEMU_LINE_WORDS_MAX = 64 };

/* The lines of a text: no CR, no control characters, none empty, bad UTF-8 as '?'. Lines past QEMU_LINES_MAX
 * are left out. */
void lima_qemu_lines(const char *text, size_t len, lima_strv *ret);
/* The words of a line between blanks; those past QEMU_LINE_WORDS_MAX are left out. */
void lima_qemu_words(const char *line, lima_strv *ret);
/* A path with a leading "~" or "~/" put into the home folder. */
char *lima_qemu_expand_home(const char *path, const char *home);
