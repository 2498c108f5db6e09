/* GUIDs as text: 36 characters, lower case, no braces, in the order in which they are written; and as the bytes that
 * Windows has in memory and VHDX in its file, where the first three parts are little-endian. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { LIMA_GUID_LEN = 36, LIMA_GUID_SIZE = LIMA_GUID_LEN + 1, LIMA_GUID_BYTES = 16 };

/* "{9A..}", "9a..." in any case. False: no GUID. */
bool lima_guid_parse(const char *text, char ret[LIMA_GUID_SIZE]);
bool lima_guid_to_bytes(const char *text, uint8_t ret[LIMA_GUID_BYTES]); /* as forgiving */
void lima_guid_from_bytes(const uint8_t bytes[LIMA_GUID_BYTES], char ret[LIMA_GUID_SIZE]);
/* Always the same one for the same name, another one for every other name or space. It is of version 8 of
 * RFC 9562, with SHA-256: version 5 would need SHA-1. `space`: what kind of thing has the name. */
void lima_guid_from_name(const char *space, const char *name, char ret[LIMA_GUID_SIZE]);
