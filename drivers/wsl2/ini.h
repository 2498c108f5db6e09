/* Files of sections and keys as WSL reads them (wsl.conf, .wslconfig): one line at a time, nothing lost, so
 * that a file can be read, or changed in one place. '#' begins a comment; names have no case; values may
 * stand in quotes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/strv.h"

typedef enum ini_kind { INI_OTHER = 0, INI_SECTION, INI_KEY } ini_kind;

typedef struct ini_text {
    const char *begin;
    size_t len;
} ini_text;

/* Pointers lead into the file. */
typedef struct ini_line {
    ini_kind kind;
    size_t begin, end; /* offsets; the line end included */
    size_t number;     /* from 1 */
    ini_text name;     /* of the section or key */
    ini_text value;    /* trimmed, quotes included, comment not */
} ini_line;

/* {.text, .len} of the file, rest zero. */
typedef struct ini_reader {
    const char *text;
    size_t len;
    size_t at, number;
    ini_text section; /* the line stands in */
} ini_reader;

bool lima_wsl2_ini_next(ini_reader *reader, ini_line *ret);
bool lima_wsl2_ini_is(ini_text text, const char *word); /* without case */
/* Owned: quotes off, "\\" and "\"" in them unescaped. */
char *lima_wsl2_ini_value(ini_text value);
/* The last value of that key, which is the one that counts, owned; NULL: not there. `ret_number` may be NULL.
 */
char *lima_wsl2_ini_get(const char *text, size_t len, const char *section, const char *key,
                        size_t *ret_number);
