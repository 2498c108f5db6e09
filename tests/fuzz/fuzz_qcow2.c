/* Any file as a disk image: an offset within what a file can have, or a reason that names the file. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "folder.h"
#include "image/qcow2.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *folder;

static void remove_folder(void)
{
    test_folder_remove(folder);
}

static void write_file(const char *path, const uint8_t *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lima_err err = {0};
    uint64_t offset = UINT64_MAX;
    if (!folder) {
        folder = test_folder_make();
        atexit(remove_folder);
    }
    char *path = lima_path_join(folder, "disk");
    write_file(path, data, size);
    if (lima_qcow2_last_cluster(path, &offset, &err)) {
        if (offset > INT64_MAX || offset % 512)
            abort();
    } else if (offset != UINT64_MAX || !strstr(err.text, path)) {
        abort();
    }
    free(path);
    return 0;
}
