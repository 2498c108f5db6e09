/* Files held open and processes started, by name, until they are let go. For agents: one thread. */
#define WIN32_LEAN_AND_MEAN
#include "front_held.h"

#include <windows.h>

#include <stdlib.h>
#include <string.h>

#include "front_link_win.h"

enum { HELD_MAX = 256 };

typedef struct held {
    char *name;
    HANDLE handle; /* a file, or a process */
} held;

static held things[HELD_MAX];

static held *find(const char *name)
{
    for (int i = 0; i < HELD_MAX; i++) {
        if (things[i].name && strcmp(things[i].name, name) == 0)
            return &things[i];
    }
    return NULL;
}

void held_keep(const char *name, HANDLE handle)
{
    for (int i = 0; i < HELD_MAX; i++) {
        if (!things[i].name) {
            things[i] = (held){.name = strdup(name), .handle = handle};
            return;
        }
    }
}

/* Opened as the VM does it, or so that nobody else may have it open; whether that worked. */
static bool open_file(const char *path, DWORD access, DWORD sharing, HANDLE *ret)
{
    wchar_t *wide = win_wide_path(path);
    *ret = CreateFileW(wide, access, sharing, NULL, OPEN_EXISTING, 0, NULL);
    bool gone = *ret == INVALID_HANDLE_VALUE && GetLastError() != ERROR_SHARING_VIOLATION;
    free(wide);
    return *ret != INVALID_HANDLE_VALUE || gone;
}

static bool hold(const char *path, DWORD access)
{
    HANDLE file;
    bool ok = open_file(path, access, FILE_SHARE_READ, &file);
    if (file != INVALID_HANDLE_VALUE)
        held_keep(path, file);
    return ok;
}

bool held_hold(const char *path)
{
    return hold(path, GENERIC_READ | GENERIC_WRITE);
}

bool held_hold_read(const char *path)
{
    return hold(path, GENERIC_READ);
}

bool held_is_free(const char *path)
{
    HANDLE file;
    bool ok = open_file(path, GENERIC_READ | GENERIC_WRITE, 0, &file);
    if (file != INVALID_HANDLE_VALUE)
        CloseHandle(file);
    return ok;
}

void held_let_go(const char *name, bool process)
{
    held *one = find(name);
    if (!one)
        return;
    if (process) {
        TerminateProcess(one->handle, 0);
        WaitForSingleObject(one->handle, 5000);
    }
    CloseHandle(one->handle);
    free(one->name);
    *one = (held){0};
}

void held_end(const char *process)
{
    for (int i = 0; i < HELD_MAX; i++) {
        if (things[i].name && strncmp(things[i].name, process, strlen(process)) == 0)
            TerminateProcess(things[i].handle, 0);
    }
}
