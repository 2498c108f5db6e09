#include "driver/identity.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/sha256.h"

void lima_identity_mac(const char *machine_id, const char *inst_dir, char ret[LIMA_MAC_SIZE])
{
    const void *pieces[] = {machine_id, inst_dir};
    size_t lens[] = {strlen(machine_id), strlen(inst_dir)};
    uint8_t digest[LIMA_SHA256_LEN];
    lima_sha256(pieces, lens, 2, digest);
    snprintf(ret, LIMA_MAC_SIZE, "52:55:55:%02x:%02x:%02x", digest[0], digest[1], digest[2]);
}

char *lima_identity_mount_tag(lima_generation generation, size_t index, const char *location,
                              const char *mount_point)
{
    if (generation < LIMA_GENERATION_2_1)
        return lima_mem_printf("mount%zu", index);
    const char *separator = generation == LIMA_GENERATION_2_1 ? "\0" : ":";
    const void *pieces[] = {location, separator, mount_point};
    size_t lens[] = {strlen(location), 1, strlen(mount_point)};
    uint8_t d[LIMA_SHA256_LEN];
    lima_sha256(pieces, lens, 3, d);
    return lima_mem_printf("lima-%02x%02x%02x%02x%02x%02x%02x%02x", d[0], d[1], d[2], d[3], d[4], d[5], d[6],
                           d[7]);
}

/* "C:\L\dev" and "c:/l/dev/" agree. */
static char *one_spelling(const char *path)
{
    char *clean = lima_path_clean(path);
    bool windows = clean[0] != '/';
    for (char *c = clean; windows && *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + ('a' - 'A'));
    return clean;
}

uint32_t lima_identity_draw(const char *kind, const char *seed, unsigned attempt, uint32_t min, uint32_t max)
{
    char *path = one_spelling(seed);
    char number[16];
    snprintf(number, sizeof number, "%u", attempt);
    const void *const pieces[] = {kind, "\n", path, "\n", number};
    const size_t lens[] = {strlen(kind), 1, strlen(path), 1, strlen(number)};
    uint8_t digest[LIMA_SHA256_LEN];
    lima_sha256(pieces, lens, sizeof pieces / sizeof pieces[0], digest);
    free(path);
    uint64_t value = 0;
    for (size_t i = 0; i < 8; i++)
        value = value << 8 | digest[i];
    return min + (uint32_t)(value % ((uint64_t)max - min + 1));
}

void lima_identity_guid(const char *kind, const char *seed, char ret[LIMA_GUID_SIZE])
{
    char *path = one_spelling(seed);
    lima_guid_from_name(kind, path, ret);
    free(path);
}
