/* A message is formatted whole, then secrets are replaced (before anything is cut, so no half of one can
 * stay), then it is escaped into a line of limited length.
 *
 * Locking: stdio serialises the single fwrite to stderr itself (C17 7.21.2), so a blocked stderr never
 * makes other threads spin. The spin locks guard the table of secrets (a few microseconds) and a caller's
 * own sink. Does not rotate, buffer or colour anything. */
#include "base/log.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf.h"

enum { LEVEL_UNKNOWN = -1, SECRET_MIN = 4, DAY = 86400 };

static const char *const LEVEL_NAMES[] = {"error", "warn", "info", "debug"};

static atomic_int current_level = LEVEL_UNKNOWN;

static atomic_flag secrets_lock = ATOMIC_FLAG_INIT;
static char *secrets[LIMA_LOG_SECRETS_MAX];
static size_t secret_count;

static atomic_flag sink_lock = ATOMIC_FLAG_INIT;
static lima_log_sink *current_sink;
static void *sink_arg;

static void lock(atomic_flag *flag)
{
    while (atomic_flag_test_and_set_explicit(flag, memory_order_acquire)) {
    }
}

static void unlock(atomic_flag *flag)
{
    atomic_flag_clear_explicit(flag, memory_order_release);
}

bool lima_log_parse_level(const char *text, lima_log_level *ret, lima_err *err)
{
    for (int i = LIMA_LOG_ERROR; i <= LIMA_LOG_DEBUG; i++) {
        if (lima_str_eq_nocase(text, LEVEL_NAMES[i])) {
            *ret = (lima_log_level)i;
            return true;
        }
    }
    return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                        "log level '%.64s' is none of error, warn, info, debug", text);
}

void lima_log_set_level(lima_log_level level)
{
    atomic_store(&current_level, (int)level);
}

lima_log_level lima_log_get_level(void)
{
    int level = atomic_load(&current_level);
    if (level != LEVEL_UNKNOWN)
        return (lima_log_level)level;
    lima_log_level wanted = LIMA_LOG_INFO;
    const char *text = getenv("LIMA_DRIVER_LOG");
    if (text)
        lima_log_parse_level(text, &wanted, NULL);
    int unknown = LEVEL_UNKNOWN; /* a level set meanwhile by another thread wins */
    return atomic_compare_exchange_strong(&current_level, &unknown, (int)wanted) ? wanted
                                                                                 : (lima_log_level)unknown;
}

void lima_log_set_sink(lima_log_sink *sink, void *arg)
{
    lock(&sink_lock);
    current_sink = sink;
    sink_arg = arg;
    unlock(&sink_lock);
}

bool lima_log_add_secret(const char *secret)
{
    if (strlen(secret) < SECRET_MIN)
        return false;
    char *copy = lima_mem_strdup(secret);
    lock(&secrets_lock);
    bool room = secret_count < LIMA_LOG_SECRETS_MAX;
    if (room)
        secrets[secret_count++] = copy;
    unlock(&secrets_lock);
    if (!room)
        free(copy);
    return room;
}

/* Length of the longest secret that text begins with, or 0. */
static size_t secret_at(const char *text)
{
    size_t longest = 0;
    for (size_t i = 0; i < secret_count; i++) {
        size_t len = strlen(secrets[i]);
        if (len > longest && strncmp(text, secrets[i], len) == 0)
            longest = len;
    }
    return longest;
}

/* In place: "***" is shorter than any secret. */
static void redact(char *text)
{
    char *out = text;
    lock(&secrets_lock);
    while (*text) {
        size_t len = secret_at(text);
        if (len) {
            memcpy(out, "***", 3);
            out += 3;
            text += len;
        } else {
            *out++ = *text++;
        }
    }
    unlock(&secrets_lock);
    *out = '\0';
}

/* The civil date of a day count since 1970-01-01: years are counted from March, so that the leap day comes
 * last. */
static void civil_date(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
    int64_t shifted = days + 719468; /* since 0000-03-01 */
    int64_t era = shifted / 146097, day_of_era = shifted % 146097;
    int64_t year = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * day_of_year + 2) / 153; /* 0 is March */
    *ret_day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    *ret_month = (int)(month < 10 ? month + 3 : month - 9);
    *ret_year = (int)(era * 400 + year + (*ret_month <= 2));
}

static void add_time(lima_buf *line)
{
    struct timespec now = {0};
    timespec_get(&now, TIME_UTC);
    int64_t seconds = (int64_t)now.tv_sec;
    int rest = (int)(seconds % DAY), year, month, day;
    civil_date(seconds / DAY, &year, &month, &day);
    lima_buf_addf(line, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ", year, month, day, rest / 3600, rest / 60 % 60,
                  rest % 60, (long)now.tv_nsec / 1000000);
}

/* Control characters (C0, DEL, C1) and bytes that are no UTF-8 become \n, \r, \t or \xNN. Fails when the
 * line is full. */
static bool add_escaped(lima_buf *line, const char *bytes, size_t len)
{
    static const char NAMED[] = "\tt\nn\rr";
    for (size_t i = 0; i < len; i++) {
        const char *named = strchr(NAMED, bytes[i]);
        bool ok = named ? lima_buf_addf(line, "\\%c", named[1])
                        : lima_buf_addf(line, "\\x%02x", (unsigned)(unsigned char)bytes[i]);
        if (!ok)
            return false;
    }
    return true;
}

static void add_message(lima_buf *line, const char *text)
{
    size_t len = strlen(text), step;
    for (size_t pos = 0; pos < len; pos += step) {
        uint32_t character = 0;
        step = lima_utf8_char(text + pos, len - pos, &character);
        bool plain = step && character >= 0x20 && !(character >= 0x7F && character <= 0x9F);
        step = step ? step : 1;
        if (plain ? !lima_buf_add(line, text + pos, step) : !add_escaped(line, text + pos, step))
            return;
    }
}

static void deliver(const char *line, size_t len)
{
    lock(&sink_lock);
    lima_log_sink *sink = current_sink;
    if (sink)
        sink(sink_arg, line, len);
    unlock(&sink_lock);
    if (!sink)
        fwrite(line, 1, len, stderr);
}

void lima_log(lima_log_level level, const char *fmt, ...)
{
    static const char CUT[] = "...", END[] = "\n";
    if (level > lima_log_get_level())
        return;
    va_list args;
    va_start(args, fmt);
    char *message = lima_mem_vprintf(fmt, args);
    va_end(args);
    redact(message);
    lima_buf line = LIMA_BUF(LIMA_LOG_LINE_MAX - sizeof CUT); /* leaves room for CUT and END */
    add_time(&line);
    lima_buf_addf(&line, " %s ", LEVEL_NAMES[level]);
    add_message(&line, message);
    bool cut = line.full;
    line.limit = LIMA_LOG_LINE_MAX;
    line.full = false;
    lima_buf_add_str(&line, cut ? CUT : "");
    lima_buf_add_str(&line, END);
    deliver(line.data, line.len);
    lima_buf_free(&line);
    free(message);
}
