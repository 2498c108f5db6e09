/* Wine is no Windows everywhere: what it cannot do is skipped by name where a suite meets it. */
#pragma once

#include <stdbool.h>
#include <windows.h>

static inline bool on_wine(void)
{
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");

    return ntdll && GetProcAddress(ntdll, "wine_get_version");
}
