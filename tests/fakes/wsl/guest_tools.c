/* What WSL puts into each distribution: /init, with /bin/wslpath and /bin/wslinfo as links to it (facts
 * 6.2, 7). Static, since a guest may have no C library. It knows the drives and the VM from
 * /run/wslsim/info, lines of `name=value` that the stand-in writes when the distribution starts.
 * Characters that NTFS forbids lie at U+F000 plus their code, as DrvFs has them. */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { INFO_MAX = 65536, FAILED = 1 };

static char info[INFO_MAX];

static void read_info(void)
{
    FILE *file = fopen("/run/wslsim/info", "r");
    if (!file)
        return;
    info[fread(info, 1, sizeof info - 1, file)] = '\0';
    fclose(file);
}

/* The value of the n-th line `name=`; NULL if there are fewer. */
static char *value_of(const char *name, int index)
{
    size_t len = strlen(name);
    for (char *line = info; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
        if (strncmp(line, name, len) != 0 || line[len] != '=' || index-- > 0)
            continue;
        size_t size = strcspn(line + len + 1, "\n");
        return strndup(line + len + 1, size);
    }
    return NULL;
}

static void append(char **text, const char *bytes, size_t len)
{
    size_t old = *text ? strlen(*text) : 0;
    char *grown = realloc(*text, old + len + 1);
    if (!grown)
        exit(FAILED);
    memcpy(grown + old, bytes, len);
    grown[old + len] = '\0';
    *text = grown;
}

static int complain(const char *path)
{
    fprintf(stderr, "wslpath: %s: Invalid argument\n", path);
    return FAILED;
}

/* Where a drive is mounted; NULL if it is not. */
static char *drive_root(char letter)
{
    char *one;
    for (int i = 0; (one = value_of("drive", i)); i++) {
        if ((one[0] | 32) == (letter | 32))
            return one + 2; /* c:/mnt/c */
    }
    return NULL;
}

static bool forbidden(char byte)
{
    return strchr(":*?\"<>|", byte) != NULL;
}

/* The rest of a Windows path with slashes; what NTFS forbids moves to U+F0xx. */
static void add_linux(char **out, const char *rest)
{
    for (; *rest; rest++) {
        char byte = *rest == '\\' ? '/' : *rest;
        unsigned code = 0xF000u + (unsigned char)byte;
        char moved[] = {(char)0xEF, (char)(0x80 | (code >> 6 & 0x3F)), (char)(0x80 | (code & 0x3F))};
        if (byte != '/' && forbidden(byte))
            append(out, moved, sizeof moved);
        else if (byte != '/' || !*out || (*out)[strlen(*out) - 1] != '/')
            append(out, &byte, 1);
    }
}

static const char *own_share(const char *path)
{
    static const char *const servers[] = {"\\\\wsl.localhost\\", "\\\\wsl$\\"};
    char *name = value_of("distro", 0);
    for (size_t i = 0; name && i < 2; i++) {
        size_t len = strlen(servers[i]);
        if (strncasecmp(path, servers[i], len) != 0 || strncasecmp(path + len, name, strlen(name)) != 0)
            continue;
        const char *rest = path + len + strlen(name);
        if (*rest == '\\' || !*rest)
            return *rest ? rest : "\\";
    }
    return NULL;
}

static int to_linux(const char *path)
{
    char *out = NULL;
    char *flat = strdup(path);
    for (char *at = flat; *at; at++)
        *at = *at == '/' ? '\\' : *at;
    const char *rest = strncmp(flat, "\\\\?\\", 4) == 0 ? flat + 4 : flat;
    const char *share = own_share(rest);
    if (share) {
        add_linux(&out, share);
    } else if (rest[0] && rest[1] == ':' && (rest[2] == '\\' || !rest[2])) {
        char *root = drive_root(rest[0]);
        if (!root)
            return complain(path);
        append(&out, root, strlen(root));
        add_linux(&out, rest + 2);
    } else if (rest[0] == '\\') {
        return complain(path);
    } else {
        add_linux(&out, rest);
    }
    puts(out ? out : "");
    return 0;
}

/* A byte, or a character at U+F0xx as what it stands for; moves `at` past it. */
static char windows_char(const char **at, char slash)
{
    const unsigned char *bytes = (const unsigned char *)*at;
    if (bytes[0] == 0xEF && (bytes[1] & 0xFE) == 0x80 && (bytes[2] & 0xC0) == 0x80) {
        *at += 3;
        return (char)((bytes[1] & 1) << 6 | (bytes[2] & 0x3F));
    }
    *at += 1;
    return bytes[0] == '/' ? slash : (char)bytes[0];
}

static void add_windows(char **out, const char *rest, char slash)
{
    while (*rest) {
        char byte = windows_char(&rest, slash);
        append(out, &byte, 1);
    }
}

static bool below(const char *path, const char *root)
{
    size_t len = strlen(root);
    return strncmp(path, root, len) == 0 && (path[len] == '/' || !path[len]);
}

static int to_windows(const char *path, char slash)
{
    char *real = realpath(path, NULL), *out = NULL, *one;
    if (!real) {
        fprintf(stderr, "wslpath: %s: No such file or directory\n", path);
        return FAILED;
    }
    for (int i = 0; (one = value_of("drive", i)); i++) {
        if (!below(real, one + 2))
            continue;
        char head[] = {(char)(one[0] & ~32), ':', slash, '\0'};
        const char *rest = real + strlen(one + 2);
        append(&out, head, 3);
        add_windows(&out, *rest ? rest + 1 : rest, slash);
        puts(out);
        return 0;
    }
    char share[512];
    snprintf(share, sizeof share, "%c%cwsl.localhost%c%s", slash, slash, slash, value_of("distro", 0));
    append(&out, share, strlen(share));
    add_windows(&out, real, slash);
    puts(out);
    return 0;
}

static int wslpath(char **words)
{
    char mode = 'u';
    const char *path = NULL;
    bool absolute = false;
    for (; *words; words++) {
        if (strcmp(*words, "-a") == 0)
            absolute = true;
        else if ((*words)[0] == '-' && strchr("uwm", (*words)[1]) && !(*words)[2] && !path)
            mode = (*words)[1];
        else if (!path)
            path = *words;
        else
            return complain(*words);
    }
    if (!path || !*path)
        return complain("");
    if (mode != 'u')
        return to_windows(path, mode == 'w' ? '\\' : '/');
    if (absolute && access(path, F_OK) == 0) {
        puts(realpath(path, NULL));
        return 0;
    }
    return to_linux(path);
}

static int wslinfo_usage(void)
{
    fputs("wslinfo: --networking-mode, --vm-id, --wsl-version; -n leaves out the line end\n", stderr);
    return FAILED;
}

static int wslinfo(char **words)
{
    const char *wanted = NULL;
    bool line_end = true;
    for (; *words; words++) {
        if (strcmp(*words, "-n") == 0)
            line_end = false;
        else if (strncmp(*words, "--", 2) == 0 && !wanted)
            wanted = *words + 2;
        else
            return wslinfo_usage();
    }
    static const char *const known[] = {"networking-mode", "vm-id", "wsl-version"};
    for (size_t i = 0; wanted && i < 3; i++) {
        char *value = strcmp(wanted, known[i]) == 0 ? value_of(known[i], 0) : NULL;
        if (value) {
            printf("%s%s", value, line_end ? "\n" : "");
            return 0;
        }
    }
    return wslinfo_usage();
}

int main(int argc, char **argv)
{
    const char *name = argc > 0 && strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
    read_info();
    if (name && strcmp(name, "wslpath") == 0)
        return wslpath(argv + 1);
    if (name && strcmp(name, "wslinfo") == 0)
        return wslinfo(argv + 1);
    fputs("init: not to be run by hand\n", stderr);
    return FAILED;
}
