/* Numbers as disk formats have them: `len` bytes (up to 8) that need not be aligned. */
#pragma once

#include <stddef.h>
#include <stdint.h>

static inline uint64_t bytes_big(const unsigned char *bytes, size_t len)
{
    uint64_t value = 0;

    for (size_t i = 0; i < len; i++)
        value = value << 8 | bytes[i];
    return value;
}

static inline uint64_t bytes_little(const unsigned char *bytes, size_t len)
{
    uint64_t value = 0;

    for (size_t i = len; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

static inline void bytes_put_big(unsigned char *into, uint64_t value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        into[i] = (unsigned char)(value >> 8 * (len - 1 - i));
}

static inline void bytes_put_little(unsigned char *into, uint64_t value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        into[i] = (unsigned char)(value >> 8 * i);
}
