#include "base/guid.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/sha256.h"

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static bool is_dash_place(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

bool lima_guid_parse(const char *text, char ret[LIMA_GUID_SIZE])
{
    size_t len = strlen(text);
    bool braces = len == LIMA_GUID_LEN + 2 && text[0] == '{' && text[len - 1] == '}';
    if (!braces && len != LIMA_GUID_LEN)
        return false;
    const char *digits = text + braces;
    for (size_t i = 0; i < LIMA_GUID_LEN; i++)
        if (is_dash_place(i) ? digits[i] != '-' : !is_hex(digits[i]))
            return false;
    for (size_t i = 0; i < LIMA_GUID_LEN; i++)
        ret[i] = lower(digits[i]);
    ret[LIMA_GUID_LEN] = '\0';
    return true;
}

/* ---- bytes ---- */

/* Text has the most significant byte first, memory the least significant one, in the first three parts. */
static const uint8_t place[LIMA_GUID_BYTES] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

/* In the order of the text. */
static void print(const uint8_t d[LIMA_GUID_BYTES], char ret[LIMA_GUID_SIZE])
{
    snprintf(ret, LIMA_GUID_SIZE, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
             d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10], d[11], d[12], d[13], d[14],
             d[15]);
}

static uint8_t value_of(char hex_digit)
{
    return (uint8_t)(hex_digit <= '9' ? hex_digit - '0' : hex_digit - 'a' + 10);
}

bool lima_guid_to_bytes(const char *text, uint8_t ret[LIMA_GUID_BYTES])
{
    char guid[LIMA_GUID_SIZE];
    if (!lima_guid_parse(text, guid))
        return false;
    for (size_t i = 0, at = 0; i < LIMA_GUID_BYTES; i++, at += 2) {
        at += is_dash_place(at);
        ret[place[i]] = (uint8_t)(value_of(guid[at]) << 4 | value_of(guid[at + 1]));
    }
    return true;
}

void lima_guid_from_bytes(const uint8_t bytes[LIMA_GUID_BYTES], char ret[LIMA_GUID_SIZE])
{
    uint8_t ordered[LIMA_GUID_BYTES];
    for (size_t i = 0; i < LIMA_GUID_BYTES; i++)
        ordered[i] = bytes[place[i]];
    print(ordered, ret);
}

void lima_guid_from_name(const char *space, const char *name, char ret[LIMA_GUID_SIZE])
{
    const void *const pieces[] = {space, "\n", name};
    const size_t lens[] = {strlen(space), 1, strlen(name)};
    uint8_t d[LIMA_SHA256_LEN];
    lima_sha256(pieces, lens, 3, d);
    d[6] = (uint8_t)(0x80 | (d[6] & 0x0f)); /* version */
    d[8] = (uint8_t)(0x80 | (d[8] & 0x3f)); /* variant */
    print(d, ret);
}
