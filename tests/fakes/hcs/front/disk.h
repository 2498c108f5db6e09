/* What the files of virtdisk.dll share. */
#pragma once

#include "disk_api.h"

#include <stdbool.h>

#include "objects.h"
#include "session.h"

/* windows.h declares the API itself, in part wrongly: functions are called disk_NAME here, and virtdisk.def
 * exports them. */
#define NAME (__func__ + sizeof "disk_" - 1)

typedef struct disk {
    object base;
    HANDLE handle;
    BY_HANDLE_FILE_INFORMATION file;
    wchar_t *path;
    bool writable, no_parents;
    ULONG depth; /* how many files of the chain were opened for writing */
} disk;

/* A copy of what the handle is of; its path stays as long as the handle. */
disk disk_find(HANDLE handle, const char *function);
session_request disk_about(const char *function, const disk *of); /* a call about it */

DWORD WINAPI disk_CreateVirtualDisk(const storage_type *type, PCWSTR path, ULONG mask, void *descriptor,
                                    ULONG flags, ULONG provider, const create_parameters *parameters,
                                    LPOVERLAPPED overlapped, PHANDLE ret);
DWORD WINAPI disk_OpenVirtualDisk(const storage_type *type, PCWSTR path, ULONG mask, ULONG flags,
                                  const open_parameters *parameters, PHANDLE ret);
DWORD WINAPI disk_GetVirtualDiskInformation(HANDLE handle, PULONG size, disk_info *info, PULONG used);
DWORD WINAPI disk_SetVirtualDiskInformation(HANDLE handle, const set_info *info);
DWORD WINAPI disk_ResizeVirtualDisk(HANDLE handle, ULONG flags, const resize_parameters *parameters,
                                    LPOVERLAPPED overlapped);
DWORD WINAPI disk_MergeVirtualDisk(HANDLE handle, ULONG flags, const merge_parameters *parameters,
                                   LPOVERLAPPED overlapped);
DWORD WINAPI disk_CompactVirtualDisk(HANDLE handle, ULONG flags, const void *parameters,
                                     LPOVERLAPPED overlapped);
DWORD WINAPI disk_AttachVirtualDisk(HANDLE handle, void *descriptor, ULONG flags, ULONG provider,
                                    const void *parameters, LPOVERLAPPED overlapped);
DWORD WINAPI disk_DetachVirtualDisk(HANDLE handle, ULONG flags, ULONG provider);
DWORD WINAPI disk_GetVirtualDiskPhysicalPath(HANDLE handle, PULONG size, PWSTR path);
DWORD WINAPI disk_GetVirtualDiskOperationProgress(HANDLE handle, LPOVERLAPPED overlapped,
                                                  disk_progress *progress);
