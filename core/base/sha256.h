/* SHA-256 (FIPS 180-4). Here because Lima derives MAC addresses and mount tags from it and none of our
 * libraries brings one on every platform; not for secrets. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { LIMA_SHA256_LEN = 32 };

/* Of all pieces one after the other: pieces[i] has lens[i] bytes. */
void lima_sha256(const void *const pieces[], const size_t lens[], size_t count,
                 uint8_t ret_digest[LIMA_SHA256_LEN]);
