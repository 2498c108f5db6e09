/* FIPS 180-4, sections 4.1.2, 4.2.2, 5.1.1 and 6.2; the names a…h and w are the standard's. One pass, one
 * block at a time. */
#include "base/sha256.h"

#include <string.h>

enum { BLOCK = 64, LENGTH_FIELD = 8 };

typedef struct sha256 {
    uint32_t state[8];
    uint64_t total; /* bytes */
    uint8_t block[BLOCK];
    size_t used;
} sha256;

static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotr(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static void schedule(const uint8_t block[BLOCK], uint32_t w[64])
{
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16
               | (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t s0 = rotr(w[i - 15], 7) ^ rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = rotr(w[i - 2], 17) ^ rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
}

static void compress(uint32_t state[8], const uint8_t block[BLOCK])
{
    uint32_t w[64], v[8];
    schedule(block, w);
    memcpy(v, state, sizeof v);
    for (int i = 0; i < 64; i++) {
        uint32_t a = v[0], b = v[1], c = v[2], e = v[4], f = v[5], g = v[6];
        uint32_t t1 = v[7] + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i];
        uint32_t t2 = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        memmove(v + 1, v, 7 * sizeof v[0]);
        v[0] = t1 + t2;
        v[4] += t1;
    }
    for (int i = 0; i < 8; i++)
        state[i] += v[i];
}

static void add(sha256 *hash, const uint8_t *bytes, size_t len)
{
    hash->total += len;
    while (len) {
        size_t part = BLOCK - hash->used < len ? BLOCK - hash->used : len;
        memcpy(hash->block + hash->used, bytes, part);
        hash->used += part;
        bytes += part;
        len -= part;
        if (hash->used == BLOCK) {
            compress(hash->state, hash->block);
            hash->used = 0;
        }
    }
}

/* The padding: one bit, zeros, the length in bits. */
static void finish(sha256 *hash, uint8_t ret_digest[LIMA_SHA256_LEN])
{
    static const uint8_t PADDING[BLOCK] = {0x80};
    uint64_t bits = hash->total * 8;
    size_t end = BLOCK - LENGTH_FIELD;
    add(hash, PADDING, (hash->used < end ? end : end + BLOCK) - hash->used);
    uint8_t length[LENGTH_FIELD];
    for (int i = 0; i < LENGTH_FIELD; i++)
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    add(hash, length, sizeof length);
    for (int i = 0; i < LIMA_SHA256_LEN; i++)
        ret_digest[i] = (uint8_t)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
}

void lima_sha256(const void *const pieces[], const size_t lens[], size_t count,
                 uint8_t ret_digest[LIMA_SHA256_LEN])
{
    sha256 hash = {.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
                             0x1f83d9ab, 0x5be0cd19}};
    for (size_t i = 0; i < count; i++)
        add(&hash, pieces[i], lens[i]);
    finish(&hash, ret_digest);
}
