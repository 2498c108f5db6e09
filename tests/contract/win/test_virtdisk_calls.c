/* Calls of virtdisk on a table of functions instead of the DLL: how disks are opened, what is made of the answers, and that
 * every handle is closed. Linked in place of win/virtdisk_api.c. */
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "handles.h"
#include "support.h"

#include "hresult.h"
#include "virtdisk.h"
#include "virtdisk_api.h"

enum { DISK_BYTES = 1 << 30, ROUNDS = 50 };

static struct fake {
    DWORD open, open_alone, call; /* opening, opening without parents, all else */
    int busy;                     /* so many times it is open elsewhere first */
    ULONG subtype;
    const wchar_t *parents; /* with its NULs */
    size_t parents_len;     /* units */
    BOOL resolved, loaded;
    bool knows_ids;
    char said[400];
} fake;

static void must(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "misuse of the fake virtdisk.dll: %s\n", what);
    abort();
}

static void say(const char *fmt, ...) LIMA_PRINTF(1, 2);
static void say(const char *fmt, ...)
{
    size_t len = strlen(fake.said);
    va_list args;

    va_start(args, fmt);
    vsnprintf(fake.said + len, sizeof fake.said - len, fmt, args);
    va_end(args);
}

/* A handle that CloseHandle takes. */
static HANDLE new_handle(void)
{
    HANDLE handle = CreateEventW(NULL, TRUE, FALSE, NULL);

    must(handle != NULL, "no event");
    return handle;
}

static DWORD WINAPI create_disk(const vhd_type *type, PCWSTR path, int access, void *security, int flags,
                                ULONG more, const vhd_create *how, OVERLAPPED *over, HANDLE *ret)
{
    must(type->device == 3 && type->vendor.Data1 == 0xEC984AEC, "no VHDX");
    must(!access && !security && !flags && !more && !over && how->version == 2,
         "other parameters than v2 has");
    must(!how->v2.maximum_size && how->v2.parent_path && !how->v2.source_path, "no child");
    say("create %ls on %ls;", path, how->v2.parent_path);
    if (!fake.call)
        *ret = new_handle();
    return fake.call;
}

static DWORD WINAPI open_disk(const vhd_type *type, PCWSTR path, int access, int flags, const vhd_open *how,
                              HANDLE *ret)
{
    must(type->device == 3, "no VHDX");
    must(how->version == 1 ? access == (VHD_ACCESS_METAOPS | VHD_ACCESS_GET_INFO) : !access,
         "an access that does not go with the version");
    say("open %ls v%lu %s%lu;", path, how->version, flags ? "alone " : "",
        how->version == 1 ? how->v1.depth : (ULONG)how->v2.info_only);
    if (fake.busy-- > 0)
        return ERROR_SHARING_VIOLATION;
    DWORD failed = flags ? fake.open_alone : fake.open;
    if (!failed)
        *ret = new_handle();
    return failed;
}

static DWORD give_parents(ULONG *size, vhd_info *info)
{
    ULONG needed = (ULONG)(offsetof(vhd_info, parent.path) + fake.parents_len * sizeof(WCHAR));

    if (*size < needed) {
        *size = needed;
        return ERROR_INSUFFICIENT_BUFFER;
    }
    info->parent.resolved = fake.resolved;
    memcpy(info->parent.path, fake.parents, fake.parents_len * sizeof(WCHAR));
    return 0;
}

static DWORD WINAPI get_info(HANDLE disk, ULONG *size, vhd_info *info, ULONG *used)
{
    must(disk && used, "no handle");
    switch (info->version) {
    case VHD_GET_SIZE:
        info->size.virtual_size = DISK_BYTES;
        info->size.physical_size = 4 << 20;
        info->size.block_size = 1 << 20;
        info->size.sector_size = 512;
        return fake.call;
    case VHD_GET_SUBTYPE:
        info->number = fake.subtype;
        return 0;
    case VHD_GET_IDENTIFIER:
    case VHD_GET_PARENT_IDENTIFIER:
        info->id = (GUID){0x12345678, 0x9abc, 0xdef0, {1, 2, 3, 4, 5, 6, 7, (BYTE)info->version}};
        return fake.knows_ids ? 0 : ERROR_INVALID_PARAMETER;
    case VHD_GET_LOADED:
        info->number = (ULONG)fake.loaded;
        return 0;
    case VHD_GET_PARENT_LOCATION:
        return fake.subtype == VHD_SUBTYPE_CHILD ? give_parents(size, info) : LIMA_VHD_E_INVALID_TYPE;
    default:
        must(false, "a question nobody needs");
        return ERROR_INVALID_PARAMETER;
    }
}

static DWORD WINAPI set_info(HANDLE disk, const vhd_set *what)
{
    must(disk, "no handle");
    if (what->version == VHD_SET_PARENT_LOCATOR) {
        say("adopt %08lx %u %ls;", what->locator.linkage.Data1, what->locator.linkage.Data4[7],
            what->locator.path);
        return fake.call;
    }
    must(what->version == VHD_SET_PARENT_PATH_WITH_DEPTH, "another setting");
    say("parent %lu %ls;", what->parent.depth, what->parent.path);
    return fake.call;
}

static DWORD WINAPI resize(HANDLE disk, int flags, const vhd_resize *how, OVERLAPPED *over)
{
    must(disk && !flags && !over && how->version == 1, "other parameters");
    say("resize %llu;", how->bytes);
    return fake.call;
}

static DWORD WINAPI merge(HANDLE disk, int flags, const vhd_merge *how, OVERLAPPED *over)
{
    must(disk && !flags && !over && how->version == 1, "other parameters");
    say("merge %lu;", how->depth);
    return fake.call;
}

const vhd_api *lima_win_vhd(lima_err *err)
{
    static const vhd_api api = {create_disk, open_disk, get_info, set_info, resize, merge};

    (void)err;
    return &api;
}

/* ---- tests ---- */

static int setup(void **state)
{
    (void)state;
    fake = (struct fake){.subtype = VHD_SUBTYPE_DYNAMIC};
    return 0;
}

static void get__dynamic_disk__has_sizes_and_no_parent(void **state)
{
    lima_virtdisk disk = {0};

    (void)state;
    assert_ok(lima_virtdisk_get("C:/vm/a.vhdx", patience(), NULL, &disk, err));
    assert_string_equal(fake.said, "open C:\\vm\\a.vhdx v2 1;");
    assert_int_equal(disk.kind, LIMA_VIRTDISK_DYNAMIC);
    assert_true(disk.virtual_size == DISK_BYTES && disk.physical_size == 4 << 20);
    assert_int_equal(disk.block_size, 1 << 20);
    assert_int_equal(disk.sector_size, 512);
    assert_true(disk.whole && !disk.attached && !disk.id[0] && !disk.parent_id[0]);
    assert_int_equal(disk.parents.len, 0);
    lima_virtdisk_free(&disk);
}

static void get__child__tells_its_parent_and_ids(void **state)
{
    lima_virtdisk disk = {0};

    (void)state;
    fake.subtype = VHD_SUBTYPE_CHILD;
    fake.knows_ids = true;
    fake.resolved = fake.loaded = TRUE;
    fake.parents = L"\\\\?\\C:\\vm\\b\x00fc.vhdx\0left over";
    fake.parents_len = 30;
    assert_ok(lima_virtdisk_get("C:\\vm\\a.vhdx", patience(), NULL, &disk, err));
    assert_int_equal(disk.kind, LIMA_VIRTDISK_CHILD);
    assert_int_equal(disk.parents.len, 1);
    assert_string_equal(disk.parents.items[0], "C:\\vm\\b\xc3\xbc.vhdx");
    assert_string_equal(disk.id, "12345678-9abc-def0-0102-030405060702");
    assert_string_equal(disk.parent_id, "12345678-9abc-def0-0102-030405060704");
    assert_true(disk.whole && disk.attached);
    lima_virtdisk_free(&disk);
}

static void get__parent_is_missing__tells_where_it_was_looked_for(void **state)
{
    static wchar_t many[3000];
    lima_virtdisk disk = {0};

    (void)state;
    for (size_t i = 0; i + 1 < 3000; i++)
        many[i] = i == 1000 || i == 2000 ? 0 : L'x';
    many[2998] = 0;
    fake.open = LIMA_VHD_E_PARENT_NOT_FOUND;
    fake.subtype = VHD_SUBTYPE_CHILD;
    fake.parents = many;
    fake.parents_len = 3000;
    assert_ok(lima_virtdisk_get("C:\\a.vhdx", patience(), NULL, &disk, err));
    assert_string_equal(fake.said, "open C:\\a.vhdx v2 1;open C:\\a.vhdx v2 alone 1;");
    assert_int_equal(disk.parents.len, 3);
    assert_int_equal(strlen(disk.parents.items[0]), 1000);
    assert_int_equal(strlen(disk.parents.items[2]), 997);
    assert_false(disk.whole);
    lima_virtdisk_free(&disk);
}

static void get__list_without_an_end__stays_in_its_buffer(void **state)
{
    lima_virtdisk disk = {0};

    (void)state;
    fake.subtype = VHD_SUBTYPE_CHILD;
    fake.parents = L"ab\0cd";
    fake.parents_len = 5;
    assert_ok(lima_virtdisk_get("C:\\a.vhdx", patience(), NULL, &disk, err));
    assert_int_equal(disk.parents.len, 2);
    assert_string_equal(disk.parents.items[1], "cd");
    lima_virtdisk_free(&disk);
}

static void get__no_such_file__is_not_found(void **state)
{
    lima_virtdisk disk = {0};

    (void)state;
    fake.open = fake.open_alone = ERROR_FILE_NOT_FOUND;
    assert_fails(LIMA_CODE_NOT_FOUND, lima_virtdisk_get("C:\\a.vhdx", patience(), NULL, &disk, err));
    fake.open = LIMA_VHD_E_SYSTEM_LIMITATION;
    fake.said[0] = '\0';
    assert_fails(LIMA_CODE_FAILED_PRECONDITION,
                 lima_virtdisk_get("C:\\a.vhdx", patience(), NULL, &disk, err));
    assert_string_equal(fake.said, "open C:\\a.vhdx v2 1;");
}

static void changes__each__opens_as_it_must(void **state)
{
    (void)state;
    assert_ok(lima_virtdisk_create_child("C:\\a.vhdx", "C:\\b.vhdx", patience(), NULL, err));
    assert_string_equal(fake.said, "create C:\\a.vhdx on C:\\b.vhdx;");
    fake.said[0] = '\0';
    assert_ok(lima_virtdisk_merge("C:\\a.vhdx", patience(), NULL, err));
    assert_string_equal(fake.said, "open C:\\a.vhdx v1 2;merge 1;");
    fake.said[0] = '\0';
    assert_ok(lima_virtdisk_set_parent("C:\\a.vhdx", "C:\\c.vhdx", patience(), NULL, err));
    assert_string_equal(fake.said, "open C:\\a.vhdx v2 alone 0;parent 1 C:\\c.vhdx;");
}

static void adopt__takes_the_identity_that_the_parent_has(void **state)
{
    (void)state;
    fake.subtype = VHD_SUBTYPE_DYNAMIC;
    fake.knows_ids = true;
    assert_ok(lima_virtdisk_adopt("C:\\a.vhdx", "C:\\c.vhdx", patience(), NULL, err));
    assert_non_null(strstr(fake.said, "open C:\\c.vhdx v2"));
    assert_non_null(strstr(fake.said, "open C:\\a.vhdx v2 alone 0;adopt 12345678 2 C:\\c.vhdx;"));
    fake.knows_ids = false;
    assert_false(lima_virtdisk_adopt("C:\\a.vhdx", "C:\\c.vhdx", patience(), NULL, NULL));
}

static void resize__smaller_same_larger__only_grows(void **state)
{
    (void)state;
    assert_fails(LIMA_CODE_INVALID_ARGUMENT,
                 lima_virtdisk_resize("C:\\a.vhdx", DISK_BYTES - 512, patience(), NULL, err));
    assert_ok(lima_virtdisk_resize("C:\\a.vhdx", DISK_BYTES, patience(), NULL, err));
    assert_null(strstr(fake.said, "resize"));
    fake.said[0] = '\0';
    assert_ok(lima_virtdisk_resize("C:\\a.vhdx", 2ull * DISK_BYTES, patience(), NULL, err));
    assert_string_equal(fake.said, "open C:\\a.vhdx v1 1;resize 2147483648;");
}

static void failures__of_each__name_disk_symbol_and_next_step(void **state)
{
    lima_err failed = {0};

    (void)state;
    fake.call = ERROR_DISK_FULL;
    assert_fails(LIMA_CODE_RESOURCE_EXHAUSTED, lima_virtdisk_merge("C:\\a.vhdx", patience(), NULL, err));
    fake.call = ERROR_FILE_EXISTS;
    assert_fails(LIMA_CODE_ALREADY_EXISTS,
                 lima_virtdisk_create_child("C:\\a.vhdx", "C:\\b.vhdx", patience(), NULL, err));
    fake.call = LIMA_VHD_E_PARENT_ID_MISMATCH;
    assert_false(lima_virtdisk_set_parent("C:\\a.vhdx", "C:\\b.vhdx", patience(), NULL, &failed));
    assert_string_equal(
        failed.text,
        "virtual disk 'C:\\a.vhdx': change its parent: the virtual disk this one builds upon was "
        "changed, or is another one (ERROR_VHD_CHILD_PARENT_ID_MISMATCH 0xC03A000E); put back the "
        "file as it was when this one was made");
    assert_int_equal((uint32_t)failed.os_code, LIMA_VHD_E_PARENT_ID_MISMATCH);
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_virtdisk_merge("nul", patience(), NULL, err));
}

static void do_everything(void *unused)
{
    lima_virtdisk disk = {0};

    (void)unused;
    setup(NULL);
    assert_ok(lima_virtdisk_get("C:\\a.vhdx", patience(), NULL, &disk, err));
    lima_virtdisk_free(&disk);
    assert_ok(lima_virtdisk_create_child("C:\\a.vhdx", "C:\\b.vhdx", patience(), NULL, err));
    assert_ok(lima_virtdisk_merge("C:\\a.vhdx", patience(), NULL, err));
    assert_ok(lima_virtdisk_set_parent("C:\\a.vhdx", "C:\\b.vhdx", patience(), NULL, err));
    assert_ok(lima_virtdisk_resize("C:\\a.vhdx", 2ull * DISK_BYTES, patience(), NULL, err));
    fake.call = ERROR_DISK_FULL;
    assert_false(lima_virtdisk_get("C:\\a.vhdx", patience(), NULL, &disk, NULL));
    assert_false(lima_virtdisk_merge("C:\\a.vhdx", patience(), NULL, NULL));
    assert_false(lima_virtdisk_set_parent("C:\\a.vhdx", "C:\\b.vhdx", patience(), NULL, NULL));
}

static void rounds__of_everything__leave_no_handle(void **state)
{
    (void)state;
    assert_no_growth(do_everything, NULL, ROUNDS);
}

static void open__busy_for_a_moment__is_tried_again(void **state)
{
    (void)state;
    fake.busy = 3;
    assert_ok(lima_virtdisk_merge("C:\\a.vhdx", patience(), NULL, err));
    fake.busy = 1000000;
    assert_fails(LIMA_CODE_FAILED_PRECONDITION, lima_virtdisk_merge("C:\\a.vhdx", patience(), NULL, err));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, NULL)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(get__dynamic_disk__has_sizes_and_no_parent),
        CASE(get__child__tells_its_parent_and_ids),
        CASE(get__parent_is_missing__tells_where_it_was_looked_for),
        CASE(get__list_without_an_end__stays_in_its_buffer),
        CASE(get__no_such_file__is_not_found),
        CASE(changes__each__opens_as_it_must),
        CASE(adopt__takes_the_identity_that_the_parent_has),
        CASE(resize__smaller_same_larger__only_grows),
        CASE(failures__of_each__name_disk_symbol_and_next_step),
        CASE(open__busy_for_a_moment__is_tried_again),
        CASE(rounds__of_everything__leave_no_handle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
