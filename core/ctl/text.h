/* Pieces that help and man page share. */
#pragma once

#include "command.h"

/* The codes of a command that says nothing else, as lima_ctl_command.exits. */
extern const char *const lima_text_exits;

/* Words of `text` at `indent`, broken before `width`, ending in a newline; the first line is not indented
 * (the caller is there already). */
void lima_text_wrap(lima_buf *into, const char *text, unsigned indent, unsigned width);
/* "limadrv run [IMAGE] [FLAGS] [-- COMMAND...]" */
void lima_text_add_usage(const lima_ctl_program *program, const lima_ctl_command *command, lima_buf *into);
/* ": tap, junit or json", or nothing. */
void lima_text_add_choices(lima_buf *into, const lima_ctl_flag *flag);
void lima_text_paragraphs(const char *text, lima_strv *ret); /* split at empty lines; a NULL text has none */
/* "command # comment": both owned; false for a line without '#'. */
bool lima_text_example(const char *line, char **ret_command, char **ret_comment);
