/* A disk is opened with its parents first. If that fails for their sake it is opened alone: then it can say where it
 * looked for them. Only sizes and kind must be told; what a version of Windows does not know of the rest stays empty. */
#include "virtdisk_info.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/guid.h"
#include "base/mem.h"
#include "hresult.h"
#include "wait.h"
#include "wide.h"
#include "win_err.h"

enum { PARENTS_BYTES = 4096, PARENTS_BYTES_MAX = 1024 * 1024, VHD_VHDX = 3 };

const vhd_type lima_win_vhd_type = {
    VHD_VHDX, {0xEC984AEC, 0xA0F9, 0x47E9, {0x90, 0x1F, 0x71, 0x41, 0x5A, 0x66, 0x34, 0x5B}}};

DWORD lima_win_vhd_open(const vhd_api *api, PCWSTR path, const vhd_open *how, int flags, HANDLE *ret)
{
    int access = how->version == 1 ? VHD_ACCESS_METAOPS | VHD_ACCESS_GET_INFO : VHD_ACCESS_NONE;
    lima_deadline until = lima_clock_in(LIMA_WIN_RETRY_MS);
    unsigned pause = 1;

    for (;;) {
        DWORD failed = api->OpenVirtualDisk(&lima_win_vhd_type, path, access, flags, how, ret);
        if (!lima_win_is_busy(failed) || !lima_win_pause(&pause, until, NULL, NULL))
            return failed;
    }
}

/* One fixed-size answer. */
static DWORD ask(const vhd_api *api, HANDLE disk, ULONG what, vhd_info *ret)
{
    ULONG size = sizeof *ret, used = 0;

    *ret = (vhd_info){.version = what};
    return api->GetVirtualDiskInformation(disk, &size, ret, &used);
}

DWORD lima_win_vhd_size(const vhd_api *api, HANDLE disk, lima_virtdisk *into)
{
    vhd_info info;
    DWORD failed = ask(api, disk, VHD_GET_SIZE, &info);

    if (!failed) {
        into->virtual_size = info.size.virtual_size;
        into->physical_size = info.size.physical_size;
        into->block_size = info.size.block_size;
        into->sector_size = info.size.sector_size;
    }
    return failed;
}

static lima_virtdisk_kind kind_of(ULONG subtype)
{
    switch (subtype) {
    case VHD_SUBTYPE_FIXED:
        return LIMA_VIRTDISK_FIXED;
    case VHD_SUBTYPE_DYNAMIC:
        return LIMA_VIRTDISK_DYNAMIC;
    case VHD_SUBTYPE_CHILD:
        return LIMA_VIRTDISK_CHILD;
    default:
        return LIMA_VIRTDISK_OTHER;
    }
}

static void read_id(const vhd_api *api, HANDLE disk, ULONG what, char into[LIMA_GUID_SIZE])
{
    uint8_t bytes[16];
    vhd_info info;

    if (ask(api, disk, what, &info))
        return;
    memcpy(bytes, &info.id, sizeof bytes);
    lima_guid_from_bytes(bytes, into);
}

/* A path, or several with an empty text at their end; never beyond `units`. */
static void add_paths(const WCHAR *at, size_t units, bool one, lima_strv *into)
{
    const WCHAR *end = at + units;

    while (at < end && *at) {
        size_t len = wcsnlen(at, (size_t)(end - at));
        wchar_t *copy = lima_mem_zalloc(len + 1, sizeof *copy);
        char *path = NULL;
        memcpy(copy, at, len * sizeof *copy);
        if (lima_wide_to_path(copy, &path, NULL))
            lima_strv_add(into, path);
        free(path);
        free(copy);
        if (one)
            return;
        at += len + 1;
    }
}

static DWORD read_parents(const vhd_api *api, HANDLE disk, lima_strv *into)
{
    ULONG size = PARENTS_BYTES, used = 0;
    DWORD failed = ERROR_INSUFFICIENT_BUFFER;

    for (int i = 0; failed == ERROR_INSUFFICIENT_BUFFER && i < 4 && size <= PARENTS_BYTES_MAX; i++) {
        ULONG room = size;
        vhd_info *info = lima_mem_zalloc(1, room);
        info->version = VHD_GET_PARENT_LOCATION;
        failed = api->GetVirtualDiskInformation(disk, &size, info, &used);
        if (!failed)
            add_paths(info->parent.path, (room - offsetof(vhd_info, parent.path)) / sizeof(WCHAR),
                      info->parent.resolved, into);
        else if (size <= room)
            size = room * 2;
        free(info);
    }
    return failed;
}

static DWORD read_open_disk(const vhd_api *api, HANDLE disk, lima_virtdisk *into)
{
    vhd_info info;
    DWORD failed = lima_win_vhd_size(api, disk, into);

    if (!failed)
        failed = ask(api, disk, VHD_GET_SUBTYPE, &info);
    if (failed)
        return failed;
    into->kind = kind_of(info.number);
    read_id(api, disk, VHD_GET_IDENTIFIER, into->id);
    into->attached = !ask(api, disk, VHD_GET_LOADED, &info) && info.number;
    if (into->kind != LIMA_VIRTDISK_CHILD)
        return 0;
    read_id(api, disk, VHD_GET_PARENT_IDENTIFIER, into->parent_id);
    return read_parents(api, disk, &into->parents);
}

/* Whether it may be a parent that cannot be opened, and not the disk itself. */
static bool is_parents_fault(DWORD failed)
{
    return (failed >= LIMA_VHD_E_PARENT_NOT_FOUND && failed <= LIMA_VHD_E_PARENT_TIMESTAMP_MISMATCH)
           || (failed >= LIMA_VHD_E_PARENT_ACCESS_DENIED && failed <= LIMA_VHD_E_ERROR_IN_PARENT)
           || failed == ERROR_FILE_NOT_FOUND || failed == ERROR_PATH_NOT_FOUND;
}

DWORD lima_win_vhd_read(const vhd_api *api, PCWSTR path, lima_virtdisk *ret)
{
    static const vhd_open how = {.version = 2, .v2.info_only = TRUE};
    lima_virtdisk found = {0};
    HANDLE disk = NULL;
    DWORD failed = lima_win_vhd_open(api, path, &how, 0, &disk);

    found.whole = !failed;
    if (is_parents_fault(failed))
        failed = lima_win_vhd_open(api, path, &how, VHD_OPEN_NO_PARENTS, &disk);
    if (failed)
        return failed;
    failed = read_open_disk(api, disk, &found);
    CloseHandle(disk);
    if (failed)
        lima_virtdisk_free(&found);
    else
        *ret = found;
    return failed;
}
