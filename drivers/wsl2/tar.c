/* ustar first; a name that does not fit its two fields gets a pax header before it (POSIX.1-2001, pax
 * interchange format), which GNU tar, bsdtar and busybox read. */
#include "wsl2/tar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"

typedef struct tar_header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8];
    char type;
    char link[100], magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], unused[12];
} tar_header;
_Static_assert(sizeof(tar_header) == WSL2_TAR_BLOCK, "a header is one block");

enum { PATH_MAX_BYTES = 4096, OCTAL_SIZE_MAX_BITS = 33 };

static bool check_name(const char *name, lima_err *err)
{
    lima_strv parts = {0};
    lima_str_split(name, '/', &parts);
    bool ok = *name && *name != '/' && strlen(name) <= PATH_MAX_BYTES && !lima_strv_has(&parts, "..");
    lima_strv_free(&parts);
    return ok
           || lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'%.200s' cannot be a name in a tar archive",
                           name);
}

/* Where to cut a name of over 100 bytes into prefix and name: at a '/'. 0: it does not fit. */
static size_t prefix_len(const char *name, size_t len)
{
    size_t most = len < 155 ? len : 155;
    for (size_t at = most; at > 0; at--)
        if (name[at] == '/' && len - at - 1 <= 100 && len - at - 1 > 0)
            return at;
    return 0;
}

static void octal(char *field, size_t width, uint64_t value)
{
    field[width - 1] = '\0';
    for (size_t at = width - 1; at-- > 0; value >>= 3)
        field[at] = (char)('0' + (value & 7));
}

static void sum_up(tar_header *header)
{
    memset(header->checksum, ' ', sizeof header->checksum);
    unsigned sum = 0;
    const unsigned char *bytes = (const unsigned char *)header;
    for (size_t i = 0; i < sizeof *header; i++)
        sum += bytes[i];
    octal(header->checksum, 7, sum); /* six digits, NUL, blank */
}

static bool add_header(lima_buf *into, const char *prefix, size_t prefix_bytes, const char *name, char type,
                       uint64_t size, uint32_t mode)
{
    tar_header header = {
        .type = type, .magic = "ustar", .version = {'0', '0'}, .user = "root", .group = "root"};
    size_t name_bytes = strlen(name) < sizeof header.name ? strlen(name) : sizeof header.name;
    memcpy(header.name, name, name_bytes);
    memcpy(header.prefix, prefix, prefix_bytes);
    octal(header.mode, sizeof header.mode, mode & 07777);
    octal(header.uid, sizeof header.uid, 0);
    octal(header.gid, sizeof header.gid, 0);
    octal(header.size, sizeof header.size, size);
    octal(header.mtime, sizeof header.mtime, 0);
    sum_up(&header);
    return lima_buf_add(into, &header, sizeof header);
}

static bool add_zeros(lima_buf *into, size_t len)
{
    static const char zeros[2 * WSL2_TAR_BLOCK];
    return lima_buf_add(into, zeros, len);
}

/* A pax record counts its own length: "NN path=NAME\n". */
static char *pax_record(const char *name)
{
    size_t body = strlen(" path=\n") + strlen(name), len = body + 1;
    char digits[24];
    while ((size_t)snprintf(digits, sizeof digits, "%zu", len) + body != len)
        len = (size_t)snprintf(digits, sizeof digits, "%zu", len) + body;
    return lima_mem_printf("%zu path=%s\n", len, name);
}

static bool add_pax(lima_buf *into, const char *name)
{
    char *record = pax_record(name);
    bool ok = add_header(into, "", 0, "pax", 'x', strlen(record), 0644) && lima_buf_add_str(into, record)
              && add_zeros(into, lima_wsl2_tar_padding(strlen(record)));
    free(record);
    return ok;
}

static bool add_entry(lima_buf *into, const char *name, char type, uint64_t size, uint32_t mode,
                      lima_err *err)
{
    if (!check_name(name, err))
        return false;
    if (size >> OCTAL_SIZE_MAX_BITS)
        return lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "'%.200s' is too big for a tar archive", name);
    size_t len = strlen(name), cut = len <= 100 ? 0 : prefix_len(name, len);
    bool fits = len <= 100 || cut;
    bool ok = (fits || add_pax(into, name))
              && add_header(into, name, cut, name + (cut ? cut + 1 : 0), type, size, mode);
    return ok || lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "no room for the tar header of '%.200s'", name);
}

bool lima_wsl2_tar_add_file(lima_buf *into, const char *name, uint64_t size, uint32_t mode, lima_err *err)
{
    return add_entry(into, name, '0', size, mode, err);
}

bool lima_wsl2_tar_add_dir(lima_buf *into, const char *name, uint32_t mode, lima_err *err)
{
    char *with_slash = lima_mem_printf("%s%s", name, *name && !lima_str_has_suffix(name, "/") ? "/" : "");
    bool ok = add_entry(into, with_slash, '5', 0, mode, err);
    free(with_slash);
    return ok;
}

size_t lima_wsl2_tar_padding(uint64_t size)
{
    return (size_t)((WSL2_TAR_BLOCK - size % WSL2_TAR_BLOCK) % WSL2_TAR_BLOCK);
}

bool lima_wsl2_tar_add_end(lima_buf *into)
{
    return add_zeros(into, 2 * WSL2_TAR_BLOCK);
}
