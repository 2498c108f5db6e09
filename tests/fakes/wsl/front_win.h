/* Shared by the Windows halves of the front end: text and the connection's fields. */
#pragma once

#include <wchar.h>

#include "front.h"

/* Owned; a path of Linux becomes one that Wine opens. What is no Unicode is replaced. */
wchar_t *win_wide(const char *text);
wchar_t *win_wide_path(const char *text);
char *win_utf8(const wchar_t *text);
void win_hello_environment(front_text *hello);

/* The agent (front_agent.c): carries out the back end's orders in this Wine prefix until the connection
 * ends. */
void agent_run(void);
