/* Not a JSON parser: win/ knows no JSON library, and all that is wanted is the strings of a few keys, wherever they
 * stand. So this goes from string to string. One with a colon behind it is a key; any other is the value of the
 * last key before it, unless a brace or comma came between. What is no JSON, or is cut off, gives what was found until
 * then, and nothing here goes deeper for a document that nests. */
#include "hcs_words.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "base/strv.h"
#include "base/utf.h"

enum { STRING_MAX = 300, PIECES_MAX = 8 };

static const char *const wanted[] = {"ErrorMessage", "Message", "Detail", "Error"};

static const char *skip_space(const char *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n')
        at++;
    return at;
}

/* Four digits behind "\u"; -1: there are none. */
static long read_unit(const char *at)
{
    long unit = 0;

    for (int i = 0; i < 4; i++, at++) {
        if (!isxdigit((unsigned char)*at))
            return -1;
        unit = unit * 16 + (*at <= '9' ? *at - '0' : (*at | 0x20) - 'a' + 10);
    }
    return unit;
}

/* Of at least one unit as many as make a character; a lone half is '?'. Returns what comes behind. */
static const char *add_escaped_char(const char *at, long unit, lima_buf *into)
{
    uint16_t units[2] = {(uint16_t)unit, 0};
    long low = unit >= 0xD800 && unit <= 0xDBFF && at[4] == '\\' && at[5] == 'u' ? read_unit(at + 6) : -1;
    size_t count = low >= 0xDC00 && low <= 0xDFFF ? 2 : 1, len;
    char *text;

    units[1] = (uint16_t)low;
    if (lima_utf16_to_utf8(units, count, &text, &len, NULL)) {
        lima_buf_add_some(into, text, strlen(text));
        free(text);
        return at + 4 + (count - 1) * 6;
    }
    lima_buf_add_str(into, "?");
    return at + 4;
}

/* One character of a string, `at` behind its backslash. */
static const char *add_escape(const char *at, lima_buf *into)
{
    long unit = *at == 'u' ? read_unit(at + 1) : -1;

    if (unit >= 0)
        return add_escaped_char(at + 1, unit, into);
    if (!*at)
        return at;
    if (strchr("bfnrt", *at))
        lima_buf_add_str(into, " ");
    else
        lima_buf_add_some(into, at, 1);
    return at + 1;
}

/* The string whose content begins at `at`, or as much as fits; returns what comes behind its quote. */
static const char *read_string(const char *at, lima_buf *into)
{
    lima_buf_clear(into);
    while (*at && *at != '"') {
        if (*at == '\\') {
            at = add_escape(at + 1, into);
            continue;
        }
        if ((unsigned char)*at < ' ')
            lima_buf_add_str(into, " ");
        else
            lima_buf_add_some(into, at, 1);
        at++;
    }
    return *at ? at + 1 : at;
}

static bool is_wanted(const char *key)
{
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (!strcmp(key, wanted[i]))
            return true;
    return false;
}

static void take(lima_buf *string, lima_strv *pieces)
{
    lima_buf text = LIMA_BUF(STRING_MAX + 3);

    lima_buf_add_some(&text, lima_buf_str(string),
                      lima_utf8_cut(lima_buf_str(string), string->len, STRING_MAX));
    char *piece = lima_buf_take(&text);
    lima_str_trim(piece);
    if (*piece && pieces->len < PIECES_MAX && !lima_strv_has(pieces, piece))
        lima_strv_add(pieces, piece);
    free(piece);
}

static void collect(const char *document, lima_strv *pieces)
{
    lima_buf string = LIMA_BUF(STRING_MAX + 4); /* a whole character beyond, to cut well */
    bool for_us = false;

    for (const char *at = document; *at;) {
        if (*at != '"') {
            for_us = for_us && !strchr(",{}", *at);
            at++;
            continue;
        }
        at = read_string(at + 1, &string);
        if (*skip_space(at) == ':')
            for_us = is_wanted(lima_buf_str(&string));
        else if (for_us)
            take(&string, pieces);
    }
    lima_buf_free(&string);
}

/* Not more than the limit, whole characters. */
static char *cut(const char *text)
{
    lima_buf line = LIMA_BUF(LIMA_HCS_WORDS_MAX);
    size_t len = strlen(text);

    if (len <= LIMA_HCS_WORDS_MAX) {
        lima_buf_add_str(&line, text);
    } else {
        lima_buf_add_some(&line, text, lima_utf8_cut(text, len, LIMA_HCS_WORDS_MAX - 3));
        lima_buf_add_str(&line, "...");
    }
    char *ret = lima_buf_take(&line);
    for (char *c = ret; *c; c++)
        if ((unsigned char)*c < ' ')
            *c = ' ';
    return ret;
}

char *lima_hcs_words(const char *document)
{
    lima_strv pieces = {0};

    if (!document)
        document = "";
    collect(document, &pieces);
    char *joined = lima_strv_join(&pieces, "; ");
    char *ret = cut(*joined ? joined : skip_space(document));
    free(joined);
    lima_strv_free(&pieces);
    return ret;
}
