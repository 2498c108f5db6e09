/* Half a byte at a time: sixteen numbers of table do, since only headers and tables are summed. */
#include "base/crc32c.h"

enum { NIBBLES = 16 };
static const uint32_t REFLECTED = 0x82F63B78;

static uint32_t step(uint32_t crc)
{
    for (int bit = 0; bit < 4; bit++)
        crc = crc & 1 ? crc >> 1 ^ REFLECTED : crc >> 1;
    return crc;
}

uint32_t lima_crc32c(uint32_t crc, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    uint32_t table[NIBBLES];

    for (uint32_t i = 0; i < NIBBLES; i++)
        table[i] = step(i);
    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc ^= at[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}
