/* What the tests of the wsl2 driver's pure half share, besides what those of the qemu driver have. */
#ifndef WSL2_TEST_H
#define WSL2_TEST_H

#include "unit/qemu/qemu_test.h"

#include "base/buf.h"
#include "base/utf.h"

/* UTF-8 text as UTF-16LE bytes, added to `into`. */
static inline void add_utf16(lima_buf *into, const char *text)
{
    uint16_t *units = NULL;
    size_t len = 0;
    if (!lima_utf8_to_utf16(text, strlen(text), &units, &len, NULL))
        fail_msg("test text is no UTF-8: %s", text);
    for (size_t i = 0; i < len; i++)
        lima_buf_add(into, (char[]){(char)(units[i] & 0xff), (char)(units[i] >> 8)}, 2);
    free(units);
}

#endif
