/* By magic bytes: what begins like a disk image is one, whatever its name. A compressed file is taken for a
 * tar archive in that compression; if it holds something else, WSL says so after unpacking the first block.
 * Formats: POSIX tar, RFC 1952, xz 1.1.0, zstd and lz4 frame formats, qcow2, VHD, VHDX, VMDK, VDI, ISO 9660,
 * squashfs, zip, GPT, MBR. */
#include "wsl2/image.h"

#include <string.h>

#include "base/str.h"

enum { TAR_BLOCK = 512, SECTOR = 512, SHORTEST_COMPRESSED = 14 };

typedef struct magic {
    size_t at;
    const char *bytes;
    size_t len;
    wsl2_image kind;
} magic;

#define MAGIC(at, bytes, kind)                                                                               \
    {                                                                                                        \
        at, bytes, sizeof(bytes) - 1, kind                                                                   \
    }

static const magic magics[] = {
    MAGIC(0, "QFI\xfb", WSL2_IMAGE_QCOW2),
    MAGIC(0, "vhdxfile", WSL2_IMAGE_VHDX),
    MAGIC(0, "conectix", WSL2_IMAGE_VHD),
    MAGIC(0, "KDMV", WSL2_IMAGE_VMDK),
    MAGIC(0, "# Disk DescriptorFile", WSL2_IMAGE_VMDK),
    MAGIC(64, "\x7f\x10\xda\xbe", WSL2_IMAGE_VDI),
    MAGIC(0, "hsqs", WSL2_IMAGE_SQUASHFS),
    MAGIC(0, "PK\x03\x04", WSL2_IMAGE_ZIP),
    MAGIC(0, "\x1f\x8b", WSL2_IMAGE_GZIP),
    MAGIC(0,
          "\xfd"
          "7zXZ\0",
          WSL2_IMAGE_XZ),
    MAGIC(0, "BZh", WSL2_IMAGE_BZIP2),
    MAGIC(0, "\x28\xb5\x2f\xfd", WSL2_IMAGE_ZSTD),
    MAGIC(0, "\x04\x22\x4d\x18", WSL2_IMAGE_LZ4),
    MAGIC(0, "\x5d\0\0", WSL2_IMAGE_LZMA),
    MAGIC(257, "ustar", WSL2_IMAGE_TAR),
    MAGIC(SECTOR, "EFI PART", WSL2_IMAGE_RAW_DISK),
    MAGIC(32769, "CD001", WSL2_IMAGE_ISO),
    MAGIC(1080, "\x53\xef", WSL2_IMAGE_RAW_DISK), /* ext2, 3, 4 */
    MAGIC(0, "XFSB", WSL2_IMAGE_RAW_DISK),
    MAGIC(510, "\x55\xaa", WSL2_IMAGE_RAW_DISK), /* after tar, gzip and others: two bytes say little */
};

static bool has_bytes(const wsl2_image_bytes *bytes, const magic *wanted)
{
    return bytes->head_len >= wanted->at + wanted->len
           && memcmp(bytes->head + wanted->at, wanted->bytes, wanted->len) == 0;
}

static bool all_zero(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i])
            return false;
    return true;
}

/* Octal digits with blanks or NUL behind, as in a tar header. False: none. */
static bool read_octal(const uint8_t *field, size_t len, uint32_t *ret)
{
    size_t at = 0;
    uint32_t value = 0;
    while (at < len && field[at] == ' ')
        at++;
    size_t begin = at;
    for (; at < len && field[at] >= '0' && field[at] <= '7'; at++)
        value = value * 8 + (uint32_t)(field[at] - '0');
    *ret = value;
    return at > begin && (at == len || field[at] == ' ' || !field[at]);
}

/* An archive without "ustar" (the form of 1979) shows by its checksum alone. */
static bool is_old_tar(const wsl2_image_bytes *bytes)
{
    enum { CHECKSUM_AT = 148, CHECKSUM_LEN = 8 };
    uint32_t stated = 0, sum = 0;
    if (bytes->head_len < TAR_BLOCK || !bytes->head[0]
        || !read_octal(bytes->head + CHECKSUM_AT, CHECKSUM_LEN, &stated))
        return false;
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += i >= CHECKSUM_AT && i < CHECKSUM_AT + CHECKSUM_LEN ? ' ' : bytes->head[i];
    return sum == stated;
}

/* "<!doctype html", "<html", in any case, after blanks. */
static bool is_html(const wsl2_image_bytes *bytes)
{
    char begin[64] = {0};
    size_t at = 0, len = 0;
    while (at < bytes->head_len && strchr(" \t\r\n", bytes->head[at]) && bytes->head[at])
        at++;
    for (; len < sizeof begin - 1 && at + len < bytes->head_len; len++) {
        uint8_t c = bytes->head[at + len];
        begin[len] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    return lima_str_has_prefix(begin, "<!doctype html") || lima_str_has_prefix(begin, "<html");
}

static wsl2_image by_magic(const wsl2_image_bytes *bytes)
{
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
        if (has_bytes(bytes, &magics[i]))
            return magics[i].kind;
    if (is_old_tar(bytes))
        return WSL2_IMAGE_TAR;
    if (is_html(bytes))
        return WSL2_IMAGE_HTML;
    static const magic vhd_footer = MAGIC(0, "conectix", WSL2_IMAGE_VHD);
    bool fixed_vhd = bytes->tail_len >= SECTOR
                     && memcmp(bytes->tail + bytes->tail_len - SECTOR, vhd_footer.bytes, vhd_footer.len) == 0;
    return fixed_vhd ? WSL2_IMAGE_VHD : WSL2_IMAGE_UNKNOWN;
}

/* What can be told without reading all of it. A tar archive ends with two empty blocks; some writers leave
 * one or both out, but all of them write whole blocks. */
static bool is_cut(wsl2_image kind, const wsl2_image_bytes *bytes)
{
    if (kind == WSL2_IMAGE_TAR)
        return bytes->size < TAR_BLOCK || bytes->size % TAR_BLOCK != 0;
    if (kind == WSL2_IMAGE_XZ) /* a footer, then perhaps padding */
        return bytes->size < 32 || bytes->tail_len < 4
               || (!all_zero(bytes->tail + bytes->tail_len - 4, 4)
                   && memcmp(bytes->tail + bytes->tail_len - 2, "YZ", 2) != 0);
    return lima_wsl2_image_accepted(kind) && bytes->size < SHORTEST_COMPRESSED;
}

wsl2_image lima_wsl2_image_kind(const wsl2_image_bytes *bytes)
{
    if (bytes->size == 0)
        return WSL2_IMAGE_EMPTY;
    if (all_zero(bytes->head, bytes->head_len) && all_zero(bytes->tail, bytes->tail_len))
        return WSL2_IMAGE_TRUNCATED; /* a download that was laid out and never filled */
    wsl2_image kind = by_magic(bytes);
    return is_cut(kind, bytes) ? WSL2_IMAGE_TRUNCATED : kind;
}

bool lima_wsl2_image_accepted(wsl2_image kind)
{
    return kind >= WSL2_IMAGE_TAR && kind <= WSL2_IMAGE_LZMA;
}

const char *lima_wsl2_image_name(wsl2_image kind)
{
    static const char *const names[] = {
        [WSL2_IMAGE_UNKNOWN] = "a file of unknown form",
        [WSL2_IMAGE_TAR] = "a tar archive",
        [WSL2_IMAGE_GZIP] = "a tar archive, gzip",
        [WSL2_IMAGE_XZ] = "a tar archive, xz",
        [WSL2_IMAGE_BZIP2] = "a tar archive, bzip2",
        [WSL2_IMAGE_ZSTD] = "a tar archive, zstd",
        [WSL2_IMAGE_LZ4] = "a tar archive, lz4",
        [WSL2_IMAGE_LZMA] = "a tar archive, lzma",
        [WSL2_IMAGE_EMPTY] = "an empty file",
        [WSL2_IMAGE_TRUNCATED] = "a file that was cut off",
        [WSL2_IMAGE_QCOW2] = "a qcow2 disk image",
        [WSL2_IMAGE_VHDX] = "a VHDX disk image",
        [WSL2_IMAGE_VHD] = "a VHD disk image",
        [WSL2_IMAGE_VMDK] = "a VMDK disk image",
        [WSL2_IMAGE_VDI] = "a VDI disk image",
        [WSL2_IMAGE_RAW_DISK] = "a raw disk image",
        [WSL2_IMAGE_ISO] = "a CD image",
        [WSL2_IMAGE_SQUASHFS] = "a squashfs image",
        [WSL2_IMAGE_ZIP] = "a zip archive",
        [WSL2_IMAGE_HTML] = "a web page, probably a server's error message",
    };
    return names[kind];
}

/* On a Linux machine, or in another distribution; %s is the path. */
static const char *way_to_tar(wsl2_image kind)
{
    switch (kind) {
    case WSL2_IMAGE_QCOW2:
    case WSL2_IMAGE_VHDX:
    case WSL2_IMAGE_VHD:
    case WSL2_IMAGE_VMDK:
    case WSL2_IMAGE_VDI:
    case WSL2_IMAGE_RAW_DISK:
        return "make one on a Linux machine: `virt-tar-out -a '%s' / rootfs.tar` (package libguestfs-tools)";
    case WSL2_IMAGE_ISO:
        return "a CD image holds an installer; take a root file system, or find one in it: `bsdtar -tf '%s'`";
    case WSL2_IMAGE_SQUASHFS:
        return "make one on a Linux machine, as root: `unsquashfs -d rootfs '%s' && tar -C rootfs "
               "--numeric-owner "
               "--xattrs -cf rootfs.tar .`";
    case WSL2_IMAGE_ZIP:
        return "if it holds one, take it out: `tar -xf '%s'`";
    case WSL2_IMAGE_HTML:
        return "look into '%s', and correct the image's location";
    case WSL2_IMAGE_UNKNOWN:
    case WSL2_IMAGE_TAR:
    case WSL2_IMAGE_GZIP:
    case WSL2_IMAGE_XZ:
    case WSL2_IMAGE_BZIP2:
    case WSL2_IMAGE_ZSTD:
    case WSL2_IMAGE_LZ4:
    case WSL2_IMAGE_LZMA:
    case WSL2_IMAGE_EMPTY:
    case WSL2_IMAGE_TRUNCATED:
        break;
    }
    return "look what '%s' is, and correct the image's location";
}

bool lima_wsl2_image_check(wsl2_image kind, const char *path, lima_err *err)
{
    if (lima_wsl2_image_accepted(kind))
        return true;
    if (kind == WSL2_IMAGE_EMPTY || kind == WSL2_IMAGE_TRUNCATED)
        return lima_err_set(
            err, LIMA_CODE_DATA_LOSS,
            "image '%.300s' is %s; remove it, so that it is fetched again, and look at the free space", path,
            lima_wsl2_image_name(kind));
    lima_err next = {0};
    lima_err_set(&next, LIMA_CODE_INVALID_ARGUMENT, way_to_tar(kind), path);
    return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                        "image '%.300s' is %s; WSL2 takes a tar archive of a root file system; %.1000s", path,
                        lima_wsl2_image_name(kind), next.text);
}
