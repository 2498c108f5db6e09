#include "drivers/qemu/fake_usernet.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "unit/qemu/qemu_test.h"

#include "os/clock.h"
#include "os/thread.h"

static int listen_at(const char *folder, const char *file)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(at.sun_path, sizeof at.sun_path, "%s/%s", folder, file);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 8) != 0)
        fail_msg("cannot listen at %s", at.sun_path);
    return fd;
}

/* A whole request: the header and as much as it promises. */
static void read_request(int client, char text[4096])
{
    size_t len = 0, wanted = 4095;
    text[0] = '\0';
    for (ssize_t got = 1; got > 0 && len<wanted; len += got> 0 ? (size_t)got : 0) {
        text[len] = '\0';
        char *end = strstr(text, "\r\n\r\n"), *length = strstr(text, "Content-Length: ");
        if (end && length)
            wanted = (size_t)(end + 4 - text) + (size_t)atoi(length + 16);
        got = len < wanted ? read(client, text + len, 4095 - len) : 0;
    }
    text[len] = '\0';
}

static void answer(fake_usernet *net, int client)
{
    char text[4096], reply[4096];
    read_request(client, text);
    char *line_end = strstr(text, "\r\n"), *body = strstr(text, "\r\n\r\n");
    if (!line_end || !body)
        return;
    *line_end = '\0';
    bool refused = net->refuse && strstr(text, net->refuse);
    const char *content = refused ? "no such thing\n" : strstr(text, "leases") ? net->leases : "";
    snprintf(reply, sizeof reply, "HTTP/1.0 %s\r\nContent-Length: %zu\r\n\r\n%s",
             refused ? "500 Oh" : "200 OK", strlen(content), content);
    pthread_mutex_lock(&net->mutex);
    strncat(net->seen, text, sizeof net->seen - strlen(net->seen) - 1);
    strncat(net->seen, body + 4, sizeof net->seen - strlen(net->seen) - 1);
    strncat(net->seen, "\n", sizeof net->seen - strlen(net->seen) - 1);
    pthread_mutex_unlock(&net->mutex);
    send(client, reply, strlen(reply), MSG_NOSIGNAL); /* a driver that is stopped meanwhile hangs up */
}

static void *serve(void *arg)
{
    fake_usernet *net = arg;
    struct pollfd fds[] = {{.fd = net->stop[0], .events = POLLIN}, {.fd = net->http, .events = POLLIN}};

    while (poll(fds, 2, -1) > 0 && !fds[0].revents) {
        int client = accept(net->http, NULL, NULL);
        answer(net, client);
        close(client);
    }
    return NULL;
}

void fake_usernet_begin(fake_usernet *net, const char *home, const char *leases)
{
    *net = (fake_usernet){.leases = leases, .mutex = PTHREAD_MUTEX_INITIALIZER};
    net->folder = lima_mem_printf("%s/_networks/user-v2", home);
    assert_ok(lima_dir_make(net->folder, LIMA_FILE_PRIVATE, &err));
    net->http = listen_at(net->folder, "user-v2_ep.sock");
    net->frames = listen_at(net->folder, "user-v2_qemu.sock");
    assert_int_equal(pipe(net->stop), 0);
    assert_int_equal(pthread_create(&net->thread, NULL, serve, net), 0);
}

void fake_usernet_end(fake_usernet *net)
{
    assert_int_equal(write(net->stop[1], "x", 1), 1);
    pthread_join(net->thread, NULL);
    close(net->http);
    close(net->frames);
    close(net->stop[0]);
    close(net->stop[1]);
    free(net->folder);
}

bool fake_usernet_saw(fake_usernet *net, const char *text)
{
    pthread_mutex_lock(&net->mutex);
    bool saw = strstr(net->seen, text) != NULL;
    pthread_mutex_unlock(&net->mutex);
    return saw;
}

void fake_usernet_await(fake_usernet *net, const char *text)
{
    lima_deadline deadline = lima_clock_in(20000);

    while (!fake_usernet_saw(net, text)) {
        if (lima_clock_now() > deadline)
            fail_msg("the network daemon was not asked '%s'; it was asked:\n%s", text, net->seen);
        lima_wake_wait(NULL, lima_clock_in(5));
    }
}
