#include "folder.h"

#include <stdlib.h>
#include <string.h>

#include "lima_test.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/path.h"
#include "os/file.h"
#include "os/host.h"
#include "os/process.h"

/* Windows takes both separators; this one needs no escape in JSON. */
static void use_slashes(char *path)
{
    if (strcmp(lima_host_get()->os, "windows") == 0)
        for (; *path; path++)
            if (*path == '\\')
                *path = '/';
}

char *test_folder_make(void)
{
    static unsigned number;
    lima_process_id own = {0};
    lima_err err = {0};
    lima_process_find(0, &own);
    char *name = lima_mem_printf("lima \xc3\xbc%u.%u", own.pid, number++);
    char *path = lima_path_join(lima_host_get()->temp, name);
    free(name);
    use_slashes(path);
    /* Something may have been left by a process with the same number. */
    if (!lima_dir_remove(path, &err) || !lima_dir_make(path, LIMA_FILE_PRIVATE, &err))
        fail_msg("%s", err.text);
    return path;
}

void test_folder_remove(char *path)
{
    lima_err err = {0};
    bool ok = !path || lima_dir_remove(path, &err);
    free(path);
    if (!ok)
        fail_msg("%s", err.text);
}

char *test_json_text(const char *path)
{
    lima_buf escaped = LIMA_BUF(65536);
    for (; *path; path++)
        if (!lima_buf_addf(&escaped, *path == '"' || *path == '\\' ? "\\%c" : "%c", *path))
            fail_msg("too long: %s", path);
    return lima_buf_take(&escaped);
}
