/* win/file_traits.h by what `hcssimd mark` gives a file: words of an extended attribute. Two more than the
 * back end knows, which say where the file lies: "remote", "FAT32". */
#include "win/file_traits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define ATTRIBUTES "user.hcssim.attributes"

/* The back end's drive C: is a folder of its own. */
static void place_of(const char *path, char *ret, size_t size)
{
    const char *state = getenv("HCSSIM_STATE");

    if (!state || (path[0] | 0x20) != 'c' || path[1] != ':') {
        snprintf(ret, size, "%s", path);
        return;
    }
    snprintf(ret, size, "%s/c%s", state, path + 2);
    for (char *c = ret + strlen(state); *c; c++)
        *c = *c == '\\' ? '/' : *c;
}

bool lima_file_traits_get(const char *path, lima_file_traits *ret, lima_err *err)
{
    struct stat there;
    char words[256] = " ", host[4096];

    place_of(path, host, sizeof host);
    if (stat(host, &there))
        return lima_err_set(err, errno == ENOENT ? LIMA_CODE_NOT_FOUND : LIMA_CODE_UNKNOWN, "'%s': %s", path,
                            strerror(errno));
    if (getxattr(host, ATTRIBUTES, words + 1, sizeof words - 2) < 0)
        words[0] = '\0';
    *ret = (lima_file_traits){.compressed = strstr(words, "compressed"),
                              .encrypted = strstr(words, "encrypted"),
                              .sparse = strstr(words, "sparse"),
                              .read_only = strstr(words, "read-only"),
                              .folder = S_ISDIR(there.st_mode),
                              .remote = strstr(words, "remote")};
    snprintf(ret->file_system, sizeof ret->file_system, "%s", strstr(words, "FAT32") ? "FAT32" : "NTFS");
    return true;
}
