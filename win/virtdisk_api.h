/* virtdisk.dll as it is exported (facts hyperv-hcs.md 8.1). MinGW-w64's header has a field too few in the parameters of
 * CreateVirtualDisk, so the structures are declared here, and measured. 64-bit Windows only. */
#pragma once

#include <stddef.h>
#include <windows.h>

#include "base/err.h"
#include "dll.h"

enum {
    VHD_ACCESS_NONE = 0,
    VHD_ACCESS_GET_INFO = 0x80000,
    VHD_ACCESS_METAOPS = 0x200000,
    VHD_OPEN_NO_PARENTS = 1,
    VHD_GET_SIZE = 1,
    VHD_GET_IDENTIFIER = 2,
    VHD_GET_PARENT_LOCATION = 3,
    VHD_GET_PARENT_IDENTIFIER = 4,
    VHD_GET_SUBTYPE = 7,
    VHD_GET_LOADED = 13,
    VHD_SET_PARENT_PATH_WITH_DEPTH = 3,
    VHD_SET_PARENT_LOCATOR = 7,
    VHD_SUBTYPE_FIXED = 2,
    VHD_SUBTYPE_DYNAMIC = 3,
    VHD_SUBTYPE_CHILD = 4,
};

typedef struct vhd_type {
    ULONG device; /* 3: VHDX */
    GUID vendor;
} vhd_type;

typedef struct vhd_create {
    ULONG version; /* 2 */
    struct {
        GUID unique_id;
        ULONGLONG maximum_size;
        ULONG block_size, sector_size, physical_sector_size;
        PCWSTR parent_path, source_path;
        ULONG open_flags;
        vhd_type parent_type, source_type;
        GUID resiliency;
    } v2;
} vhd_create;
_Static_assert(offsetof(vhd_create, v2) == 8 && offsetof(vhd_create, v2.maximum_size) == 24
                   && offsetof(vhd_create, v2.physical_sector_size) == 40
                   && offsetof(vhd_create, v2.parent_path) == 48 && offsetof(vhd_create, v2.open_flags) == 64
                   && offsetof(vhd_create, v2.source_type) == 88 && offsetof(vhd_create, v2.resiliency) == 108
                   && sizeof(vhd_create) == 128,
               "CREATE_VIRTUAL_DISK_PARAMETERS");

typedef struct vhd_open {
    ULONG version;
    union {
        struct {
            ULONG depth;
        } v1;
        struct {
            BOOL info_only, read_only;
            GUID resiliency;
        } v2;
    };
} vhd_open;
_Static_assert(offsetof(vhd_open, v2) == 4 && sizeof(vhd_open) == 28, "OPEN_VIRTUAL_DISK_PARAMETERS");

typedef struct vhd_info {
    ULONG version;
    union {
        struct {
            ULONGLONG virtual_size, physical_size;
            ULONG block_size, sector_size;
        } size;
        GUID id;
        struct {
            BOOL resolved;
            WCHAR path[1]; /* or a list, an empty text at its end */
        } parent;
        ULONG number; /* also a BOOL */
        ULONGLONG align;
    };
} vhd_info;
_Static_assert(offsetof(vhd_info, size) == 8 && offsetof(vhd_info, parent.path) == 12,
               "GET_VIRTUAL_DISK_INFO");

typedef struct vhd_set {
    ULONG version;
    union {
        struct {
            ULONG depth;
            PCWSTR path;
        } parent;
        struct {
            GUID linkage; /* the parent's identity */
            PCWSTR path;
        } locator;
    };
} vhd_set;
_Static_assert(offsetof(vhd_set, parent) == 8 && offsetof(vhd_set, parent.path) == 16
                   && offsetof(vhd_set, locator.path) == 24,
               "SET_VIRTUAL_DISK_INFO");

typedef struct vhd_resize {
    ULONG version; /* 1 */
    ULONGLONG bytes;
} vhd_resize;
_Static_assert(offsetof(vhd_resize, bytes) == 8, "RESIZE_VIRTUAL_DISK_PARAMETERS");

typedef struct vhd_merge {
    ULONG version; /* 1 */
    ULONG depth;
} vhd_merge;

/* X(result, name, (parameters)) */
#define VHD_FUNCTIONS(X)                                                                                     \
    X(DWORD, CreateVirtualDisk,                                                                              \
      (const vhd_type *, PCWSTR, int, void *, int, ULONG, const vhd_create *, OVERLAPPED *, HANDLE *))       \
    X(DWORD, OpenVirtualDisk, (const vhd_type *, PCWSTR, int, int, const vhd_open *, HANDLE *))              \
    X(DWORD, GetVirtualDiskInformation, (HANDLE, ULONG *, vhd_info *, ULONG *))                              \
    X(DWORD, SetVirtualDiskInformation, (HANDLE, const vhd_set *))                                           \
    X(DWORD, ResizeVirtualDisk, (HANDLE, int, const vhd_resize *, OVERLAPPED *))                             \
    X(DWORD, MergeVirtualDisk, (HANDLE, int, const vhd_merge *, OVERLAPPED *))

typedef struct vhd_api {
    VHD_FUNCTIONS(LIMA_WIN_DLL_MEMBER)
} vhd_api;

/* NULL: *err is set (lima_win_dll_load). */
const vhd_api *lima_win_vhd(lima_err *err);
