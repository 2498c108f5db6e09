/* Writing and recognising ISO 9660.
 *
 * Layout, in sectors of 2048 bytes: 16 empty ones, primary descriptor, Joliet descriptor, terminator, the
 * four path tables (two byte orders, twice), the two folders, the files. Both descriptors point at the same
 * file contents. Everything but the contents is built in memory. Not made: Rock Ridge (Linux takes Joliet
 * where it is absent), folders, boot records, more than one volume. All dates are the same, so that equal
 * input gives equal bytes. */
#include "image/iso.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/utf.h"
#include "image/bytes.h"
#include "os/file.h"
#include "os/process.h"

enum {
    SECTOR = 2048,
    PRIMARY = 16,
    JOLIET = 17,
    TERMINATOR = 18,
    TABLES = 19, /* primary little-endian, big-endian, Joliet little-endian, big-endian */
    FOLDERS = 23,
    RECORD_MAX = 33 + 2 * LIMA_ISO_NAME_MAX + 4 + 1, /* ";1" behind the name, even length */
    SHORT_MAX = 32,
};

struct entry {
    const lima_iso_file *file;
    char short_name[SHORT_MAX]; /* "LIMAENV.;1" */
    uint16_t *units;            /* owned; the Joliet name */
    size_t units_len;
    uint32_t sector;
};

struct image {
    struct entry entries[LIMA_ISO_FILES_MAX];
    size_t count;
    uint32_t folder_sectors[2]; /* primary, Joliet */
    uint32_t sectors;           /* of the whole image */
    uint8_t *head;              /* owned; all sectors before the first file */
    size_t head_len;
};

/* ---- numbers in both byte orders ---- */

static void put_both16(uint8_t *at, uint32_t value)
{
    bytes_put_little(at, value, 2);
    bytes_put_big(at + 2, value, 2);
}

static void put_both32(uint8_t *at, uint32_t value)
{
    bytes_put_little(at, value, 4);
    bytes_put_big(at + 4, value, 4);
}

static uint32_t sectors_for(size_t bytes)
{
    return (uint32_t)((bytes + SECTOR - 1) / SECTOR);
}

/* ---- names ---- */

static char plain(char c)
{
    if (c >= 'a' && c <= 'z')
        return (char)(c - 'a' + 'A');
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_';
}

/* Eight letters, a dot, three letters of what follows the last dot; `number` (when not 0) takes the place of
 * the last two of the eight. */
static void make_short_name(struct entry *entry, unsigned number)
{
    const char *name = entry->file->name, *dot = strrchr(name, '.');
    size_t stem = dot ? (size_t)(dot - name) : strlen(name), most = number ? 6 : 8;
    char *at = entry->short_name;
    for (size_t i = 0; i < stem && i < most; i++)
        *at++ = plain(name[i]);
    if (number) {
        *at++ = (char)('0' + number / 10);
        *at++ = (char)('0' + number % 10);
    }
    *at++ = '.';
    for (size_t i = 1; dot && dot[i] && i <= 3; i++)
        *at++ = plain(dot[i]);
    memcpy(at, ";1", 3);
}

static bool is_taken(const struct image *image, size_t count, const char *short_name)
{
    for (size_t i = 0; i < count; i++)
        if (lima_str_eq(image->entries[i].short_name, short_name))
            return true;
    return false;
}

static bool check_name(const char *name, lima_err *err)
{
    if (lima_str_empty(name) || lima_str_eq(name, ".") || lima_str_eq(name, ".."))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'%s' is no file name", name ? name : "");
    for (const char *at = name; *at; at++)
        if ((unsigned char)*at < ' ' || strchr("*/:;?\\", *at))
            return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                                "file name '%s': must not contain control characters or * / : ; ? \\", name);
    return true;
}

static bool add_entry(struct image *image, const lima_iso_file *file, lima_err *err)
{
    struct entry *entry = &image->entries[image->count];
    *entry = (struct entry){.file = file};
    if (!check_name(file->name, err))
        return false;
    for (size_t i = 0; i < image->count; i++)
        if (lima_str_eq(image->entries[i].file->name, file->name))
            return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "file '%s' is there twice", file->name);
    if (file->len > LIMA_ISO_FILE_BYTES_MAX)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "file '%s': over %d bytes", file->name,
                            LIMA_ISO_FILE_BYTES_MAX);
    if (!lima_utf8_to_utf16(file->name, strlen(file->name), &entry->units, &entry->units_len, err))
        return lima_err_wrap(err, "file name");
    image->count++;
    if (entry->units_len > LIMA_ISO_NAME_MAX)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "file name '%s': over %d characters", file->name,
                            LIMA_ISO_NAME_MAX);
    make_short_name(entry, 0);
    for (unsigned number = 1; is_taken(image, image->count - 1, entry->short_name); number++)
        make_short_name(entry, number);
    return true;
}

/* ---- records and descriptors ---- */

struct record {
    const uint8_t *name;
    size_t name_len;
    uint32_t sector, size;
    bool folder;
};

static size_t record_len(size_t name_len)
{
    return 33 + name_len + (name_len + 1) % 2; /* of even length */
}

static size_t put_record(uint8_t *at, const struct record *record)
{
    static const uint8_t date[7] = {80, 1, 1}; /* 1980-01-01: the date of things without a date */
    at[0] = (uint8_t)record_len(record->name_len);
    put_both32(at + 2, record->sector);
    put_both32(at + 10, record->size);
    memcpy(at + 18, date, sizeof date);
    at[25] = record->folder ? 2 : 0;
    put_both16(at + 28, 1);
    at[32] = (uint8_t)record->name_len;
    memcpy(at + 33, record->name, record->name_len);
    return at[0];
}

/* The name as it stands in a record; `into` has RECORD_MAX bytes. */
static size_t put_name(uint8_t *into, const struct entry *entry, bool joliet)
{
    size_t len = strlen(entry->short_name);
    if (!joliet) {
        memcpy(into, entry->short_name, len);
        return len;
    }
    for (size_t i = 0; i < entry->units_len; i++)
        bytes_put_big(into + 2 * i, entry->units[i], 2);
    bytes_put_big(into + 2 * entry->units_len, ';', 2);
    bytes_put_big(into + 2 * entry->units_len + 2, '1', 2);
    return 2 * entry->units_len + 4;
}

static int by_short_name(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->short_name, ((const struct entry *)b)->short_name);
}

static int by_units(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    for (size_t i = 0; i < a->units_len && i < b->units_len; i++)
        if (a->units[i] != b->units[i])
            return a->units[i] < b->units[i] ? -1 : 1;
    return (a->units_len > b->units_len) - (a->units_len < b->units_len);
}

/* Writes a folder to `into` (NULL: only measures) and returns its size in sectors. A record never crosses a
 * sector. */
static uint32_t put_folder(struct image *image, bool joliet, uint8_t *into, uint32_t sectors)
{
    uint8_t scratch[RECORD_MAX + 33], name[RECORD_MAX];
    size_t at = 0;
    qsort(image->entries, image->count, sizeof image->entries[0], joliet ? by_units : by_short_name);
    for (size_t i = 0; i < image->count + 2; i++) { /* itself, its parent (itself), the files */
        struct record record = {(const uint8_t *)(i ? "\1" : "\0"), 1, image->folder_sectors[joliet],
                                sectors * SECTOR, true};
        if (i >= 2) {
            const struct entry *entry = &image->entries[i - 2];
            record = (struct record){name, put_name(name, entry, joliet), entry->sector,
                                     (uint32_t)entry->file->len, false};
        }
        size_t len = record_len(record.name_len);
        if (at % SECTOR + len > SECTOR)
            at = sectors_for(at) * (size_t)SECTOR;
        memset(scratch, 0, sizeof scratch);
        put_record(into ? into + at : scratch, &record);
        at += len;
    }
    return sectors_for(at);
}

/* Text padded with spaces, in Joliet as UCS-2. */
static void put_text(uint8_t *at, size_t len, const char *text, bool joliet)
{
    size_t have = strlen(text);
    for (size_t i = 0; i + joliet < len; i += 1 + joliet) {
        size_t index = joliet ? i / 2 : i;
        uint8_t c = index < have ? (uint8_t)text[index] : ' ';
        at[i + joliet] = c;
    }
}

static void put_descriptor(const struct image *image, const char *label, bool joliet, uint32_t folder_size)
{
    static const struct {
        size_t at, len;
    } texts[] = {{8, 32}, {190, 128}, {318, 128}, {446, 128}, {574, 128}, {702, 37}, {739, 37}, {776, 37}};
    uint8_t *at = image->head + (joliet ? JOLIET : PRIMARY) * SECTOR;
    const struct record root = {(const uint8_t *)"", 1, image->folder_sectors[joliet], folder_size, true};
    at[0] = joliet ? 2 : 1;
    memcpy(at + 1, "CD001\1", 6);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        put_text(at + texts[i].at, texts[i].len, "", joliet);
    put_text(at + 40, 32, label, joliet);
    put_both32(at + 80, image->sectors);
    if (joliet)
        memcpy(at + 88, "%/E", 3); /* UCS-2 level 3 */
    put_both16(at + 120, 1);
    put_both16(at + 124, 1);
    put_both16(at + 128, SECTOR);
    put_both32(at + 132, 10);
    bytes_put_little(at + 140, TABLES + 2 * joliet, 4);
    bytes_put_big(at + 148, TABLES + 2 * joliet + 1, 4);
    put_record(at + 156, &root);
    for (size_t date = 813; date < 881; date += 17)
        memset(at + date, '0', 16);
    at[881] = 1;
}

/* One folder, the root, in both byte orders. */
static void put_path_tables(const struct image *image, bool joliet)
{
    uint8_t *little = image->head + (TABLES + 2 * joliet) * SECTOR, *big = little + SECTOR;
    little[0] = big[0] = 1;
    bytes_put_little(little + 2, image->folder_sectors[joliet], 4);
    bytes_put_big(big + 2, image->folder_sectors[joliet], 4);
    bytes_put_little(little + 6, 1, 2);
    bytes_put_big(big + 6, 1, 2);
}

static void lay_out(struct image *image, const char *label)
{
    uint32_t sizes[2];
    uint32_t next = FOLDERS;
    for (int joliet = 0; joliet < 2; joliet++) {
        image->folder_sectors[joliet] = next;
        sizes[joliet] = put_folder(image, joliet, NULL, 0);
        next += sizes[joliet];
    }
    image->head_len = (size_t)next * SECTOR;
    for (size_t i = 0; i < image->count; i++) {
        image->entries[i].sector = image->entries[i].file->len ? next : 0;
        next += sectors_for(image->entries[i].file->len);
    }
    image->sectors = next;
    image->head = lima_mem_zalloc(image->head_len, 1);
    for (int joliet = 0; joliet < 2; joliet++) {
        put_descriptor(image, label, joliet, sizes[joliet] * SECTOR);
        put_path_tables(image, joliet);
        put_folder(image, joliet, image->head + (size_t)image->folder_sectors[joliet] * SECTOR,
                   sizes[joliet]);
    }
    memcpy(image->head + TERMINATOR * SECTOR, "\377CD001\1", 7);
}

/* ---- the file ---- */

static bool write_to(lima_file *file, const struct image *image, lima_err *err)
{
    bool ok = lima_file_resize(file, (uint64_t)image->sectors * SECTOR, err)
              && lima_file_write_at(file, 0, image->head, image->head_len, err);
    for (size_t i = 0; ok && i < image->count; i++) {
        const struct entry *entry = &image->entries[i];
        ok = lima_file_write_at(file, (uint64_t)entry->sector * SECTOR, entry->file->bytes, entry->file->len,
                                err);
    }
    return ok;
}

static bool write_image(const char *path, const struct image *image, lima_err *err)
{
    lima_process_id self = {0};
    lima_file *file = NULL;
    lima_process_find(0, &self);
    char *part = lima_mem_printf("%s.%u.tmp", path, self.pid);
    bool made = lima_file_remove(part, err) && lima_file_open(part, LIMA_FILE_CREATE, &file, err);
    bool ok = made && write_to(file, image, err);
    lima_file_close(file);
    ok = ok && lima_file_rename(part, path, err);
    if (made && !ok)
        lima_file_remove(part, NULL);
    free(part);
    return ok;
}

static bool check_label(const char *label, lima_err *err)
{
    bool ok = label && *label && strlen(label) <= LIMA_ISO_LABEL_MAX;
    for (const char *at = label; ok && *at; at++)
        ok = *at >= ' ' && *at < 127;
    return ok
           || lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "label '%s': must be 1 to %d ASCII characters",
                           label ? label : "", LIMA_ISO_LABEL_MAX);
}

bool lima_iso_write(const char *path, const char *label, const lima_iso_file *files, size_t count,
                    lima_err *err)
{
    struct image *image = lima_mem_zalloc(1, sizeof *image);
    bool ok = check_label(label, err);
    if (ok && count > LIMA_ISO_FILES_MAX)
        ok = lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "over %d files", LIMA_ISO_FILES_MAX);
    for (size_t i = 0; ok && i < count; i++)
        ok = add_entry(image, &files[i], err);
    if (ok) {
        lay_out(image, label);
        ok = write_image(path, image, err);
    }
    if (!ok)
        lima_err_wrap(err, "ISO image '%s'", path);
    for (size_t i = 0; i < image->count; i++)
        free(image->entries[i].units);
    free(image->head);
    free(image);
    return ok;
}

bool lima_iso_detect(const char *path, bool *ret_is_iso, lima_err *err)
{
    uint8_t head[7] = {0};
    size_t len = 0;
    lima_file *file = NULL;
    if (!lima_file_open(path, LIMA_FILE_READ, &file, err))
        return false;
    bool ok = lima_file_read_at(file, PRIMARY * SECTOR, head, sizeof head, &len, err);
    lima_file_close(file);
    if (ok)
        *ret_is_iso =
            len == sizeof head && memcmp(head + 1, "CD001", 5) == 0 && (head[0] <= 3 || head[0] == 255);
    return ok;
}
