/* Logging: one line per message on stderr, "2026-11-21T14:03:07.123Z level message", written with one call.
 *
 * The level comes from LIMA_DRIVER_LOG (error, warn, info, debug; default info) or lima_log_set_level. Line
 * breaks and control bytes inside a message are escaped, messages are cut at LIMA_LOG_LINE_MAX. Texts
 * registered with lima_log_add_secret never appear: they are replaced by "***". Thread-safe. Libraries do not
 * log what they return as an error; the caller that ends the journey of an error does. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

typedef enum lima_log_level {
    LIMA_LOG_ERROR = 0,
    LIMA_LOG_WARN = 1,
    LIMA_LOG_INFO = 2,
    LIMA_LOG_DEBUG = 3,
} lima_log_level;

enum { LIMA_LOG_LINE_MAX = 4096, LIMA_LOG_SECRETS_MAX = 16 };

/* Receives finished lines, newline included, one at a time (calls are serialised). */
typedef void lima_log_sink(void *arg, const char *line, size_t len);

void lima_log(lima_log_level level, const char *fmt, ...) LIMA_PRINTF(2, 3);
#define lima_log_error(...) lima_log(LIMA_LOG_ERROR, __VA_ARGS__)
#define lima_log_warn(...) lima_log(LIMA_LOG_WARN, __VA_ARGS__)
#define lima_log_info(...) lima_log(LIMA_LOG_INFO, __VA_ARGS__)
#define lima_log_debug(...) lima_log(LIMA_LOG_DEBUG, __VA_ARGS__)

void lima_log_set_level(lima_log_level level);
lima_log_level lima_log_get_level(void);
/* INVALID_ARGUMENT naming the levels. */
bool lima_log_parse_level(const char *text, lima_log_level *ret, lima_err *err);
void lima_log_set_sink(lima_log_sink *sink, void *arg); /* NULL: stderr again */
/* copied; false when the table is full or the text is shorter than 4 bytes */
bool lima_log_add_secret(const char *secret);
