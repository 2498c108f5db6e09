/* The front end on Linux. A grandchild is a fork that hangs; there is no agent, since no registry but the
 * files. */
#define _GNU_SOURCE
#include "front.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int connection = -1;
static char **arguments;

void plat_complain(const char *words)
{
    fputs(words, stderr);
}

bool plat_read_daemon(char *into, size_t room)
{
    const char *state = getenv(FRONT_STATE);
    char path[4096];
    if (!state || snprintf(path, sizeof path, "%s/daemon", state) >= (int)sizeof path)
        return false;
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool ok = fgets(into, (int)room, file) != NULL;
    fclose(file);
    return ok;
}

bool plat_connect(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return connection >= 0 && connect(connection, (struct sockaddr *)&to, sizeof to) == 0;
}

bool plat_send(const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t done = send(connection, at, len, MSG_NOSIGNAL);
        if (done <= 0)
            return false;
        at += done;
        len -= (size_t)done;
    }
    return true;
}

bool plat_receive(void *into, size_t len)
{
    return len == 0 || recv(connection, into, len, MSG_WAITALL) == (ssize_t)len;
}

bool plat_write(int stream, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t done = write(stream, at, len);
        if (done < 0)
            return false;
        at += done;
        len -= (size_t)done;
    }
    return true;
}

long plat_read_input(void *into, size_t len)
{
    return read(STDIN_FILENO, into, len);
}

static void *run(void *work)
{
    void (*call)(void);
    memcpy(&call, &work, sizeof call);
    call();
    return NULL;
}

bool plat_thread(void (*work)(void))
{
    pthread_t thread;
    void *pointer;
    memcpy(&pointer, &work, sizeof pointer);
    return pthread_create(&thread, NULL, run, pointer) == 0 && pthread_detach(thread) == 0;
}

void plat_grandchild(void)
{
    if (fork() == 0) {
        close(connection);
        front_hang();
        _exit(0);
    }
}

void plat_start_agent(void)
{
}

static void send_environment(front_text *hello)
{
    for (char **at = environ; *at; at++) {
        char name[512];
        const char *equals = strchr(*at, '=');
        if (equals && equals > *at
            && snprintf(name, sizeof name, "env.%.*s", (int)(equals - *at), *at) < (int)sizeof name)
            front_field(hello, name, equals + 1);
    }
}

void plat_hello(front_text *hello)
{
    char path[4096];
    front_field(hello, "system", "posix");
    for (char **at = arguments + 1; *at; at++)
        front_field(hello, "arg", *at);
    if (getcwd(path, sizeof path))
        front_field(hello, "cwd", path);
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
    if (len > 0) {
        path[len] = '\0';
        front_field(hello, "self", path);
    }
    send_environment(hello);
}

int main(int argc, char **argv)
{
    (void)argc;
    arguments = argv;
    uint32_t code = front_call();
    _exit((int)(code & 0xFF));
}
