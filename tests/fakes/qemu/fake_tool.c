/* Stand-ins for qemu-img, virtiofsd, swtpm, ssh and curl: which one is told by the name it is called by.
 * Unknown options are refused.
 *
 * FAKE_IMG: what qemu-img does: "full" (no space while creating), "nonsense" (answers something else),
 * "hang", "damaged" (check finds errors).
 *           Its images are files whose first word is the format, and the second, if any, the backing file: "qcow2", "raw", "qcow2 /etc/passwd".
 * FAKE_HELPER: what virtiofsd and swtpm do: "die" (says why, ends), "no-socket" (runs on without one), "old"
 * (virtiofsd is QEMU's former one). FAKE_CURL: what curl does: "fail"; otherwise the file it makes holds
 * "firmware". FAKE_SSH_LOG: a file to which ssh adds its arguments, one line per call. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char *tool;

_Noreturn static void refuse(const char *what)
{
    fprintf(stderr, "%s: %s\n", tool, what);
    exit(1);
}

static int told(const char *variable, const char *word)
{
    const char *value = getenv(variable);

    return value && strcmp(value, word) == 0;
}

_Noreturn static void do_nothing(void)
{
    for (;;)
        pause();
}

/* ---- qemu-img ---- */

static void read_image(const char *path, char format[64], char backing[512])
{
    FILE *file = fopen(path, "r");

    backing[0] = '\0';
    if (!file) {
        fprintf(stderr, "qemu-img: Could not open '%s': No such file or directory\n", path);
        exit(1);
    }
    if (fscanf(file, "%63s %511[^\n]", format, backing) < 1)
        strcpy(format, "raw");
    fclose(file);
}

static void print_string(const char *text)
{
    putchar('"');
    for (; *text; text++)
        printf(*text == '"' || *text == '\\' ? "\\%c" : (unsigned char)*text < ' ' ? "\\u%04x" : "%c", *text);
    putchar('"');
}

static int image_info(char **argv)
{
    char format[64], backing[512];
    int i = 0;

    if (!argv[0] || strcmp(argv[0], "--output=json") != 0 || !argv[1]
        || strcmp(argv[1], "--force-share") != 0)
        refuse("info: --output=json --force-share must be given");
    i = 2;
    const char *forced = argv[i] && strcmp(argv[i], "-f") == 0 ? argv[i + 1] : NULL;
    i += forced ? 2 : 0;
    if (!argv[i] || argv[i + 1])
        refuse("info: one file must be given");
    if (told("FAKE_IMG", "nonsense")) {
        puts("Segmentation what?");
        return 0;
    }
    read_image(argv[i], format, backing);
    printf("{\"virtual-size\": 1048576, \"actual-size\": 4096, \"dirty-flag\": false, \"filename\": ");
    print_string(argv[i]);
    printf(", \"format\": ");
    print_string(forced ? forced : format);
    if (*backing) {
        printf(", \"backing-filename\": ");
        print_string(backing);
    }
    puts("}");
    return 0;
}

static int image_create(char **argv)
{
    size_t count = 0;

    while (argv[count])
        count++;
    if (count < 5 || strcmp(argv[0], "-q") != 0 || strcmp(argv[1], "-f") != 0
        || strcmp(argv[2], "qcow2") != 0)
        refuse("create: -q -f qcow2 … FILE SIZE must be given");
    FILE *file = fopen(argv[count - 2], "w");
    if (!file)
        refuse("create: cannot make the file");
    if (told("FAKE_IMG", "full")) {
        fputs("qco", file);
        fclose(file);
        fprintf(stderr, "qemu-img: %s: Could not write qcow2 header: No space left on device\n",
                argv[count - 2]);
        return 1;
    }
    fputs(count == 9 ? "qcow2 " : "qcow2", file);
    if (count == 9)
        fputs(argv[6], file);
    fclose(file);
    return 0;
}

static int be_qemu_img(char **argv)
{
    if (told("FAKE_IMG", "hang"))
        do_nothing();
    if (argv[0] && strcmp(argv[0], "info") == 0)
        return image_info(argv + 1);
    if (argv[0] && strcmp(argv[0], "create") == 0)
        return image_create(argv + 1);
    if (argv[0] && strcmp(argv[0], "check") == 0)
        return told("FAKE_IMG", "damaged") ? 2 : 0;
    refuse("unknown command");
}

/* ---- virtiofsd, swtpm ---- */

static int listen_at(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof at.sun_path)
        refuse("socket path is too long");
    strcpy(at.sun_path, path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 1) != 0)
        refuse("cannot bind the socket");
    return fd;
}

/* Until the client that comes has gone. */
static int serve_one(const char *socket_path)
{
    char byte;

    if (told("FAKE_HELPER", "die"))
        refuse("Error: cannot enter sandbox: Operation not permitted");
    if (told("FAKE_HELPER", "no-socket"))
        do_nothing();
    int client = accept(listen_at(socket_path), NULL, NULL);
    while (read(client, &byte, 1) > 0)
        ;
    unlink(socket_path);
    return 0;
}

static int be_virtiofsd(char **argv)
{
    struct stat at;

    if (argv[0] && strcmp(argv[0], "--version") == 0) {
        puts(told("FAKE_HELPER", "old") ? "virtiofsd version 7.2.22\nusing FUSE kernel interface version 7.36"
                                        : "virtiofsd 1.10.1");
        return 0;
    }
    if (!argv[0] || strcmp(argv[0], "--socket-path") != 0 || !argv[1] || !argv[2]
        || strcmp(argv[2], "--shared-dir") != 0 || !argv[3] || argv[4])
        refuse("--socket-path SOCKET --shared-dir FOLDER must be given");
    if (stat(argv[3], &at) != 0 || !S_ISDIR(at.st_mode))
        refuse("--shared-dir is no folder");
    return serve_one(argv[1]);
}

static int be_swtpm(char **argv)
{
    static const char *const form[] = {"socket", "--tpmstate",  "dir=",  "--ctrl", "type=unixio,path=",
                                       "--tpm2", "--terminate", "--log", "level="};
    struct stat at;

    for (size_t i = 0; i < COUNT(form); i++)
        if (!argv[i] || strncmp(argv[i], form[i], strlen(form[i])) != 0)
            refuse("unknown or missing option");
    if (stat(argv[2] + 4, &at) != 0 || !S_ISDIR(at.st_mode) || (at.st_mode & 077))
        refuse("the state folder must exist and be private");
    return serve_one(argv[4] + strlen("type=unixio,path="));
}

/* ---- ssh ---- */

static int be_ssh(char **argv)
{
    const char *path = getenv("FAKE_SSH_LOG");
    FILE *log = path ? fopen(path, "a") : NULL;

    if (!log)
        refuse("FAKE_SSH_LOG must be set");
    for (size_t i = 0; argv[i]; i++)
        fprintf(log, "%s%s", i ? " " : "", argv[i]);
    fputc('\n', log);
    fclose(log);
    return 0;
}

/* ---- curl ---- */

static int be_curl(char **argv)
{
    static const char *const form[] = {"-fsSL", "--proto", "=http,https,file", "--max-filesize", "", "-o", "",
                                       "--",    "http"};

    for (size_t i = 0; i < COUNT(form); i++)
        if (!argv[i] || strncmp(argv[i], form[i], strlen(form[i])) != 0)
            refuse("unknown or missing option");
    if (told("FAKE_CURL", "fail")) {
        fputs("curl: (22) The requested URL returned error: 404\n", stderr);
        return 22;
    }
    FILE *file = fopen(argv[6], "w");
    if (!file)
        refuse("cannot write");
    fputs("firmware", file);
    fclose(file);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*be)(char **argv);
    } tools[] = {{"qemu-img", be_qemu_img},
                 {"virtiofsd", be_virtiofsd},
                 {"swtpm", be_swtpm},
                 {"ssh", be_ssh},
                 {"curl", be_curl}};

    (void)argc;
    tool = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
    for (size_t i = 0; i < COUNT(tools); i++)
        if (strcmp(tools[i].name, tool) == 0)
            return tools[i].be(argv + 1);
    refuse("call me by the name of a tool");
}
