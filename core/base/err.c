/* Texts are formatted into a local buffer first, so that the arguments may point into the error that is
 * being filled. */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

#include "base/utf.h"

/* An error crosses the wire as UTF-8, whatever bytes a file name in it had or a precision cut. */
static void replace_foreign_bytes(char *text)
{
    size_t len = strlen(text), step;
    uint32_t character;
    for (size_t pos = 0; pos < len; pos += step ? step : 1) {
        step = lima_utf8_char(text + pos, len - pos, &character);
        if (!step)
            text[pos] = '?';
    }
}

static void format_cut(char text[LIMA_ERR_TEXT_MAX], const char *fmt, va_list args)
{
    static const char ELLIPSIS[] = "...";
    int len = vsnprintf(text, LIMA_ERR_TEXT_MAX, fmt, args);
    if (len < 0) {
        snprintf(text, LIMA_ERR_TEXT_MAX, "(the text of this error cannot be formatted)");
    } else if (len >= LIMA_ERR_TEXT_MAX) {
        size_t kept = lima_utf8_cut(text, LIMA_ERR_TEXT_MAX - 1, LIMA_ERR_TEXT_MAX - sizeof ELLIPSIS);
        memcpy(text + kept, ELLIPSIS, sizeof ELLIPSIS);
    }
    replace_foreign_bytes(text);
}

bool lima_err_vset(lima_err *err, lima_code code, int os_code, const char *fmt, va_list args)
{
    if (!err)
        return false;
    char text[LIMA_ERR_TEXT_MAX];
    format_cut(text, fmt, args);
    err->code = code;
    err->os_code = os_code;
    memcpy(err->text, text, strlen(text) + 1);
    return false;
}

bool lima_err_set(lima_err *err, lima_code code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    lima_err_vset(err, code, 0, fmt, args);
    va_end(args);
    return false;
}

LIMA_PRINTF(2, 3) static void join(lima_err *err, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    lima_err_vset(err, err->code, err->os_code, fmt, args);
    va_end(args);
}

bool lima_err_wrap(lima_err *err, const char *fmt, ...)
{
    if (!err)
        return false;
    char prefix[LIMA_ERR_TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    format_cut(prefix, fmt, args);
    va_end(args);
    join(err, "%s: %s", prefix, err->text);
    return false;
}

const char *lima_code_name(lima_code code)
{
    static const char *const NAMES[] = {
        "OK",        "CANCELLED",       "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
        "NOT_FOUND", "ALREADY_EXISTS",  "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
        "ABORTED",   "OUT_OF_RANGE",    "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
        "DATA_LOSS", "UNAUTHENTICATED",
    };
    unsigned number = (unsigned)code;
    return number < sizeof NAMES / sizeof NAMES[0] ? NAMES[number] : "UNKNOWN";
}
