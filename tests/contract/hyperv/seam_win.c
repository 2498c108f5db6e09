#include "seam.h"

#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winioctl.h>

#include "../support.h"

#include "base/mem.h"
#include "wide.h"

struct seam_client {
    HANDLE handle;
};

void seam_begin(const char *dir)
{
    (void)dir;
}

char *seam_pipe_name(void)
{
    static unsigned number;

    return lima_mem_printf("\\\\.\\pipe\\lima-contract-%lu-%u", GetCurrentProcessId(), number++);
}

seam_client *seam_connect(const char *name)
{
    wchar_t *wide = NULL;

    assert_ok(lima_wide_from_utf8(name, &wide, err));
    HANDLE handle = CreateFileW(wide, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    free(wide);
    if (handle == INVALID_HANDLE_VALUE)
        return NULL;
    seam_client *client = lima_mem_zalloc(1, sizeof *client);
    client->handle = handle;
    return client;
}

void seam_write(seam_client *client, const char *text)
{
    DWORD written = 0;

    assert_true(WriteFile(client->handle, text, (DWORD)strlen(text), &written, NULL));
    assert_int_equal(written, strlen(text));
}

size_t seam_read(seam_client *client, char *into, size_t len)
{
    DWORD got = 0;

    return ReadFile(client->handle, into, (DWORD)len, &got, NULL) ? got : 0;
}

void seam_close(seam_client *client)
{
    CloseHandle(client->handle);
    free(client);
}

/* ---- files ---- */

static bool control(const wchar_t *path, DWORD code, void *input, DWORD len)
{
    DWORD got;
    HANDLE handle = CreateFileW(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                                FILE_FLAG_BACKUP_SEMANTICS, NULL);
    bool ok =
        handle != INVALID_HANDLE_VALUE && DeviceIoControl(handle, code, input, len, NULL, 0, &got, NULL);

    if (handle != INVALID_HANDLE_VALUE)
        CloseHandle(handle);
    return ok;
}

bool seam_mark(const char *path, const char *mark)
{
    USHORT compression = COMPRESSION_FORMAT_DEFAULT;
    DWORD due = 0;
    wchar_t *wide = NULL;

    assert_ok(lima_wide_path(path, &wide, err));
    if (!strcmp(mark, "read-only")) {
        due = FILE_ATTRIBUTE_READONLY;
        SetFileAttributesW(wide, due);
    } else if (!strcmp(mark, "sparse")) {
        due = FILE_ATTRIBUTE_SPARSE_FILE;
        control(wide, FSCTL_SET_SPARSE, NULL, 0);
    } else if (!strcmp(mark, "compressed")) {
        due = FILE_ATTRIBUTE_COMPRESSED;
        control(wide, FSCTL_SET_COMPRESSION, &compression, sizeof compression);
    } else {
        due = FILE_ATTRIBUTE_ENCRYPTED;
        EncryptFileW(wide);
    }
    /* Wine says yes to what it does not do */
    DWORD has = GetFileAttributesW(wide);
    free(wide);
    return has != INVALID_FILE_ATTRIBUTES && has & due;
}

bool seam_routes(const char *words)
{
    (void)words;
    return false;
}

bool seam_resolvers(const char *words)
{
    (void)words;
    return false;
}
