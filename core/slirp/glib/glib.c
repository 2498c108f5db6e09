/* See glib.h. Our own words: what each function has to do is told by what libslirp expects of it. */
#include "glib.h"

#include <time.h>

enum { SAID_MAX = 64, LINE_BYTES = 512 };

/* ---- memory ---- */

static void *there(void *memory, size_t size)
{
    if (!memory && size)
        lima_glib_die("no memory for %zu bytes", size);
    return memory;
}

void *g_malloc(size_t size)
{
    return there(malloc(size), size);
}

void *g_malloc0(size_t size)
{
    return there(calloc(1, size), size);
}

void *g_realloc(void *old, size_t size)
{
    return there(realloc(old, size), size);
}

void g_free(void *memory)
{
    free(memory);
}

/* ---- strings ---- */

char *g_strdup(const char *text)
{
    if (!text)
        return NULL;
    size_t size = strlen(text) + 1;
    return memcpy(g_malloc(size), text, size);
}

bool g_str_has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

char *g_strstr_len(const char *text, ptrdiff_t len, const char *wanted)
{
    size_t rest = len < 0 ? strlen(text) : (size_t)len, need = strlen(wanted);

    for (; rest >= need; text++, rest--) {
        if (memcmp(text, wanted, need) == 0)
            return (char *)text;
        if (!rest || !*text)
            break;
    }
    return NULL;
}

size_t g_strlcpy(char *to, const char *from, size_t size)
{
    size_t len = strlen(from), kept = len < size ? len : size - !!size;

    memcpy(to, from, kept);
    if (size)
        to[kept] = '\0';
    return len;
}

size_t g_strv_length(GStrv list)
{
    size_t count = 0;

    while (list[count])
        count++;
    return count;
}

void g_strfreev(GStrv list)
{
    for (GStrv at = list; at && *at; at++)
        free(*at);
    free(list);
}

GString *g_string_new(const char *none)
{
    GString *made = g_malloc0(sizeof *made);

    (void)none;
    made->str = g_strdup("");
    return made;
}

void g_string_append_printf(GString *to, const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    int more = vsnprintf(NULL, 0, format, args);
    if (more > 0) {
        to->str = g_realloc(to->str, to->len + (size_t)more + 1);
        vsnprintf(to->str + to->len, (size_t)more + 1, format, again);
        to->len += (size_t)more;
    }
    va_end(again);
    va_end(args);
}

char *g_string_free(GString *string, gboolean with_text)
{
    char *text = string->str;

    if (with_text)
        free(text);
    free(string);
    return with_text ? NULL : text;
}

/* ---- messages ---- */

static void say(const char *format, va_list args)
{
    char line[LINE_BYTES];

    vsnprintf(line, sizeof line, format, args);
    fprintf(stderr, G_LOG_DOMAIN ": %s\n", line);
}

/* A guest may cause some of them: it must not fill a log. */
void lima_glib_say(const char *format, ...)
{
    static int said;
    va_list args;

    if (__atomic_fetch_add(&said, 1, __ATOMIC_RELAXED) >= SAID_MAX) {
        __atomic_store_n(&said, SAID_MAX, __ATOMIC_RELAXED);
        return;
    }
    va_start(args, format);
    say(format, args);
    va_end(args);
}

void lima_glib_die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(format, args);
    va_end(args);
    abort();
}

/* ---- random numbers ---- */

struct GRand {
    uint64_t state; /* never 0 */
};

GRand *g_rand_new(void)
{
    GRand *made = g_malloc(sizeof *made);

    made->state = ((uint64_t)time(NULL) << 32 ^ (uint64_t)clock() << 8 ^ (uintptr_t)made) | 1;
    return made;
}

int32_t g_rand_int_range(GRand *rand, int32_t first, int32_t behind)
{
    uint64_t x = rand->state;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    rand->state = x;
    return first + (int32_t)((x >> 16) % (uint64_t)((int64_t)behind - first));
}

void g_rand_free(GRand *rand)
{
    free(rand);
}

/* ---- programs ---- */

static gboolean refuse(GError **error)
{
    static GError never = {"programs are not started here"};

    *error = &never;
    return FALSE;
}

gboolean g_shell_parse_argv(const char *line, int *ret_count, char ***ret_words, GError **error)
{
    (void)line;
    (void)ret_count;
    (void)ret_words;
    return refuse(error);
}

gboolean g_spawn_async_with_fds(const char *folder, char **words, char **env, GSpawnFlags flags,
                                GSpawnChildSetupFunc setup, gpointer data, GPid *ret_child, int in, int out,
                                int err, GError **error)
{
    (void)folder, (void)words, (void)env, (void)flags, (void)setup, (void)data, (void)ret_child;
    (void)in, (void)out, (void)err;
    return refuse(error);
}

void g_error_free(GError *error)
{
    (void)error; /* static */
}
