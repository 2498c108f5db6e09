/* Global options (-d, -u, --cd, --exec) get only words that need no quotes, for wsl.exe does not understand
 * them there. What follows --exec, and the options of the other verbs, are split by the rules of Windows,
 * which lima_process_start quotes for. */
#include "wsl2/argv.h"

#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/utf.h"

enum { USER_MAX = 64, MIB = 1024 * 1024 };

char *lima_wsl2_distro_name(const char *instance)
{
    return lima_mem_printf("lima-%s", instance);
}

static bool only_name_chars(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && c != '.' && c != '_' && c != '-')
            return false;
    }
    return true;
}

bool lima_wsl2_name_valid(const char *text)
{
    size_t len = strlen(text);
    return len >= 1 && len <= WSL2_NAME_MAX && only_name_chars(text, len)
           && !lima_str_eq_nocase(text, "Legacy");
}

bool lima_wsl2_name_check(const char *distro, lima_err *err)
{
    if (lima_wsl2_name_valid(distro))
        return true;
    return lima_err_set(
        err, LIMA_CODE_INVALID_ARGUMENT,
        "distribution name '%.80s' is not possible in WSL: use 1 to %d letters, digits, '.', '_', "
        "'-'",
        distro, WSL2_NAME_MAX);
}

static bool check_user(const char *user, lima_err *err)
{
    size_t len = strlen(user);
    if (len >= 1 && len <= USER_MAX && only_name_chars(user, len) && *user != '-')
        return true;
    return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                        "user name '%.80s' cannot be given to wsl.exe: use letters, digits, '.', '_', '-'",
                        user);
}

/* A path has to be absolute, so that it is no option and means the same to the service, and hold no quotes or
 * line breaks, which no file of Windows has. */
static bool check_path(const char *path, lima_err *err)
{
    if (lima_path_is_absolute(path) && !strpbrk(path, "\"\r\n"))
        return true;
    return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                        "path '%.200s' cannot be given to wsl.exe: it must be absolute, without quotes",
                        path);
}

static bool check_path_or_dash(const char *path, lima_err *err)
{
    return lima_str_eq(path, "-") || check_path(path, err);
}

/* Worst case of quoting: every unit a backslash before a quote, and quotes around. */
static size_t quoted_units(const char *word)
{
    size_t units = 3;
    for (const char *c = word; *c; c++) {
        bool continuation = ((unsigned char)*c & 0xc0) == 0x80;
        units += (continuation ? 0 : 1) + ((unsigned char)*c >= 0xf0) + (*c == '"' || *c == '\\');
    }
    return units;
}

static bool check_length(const lima_strv *argv, lima_err *err)
{
    size_t units = 0;
    for (size_t i = 0; i < argv->len; i++)
        units += quoted_units(argv->items[i]);
    return units <= WSL2_COMMAND_LINE_MAX
           || lima_err_set(err, LIMA_CODE_OUT_OF_RANGE,
                           "command line for wsl.exe would have %zu characters; Windows allows 32767", units);
}

static void add_words(lima_strv *argv, const char *const *words)
{
    for (; words && *words; words++)
        lima_strv_add(argv, *words);
}

/* Takes *made over into *ret if `ok` and short enough. */
static bool finish(bool ok, lima_strv *made, lima_strv *ret, lima_err *err)
{
    ok = ok && check_length(made, err);
    if (ok)
        *ret = *made;
    else
        lima_strv_free(made);
    return ok;
}

const char *const *lima_wsl2_environment(void)
{
    static const char *const added[] = {"WSL_UTF8=1", "WSLENV", "WSL_DISABLE_WARNINGS", NULL};
    return added;
}

void lima_wsl2_argv_version(const char *exe, lima_strv *ret)
{
    add_words(ret, (const char *const[]){exe, "--version", NULL});
}

void lima_wsl2_argv_list(const char *exe, bool running, lima_strv *ret)
{
    add_words(ret, (const char *const[]){exe, "--list", NULL});
    if (running)
        lima_strv_add(ret, "--running");
    lima_strv_add(ret, "--quiet");
}

bool lima_wsl2_argv_import(const char *exe, const char *distro, const char *dir, const char *file, bool vhd,
                           lima_strv *ret, lima_err *err)
{
    if (!lima_wsl2_name_check(distro, err) || !check_path(dir, err) || !check_path_or_dash(file, err))
        return false;
    lima_strv made = {0};
    add_words(&made, (const char *const[]){exe, "--import", distro, dir, file, "--version", "2", NULL});
    if (vhd)
        lima_strv_add(&made, "--vhd");
    return finish(true, &made, ret, err);
}

bool lima_wsl2_argv_import_in_place(const char *exe, const char *distro, const char *disk, lima_strv *ret,
                                    lima_err *err)
{
    if (!lima_wsl2_name_check(distro, err) || !check_path(disk, err))
        return false;
    lima_strv made = {0};
    add_words(&made, (const char *const[]){exe, "--import-in-place", distro, disk, NULL});
    return finish(true, &made, ret, err);
}

static const char *format_word(wsl2_format format)
{
    static const char *const words[] = {"tar", "tar.gz", "vhd"};
    return words[format];
}

bool lima_wsl2_argv_export(const char *exe, const char *distro, const char *file, wsl2_format format,
                           bool with_format, lima_strv *ret, lima_err *err)
{
    if (!lima_wsl2_name_check(distro, err) || !check_path_or_dash(file, err))
        return false;
    if (!with_format && format == WSL2_FORMAT_TAR_GZ)
        return lima_err_set(err, LIMA_CODE_UNIMPLEMENTED,
                            "this wsl.exe exports tar archives only uncompressed; run `wsl --update`");
    lima_strv made = {0};
    add_words(&made, (const char *const[]){exe, "--export", distro, file, NULL});
    if (with_format)
        add_words(&made, (const char *const[]){"--format", format_word(format), NULL});
    else if (format == WSL2_FORMAT_VHD)
        lima_strv_add(&made, "--vhd");
    return finish(true, &made, ret, err);
}

static bool name_verb(const char *exe, const char *verb, const char *distro, lima_strv *ret, lima_err *err)
{
    if (!lima_wsl2_name_check(distro, err))
        return false;
    lima_strv made = {0};
    add_words(&made, (const char *const[]){exe, verb, distro, NULL});
    return finish(true, &made, ret, err);
}

bool lima_wsl2_argv_unregister(const char *exe, const char *distro, lima_strv *ret, lima_err *err)
{
    return name_verb(exe, "--unregister", distro, ret, err);
}

bool lima_wsl2_argv_terminate(const char *exe, const char *distro, lima_strv *ret, lima_err *err)
{
    return name_verb(exe, "--terminate", distro, ret, err);
}

bool lima_wsl2_argv_resize(const char *exe, const char *distro, uint64_t bytes, lima_strv *ret, lima_err *err)
{
    if (!lima_wsl2_name_check(distro, err))
        return false;
    uint64_t mib = bytes / MIB + (bytes % MIB != 0);
    lima_strv made = {0};
    add_words(&made, (const char *const[]){exe, "--manage", distro, "--resize", NULL});
    lima_strv_addf(&made, "%lluMB", (unsigned long long)mib);
    return finish(true, &made, ret, err);
}

bool lima_wsl2_argv_move(const char *exe, const char *distro, const char *dir, lima_strv *ret, lima_err *err)
{
    if (!lima_wsl2_name_check(distro, err) || !check_path(dir, err))
        return false;
    lima_strv made = {0};
    add_words(&made, (const char *const[]){exe, "--manage", distro, "--move", dir, NULL});
    return finish(true, &made, ret, err);
}

/* NULL-terminated words that the guest's command may have: no program, or bytes that are no UTF-8, are
 * refused. */
static bool check_command(const char *const *command, lima_err *err)
{
    if (!command[0] || command[0][0] != '/')
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "command in the guest must begin with a program's absolute path");
    for (size_t i = 0; command[i]; i++)
        if (!lima_utf8_valid(command[i], strlen(command[i])))
            return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                                "argument %zu of '%.80s' is no UTF-8 and cannot be given to wsl.exe", i,
                                command[0]);
    return true;
}

bool lima_wsl2_argv_exec(const char *exe, const char *distro, const char *user, const char *const *command,
                         lima_strv *ret, lima_err *err)
{
    if (!lima_wsl2_name_check(distro, err) || !check_user(user, err) || !check_command(command, err))
        return false;
    lima_strv made = {0};
    add_words(&made, (const char *const[]){exe, "-d", distro, "-u", user, "--cd", "/", "--exec", NULL});
    add_words(&made, command);
    return finish(true, &made, ret, err);
}

bool lima_wsl2_argv_sh(const char *exe, const char *distro, const char *script, const char *const *args,
                       lima_strv *ret, lima_err *err)
{
    lima_strv command = {0};
    add_words(&command, (const char *const[]){"/bin/sh", "-c", script, "lima", NULL});
    add_words(&command, args);
    bool ok = lima_wsl2_argv_exec(exe, distro, "root", lima_strv_items(&command), ret, err);
    lima_strv_free(&command);
    return ok;
}

bool lima_wsl2_argv_sh_stdin(const char *exe, const char *distro, lima_strv *ret, lima_err *err)
{
    return lima_wsl2_argv_exec(exe, distro, "root", (const char *const[]){"/bin/sh", "-s", NULL}, ret, err);
}
