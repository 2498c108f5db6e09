#include "wsl2/files.h"

#include <stdlib.h>

#include "os/file.h"

bool lima_wsl2_exists(const char *path)
{
    lima_file_info info = {0};

    return path && lima_file_stat(path, false, &info, NULL) && info.kind != LIMA_FILE_NONE;
}

uint64_t lima_wsl2_file_size(void *path)
{
    lima_file_info info = {0};

    return lima_file_stat(path, true, &info, NULL) ? info.size : 0;
}

bool lima_wsl2_remove_file(const lima_instance *inst, const char *name, lima_err *err)
{
    char *path = lima_instance_path(inst, name);
    bool ok = lima_file_remove(path, err);

    free(path);
    return ok;
}
