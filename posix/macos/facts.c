/* macOS: facts about machine, program and user, by libc alone.
 *
 * The machine id is what ioreg shows as IOPlatformUUID: gethostuuid(2) answers with the same 16 bytes,
 * without IOKit. */
#include "platform.h"

#include <mach-o/dyld.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/sysctl.h>
#include <time.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "base/mem.h"

const char *const lima_posix_os_name = "darwin";

uint64_t lima_posix_memory(void)
{
    uint64_t bytes = 0;
    size_t size = sizeof bytes;

    return sysctlbyname("hw.memsize", &bytes, &size, NULL, 0) ? 0 : bytes;
}

char *lima_posix_program(void)
{
    char path[4096];
    uint32_t size = sizeof path;

    return _NSGetExecutablePath(path, &size) ? NULL : realpath(path, NULL);
}

char *lima_posix_machine_id(void)
{
    static const struct timespec limit = {.tv_sec = 5};
    uuid_t id;
    uuid_string_t text;

    if (gethostuuid(id, &limit))
        return NULL;
    uuid_unparse_upper(id, text);
    return lima_mem_strdup(text);
}

void lima_posix_user(uid_t uid, char **ret_name, char **ret_home)
{
    struct passwd entry, *found = NULL;
    char text[4096];

    *ret_name = *ret_home = NULL;
    if (getpwuid_r(uid, &entry, text, sizeof text, &found) || !found)
        return;
    *ret_name = lima_mem_strdup(found->pw_name);
    *ret_home = lima_mem_strdup(found->pw_dir);
}
