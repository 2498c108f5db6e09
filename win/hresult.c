/* Look-up in the table, and the one sentence that comes of it.
 *
 * Numbers come in dialects: the newer DLL's own, the same from the older DLL (0xC037 for 0x8037), Win32 codes
 * bare (virtdisk) or wrapped. They are made one before the look-up; the error keeps the number as it came. */
#include "hresult.h"

#include <stdio.h>
#include <string.h>

#include "base/utf.h"
#include "hresult_table.h"
#include "os/shared/shared.h"

enum { SAID_MAX = 700, OBJECT_MAX = 700 };

static uint32_t in_one_dialect(uint32_t number)
{
    if ((number & 0xFFFF0000u) == 0xC0370000u)
        return (number & 0xFFFFu) | 0x80370000u;
    return number && number < 0x10000u ? number | 0x80070000u : number;
}

const lima_hresult *lima_hresult_at(size_t i)
{
    return i < lima_hresult_rows ? &lima_hresult_table[i] : NULL;
}

const lima_hresult *lima_hresult_find(uint32_t number)
{
    uint32_t wanted = in_one_dialect(number);

    for (size_t i = 0; i < lima_hresult_rows; i++)
        if (lima_hresult_table[i].number == wanted)
            return &lima_hresult_table[i];
    return NULL;
}

/* "HCS_E_X 0x80370100", or as much as can be told of a number without a row. */
static void name_number(uint32_t number, const lima_hresult *row, char *into, size_t size)
{
    uint32_t known = in_one_dialect(number);

    if (row)
        snprintf(into, size, "%s 0x%08lX", row->symbol, (unsigned long)number);
    else if ((known & 0xFFFF0000u) == 0x80070000u)
        snprintf(into, size, "Windows error %lu", (unsigned long)(known & 0xFFFFu));
    else
        snprintf(into, size, "0x%08lX", (unsigned long)number);
}

/* The service's words in quotes, with a colon before them; "" if it said nothing. */
static void quote(const char *said, char *into, size_t size)
{
    size_t len = said ? strlen(said) : 0, cut = lima_utf8_cut(said ? said : "", len, SAID_MAX);

    into[0] = '\0';
    if (len)
        snprintf(into, size, ": \"%.*s%s\"", (int)cut, said, cut < len ? "..." : "");
}

/* `row` may be NULL. */
static void fill(lima_err *err, uint32_t number, const lima_hresult *row, const char *said, const char *fmt,
                 va_list args)
{
    char object[OBJECT_MAX], name[80], words[SAID_MAX + 16];

    lima_shared_object(object, sizeof object, fmt, args);
    name_number(number, row, name, sizeof name);
    quote(said, words, sizeof words);
    lima_err_set(err, row ? row->code : LIMA_CODE_UNKNOWN, "%s: %s (%s)%s%s%s", object,
                 row ? row->cause : "failed", name, words, row ? "; " : "", row ? row->next : "");
    if (err)
        err->os_code = (int)number;
}

bool lima_hresult_fail(lima_err *err, uint32_t number, const char *said, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    fill(err, number, lima_hresult_find(number), said, fmt, args);
    va_end(args);
    return false;
}

bool lima_hresult_fail_as(lima_err *err, const lima_hresult *row, const char *said, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    fill(err, row->number, row, said, fmt, args);
    va_end(args);
    return false;
}
