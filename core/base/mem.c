#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void give_up(size_t count, size_t size)
{
    fprintf(stderr, "out of memory: %zu x %zu bytes; the program ends\n", count, size);
    abort();
}

static void check_product(size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        give_up(count, size);
}

void *lima_mem_zalloc(size_t count, size_t size)
{
    check_product(count, size);
    void *memory = calloc(count ? count : 1, size ? size : 1);
    if (!memory)
        give_up(count, size);
    return memory;
}

void *lima_mem_resize(void *old, size_t count, size_t size)
{
    check_product(count, size);
    size_t bytes = count * size;
    void *memory = realloc(old, bytes ? bytes : 1);
    if (!memory)
        give_up(count, size);
    return memory;
}

char *lima_mem_strdup(const char *text)
{
    return text ? lima_mem_strndup(text, strlen(text)) : NULL;
}

char *lima_mem_strndup(const char *text, size_t len)
{
    char *copy = lima_mem_zalloc(len + 1, 1);
    if (len)
        memcpy(copy, text, len);
    return copy;
}

char *lima_mem_vprintf(const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (len < 0)
        give_up(1, SIZE_MAX); /* more than INT_MAX bytes */
    char *text = lima_mem_zalloc((size_t)len + 1, 1);
    vsnprintf(text, (size_t)len + 1, fmt, args);
    return text;
}

char *lima_mem_printf(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = lima_mem_vprintf(fmt, args);
    va_end(args);
    return text;
}

/* Each byte is compared with the one before it: memcmp does that faster than any loop here. */
bool lima_mem_is_zero(const void *bytes, size_t len)
{
    const char *at = bytes;
    return !len || (!at[0] && memcmp(at, at + 1, len - 1) == 0);
}
