/* Errors: one value on the caller's stack, handed down last and filled by whoever fails.
 *
 * Every fallible function returns bool and takes `lima_err *err` as its last parameter. On failure it fills
 * *err and leaves its outputs untouched; on success *err is not written. `err` may be NULL where the caller
 * does not care. The codes are those of gRPC, number for number, so that a status crosses the wire without a
 * table (source: the gRPC status code list, grpc/status.h). A text says: object, cause, next step. No
 * trailing newline. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum lima_code {
    LIMA_CODE_OK = 0,
    LIMA_CODE_CANCELLED = 1,
    LIMA_CODE_UNKNOWN = 2,
    LIMA_CODE_INVALID_ARGUMENT = 3,
    LIMA_CODE_DEADLINE_EXCEEDED = 4,
    LIMA_CODE_NOT_FOUND = 5,
    LIMA_CODE_ALREADY_EXISTS = 6,
    LIMA_CODE_PERMISSION_DENIED = 7,
    LIMA_CODE_RESOURCE_EXHAUSTED = 8,
    LIMA_CODE_FAILED_PRECONDITION = 9,
    LIMA_CODE_ABORTED = 10,
    LIMA_CODE_OUT_OF_RANGE = 11,
    LIMA_CODE_UNIMPLEMENTED = 12,
    LIMA_CODE_INTERNAL = 13,
    LIMA_CODE_UNAVAILABLE = 14,
    LIMA_CODE_DATA_LOSS = 15,
    LIMA_CODE_UNAUTHENTICATED = 16,
} lima_code;

/* bytes, NUL included; longer texts are cut at a UTF-8 boundary and end in "..."; bytes that are no UTF-8
 * become '?' */
enum { LIMA_ERR_TEXT_MAX = 2048 };

typedef struct lima_err {
    lima_code code;
    int os_code; /* errno or GetLastError() when an OS call failed, else 0 */
    char text[LIMA_ERR_TEXT_MAX];
} lima_err;

#if defined(__clang__)
#define LIMA_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#elif defined(__GNUC__) /* whose "printf" is Microsoft's on Windows */
#define LIMA_PRINTF(fmt, args) __attribute__((format(gnu_printf, fmt, args)))
#else
#define LIMA_PRINTF(fmt, args)
#endif

/* Fills *err. Always returns false, so that `return lima_err_set(err, …)` reads well. */
bool lima_err_set(lima_err *err, lima_code code, const char *fmt, ...) LIMA_PRINTF(3, 4);
bool lima_err_vset(lima_err *err, lima_code code, int os_code, const char *fmt, va_list args);

/* Puts "fmt: " before the text, keeping the codes. Always returns false. */
bool lima_err_wrap(lima_err *err, const char *fmt, ...) LIMA_PRINTF(2, 3);

/* "INVALID_ARGUMENT", "NOT_FOUND", …; "UNKNOWN" for a number out of range. */
const char *lima_code_name(lima_code code);

#ifdef __cplusplus
}
#endif
