/* GetVirtualDiskInformation: one answer of the back end has everything; the version says what of it. */
#include "disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front_link_win.h"
#include "misuse.h"

enum {
    DEVICE_VHDX = 3,
    INFO_SIZE = 1,
    INFO_IDENTIFIER,
    INFO_PARENT_LOCATION,
    INFO_PARENT_IDENTIFIER,
    INFO_PARENT_TIMESTAMP,
    INFO_STORAGE_TYPE,
    INFO_PROVIDER_SUBTYPE,
    INFO_IS_4K_ALIGNED,
    INFO_PHYSICAL_DISK,
    INFO_PHYSICAL_SECTOR,
    INFO_SMALLEST_SAFE,
    INFO_FRAGMENTATION,
    INFO_IS_LOADED,
    INFO_DISK_ID,
};

static const GUID microsoft = {0xEC984AEC, 0xA0F9, 0x47E9, {0x90, 0x1F, 0x71, 0x41, 0x5A, 0x66, 0x34, 0x5B}};

static GUID guid_of(const char *text)
{
    GUID id = {0};
    unsigned v[11] = {0};
    if (text
        && sscanf(text, "%8x-%4x-%4x-%2x%2x-%2x%2x%2x%2x%2x%2x", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5],
                  &v[6], &v[7], &v[8], &v[9], &v[10])
               == 11) {
        id = (GUID){.Data1 = v[0], .Data2 = (WORD)v[1], .Data3 = (WORD)v[2]};
        for (int i = 0; i < 8; i++)
            id.Data4[i] = (BYTE)v[3 + i];
    }
    return id;
}

/* PARENT_LOCATION: one path, or all that were tried; each ends in a NUL, the list in another one. */
static DWORD parent_location(const char *fields, ULONG *size, disk_info *info, PULONG used)
{
    const char *text = session_field(fields, "parent");
    wchar_t *wide = win_wide(text ? text : "");
    size_t units = wcslen(wide) + 2, need = offsetof(disk_info, parent.text) + units * sizeof *wide;
    for (wchar_t *at = wide; *at; at++)
        *at = *at == L'\n' ? L'\0' : *at;
    DWORD code = *size >= need ? ERROR_SUCCESS : ERROR_INSUFFICIENT_BUFFER;
    if (code == ERROR_SUCCESS) {
        info->parent.resolved = session_field_number(fields, "resolved") != 0;
        memcpy(info->parent.text, wide, units * sizeof *wide);
    }
    free(wide);
    *size = (ULONG)need;
    if (used)
        *used = (ULONG)need;
    return code;
}

/* false: a version the double does not know. */
static bool fixed_info(const char *fields, disk_info *info)
{
    switch (info->version) {
    case INFO_SIZE:
        info->size.virtual_size = session_field_number(fields, "virtual");
        info->size.physical_size = session_field_number(fields, "physical");
        info->size.block_size = (ULONG)session_field_number(fields, "block");
        info->size.sector_size = (ULONG)session_field_number(fields, "sector");
        return true;
    case INFO_IDENTIFIER:
        info->guid = guid_of(session_field(fields, "identifier"));
        return true;
    case INFO_PARENT_IDENTIFIER:
        info->guid = guid_of(session_field(fields, "parent_identifier"));
        return true;
    case INFO_DISK_ID:
        info->guid = guid_of(session_field(fields, "disk_id"));
        return true;
    case INFO_STORAGE_TYPE:
        info->type = (storage_type){.device = DEVICE_VHDX, .vendor = microsoft};
        return true;
    case INFO_PROVIDER_SUBTYPE:
        info->number = (ULONG)session_field_number(fields, "subtype");
        return true;
    case INFO_PHYSICAL_SECTOR:
        info->number = (ULONG)session_field_number(fields, "physical_sector");
        return true;
    case INFO_IS_4K_ALIGNED:
        info->truth = TRUE;
        return true;
    case INFO_IS_LOADED:
        info->truth = FALSE;
        return true;
    case INFO_SMALLEST_SAFE:
        info->large = session_field_number(fields, "virtual");
        return true;
    default:
        return false;
    }
}

DWORD WINAPI disk_GetVirtualDiskInformation(HANDLE handle, PULONG size, disk_info *info, PULONG used)
{
    disk of = disk_find(handle, NAME);
    if (!size || !info || *size < offsetof(disk_info, size))
        misuse_abort(NAME, "no room for an answer");
    session_request request = disk_about(NAME, &of);
    session_number(&request, "version", info->version);
    session_number(&request, "no_parents", of.no_parents);
    char *fields = session_call(&request);
    DWORD code = (DWORD)session_code(fields);
    if (code == ERROR_SUCCESS && info->version == INFO_PARENT_LOCATION) {
        code = parent_location(fields, size, info, used);
    } else if (code == ERROR_SUCCESS) {
        ULONG need = sizeof *info;
        if (*size < need)
            code = ERROR_INSUFFICIENT_BUFFER;
        else if (!fixed_info(fields, info))
            code = ERROR_NOT_SUPPORTED;
        *size = need;
        if (used)
            *used = need;
    }
    free(fields);
    return code;
}
