#include "qemu/identity.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/sha256.h"

void lima_qemu_mac(const char *machine_id, const char *inst_dir, char ret[QEMU_MAC_SIZE])
{
    const void *pieces[] = {machine_id, inst_dir};
    size_t lens[] = {strlen(machine_id), strlen(inst_dir)};
    uint8_t digest[LIMA_SHA256_LEN];
    lima_sha256(pieces, lens, 2, digest);
    snprintf(ret, QEMU_MAC_SIZE, "52:55:55:%02x:%02x:%02x", digest[0], digest[1], digest[2]);
}

char *lima_qemu_mount_tag(lima_generation generation, size_t index, const char *location,
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
