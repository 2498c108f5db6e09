/* virtdisk.dll by its own numbers: mingw-w64's structures are wrong (facts 8.1). */
#include "probe.h"

#include <string.h>

#include "disk_api.h"

static DWORD(WINAPI *create_disk)(const storage_type *, PCWSTR, ULONG, void *, ULONG, ULONG,
                                  const create_parameters *, LPOVERLAPPED, PHANDLE);
static DWORD(WINAPI *open_disk)(const storage_type *, PCWSTR, ULONG, ULONG, const open_parameters *, PHANDLE);
static DWORD(WINAPI *get_info)(HANDLE, PULONG, disk_info *, PULONG);
static DWORD(WINAPI *merge_disk)(HANDLE, ULONG, const merge_parameters *, LPOVERLAPPED);
static DWORD(WINAPI *resize_disk)(HANDLE, ULONG, const resize_parameters *, LPOVERLAPPED);

static const storage_type vhdx = {
    3, {0xEC984AEC, 0xA0F9, 0x47E9, {0x90, 0x1F, 0x71, 0x41, 0x5A, 0x66, 0x34, 0x5B}}};

static void find(const char *name, void *into)
{
    FARPROC found = GetProcAddress(GetModuleHandleW(L"virtdisk.dll"), name);
    probe_true(name, found != NULL);
    memcpy(into, &found, sizeof found);
}

static void find_all(void)
{
    find("CreateVirtualDisk", &create_disk);
    find("OpenVirtualDisk", &open_disk);
    find("GetVirtualDiskInformation", &get_info);
    find("MergeVirtualDisk", &merge_disk);
    find("ResizeVirtualDisk", &resize_disk);
}

static void new_disk(const char *path, const char *parent)
{
    HANDLE disk = NULL;
    create_parameters parameters = {.version = 2,
                                    .maximum_size = parent ? 0 : 64 << 20,
                                    .block_size = parent ? 0 : 1 << 20,
                                    .sector_size = 512};
    parameters.parent = parent ? probe_wide(parent) : NULL;
    probe_expect(path, (HRESULT)create_disk(&vhdx, probe_wide(path), 0, NULL, 0, 0, &parameters, NULL, &disk),
                 0);
    CloseHandle(disk);
}

static HANDLE opened(const char *path, ULONG mask, ULONG depth)
{
    HANDLE disk = NULL;
    open_parameters parameters = {.version = 1, .rw_depth = depth};
    probe_expect(path, (HRESULT)open_disk(&vhdx, probe_wide(path), mask, 0, &parameters, &disk), 0);
    return disk;
}

static void parent_of(HANDLE disk, const wchar_t *end)
{
    disk_info *info = calloc(1, 4096);
    ULONG size = sizeof *info;
    info->version = 3;
    probe_expect("no room", (HRESULT)get_info(disk, &size, info, NULL), ERROR_INSUFFICIENT_BUFFER);
    probe_expect("parent", (HRESULT)get_info(disk, &size, info, NULL), 0);
    size_t len = wcslen(info->parent.text);
    probe_true("its path", info->parent.resolved && len > wcslen(end)
                               && wcscmp(info->parent.text + len - wcslen(end), end) == 0);
    free(info);
}

/* words: BASE CHILD */
static void disks(void)
{
    find_all();
    disk_info info = {.version = 1};
    ULONG size = sizeof info;
    new_disk(probe_words[0], NULL);
    new_disk(probe_words[1], probe_words[0]);
    HANDLE child = opened(probe_words[1], 0x80000, 0);
    probe_expect("size", (HRESULT)get_info(child, &size, &info, NULL), 0);
    probe_true("64 MB", info.size.virtual_size == 64 << 20 && info.size.sector_size == 512);
    parent_of(child, L"base.vhdx");
    CloseHandle(child);
    child = opened(probe_words[1], 0x280000, 2);
    HANDLE second = NULL;
    open_parameters v2 = {.version = 2};
    probe_expect("in use", (HRESULT)open_disk(&vhdx, probe_wide(probe_words[1]), 0, 0, &v2, &second),
                 ERROR_SHARING_VIOLATION);
    merge_parameters merge = {.version = 1, .source_depth = 1};
    probe_expect("merge", (HRESULT)merge_disk(child, 0, &merge, NULL), 0);
    CloseHandle(child);
    probe_true("remove the child", DeleteFileW(probe_wide(probe_words[1])));
    HANDLE base = opened(probe_words[0], 0x280000, 1);
    resize_parameters larger = {.version = 1, .new_size = 128 << 20};
    OVERLAPPED over = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    probe_expect("resize", (HRESULT)resize_disk(base, 0, &larger, &over), ERROR_IO_PENDING);
    probe_true("its end", WaitForSingleObject(over.hEvent, 60000) == WAIT_OBJECT_0 && over.Internal == 0);
    info.version = 1;
    size = sizeof info;
    probe_expect("size", (HRESULT)get_info(base, &size, &info, NULL), 0);
    probe_true("128 MB", info.size.virtual_size == 128 << 20);
    CloseHandle(base);
}

static void disk_after_close(void)
{
    find_all();
    disk_info info = {.version = 1};
    ULONG size = sizeof info;
    new_disk(probe_words[0], NULL);
    HANDLE disk = opened(probe_words[0], 0x80000, 0);
    CloseHandle(disk);
    get_info(disk, &size, &info, NULL);
}

const probe_case probe_disk_cases[] = {
    {"disks", disks},
    {"disk-after-close", disk_after_close},
    {NULL, NULL},
};
