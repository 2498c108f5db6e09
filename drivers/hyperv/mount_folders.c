/* limactl makes them for reverse-sshfs, and the QEMU driver for its 9p: so it is done here. */
#include "hyperv/mount_folders.h"

#include "os/file.h"
#include "win/file_traits.h"

static bool find_or_make(const char *path, lima_file_traits *ret, lima_err *err)
{
    lima_err why = {0};

    if (lima_file_traits_get(path, ret, &why))
        return true;
    if (why.code != LIMA_CODE_NOT_FOUND) {
        if (err)
            *err = why;
        return false;
    }
    return lima_dir_make(path, LIMA_FILE_SHARED, err) && lima_file_traits_get(path, ret, err);
}

static bool check(const char *path, lima_err *err)
{
    lima_file_traits is = {0};

    if (!find_or_make(path, &is, err))
        return lima_err_wrap(
            err, "the folder is not there and cannot be made (take the mount out, or name another folder)");
    if (!is.folder)
        return lima_err_set(
            err, LIMA_CODE_INVALID_ARGUMENT,
            "'%.300s' is a file, and folders are what is mounted; name the folder that it is in", path);
    return !is.remote
           || lima_err_set(
               err, LIMA_CODE_UNIMPLEMENTED,
               "'%.300s' lies on a network drive, and with mountType 9p Windows shares only folders of this "
               "computer; set mountType to reverse-sshfs, or take the mount out",
               path);
}

bool lima_hyperv_mount_folders(const hyperv_mounts *mounts, lima_err *err)
{
    for (size_t i = 0; i < mounts->folders.len; i++)
        if (!check(mounts->folders.items[i].location, err))
            return lima_err_wrap(err, "mounts[%zu].location", i);
    return true;
}
