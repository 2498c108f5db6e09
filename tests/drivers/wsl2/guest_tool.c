/* Inside the guest, statically linked: an agent that answers, and the one use of socat that the
 * driver's relay makes of it.
 *   guest_tool listen PATH                     a server on a Unix socket; sends back what it gets, in capitals
 *   socat -t N STDIO UNIX-CONNECT:PATH         standard input and output to that server */
#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_un address(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    return at;
}

static int put(int to, const char *bytes, size_t len)
{
    for (ssize_t n = 0; len; bytes += n, len -= (size_t)n)
        if ((n = write(to, bytes, len)) <= 0)
            return 0;
    return 1;
}

static int answer(int client)
{
    char bytes[65536];
    ssize_t n;

    while ((n = read(client, bytes, sizeof bytes)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            bytes[i] = (char)toupper((unsigned char)bytes[i]);
        if (!put(client, bytes, (size_t)n))
            break;
    }
    return 0;
}

static int serve(const char *path)
{
    struct sockaddr_un at = address(path);
    int server = socket(AF_UNIX, SOCK_STREAM, 0);

    unlink(path);
    if (bind(server, (struct sockaddr *)&at, sizeof at) || listen(server, 16))
        return 1;
    for (;;) {
        int client = accept(server, NULL, NULL);
        if (client < 0)
            return 1;
        if (fork() == 0)
            return answer(client);
        close(client);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
    }
}

static int relay(const char *path)
{
    struct sockaddr_un at = address(path);
    int peer = socket(AF_UNIX, SOCK_STREAM, 0);
    struct pollfd ends[2] = {{.fd = 0, .events = POLLIN}, {.fd = peer, .events = POLLIN}};
    char bytes[65536];

    if (connect(peer, (struct sockaddr *)&at, sizeof at))
        return 1;
    while (poll(ends, 2, -1) > 0) {
        for (int i = 0; i < 2; i++) {
            if (!ends[i].revents)
                continue;
            ssize_t n = read(ends[i].fd, bytes, sizeof bytes);
            if (n <= 0 && i == 1)
                return 0;
            if (n <= 0) {
                shutdown(peer, SHUT_WR);
                ends[0].fd = -1;
            } else if (!put(i ? 1 : peer, bytes, (size_t)n)) {
                return 1;
            }
        }
    }
    return 1;
}

int main(int argc, char **argv)
{
    static const char prefix[] = "UNIX-CONNECT:";

    if (argc == 3 && strcmp(argv[1], "listen") == 0)
        return serve(argv[2]);
    if (argc == 5 && strncmp(argv[4], prefix, sizeof prefix - 1) == 0)
        return relay(argv[4] + sizeof prefix - 1);
    return 2;
}
