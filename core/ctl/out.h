/* What commands print. */
#pragma once

#include <stdbool.h>

#include "command.h"
#include "data/json.h"

typedef enum lima_color {
    LIMA_COLOR_NONE = 0,
    LIMA_COLOR_RED = 31,
    LIMA_COLOR_GREEN = 32,
    LIMA_COLOR_YELLOW = 33
} lima_color;

/* Whether moving lines and colour are welcome on standard output (1) or errors (2): a terminal, --tty not
 * false; colour also NO_COLOR unset. */
bool lima_out_terminal(const lima_ctl_args *args, unsigned number);
bool lima_out_colored(const lima_ctl_args *args, unsigned number);
/* The text in that colour, or as it is. Owned. */
char *lima_out_paint(bool colored, lima_color color, const char *text);

void lima_out_json(const lima_json *json); /* indented, on stdout */

/* For what goes on after it has printed: hands stdout's text on now. When it can go nowhere the wake is
 * raised, so that the command ends as after Ctrl-C; lima_out_finish tells why. */
void lima_out_flush(const lima_ctl_args *args);
/* Once, at the end: the exit code after all output went out. A reader that has gone (| head) is no mistake of
 * anybody's: LIMA_CTL_UNREAD, without a word. Output that could not be written, on a full disk, is a
 * failure. */
int lima_out_finish(int code);

/* Rows of `columns` cells each, all in one list, on stdout in aligned columns; the first row is the heading.
 */
void lima_out_table(const lima_strv *cells, size_t columns);
