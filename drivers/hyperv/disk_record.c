/* The number is a sum over all sectors that are not zero, each with its place: so it does not matter in which
 * pieces, or by how many threads, a disk is read. It tells accidents apart, not attacks. */
#include "hyperv/disk_record.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/crc32c.h"
#include "base/str.h"
#include "data/json.h"
#include "image/disk_sweep.h"
#include "os/file.h"

enum { SECTOR = 512, RECORD_MAX = 4096, VERSION = 1 };

/* ---- what is on a disk ---- */

static bool is_zero(const char *bytes)
{
    return !bytes[0] && !memcmp(bytes, bytes + 1, SECTOR - 1);
}

/* Spreads all bits over all (constants of splitmix64, which is in the public domain). */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static uint64_t of_sector(uint64_t number, const char *bytes)
{
    return is_zero(bytes) ? 0 : mix(mix(number + 1) ^ lima_crc32c(0, bytes, SECTOR));
}

static bool add_piece(void *arg, uint64_t offset, char *bytes, size_t len, lima_err *err)
{
    atomic_uint_least64_t *sum = arg;
    uint64_t more = 0;

    (void)err;
    for (size_t at = 0; at < len; at += SECTOR) {
        char sector[SECTOR] = {0};
        memcpy(sector, bytes + at, len - at < SECTOR ? len - at : SECTOR);
        more += of_sector((offset + at) / SECTOR, sector);
    }
    atomic_fetch_add(sum, more);
    return true;
}

bool lima_hyperv_disk_content(const char *path, lima_wake *wake, uint64_t *ret, lima_err *err)
{
    atomic_uint_least64_t sum = 0;
    lima_disk *disk = NULL;

    if (!lima_disk_open(path, LIMA_DISK_ANY, &disk, err))
        return false;
    const lima_sweep sweep = {.disk = disk, .cancel = wake, .piece = add_piece, .arg = &sum};
    bool ok = lima_disk_sweep(&sweep, err);
    lima_disk_close(disk);
    if (ok)
        *ret = atomic_load(&sum);
    return ok;
}

/* ---- the file ---- */

static bool parse(const lima_json *doc, hyperv_disk_record *ret)
{
    hyperv_disk_record found = {.known = true};
    const char *content = lima_json_str(doc, "", "content");
    int64_t size = lima_json_int(doc, -1, "size");
    char *end = NULL;

    if (lima_json_int(doc, 0, "version") != VERSION || size < 0 || strlen(content) != 16)
        return false;
    found.size = (uint64_t)size;
    found.mtime_ms = lima_json_int(doc, 0, "mtimeMs");
    found.content = strtoull(content, &end, 16);
    if (*end)
        return false;
    lima_guid_parse(lima_json_str(doc, "", "untouched"), found.id);
    *ret = found;
    return true;
}

void lima_hyperv_disk_record_read(const char *path, hyperv_disk_record *ret)
{
    lima_buf text = LIMA_BUF(RECORD_MAX);
    lima_json *doc = NULL;

    *ret = (hyperv_disk_record){0};
    if (lima_file_read(path, &text, NULL) && lima_json_parse(lima_buf_str(&text), text.len, &doc, NULL))
        parse(doc, ret);
    lima_json_free(doc);
    lima_buf_free(&text);
}

bool lima_hyperv_disk_record_write(const char *path, const hyperv_disk_record *record, lima_err *err)
{
    lima_json *doc = lima_json_new_object();
    char content[17];

    snprintf(content, sizeof content, "%016" PRIx64, record->content);
    lima_json_set_int(doc, VERSION, "version");
    lima_json_set_int(doc, (int64_t)record->size, "size");
    lima_json_set_int(doc, record->mtime_ms, "mtimeMs");
    lima_json_set_str(doc, content, "content");
    lima_json_set_str(doc, record->id, "untouched");
    char *text = lima_json_print(doc);
    bool ok = lima_file_write(path, text, strlen(text), LIMA_FILE_PRIVATE, err);
    free(text);
    lima_json_free(doc);
    return ok;
}
