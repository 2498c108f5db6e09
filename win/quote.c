/* A child on Windows gets one text and takes it apart itself. The rules that all of them share:
 *
 * The first word, the program, ends at a blank, or, when it begins with a quotation mark, at the next one;
 * backslashes mean nothing in it. In the others, blanks part words except between quotation marks, and
 * backslashes mean something only before a quotation mark: 2n of them are n and the mark opens or closes,
 * 2n+1 are n and a mark as such. Two marks inside quotes mean different things to different libraries, so
 * they are never written. */
#include "quote.h"

#include <string.h>

#include "base/buf.h"

enum { BYTES_PER_UNIT = 3 }; /* most bytes of UTF-8 for one unit of UTF-16 */

static void add_times(lima_buf *into, char c, size_t times)
{
    while (times--)
        lima_buf_add(into, &c, 1);
}

/* Some C libraries put file names in the place of * and ?, but not within quotes. */
static bool needs_quotes(const char *arg)
{
    return !*arg || strpbrk(arg, " \t\n\v\f\r\"*?");
}

static void add_quoted(lima_buf *into, const char *arg)
{
    size_t backslashes = 0;

    lima_buf_add_str(into, "\"");
    for (; *arg; arg++) {
        if (*arg == '"')
            add_times(into, '\\', backslashes + 1);
        backslashes = *arg == '\\' ? backslashes + 1 : 0;
        lima_buf_add(into, arg, 1);
    }
    add_times(into, '\\', backslashes); /* they would stand before the closing mark */
    lima_buf_add_str(into, "\"");
}

bool lima_quote(const char *const *argv, char **ret, lima_err *err)
{
    lima_buf text = LIMA_BUF(LIMA_QUOTE_MAX * BYTES_PER_UNIT);

    if (!argv[0] || !*argv[0] || strchr(argv[0], '"'))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "program '%s': no file can have this name",
                            argv[0] ? argv[0] : "");
    lima_buf_addf(&text, "\"%s\"", argv[0]);
    for (size_t i = 1; argv[i]; i++) {
        lima_buf_add_str(&text, " ");
        if (needs_quotes(argv[i]))
            add_quoted(&text, argv[i]);
        else
            lima_buf_add_str(&text, argv[i]);
    }
    if (text.full) {
        lima_buf_free(&text);
        return lima_err_set(
            err, LIMA_CODE_INVALID_ARGUMENT,
            "program '%.200s': its command line is longer than the %d characters that Windows allows",
            argv[0], LIMA_QUOTE_MAX);
    }
    *ret = lima_buf_take(&text);
    return true;
}
