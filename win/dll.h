/* DLLs that not every Windows has, loaded by name when they are first needed, and never unloaded. */
#pragma once

#include <stddef.h>
#include <windows.h>

#include "base/err.h"

/* What to do when a DLL of Hyper-V is missing. */
#define LIMA_WIN_FEATURE_MISSING                                                                             \
    "the feature Virtual Machine Platform is off, or Windows is older than Windows 10 version 1809; as "     \
    "administrator run: dism /online /enable-feature /featurename:VirtualMachinePlatform /all, then "        \
    "restart Windows"

/* A function of the DLL, and where its address goes in the caller's table. */
typedef struct lima_win_dll_function {
    const char *name;
    size_t offset;
} lima_win_dll_function;

typedef struct lima_win_dll {
    const wchar_t *file; /* L"computecore.dll" */
    const char *missing; /* what to tell when it is not there: "…; as administrator run: …" */
    const lima_win_dll_function *functions;
    size_t count;
    void *table;
    SRWLOCK lock; /* SRWLOCK_INIT */
    bool loaded;
} lima_win_dll;

/* One row of lima_win_dll.functions, for a list of X(result, name, (parameters)); API is the table's type. */
#define LIMA_WIN_DLL_FUNCTION(result, name, parameters) {#name, offsetof(API, name)},
#define LIMA_WIN_DLL_MEMBER(result, name, parameters) result(WINAPI *name) parameters;

/* Fills the table, once; thread-safe. FAILED_PRECONDITION: no such DLL (`missing`), or an older one that lacks a
 * function (named). */
bool lima_win_dll_load(lima_win_dll *dll, lima_err *err);
/* Whether the file is there and can be loaded; it stays loaded. */
bool lima_win_dll_is_there(const wchar_t *file);
/* A function of a DLL that every Windows has; NULL: not in this one. System32 only. */
void (*lima_win_dll_system(const wchar_t *file, const char *function))(void);

/* Where the three DLLs of Hyper-V are: NULL for System32, which is all that this library knows (dll_folder.c). Programs
 * of tests alone link another one, of tests/fakes/hcs_dlls, which asks the environment. Absolute, owned. */
char *lima_win_dll_folder(void);
