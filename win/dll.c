/* System32 alone is searched: never the program's folder, the current one or PATH, where others could lay a DLL of that
 * name. A DLL that was not there is looked for again at the next call: the feature may have been turned on. */
#include "dll.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/path.h"
#include "wide.h"
#include "win_err.h"

static HMODULE load_from(const char *folder, const wchar_t *file)
{
    char *name = lima_wide_to_text(file, wcslen(file)), *path = lima_path_join(folder, name);
    wchar_t *wide = NULL;
    HMODULE module = NULL;

    if (lima_wide_path_plain(path, &wide, NULL))
        module = LoadLibraryExW(wide, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
    free(wide);
    free(path);
    free(name);
    return module;
}

static HMODULE load(const wchar_t *file)
{
    char *folder = lima_win_dll_folder();
    HMODULE module =
        folder ? load_from(folder, file) : LoadLibraryExW(file, NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);

    free(folder);
    return module;
}

static bool fill(lima_win_dll *dll, HMODULE module, lima_err *err)
{
    for (size_t i = 0; i < dll->count; i++) {
        FARPROC found = GetProcAddress(module, dll->functions[i].name);
        if (!found)
            return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                                "%ls has no %s: this Windows is too old; update it", dll->file,
                                dll->functions[i].name);
        *(FARPROC *)(void *)((char *)dll->table + dll->functions[i].offset) = found;
    }
    return true;
}

static bool load_and_fill(lima_win_dll *dll, lima_err *err)
{
    HMODULE module = load(dll->file);
    DWORD failed = GetLastError();

    if (module)
        return fill(dll, module, err);
    if (failed != ERROR_MOD_NOT_FOUND && failed != ERROR_FILE_NOT_FOUND && failed != ERROR_PATH_NOT_FOUND)
        return lima_win_fail(err, failed, "load %ls", dll->file);
    lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION, "%ls is not installed: %s", dll->file, dll->missing);
    if (err)
        err->os_code = (int)failed;
    return false;
}

bool lima_win_dll_load(lima_win_dll *dll, lima_err *err)
{
    AcquireSRWLockExclusive(&dll->lock);
    dll->loaded = dll->loaded || load_and_fill(dll, err);
    bool ok = dll->loaded;
    ReleaseSRWLockExclusive(&dll->lock);
    return ok;
}

bool lima_win_dll_is_there(const wchar_t *file)
{
    return load(file) != NULL;
}

void (*lima_win_dll_system(const wchar_t *file, const char *function))(void)
{
    HMODULE module = LoadLibraryExW(file, NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);

    return module ? (void (*)(void))GetProcAddress(module, function) : NULL;
}
