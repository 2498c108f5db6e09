/* What C11 has and the C library of MinGW-w64 without UCRT lacks: timespec_get. Found before the system's. */
#pragma once

#include_next <time.h>

#ifndef TIME_UTC
#define TIME_UTC 1
#define LIMA_LIBC_TIMESPEC_GET
int timespec_get(struct timespec *ret, int base); /* TIME_UTC, or 0 for no other */
#endif
