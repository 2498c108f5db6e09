/* CRC-32C (Castagnoli), as VHDX uses it: polynomial 0x1EDC6F41, reflected, start and end inverted. Source: RFC 3720,
 * appendix B.4. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* `crc`: 0, or what the call for the bytes before gave. */
uint32_t lima_crc32c(uint32_t crc, const void *bytes, size_t len);
