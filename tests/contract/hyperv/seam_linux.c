#define _GNU_SOURCE
#include "seam.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../support.h"

#include "base/mem.h"

struct seam_client {
    int fd;
};

static char pipes[4096];

void seam_begin(const char *dir)
{
    assert_int_equal(setenv("HCSSIM_STATE", dir, 1), 0);
    assert_in_range(snprintf(pipes, sizeof pipes, "%s/pipes", dir), 1, sizeof pipes - 1);
    assert_int_equal(mkdir(pipes, 0700), 0);
    unsetenv("LIMA_TEST_ROUTES");
    unsetenv("LIMA_TEST_RESOLVERS");
}

char *seam_pipe_name(void)
{
    static unsigned number;

    return lima_mem_printf("\\\\.\\pipe\\contract-%u", number++);
}

seam_client *seam_connect(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    int len = snprintf(at.sun_path, sizeof at.sun_path, "%s/%s", pipes, strrchr(name, '\\') + 1);
    assert_in_range(len, 1, sizeof at.sun_path - 1);
    if (connect(fd, (const struct sockaddr *)&at, sizeof at)) {
        close(fd);
        return NULL;
    }
    seam_client *client = lima_mem_zalloc(1, sizeof *client);
    client->fd = fd;
    return client;
}

void seam_write(seam_client *client, const char *text)
{
    assert_int_equal(send(client->fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

size_t seam_read(seam_client *client, char *into, size_t len)
{
    ssize_t got = recv(client->fd, into, len, 0);

    return got > 0 ? (size_t)got : 0;
}

void seam_close(seam_client *client)
{
    close(client->fd);
    free(client);
}

bool seam_mark(const char *path, const char *mark)
{
    return !setxattr(path, "user.hcssim.attributes", mark, strlen(mark), 0);
}

bool seam_routes(const char *words)
{
    return !setenv("LIMA_TEST_ROUTES", words, 1);
}

bool seam_resolvers(const char *words)
{
    return !setenv("LIMA_TEST_RESOLVERS", words, 1);
}
