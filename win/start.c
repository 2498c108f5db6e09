/* Where every program of this tree begins on Windows: wmain, which calls main.
 *
 * The first thing is to look for libraries in System32 alone, before anything could load one. Arguments come as UTF-16 and go
 * on as UTF-8; main of the C library would have them in the system's code page. The three standard streams pass bytes as they are: a line
 * ends in one character, and a protocol on them is not changed.
 *
 * Not here: detaching, Ctrl events (process_role.c). */
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <windows.h>

#include "base/mem.h"
#include "wide.h"

int main(int argc, char **argv);
int wmain(int argc, wchar_t **argv);

static void pass_bytes(FILE *stream)
{
    if (_fileno(stream) >= 0)
        _setmode(_fileno(stream), _O_BINARY);
}

/* They live as long as the process. */
static char **convert(int argc, wchar_t **argv)
{
    char **converted = lima_mem_zalloc((size_t)argc + 1, sizeof *converted);
    lima_err err = {0};
    for (int i = 0; i < argc; i++) {
        if (!lima_wide_to_utf8(argv[i], &converted[i], &err)) {
            fprintf(stderr, "argument %d: %s\n", i, err.text);
            return NULL;
        }
    }
    return converted;
}

int wmain(int argc, wchar_t **argv)
{
    SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32);
    pass_bytes(stdin);
    pass_bytes(stdout);
    pass_bytes(stderr);
    char **converted = convert(argc, argv);
    return converted ? main(argc, converted) : 2;
}
