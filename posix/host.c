/* Facts that do not change while the process lives, collected once and kept until it ends. */
#include "os/host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "os/shared/shared.h"
#include "platform.h"
#include "posix_err.h"

static lima_host host;

static const char *arch(void)
{
    /* What uname says, where Lima says something else or the same. */
    static const char *const names[][2] = {
        {"x86_64", "x86_64"},   {"aarch64", "aarch64"}, {"arm64", "aarch64"}, {"armv7l", "armv7l"},
        {"riscv64", "riscv64"}, {"ppc64le", "ppc64le"}, {"s390x", "s390x"},
    };
    struct utsname this;

    if (uname(&this) >= 0)
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            if (!strcmp(this.machine, names[i][0]))
                return names[i][1];
    return "unknown";
}

static const char *machine_id(void)
{
    char *id = lima_posix_machine_id();
    char name[256] = "";

    if (!lima_str_empty(id))
        return id;
    free(id);
    gethostname(name, sizeof name - 1);
    return lima_mem_strdup(name);
}

/* The first of the two that is there; "" at worst. Takes both over. */
static const char *first(char *a, char *b)
{
    if (!lima_str_empty(a)) {
        free(b);
        return a;
    }
    free(a);
    return b ? b : lima_mem_strdup("");
}

static void collect(void)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    char *name, *home;

    host.os = lima_posix_os_name;
    host.arch = arch();
    host.cpus = cpus > 0 ? (uint32_t)cpus : 1;
    host.memory = lima_posix_memory();
    host.machine_id = machine_id();
    host.program = first(lima_posix_program(), NULL);
    host.uid = geteuid();
    lima_posix_user(geteuid(), &name, &home);
    host.home = first(lima_shared_absolute_env("HOME"), home);
    /* A container may run under a number that no data base knows. */
    host.user = first(name, getenv("USER") ? lima_env_get("USER") : lima_mem_printf("%u", host.uid));
    host.temp = first(lima_shared_absolute_env("TMPDIR"), lima_mem_strdup("/tmp"));
    for (int i = 0; i < 3; i++)
        host.terminal[i] = isatty(i);
}

const lima_host *lima_host_get(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, collect);
    return &host;
}

char *lima_env_get(const char *name)
{
    return lima_mem_strdup(getenv(name));
}

bool lima_host_free_port(uint16_t *ret_port, lima_err *err)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = lima_posix_socket(AF_INET);
    bool ok =
        fd >= 0 && !bind(fd, (struct sockaddr *)&at, len) && !getsockname(fd, (struct sockaddr *)&at, &len);
    int failed = errno;

    if (fd >= 0)
        close(fd);
    if (!ok) {
        lima_posix_fail(err, failed, "find a free TCP port on 127.0.0.1");
        if (err)
            err->code = LIMA_CODE_RESOURCE_EXHAUSTED;
        return false;
    }
    *ret_port = ntohs(at.sin_port);
    return true;
}
