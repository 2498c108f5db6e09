/* Linux: facts about machine, program and user, from files, so that a static program needs no name service
 * libraries at run time. Users known only to a directory service are told by their environment (host.c). */
#include "platform.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "os/file.h"

const char *const lima_posix_os_name = "linux";

uint64_t lima_posix_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES);
    long size = sysconf(_SC_PAGESIZE);

    return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : 0;
}

char *lima_posix_program(void)
{
    return realpath("/proc/self/exe", NULL);
}

/* The first of the two files that can be read decides, even when it is empty: so does limactl. */
char *lima_posix_machine_id(void)
{
    static const char *const places[] = {"/etc/machine-id", "/var/lib/dbus/machine-id"};

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        lima_buf text = LIMA_BUF(4096);
        if (lima_file_read(places[i], &text, NULL)) {
            char *id = lima_buf_take(&text);
            lima_str_trim(id);
            return id;
        }
        lima_buf_free(&text);
    }
    return NULL;
}

void lima_posix_user(uid_t uid, char **ret_name, char **ret_home)
{
    FILE *file = fopen("/etc/passwd", "re");
    struct passwd entry, *found;
    char text[4096];

    *ret_name = *ret_home = NULL;
    if (!file)
        return;
    while (!fgetpwent_r(file, &entry, text, sizeof text, &found)) {
        if (found->pw_uid != uid)
            continue;
        *ret_name = lima_mem_strdup(found->pw_name);
        *ret_home = lima_mem_strdup(found->pw_dir);
        break;
    }
    fclose(file);
}
