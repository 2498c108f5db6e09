/* What libslirp uses of glib, and nothing else: memory that is never refused, a few strings, messages, a random
 * number. Programs are never started: libslirp would for guestfwd commands, which nobody sets up here. */
#pragma once

#include <signal.h> /* libslirp expects it of glib */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#define G_OS_WIN32
#else
#define G_OS_UNIX
#endif

#define GLIB_CHECK_VERSION(major, minor, micro) 1 /* nothing here is too old */
#define GLIB_SIZEOF_VOID_P __SIZEOF_POINTER__
#define G_BIG_ENDIAN 4321
#define G_LITTLE_ENDIAN 1234
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define G_BYTE_ORDER G_BIG_ENDIAN
#else
#define G_BYTE_ORDER G_LITTLE_ENDIAN
#endif
#define G_STATIC_ASSERT(condition) _Static_assert(condition, #condition)
#define G_UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define G_N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))
#ifdef _WIN32
#define G_GNUC_PRINTF(text, first) __attribute__((format(gnu_printf, text, first)))
#else
#define G_GNUC_PRINTF(text, first) __attribute__((format(printf, text, first)))
#endif
#ifndef MIN
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#endif
#ifndef TRUE
#define TRUE 1
#define FALSE 0
#endif

typedef char gchar;
typedef int gint;
typedef int gboolean;
typedef void *gpointer;
typedef gchar **GStrv;
typedef int GPid;

/* ---- memory: ends the program where there is none ---- */

void *g_malloc(size_t size);
void *g_malloc0(size_t size);
void *g_realloc(void *old, size_t size);
void g_free(void *memory);
#define g_new(type, count) ((type *)g_malloc(sizeof(type) * (count)))
#define g_new0(type, count) ((type *)g_malloc0(sizeof(type) * (count)))

/* ---- strings ---- */

char *g_strdup(const char *text); /* NULL of NULL */
bool g_str_has_prefix(const char *text, const char *prefix);
char *g_strstr_len(const char *text, ptrdiff_t len, const char *wanted); /* text need not end */
size_t g_strlcpy(char *to, const char *from, size_t size);               /* length of `from` */
size_t g_strv_length(GStrv list);
void g_strfreev(GStrv list);
#define g_snprintf snprintf
#define g_vsnprintf vsnprintf
#define g_strerror strerror
#define g_getenv getenv

typedef struct GString {
    char *str;
    size_t len;
} GString;
GString *g_string_new(const char *none); /* NULL only */
void g_string_append_printf(GString *to, const char *format, ...) G_GNUC_PRINTF(2, 3);
char *g_string_free(GString *string, gboolean with_text); /* the text, unless it goes too */

/* ---- messages: the first ones of a process go to standard error ---- */

void lima_glib_say(const char *format, ...) G_GNUC_PRINTF(1, 2);
void lima_glib_die(const char *format, ...) G_GNUC_PRINTF(1, 2) __attribute__((noreturn));
#define g_debug(...) ((void)0)
#define g_warning(...) lima_glib_say(__VA_ARGS__)
#define g_critical(...) lima_glib_say(__VA_ARGS__)
#define g_error(...) lima_glib_die(__VA_ARGS__)
#define g_assert(condition)                                                                                  \
    ((condition) ? (void)0 : lima_glib_die("%s:%d: not true: %s", __FILE__, __LINE__, #condition))
#define g_assert_not_reached() lima_glib_die("%s:%d: reached", __FILE__, __LINE__)
#define g_warn_if_fail(condition)                                                                            \
    ((condition) ? (void)0 : lima_glib_say("%s:%d: not true: %s", __FILE__, __LINE__, #condition))
#define g_warn_if_reached() lima_glib_say("%s:%d: reached", __FILE__, __LINE__)
#define g_return_if_fail(condition)                                                                          \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            g_warn_if_fail(condition);                                                                       \
            return;                                                                                          \
        }                                                                                                    \
    } while (0)
#define g_return_val_if_fail(condition, value)                                                               \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            g_warn_if_fail(condition);                                                                       \
            return value;                                                                                    \
        }                                                                                                    \
    } while (0)

typedef struct GDebugKey {
    const char *key;
    unsigned value;
} GDebugKey;
#define g_parse_debug_string(text, keys, count) ((void)(keys), 0u) /* its own tracing stays off */

/* ---- random numbers: for ports, no secret ---- */

typedef struct GRand GRand;
GRand *g_rand_new(void);
int32_t g_rand_int_range(GRand *rand, int32_t first, int32_t behind);
void g_rand_free(GRand *rand);

/* ---- programs: always refused ---- */

typedef struct GError {
    const char *message;
} GError;
typedef void (*GSpawnChildSetupFunc)(gpointer data);
typedef int GSpawnFlags;
#define G_SPAWN_SEARCH_PATH 0
gboolean g_shell_parse_argv(const char *line, int *ret_count, char ***ret_words, GError **error);
gboolean g_spawn_async_with_fds(const char *folder, char **words, char **env, GSpawnFlags flags,
                                GSpawnChildSetupFunc setup, gpointer data, GPid *ret_child, int in, int out,
                                int err, GError **error);
void g_error_free(GError *error);
