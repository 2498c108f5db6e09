/* Of Windows: text, and what the hello tells of a process. */
#pragma once

#include <wchar.h>

#include "front_link.h"

/* Owned; a path of Linux becomes one that Wine opens. What is no Unicode is replaced. */
wchar_t *win_wide(const char *text);
wchar_t *win_wide_path(const char *text);
char *win_utf8(const wchar_t *text);

typedef char *(__cdecl *win_unix_name)(const wchar_t *);
win_unix_name win_find_unix_name(void); /* NULL: not under Wine */

/* A program that outlives this one, without a console and without any handle of ours; `line`: its command line. */
void win_start_helper(const wchar_t *program, wchar_t *line);

void win_hello_environment(front_text *hello);
void win_hello_drives(front_text *hello);
void win_hello_text(front_text *hello, const char *name, const wchar_t *text);
