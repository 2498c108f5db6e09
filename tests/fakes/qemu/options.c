/* Options: what is unknown is refused, what names a file, a port or a socket is tried. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "fake_qemu.h"

static void keep(fake_machine *machine, int fd)
{
    if (machine->kept_count == FAKE_FDS_MAX)
        fake_die(machine, "fake: too many descriptors");
    machine->kept[machine->kept_count++] = fd;
}

/* The value of KEY in "a=b,KEY=value": a doubled comma is a comma. Owned; NULL: not there. */
static char *value_of(const char *text, const char *key)
{
    size_t key_len = strlen(key);

    while (*text) {
        bool found = strncmp(text, key, key_len) == 0 && text[key_len] == '=';
        char *value = strdup(found ? text + key_len + 1 : "");
        size_t len = 0;
        text += found ? key_len + 1 : 0;
        for (; *text && (*text != ',' || text[1] == ','); text++) {
            if (found)
                value[len++] = *text;
            text += *text == ',';
        }
        value[len] = '\0';
        text += *text == ',';
        if (found)
            return value;
        free(value);
    }
    return NULL;
}

static bool value_is(const char *text, const char *key, const char *wanted)
{
    char *value = value_of(text, key);
    bool same = value && strcmp(value, wanted) == 0;

    free(value);
    return same;
}

static void open_file(fake_machine *machine, const char *option, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        fake_die(machine, "%s: could not open '%s': %s", option, path, strerror(errno));
    keep(machine, fd);
}

static void take_drive(fake_machine *machine, const char *text)
{
    char *file = value_of(text, "file"), *format = value_of(text, "format");
    bool readonly = value_is(text, "readonly", "on");

    if (!file || !format)
        fake_die(machine, "-drive %s: fake: a drive must have file= and format=", text);
    int fd = open(file, readonly ? O_RDONLY | O_CLOEXEC : O_RDWR | O_CLOEXEC);
    if (fd < 0)
        fake_die(machine, "-drive %s: Could not open '%s': %s", text, file, strerror(errno));
    if (!readonly && flock(fd, LOCK_EX | LOCK_NB) != 0)
        fake_die(machine, "-drive %s: Failed to get \"write\" lock\nIs another process using the image [%s]?",
                 text, file);
    keep(machine, fd);
    if (!readonly && !machine->boot_file) {
        machine->boot_file = file;
        machine->boot_format = format;
    }
}

static struct sockaddr_un address_of(const fake_machine *machine, const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof at.sun_path)
        fake_die(machine, "UNIX socket path '%s' is too long", path);
    strcpy(at.sun_path, path);
    return at;
}

static int serve_at(fake_machine *machine, const char *path)
{
    struct sockaddr_un at = address_of(machine, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    unlink(path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 4) != 0)
        fake_die(machine, "Failed to bind socket to %s: %s", path, strerror(errno));
    keep(machine, fd);
    return fd;
}

static void connect_to(fake_machine *machine, const char *path)
{
    struct sockaddr_un at = address_of(machine, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) != 0)
        fake_die(machine, "Failed to connect to '%s': %s", path, strerror(errno));
    keep(machine, fd);
}

static void make_log(fake_machine *machine, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0)
        fake_die(machine, "Unable to open logfile %s: %s", path, strerror(errno));
    if (write(fd, "booting\n", 8) != 8)
        fake_die(machine, "Unable to write logfile %s: %s", path, strerror(errno));
    close(fd);
}

static void take_chardev(fake_machine *machine, const char *text)
{
    char *path = value_of(text, "path"), *id = value_of(text, "id"), *log = value_of(text, "logfile");

    if (!path || !id || strncmp(text, "socket,", 7) != 0)
        fake_die(machine, "-chardev %s: fake: only sockets with path and id", text);
    if (log)
        make_log(machine, log);
    if (!value_is(text, "server", "on"))
        connect_to(machine, path);
    else if (strcmp(id, "qmp") == 0)
        machine->qmp_socket = serve_at(machine, path);
    else
        serve_at(machine, path);
    free(log);
    free(id);
    free(path);
}

static void take_forward(fake_machine *machine, const char *text, const char *rule)
{
    char host[64];
    unsigned port;
    struct sockaddr_in at = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    if (sscanf(rule, "tcp:%63[0-9.]:%u-:22", host, &port) != 2 || port > 65535)
        fake_die(machine, "-netdev %s: fake: hostfwd '%s'", text, rule);
    at.sin_port = htons((unsigned short)port);
    inet_pton(AF_INET, host, &at.sin_addr);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 1) != 0)
        fake_die(machine, "-netdev %s: Could not set up host forwarding rule '%s'", text, rule);
    keep(machine, fd);
}

static void take_netdev(fake_machine *machine, const char *text)
{
    char *rule = value_of(text, "hostfwd"), *path = value_of(text, "addr.path"),
         *number = value_of(text, "fd");
    struct stat at;

    if (rule)
        take_forward(machine, text, rule);
    if (path)
        connect_to(machine, path);
    if (number && (fstat(atoi(number), &at) != 0 || !S_ISSOCK(at.st_mode)))
        fake_die(machine, "-netdev %s: fake: descriptor %s is no socket", text, number);
    if (!rule && !path && !number)
        fake_die(machine, "-netdev %s: fake: unknown kind", text);
    free(number);
    free(path);
    free(rule);
}

static void take_name(fake_machine *machine, const char *text)
{
    machine->name = text;
}

static void take_pid_file(fake_machine *machine, const char *text)
{
    machine->pid_file = text;
}

static void take_machine(fake_machine *machine, const char *text)
{
    machine->kvm = machine->kvm || value_is(text, "accel", "kvm");
}

static void take_accel(fake_machine *machine, const char *text)
{
    machine->kvm = machine->kvm || strncmp(text, "kvm", 3) == 0;
}

static void take_display(fake_machine *machine, const char *text)
{
    machine->vnc = strncmp(text, "vnc=", 4) == 0;
}

static void take_virtfs(fake_machine *machine, const char *text)
{
    char *path = value_of(text, "path");
    struct stat at;

    if (!path || stat(path, &at) != 0 || !S_ISDIR(at.st_mode))
        fake_die(machine, "-virtfs %s: fsdev path is no folder", text);
    free(path);
}

static void take_kernel(fake_machine *machine, const char *path)
{
    open_file(machine, "-kernel", path);
}

static void take_initrd(fake_machine *machine, const char *path)
{
    open_file(machine, "-initrd", path);
}

static void take_monitor(fake_machine *machine, const char *text)
{
    if (!value_is(text, "chardev", "qmp") || !value_is(text, "mode", "control"))
        fake_die(machine, "-mon %s: fake: chardev=qmp,mode=control must be given", text);
}

static void take_any(fake_machine *machine, const char *text)
{
    (void)machine;
    (void)text;
}

static const struct {
    const char *name;
    void (*take)(fake_machine *machine, const char *text); /* NULL: stands alone */
} options[] = {
    {"-drive", take_drive},
    {"-chardev", take_chardev},
    {"-netdev", take_netdev},
    {"-name", take_name},
    {"-pidfile", take_pid_file},
    {"-machine", take_machine},
    {"-display", take_display},
    {"-virtfs", take_virtfs},
    {"-kernel", take_kernel},
    {"-initrd", take_initrd},
    {"-m", take_any},
    {"-cpu", take_any},
    {"-smp", take_any},
    {"-accel", take_accel},
    {"-global", take_any},
    {"-boot", take_any},
    {"-parallel", take_any},
    {"-vga", take_any},
    {"-audiodev", take_any},
    {"-object", take_any},
    {"-numa", take_any},
    {"-append", take_any},
    {"-device", take_any},
    {"-serial", take_any},
    {"-mon", take_monitor},
    {"-tpmdev", take_any},
    {"-monitor", take_any},
    {"-S", NULL},
    {"-nodefaults", NULL},
    {"-no-user-config", NULL},
};

void fake_take_options(fake_machine *machine, char **argv)
{
    while (*argv) {
        size_t i = 0;
        while (i < sizeof options / sizeof options[0] && strcmp(options[i].name, *argv) != 0)
            i++;
        if (i == sizeof options / sizeof options[0])
            fake_die(machine, "%s: invalid option", *argv);
        if (options[i].take && !argv[1])
            fake_die(machine, "%s: requires an argument", *argv);
        if (options[i].take)
            options[i].take(machine, *++argv);
        argv++;
    }
}
