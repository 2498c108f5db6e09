/* virtdisk.dll. A handle is Windows' own, of the disk's file: it is closed by CloseHandle, and keeps others
 * from the file as the real one does. Which disk it is of is remembered here. A call with an OVERLAPPED has
 * ended when it returns, and says what it would if it had not. */
#include "disk.h"

#include <stdlib.h>
#include <string.h>

#include "front_link_win.h"
#include "misuse.h"
#include "objects.h"
#include "session.h"

enum {
    ACCESS_ATTACH_RO = 0x10000,
    ACCESS_GET_INFO = 0x80000,
    ACCESS_ALL = 0x3F0000,
    OPEN_NO_PARENTS = 1,
    SET_PARENT_PATH = 1,
    SET_PARENT_PATH_WITH_DEPTH = 3,
    SET_PARENT_LOCATOR = 7,
};

static bool is_open(const void *one, const void *wanted)
{
    const disk *at = one;
    BY_HANDLE_FILE_INFORMATION now;
    return (!wanted || at->handle == wanted) && GetFileInformationByHandle(at->handle, &now)
           && now.nFileIndexHigh == at->file.nFileIndexHigh && now.nFileIndexLow == at->file.nFileIndexLow
           && now.dwVolumeSerialNumber == at->file.dwVolumeSerialNumber;
}

static bool is_closed(const void *one, const void *unused)
{
    (void)unused;
    return !is_open(one, NULL);
}

/* CloseHandle tells us nothing: forgets what has been closed meanwhile. */
static void sweep(void)
{
    for (disk *one; (one = object_search(OBJECT_DISK, is_closed, NULL)) != NULL;) {
        object_remove(one);
        free(one->path);
        free(one);
    }
}

const session_hooks session_dll = {.kind = "virtdisk", .sweep = sweep};

static DWORD call(session_request *request)
{
    return (DWORD)session_simple(request);
}

disk disk_find(HANDLE handle, const char *function)
{
    AcquireSRWLockExclusive(&objects_lock);
    sweep();
    disk *one = object_search(OBJECT_DISK, is_open, handle);
    if (!one)
        misuse_abort(function, "%p is no open handle of a virtual disk", handle);
    disk found = *one;
    ReleaseSRWLockExclusive(&objects_lock);
    return found;
}

session_request disk_about(const char *function, const disk *of)
{
    session_request request = session_begin(function);
    session_text(&request, "path", of->path);
    session_number(&request, "writable", of->writable);
    session_number(&request, "depth", of->depth);
    return request;
}

/* As the real DLL: the file is Windows' from now on. `one` is copied. */
static DWORD keep(disk one, PHANDLE ret)
{
    DWORD access = one.writable ? GENERIC_READ | GENERIC_WRITE : GENERIC_READ;
    DWORD sharing = one.writable ? FILE_SHARE_READ : FILE_SHARE_READ | FILE_SHARE_WRITE;
    one.handle = CreateFileW(one.path, access, sharing, NULL, OPEN_EXISTING, 0, NULL);
    if (one.handle == INVALID_HANDLE_VALUE)
        return GetLastError();
    GetFileInformationByHandle(one.handle, &one.file);
    AcquireSRWLockExclusive(&objects_lock);
    sweep();
    disk *kept = object_new(OBJECT_DISK, sizeof *kept);
    one.base = kept->base;
    one.path = _wcsdup(one.path);
    *kept = one;
    ReleaseSRWLockExclusive(&objects_lock);
    *ret = one.handle;
    return ERROR_SUCCESS;
}

/* What the caller gets of a call with an OVERLAPPED. */
static DWORD ended(DWORD code, LPOVERLAPPED overlapped)
{
    if (!overlapped || code != ERROR_SUCCESS)
        return code;
    overlapped->Internal = code;
    if (overlapped->hEvent)
        SetEvent(overlapped->hEvent);
    return ERROR_IO_PENDING;
}

DWORD WINAPI disk_CreateVirtualDisk(const storage_type *type, PCWSTR path, ULONG mask, void *descriptor,
                                    ULONG flags, ULONG provider, const create_parameters *parameters,
                                    LPOVERLAPPED overlapped, PHANDLE ret)
{
    (void)descriptor, (void)provider;
    if (!type || !path || !parameters || !ret)
        misuse_abort(NAME, "an argument is NULL");
    if (parameters->version != 2 || mask != 0)
        misuse_abort(
            NAME, "parameters of version %lu with access mask %#lx: the double knows version 2 with mask 0",
            parameters->version, mask);
    session_request request = session_begin(NAME);
    session_text(&request, "path", path);
    session_number(&request, "device", type->device);
    session_number(&request, "flags", flags);
    session_number(&request, "size", parameters->maximum_size);
    session_number(&request, "block", parameters->block_size);
    session_number(&request, "sector", parameters->sector_size);
    session_number(&request, "physical", parameters->physical_sector_size);
    session_text(&request, "parent", parameters->parent);
    session_text(&request, "source", parameters->source);
    DWORD code = call(&request);
    if (code == ERROR_SUCCESS)
        code = keep((disk){.path = (wchar_t *)path, .writable = true, .depth = 1}, ret);
    return ended(code, overlapped);
}

static bool wants_to_write(ULONG mask, const open_parameters *parameters)
{
    if (parameters && parameters->version == 2)
        return !parameters->v2.info_only && !parameters->v2.read_only;
    return mask & ACCESS_ALL & ~(ULONG)(ACCESS_GET_INFO | ACCESS_ATTACH_RO);
}

DWORD WINAPI disk_OpenVirtualDisk(const storage_type *type, PCWSTR path, ULONG mask, ULONG flags,
                                  const open_parameters *parameters, PHANDLE ret)
{
    if (!type || !path || !ret)
        misuse_abort(NAME, "an argument is NULL");
    bool v2 = parameters && parameters->version == 2;
    if (v2 && mask != 0)
        return ERROR_INVALID_PARAMETER;
    disk one = {.path = (wchar_t *)path,
                .writable = wants_to_write(mask, parameters),
                .no_parents = flags & OPEN_NO_PARENTS,
                .depth = parameters && !v2 ? parameters->rw_depth : 1};
    session_request request = disk_about(NAME, &one);
    session_number(&request, "device", type->device);
    session_number(&request, "flags", flags);
    DWORD code = call(&request);
    return code == ERROR_SUCCESS ? keep(one, ret) : code;
}

DWORD WINAPI disk_SetVirtualDiskInformation(HANDLE handle, const set_info *info)
{
    disk of = disk_find(handle, NAME);
    if (!info)
        misuse_abort(NAME, "an argument is NULL");
    session_request request = disk_about(NAME, &of);
    session_number(&request, "version", info->version);
    session_number(&request, "no_parents", of.no_parents);
    if (info->version == SET_PARENT_PATH)
        session_text(&request, "parent", info->parent);
    if (info->version == SET_PARENT_PATH_WITH_DEPTH) {
        session_number(&request, "child_depth", info->with_depth.depth);
        session_text(&request, "parent", info->with_depth.path);
    }
    if (info->version == SET_PARENT_LOCATOR)
        session_text(&request, "parent", info->locator.path);
    return call(&request);
}

DWORD WINAPI disk_ResizeVirtualDisk(HANDLE handle, ULONG flags, const resize_parameters *parameters,
                                    LPOVERLAPPED overlapped)
{
    disk of = disk_find(handle, NAME);
    if (!parameters || parameters->version != 1)
        misuse_abort(NAME, "parameters of version 1 are needed");
    session_request request = disk_about(NAME, &of);
    session_number(&request, "flags", flags);
    session_number(&request, "size", parameters->new_size);
    return ended(call(&request), overlapped);
}

DWORD WINAPI disk_MergeVirtualDisk(HANDLE handle, ULONG flags, const merge_parameters *parameters,
                                   LPOVERLAPPED overlapped)
{
    disk of = disk_find(handle, NAME);
    if (!parameters || parameters->version < 1 || parameters->version > 2)
        misuse_abort(NAME, "parameters of version 1 or 2 are needed");
    bool v1 = parameters->version == 1;
    session_request request = disk_about(NAME, &of);
    session_number(&request, "flags", flags);
    session_number(&request, "from", v1 ? 1 : parameters->source_depth);
    session_number(&request, "to", v1 ? parameters->source_depth + 1 : parameters->target_depth);
    return ended(call(&request), overlapped);
}

DWORD WINAPI disk_CompactVirtualDisk(HANDLE handle, ULONG flags, const void *parameters,
                                     LPOVERLAPPED overlapped)
{
    (void)flags, (void)parameters;
    disk of = disk_find(handle, NAME);
    session_request request = disk_about(NAME, &of);
    return ended(call(&request), overlapped);
}

/* To this computer, which needs an administrator: nothing here may need that. */
DWORD WINAPI disk_AttachVirtualDisk(HANDLE handle, void *descriptor, ULONG flags, ULONG provider,
                                    const void *parameters, LPOVERLAPPED overlapped)
{
    (void)descriptor, (void)flags, (void)provider, (void)parameters, (void)overlapped;
    disk_find(handle, NAME);
    return ERROR_ACCESS_DENIED;
}

DWORD WINAPI disk_DetachVirtualDisk(HANDLE handle, ULONG flags, ULONG provider)
{
    (void)flags, (void)provider;
    disk_find(handle, NAME);
    return ERROR_ACCESS_DENIED;
}

DWORD WINAPI disk_GetVirtualDiskPhysicalPath(HANDLE handle, PULONG size, PWSTR path)
{
    (void)size, (void)path;
    disk_find(handle, NAME);
    return ERROR_DEV_NOT_EXIST;
}

DWORD WINAPI disk_GetVirtualDiskOperationProgress(HANDLE handle, LPOVERLAPPED overlapped,
                                                  disk_progress *progress)
{
    disk_find(handle, NAME);
    if (!overlapped || !progress)
        misuse_abort(NAME, "an argument is NULL");
    *progress = (disk_progress){.status = (DWORD)overlapped->Internal, .current = 100, .completion = 100};
    return ERROR_SUCCESS;
}

/* What virtdisk.def exports under many names. */
DWORD WINAPI virtdisk_not_here(void);

DWORD WINAPI virtdisk_not_here(void)
{
    return ERROR_NOT_SUPPORTED;
}
