#include "wsl2_test.h"

#include "wsl2/image.h"
#include "wsl2/tar.h"

/* The kind of a file with these bytes. */
static wsl2_image kind_of(const void *bytes, size_t len)
{
    const uint8_t *all = bytes;
    wsl2_image_bytes parts = {
        .head = all, .head_len = len < WSL2_IMAGE_HEAD ? len : WSL2_IMAGE_HEAD, .size = len};
    parts.tail_len = len < WSL2_IMAGE_TAIL ? len : WSL2_IMAGE_TAIL;
    parts.tail = all + (len - parts.tail_len);
    return lima_wsl2_image_kind(&parts);
}

static void kind__magic_at_its_place(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        const char *magic;
        size_t len;
        wsl2_image kind;
    } table[] = {
        {0, "\x1f\x8b\x08", 3, WSL2_IMAGE_GZIP},
        {0, "BZh9", 4, WSL2_IMAGE_BZIP2},
        {0, "\x28\xb5\x2f\xfd", 4, WSL2_IMAGE_ZSTD},
        {0, "\x04\x22\x4d\x18", 4, WSL2_IMAGE_LZ4},
        {0, "\x5d\0\0\x80", 4, WSL2_IMAGE_LZMA},
        {257, "ustar\0", 6, WSL2_IMAGE_TAR},
        {257, "ustar  ", 7, WSL2_IMAGE_TAR},
        {0, "QFI\xfb\0\0\0\3", 8, WSL2_IMAGE_QCOW2},
        {0, "vhdxfile", 8, WSL2_IMAGE_VHDX},
        {0, "conectix", 8, WSL2_IMAGE_VHD},
        {65536 - 512, "conectix", 8, WSL2_IMAGE_VHD},
        {0, "KDMV", 4, WSL2_IMAGE_VMDK},
        {64, "\x7f\x10\xda\xbe", 4, WSL2_IMAGE_VDI},
        {510, "\x55\xaa", 2, WSL2_IMAGE_RAW_DISK},
        {512, "EFI PART", 8, WSL2_IMAGE_RAW_DISK},
        {1080, "\x53\xef", 2, WSL2_IMAGE_RAW_DISK},
        {0, "XFSB", 4, WSL2_IMAGE_RAW_DISK},
        {32769, "CD001", 5, WSL2_IMAGE_ISO},
        {0, "hsqs", 4, WSL2_IMAGE_SQUASHFS},
        {0, "PK\x03\x04", 4, WSL2_IMAGE_ZIP},
        {0, "\r\n<!DOCTYPE HTML>", 17, WSL2_IMAGE_HTML},
        {0, "<html lang=", 11, WSL2_IMAGE_HTML},
        {0, "just a text", 11, WSL2_IMAGE_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint8_t *file = lima_mem_zalloc(65536, 1);
        memcpy(file + table[i].at, table[i].magic, table[i].len);
        wsl2_image kind = kind_of(file, 65536);
        if (kind != table[i].kind)
            fail_msg("row %zu: %s", i, lima_wsl2_image_name(kind));
        free(file);
    }
}

static void kind__empty_short_and_zero__are_refused(void **state)
{
    (void)state;
    static const uint8_t zeros[2048];
    assert_int_equal(kind_of("", 0), WSL2_IMAGE_EMPTY);
    assert_int_equal(kind_of(zeros, 1), WSL2_IMAGE_TRUNCATED);
    assert_int_equal(kind_of(zeros, sizeof zeros), WSL2_IMAGE_TRUNCATED);
    assert_int_equal(kind_of("\x1f\x8b\x08", 3), WSL2_IMAGE_TRUNCATED);
    assert_int_equal(kind_of("x", 1), WSL2_IMAGE_UNKNOWN);
}

static void kind__tar__cut_inside_a_block_is_seen(void **state)
{
    (void)state;
    lima_buf tar = LIMA_BUF(65536);
    assert_ok(lima_wsl2_tar_add_dir(&tar, "etc", 0755, &err));
    lima_wsl2_tar_add_end(&tar);
    assert_int_equal(kind_of(tar.data, tar.len), WSL2_IMAGE_TAR);
    assert_int_equal(kind_of(tar.data, 512), WSL2_IMAGE_TAR);
    assert_int_equal(kind_of(tar.data, tar.len - 1), WSL2_IMAGE_TRUNCATED);
    assert_int_equal(kind_of(tar.data, 400), WSL2_IMAGE_TRUNCATED);
    memset(tar.data + 257, 0, 8); /* without "ustar" the checksum is another: no archive */
    assert_int_equal(kind_of(tar.data, tar.len), WSL2_IMAGE_UNKNOWN);
    unsigned sum = 8 * ' ';
    for (size_t i = 0; i < 512; i++)
        sum += i >= 148 && i < 156 ? 0 : (uint8_t)tar.data[i];
    snprintf(tar.data + 148, 8, "%06o", sum); /* … and with it, one in the form of 1979 */
    assert_int_equal(kind_of(tar.data, tar.len), WSL2_IMAGE_TAR);
    lima_buf_free(&tar);
}

static void kind__xz__footer_is_looked_for(void **state)
{
    (void)state;
    char file[64] = "\xfd"
                    "7zXZ";
    memset(file + 6, 'x', sizeof file - 6);
    assert_int_equal(kind_of(file, sizeof file), WSL2_IMAGE_TRUNCATED);
    memcpy(file + sizeof file - 2, "YZ", 2);
    assert_int_equal(kind_of(file, sizeof file), WSL2_IMAGE_XZ);
    memset(file + sizeof file - 4, 0, 4); /* padding of whole words is allowed */
    assert_int_equal(kind_of(file, sizeof file), WSL2_IMAGE_XZ);
}

static void check__refused__with_the_way_to_a_tar(void **state)
{
    (void)state;
    static const struct {
        wsl2_image kind;
        lima_code code;
        const char *word;
    } table[] = {
        {WSL2_IMAGE_QCOW2, LIMA_CODE_INVALID_ARGUMENT, "virt-tar-out -a 'C:\\lh\\image' / rootfs.tar"},
        {WSL2_IMAGE_RAW_DISK, LIMA_CODE_INVALID_ARGUMENT, "virt-tar-out"},
        {WSL2_IMAGE_VHDX, LIMA_CODE_INVALID_ARGUMENT, "virt-tar-out"},
        {WSL2_IMAGE_SQUASHFS, LIMA_CODE_INVALID_ARGUMENT, "unsquashfs"},
        {WSL2_IMAGE_ZIP, LIMA_CODE_INVALID_ARGUMENT, "tar -xf"},
        {WSL2_IMAGE_ISO, LIMA_CODE_INVALID_ARGUMENT, "installer"},
        {WSL2_IMAGE_HTML, LIMA_CODE_INVALID_ARGUMENT, "web page"},
        {WSL2_IMAGE_UNKNOWN, LIMA_CODE_INVALID_ARGUMENT, "unknown form"},
        {WSL2_IMAGE_EMPTY, LIMA_CODE_DATA_LOSS, "empty"},
        {WSL2_IMAGE_TRUNCATED, LIMA_CODE_DATA_LOSS, "cut off"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_err(lima_wsl2_image_check(table[i].kind, "C:\\lh\\image", &err), table[i].code, table[i].word,
                   "C:\\lh\\image");
}

static void check__every_kind__has_a_name_and_an_answer(void **state)
{
    (void)state;
    for (int kind = WSL2_IMAGE_UNKNOWN; kind <= WSL2_IMAGE_HTML; kind++) {
        lima_err err = {0};
        assert_non_null(lima_wsl2_image_name((wsl2_image)kind));
        bool ok = lima_wsl2_image_check((wsl2_image)kind, "%s%n", &err);
        assert_int_equal(ok, lima_wsl2_image_accepted((wsl2_image)kind));
        assert_true(ok || strstr(err.text, "'%s%n'"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kind__magic_at_its_place),
        cmocka_unit_test(kind__empty_short_and_zero__are_refused),
        cmocka_unit_test(kind__tar__cut_inside_a_block_is_seen),
        cmocka_unit_test(kind__xz__footer_is_looked_for),
        cmocka_unit_test(check__refused__with_the_way_to_a_tar),
        cmocka_unit_test(check__every_kind__has_a_name_and_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
