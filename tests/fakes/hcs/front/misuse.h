/* What a caller of the DLLs did wrong, and what it left behind. */
#pragma once

#include <wchar.h>

enum {
    MISUSE_EXIT = 253,  /* exit code: the program misused the API */
    MISTAKE_EXIT = 254, /* the test's or the double's own mistake */
};

/* Ends the process with MISUSE_EXIT, after a line "FUNCTION: words" on stderr and in <state>/misuse.log. */
void misuse_abort(const char *function, const char *format, ...)
    __attribute__((noreturn, format(__printf__, 2, 3)));
/* The back end says that the double itself failed. */
void misuse_mistake(const char *words) __attribute__((noreturn));
/* A line in <state>/leaks.log, and on stderr. */
void misuse_leak(const char *format, ...) __attribute__((format(__printf__, 1, 2)));
