/* The structures of virtdisk.dll, as Windows has them on 64 bits (mingw-w64's leave a field out; facts
 * 8.1). */
#pragma once

#define WIN32_LEAN_AND_MEAN

#include <winsock2.h>

#include <windows.h>

#include <stddef.h>

typedef struct storage_type {
    ULONG device;
    GUID vendor;
} storage_type;

typedef struct create_parameters {
    ULONG version, unused;
    GUID unique_id;
    ULONGLONG maximum_size;
    ULONG block_size, sector_size, physical_sector_size; /* version 1 has no third one: refused */
    const wchar_t *parent, *source;
    ULONG open_flags;
    storage_type parent_type, source_type;
    GUID resiliency;
} create_parameters;

#define AT(field, offset) _Static_assert(offsetof(create_parameters, field) == (offset), "facts 8.1")
AT(unique_id, 8);
AT(maximum_size, 24);
AT(block_size, 32);
AT(physical_sector_size, 40);
AT(parent, 48);
AT(open_flags, 64);
AT(parent_type, 68);
AT(source_type, 88);
AT(resiliency, 108);
_Static_assert(sizeof(create_parameters) == 128, "facts 8.1");
#undef AT

typedef struct open_parameters {
    ULONG version;
    union {
        ULONG rw_depth; /* 1 */
        struct {
            BOOL info_only, read_only;
            GUID resiliency;
        } v2;
    };
} open_parameters;

_Static_assert(offsetof(open_parameters, v2) == 4, "facts 8.1");

typedef struct disk_info {
    ULONG version;
    union {
        struct {
            ULONGLONG virtual_size, physical_size;
            ULONG block_size, sector_size;
        } size;
        GUID guid;
        struct {
            BOOL resolved;
            wchar_t text[1];
        } parent;
        storage_type type;
        ULONG number;
        BOOL truth;
        ULONGLONG large;
    };
} disk_info;

_Static_assert(offsetof(disk_info, size) == 8 && offsetof(disk_info, parent.text) == 12, "facts 8.1");

typedef struct set_info {
    ULONG version;
    union {
        const wchar_t *parent; /* 1 */
        struct {
            ULONG depth;
            const wchar_t *path;
        } with_depth; /* 3 */
        struct {
            GUID linkage;
            const wchar_t *path;
        } locator; /* 7 */
        GUID guid;
    };
} set_info;

_Static_assert(offsetof(set_info, parent) == 8, "facts 8.1");

typedef struct merge_parameters {
    ULONG version;
    ULONG source_depth, target_depth; /* version 1: the first is the depth */
} merge_parameters;

typedef struct resize_parameters {
    ULONG version;
    ULONGLONG new_size;
} resize_parameters;

_Static_assert(offsetof(resize_parameters, new_size) == 8, "as Windows");

typedef struct disk_progress {
    DWORD status;
    ULONGLONG current, completion;
} disk_progress;
