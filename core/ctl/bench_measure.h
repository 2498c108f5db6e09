/* Measurements of a driver that need no operating system's help and no VM. Each gives one figure of one
 * round. */
#pragma once

#include "base/err.h"

enum { LIMA_BENCH_CLIENTS = 16 };

/* From the start of `program --inst-dir` until its socket accepts: median of several, in ms. */
bool lima_bench_accept(const char *program, double *ret_ms, lima_err *err);
/* A whole --inspect-status run: median of several, in ms. */
bool lima_bench_inspect(const char *program, double *ret_ms, lima_err *err);
/* Info from one client: median, in ms; and Info per second from LIMA_BENCH_CLIENTS clients with a connection
 * and a thread each. One server does for both. */
bool lima_bench_info(const char *program, double *ret_p50_ms, double *ret_per_second, lima_err *err);
/* Size of the program's file, in MB. */
bool lima_bench_size(const char *program, double *ret_mb, lima_err *err);

double lima_bench_median(double *values, unsigned count); /* sorts them */
