/* The driver search. It follows limactl's rules (facts: lima-driver-contract 1.1-1.3) and goes on where
 * limactl stops: it looks around limadrv too, and it keeps what limactl ignores, with the reason. It does not
 * run anything. */
#include "find.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "os/file.h"
#include "os/host.h"

struct search {
    lima_found_list *list;
    lima_strv folders; /* searched already */
    const char *source;
    bool seen;
};

static bool on_windows(void)
{
    return lima_str_eq(lima_host_get()->os, "windows");
}

/* The name in "lima-driver-NAME" by this host's rule, owned; NULL: not a driver's file name. */
static char *driver_name(const char *file)
{
    size_t prefix = strlen("lima-driver-"), len = strlen(file);
    bool exe = lima_str_has_suffix(file, ".exe");
    if (!lima_str_has_prefix(file, "lima-driver-") || exe != on_windows())
        return NULL;
    size_t end = exe ? len - 4 : len;
    return end > prefix ? lima_mem_strndup(file + prefix, end - prefix) : NULL;
}

/* A stock limactl has these compiled in and takes no program of that name. */
static bool is_internal(const char *name)
{
    const char *os = lima_host_get()->os;
    return lima_str_eq(name, "qemu") || (lima_str_eq(name, "vz") && lima_str_eq(os, "darwin"))
           || (lima_str_eq(name, "wsl2") && on_windows());
}

static const lima_found *find_taken(const lima_found_list *list, const char *name)
{
    for (size_t i = 0; i < list->len; i++)
        if (lima_str_eq(list->items[i].name, name) && (!list->items[i].unusable || list->items[i].alias))
            return &list->items[i];
    return NULL;
}

static bool is_executable(const char *path)
{
    char *program = NULL;
    bool ok = lima_file_find_program(path, &program, NULL);
    free(program);
    return ok;
}

static char *why_unusable(const struct search *search, const char *name, const char *path)
{
    const lima_found *earlier = find_taken(search->list, name);
    if (!is_executable(path))
        return lima_mem_strdup("the file is not an executable program");
    if (earlier)
        return lima_mem_printf("%s comes first", earlier->path);
    if (is_internal(name))
        return lima_mem_printf("a stock limactl has its own driver '%s' and ignores this one", name);
    if (!search->seen)
        return lima_mem_strdup("limactl does not look in this folder; name it in LIMA_DRIVERS_PATH");
    return NULL;
}

/* Takes over `path` and `name`. */
static void add(struct search *search, char *path, char *name)
{
    lima_found_list *list = search->list;
    lima_found item = {
        .name = name, .path = path, .seen = search->seen, .source = lima_mem_strdup(search->source)};
    item.unusable = why_unusable(search, name, path);
    if (is_internal(name) && is_executable(path) && !find_taken(list, name))
        item.alias = lima_mem_printf("%sx", name);
    list->items = lima_mem_resize(list->items, list->len + 1, sizeof *list->items);
    list->items[list->len++] = item;
}

static lima_file_kind kind_of(const char *path)
{
    lima_file_info info = {0};
    lima_file_stat(path, true, &info, NULL);
    return info.kind;
}

static bool is_folder(const char *path)
{
    return kind_of(path) == LIMA_FILE_DIR;
}

/* A link that leads nowhere counts: limactl takes it, and fails. */
static bool may_be_program(const char *path)
{
    lima_file_kind kind = kind_of(path);
    return kind == LIMA_FILE_REGULAR || kind == LIMA_FILE_NONE;
}

static void scan_folder(struct search *search, const char *folder)
{
    lima_strv files = {0};
    lima_err err = {0};
    if (lima_strv_has(&search->folders, folder))
        return;
    lima_strv_add(&search->folders, folder);
    if (!lima_dir_list(folder, LIMA_FIND_FOLDER_MAX, &files, &err)) {
        lima_strv_addf(&search->list->warnings, "%s: %s", search->source, err.text);
        return;
    }
    for (size_t i = 0; i < files.len; i++) {
        char *name = driver_name(files.items[i]), *path = lima_path_join(folder, files.items[i]);
        if (name && may_be_program(path)) {
            add(search, path, name);
        } else {
            free(name);
            free(path);
        }
    }
    lima_strv_free(&files);
}

static void scan_place(struct search *search, const char *place)
{
    char *path = NULL;
    lima_err err = {0};
    if (!lima_file_real_path(place, &path, &err)) {
        lima_strv_addf(&search->list->warnings, "%s: %s", search->source, err.text);
    } else if (is_folder(place)) {
        scan_folder(search, place);
    } else {
        char *base = lima_path_base(place), *name = driver_name(base);
        if (name)
            add(search, lima_mem_strdup(place), name);
        else
            lima_strv_addf(&search->list->warnings, "%s: '%s': not a folder, and not called lima-driver-NAME",
                           search->source, place);
        free(base);
    }
    free(path);
}

static void scan_variable(struct search *search)
{
    char *value = lima_env_get("LIMA_DRIVERS_PATH");
    lima_strv places = {0};
    lima_str_split(value ? value : "", on_windows() ? ';' : ':', &places);
    search->source = "LIMA_DRIVERS_PATH";
    search->seen = true;
    for (size_t i = 0; i < places.len; i++)
        if (!lima_str_empty(places.items[i]))
            scan_place(search, places.items[i]);
    lima_strv_free(&places);
    free(value);
}

/* <prefix>/libexec/lima and <prefix>/lib/lima of a program in <prefix>/bin. */
static void scan_prefix(struct search *search, const char *program)
{
    static const char *const below[] = {"libexec", "lib"};
    char *bin = lima_path_dir(program), *prefix = lima_path_dir(bin);
    for (size_t i = 0; i < 2; i++) {
        char *parent = lima_path_join(prefix, below[i]), *folder = lima_path_join(parent, "lima");
        if (is_folder(folder))
            scan_folder(search, folder);
        free(parent);
        free(folder);
    }
    free(bin);
    free(prefix);
}

/* limactl counts two folders as its own: where PATH found it, and where its links lead. */
static void scan_limactl(struct search *search)
{
    char *program = NULL, *real = NULL;
    if (!lima_file_find_program("limactl", &program, NULL))
        return;
    search->source = "limactl";
    search->seen = true;
    scan_prefix(search, program);
    if (lima_file_real_path(program, &real, NULL))
        scan_prefix(search, real);
    free(program);
    free(real);
}

static void scan_own(struct search *search)
{
    const char *program = lima_host_get()->program;
    if (lima_str_empty(program))
        return;
    char *bin = lima_path_dir(program);
    search->source = "limadrv";
    search->seen = false;
    scan_prefix(search, program);
    scan_folder(search, bin);
    free(bin);
}

static void scan_all(struct search *search)
{
    scan_variable(search);
    scan_limactl(search);
    scan_own(search);
}

void lima_find_drivers(lima_found_list *ret)
{
    struct search search = {.list = ret};
    scan_all(&search);
    lima_strv_free(&search.folders);
}

void lima_found_list_free(lima_found_list *list)
{
    for (size_t i = 0; i < list->len; i++) {
        lima_found *item = &list->items[i];
        free(item->name);
        free(item->path);
        free(item->source);
        free(item->unusable);
        free(item->alias);
    }
    free(list->items);
    lima_strv_free(&list->warnings);
    *list = (lima_found_list){0};
}

static bool is_path(const char *name)
{
    return strchr(name, '/') || (on_windows() && strchr(name, '\\'));
}

/* The first of that name that can be run; owned, or NULL. */
static char *pick(const lima_found_list *list, const char *name)
{
    char *path = NULL;
    for (size_t i = 0; i < list->len && !path; i++)
        if (lima_str_eq(list->items[i].name, name))
            lima_file_find_program(list->items[i].path, &path, NULL);
    return path;
}

static bool find_by_name(const char *name, void (*scan)(struct search *search), char **ret_path,
                         lima_err *err)
{
    lima_found_list list = {0};
    struct search search = {.list = &list};
    char *file = lima_mem_printf("lima-driver-%s", name), *path;
    scan(&search);
    path = pick(&list, name);
    if (!path)
        lima_file_find_program(file, &path, NULL);
    if (!path) {
        char *places = lima_strv_join(&search.folders, ", ");
        lima_err_set(err, LIMA_CODE_NOT_FOUND,
                     "driver '%s': no program %s on PATH, in LIMA_DRIVERS_PATH%s%s; name its folder in "
                     "LIMA_DRIVERS_PATH or give its path",
                     name, file, search.folders.len ? ", or in " : "", places);
        free(places);
    }
    free(file);
    lima_strv_free(&search.folders);
    lima_found_list_free(&list);
    if (path)
        *ret_path = path;
    return path != NULL;
}

static bool find_by_path(const char *path, char **ret_path, lima_err *err)
{
    lima_err why = {0};
    if (lima_file_find_program(path, ret_path, &why))
        return true;
    if (is_folder(path))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "driver '%s': a folder; give the path of a program in it, or name the folder in "
                            "LIMA_DRIVERS_PATH",
                            path);
    if (why.code == LIMA_CODE_NOT_FOUND)
        return lima_err_set(err, why.code, "driver '%s': no such program; limadrv list shows those there are",
                            path);
    if (why.code == LIMA_CODE_PERMISSION_DENIED && kind_of(path) == LIMA_FILE_REGULAR)
        return lima_err_set(err, why.code, "driver '%s': not executable (chmod +x makes a program so)", path);
    return lima_err_set(err, why.code, "driver: %s", why.text);
}

static bool find(const char *name, void (*scan)(struct search *search), char **ret_path, lima_err *err)
{
    if (is_path(name))
        return find_by_path(name, ret_path, err);
    char *bare = driver_name(name);
    bool ok = find_by_name(bare ? bare : name, scan, ret_path, err);
    free(bare);
    return ok;
}

bool lima_find_driver(const char *name, char **ret_path, lima_err *err)
{
    return find(name, scan_all, ret_path, err);
}

static void scan_own_first(struct search *search)
{
    scan_own(search);
    scan_all(search);
}

bool lima_find_driver_beside(const char *name, char **ret_path, lima_err *err)
{
    return find(name, scan_own_first, ret_path, err);
}
