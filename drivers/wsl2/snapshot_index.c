/* Each snapshot stands for itself: no list that two processes, or a crash, could leave half written. */
#include "wsl2/snapshot_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/guid.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/json.h"
#include "driver/snapshot.h"

enum { FORM = 1 };

static const char json_end[] = ".json";
static const char *const data_ends[] = {".vhdx", ".tar"};
static const char *const kind_names[] = {"vhdx", "tar"};

static char *file_name(const char *tag, const char *end)
{
    char *stem = lima_snapshot_file_stem(tag);
    char *name = lima_mem_printf(WSL2_SNAPSHOT_PREFIX "%s%s", stem, end);
    free(stem);
    return name;
}

char *lima_wsl2_snapshot_data_name(const char *tag, wsl2_snapshot_kind kind)
{
    return file_name(tag, data_ends[kind]);
}

char *lima_wsl2_snapshot_json_name(const char *tag)
{
    return file_name(tag, json_end);
}

char *lima_wsl2_snapshot_print(const wsl2_snapshot *snapshot)
{
    lima_json *json = lima_json_new_object();
    lima_json_set_int(json, FORM, "form");
    lima_json_set_str(json, snapshot->tag, "tag");
    lima_json_set_str(json, kind_names[snapshot->kind], "kind");
    lima_json_set_int(json, (int64_t)snapshot->size, "size");
    lima_json_set_int(json, snapshot->created, "created");
    lima_json_set_str(json, snapshot->guid, "guid");
    char *text = lima_json_print_indented(json);
    lima_json_free(json);
    return text;
}

static bool check_form(const lima_json *json, lima_err *err)
{
    if (!lima_json_expect(json, LIMA_JSON_OBJECT, err, "%s", "")
        || !lima_json_expect(json, LIMA_JSON_INTEGER, err, "form"))
        return false;
    int64_t form = lima_json_int(json, 0, "form");
    if (form > FORM)
        return lima_err_set(err, LIMA_CODE_UNIMPLEMENTED, "form %lld is of a newer driver", (long long)form);
    return form == FORM || lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "form is missing");
}

static bool read_kind(const lima_json *json, wsl2_snapshot_kind *ret, lima_err *err)
{
    const char *kind = lima_json_str(json, "", "kind");
    for (size_t i = 0; i < sizeof kind_names / sizeof kind_names[0]; i++)
        if (lima_str_eq(kind, kind_names[i])) {
            *ret = (wsl2_snapshot_kind)i;
            return true;
        }
    return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "kind '%.40s' is neither vhdx nor tar", kind);
}

static bool read_numbers(const lima_json *json, wsl2_snapshot *ret, lima_err *err)
{
    if (!lima_json_expect(json, LIMA_JSON_INTEGER, err, "size")
        || !lima_json_expect(json, LIMA_JSON_INTEGER, err, "created"))
        return false;
    int64_t size = lima_json_int(json, -1, "size"), created = lima_json_int(json, -1, "created");
    ret->size = (uint64_t)size;
    ret->created = created;
    return (size >= 0 && created >= 0)
           || lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "size or created is missing or negative");
}

static bool read_tag(const lima_json *json, const char *name, char **ret, lima_err *err)
{
    const char *tag = lima_json_str(json, "", "tag");
    if (!lima_snapshot_check_tag(tag, err))
        return false;
    char *due = lima_wsl2_snapshot_json_name(tag);
    bool ok = lima_str_eq_nocase(due, name);
    if (ok)
        *ret = lima_mem_strdup(tag);
    else
        lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "tag '%.128s' belongs into %s", tag, due);
    free(due);
    return ok;
}

bool lima_wsl2_snapshot_parse(const char *json, size_t len, const char *name, wsl2_snapshot *ret,
                              lima_err *err)
{
    lima_json *doc = NULL;
    wsl2_snapshot made = {0};
    bool ok = lima_json_parse(json, len, &doc, err) && check_form(doc, err) && read_kind(doc, &made.kind, err)
              && read_numbers(doc, &made, err) && read_tag(doc, name, &made.tag, err);
    if (ok) {
        lima_guid_parse(lima_json_str(doc, "", "guid"), made.guid);
        *ret = made;
    } else {
        lima_err_wrap(err, "snapshot file '%s'", name);
        lima_wsl2_snapshot_free(&made);
    }
    lima_json_free(doc);
    return ok;
}

void lima_wsl2_snapshot_free(wsl2_snapshot *snapshot)
{
    free(snapshot->tag);
    *snapshot = (wsl2_snapshot){0};
}

/* The name without `end`, owned; NULL when it has another. */
static char *stem_of(const char *name, const char *end)
{
    size_t len = strlen(name), cut = strlen(end);
    if (len <= cut || !lima_str_eq_nocase(name + len - cut, end))
        return NULL;
    return lima_mem_strndup(name, len - cut);
}

static bool has_json(const lima_strv *names, const char *stem)
{
    char *wanted = lima_mem_printf("%s%s", stem, json_end);
    bool found = false;
    for (size_t i = 0; i < names->len; i++)
        found = found || lima_str_eq_nocase(names->items[i], wanted);
    free(wanted);
    return found;
}

static bool is_leftover(const lima_strv *names, const char *name)
{
    bool leftover = false;
    for (size_t i = 0; i < sizeof data_ends / sizeof data_ends[0]; i++) {
        char *stem = stem_of(name, data_ends[i]);
        leftover = leftover || (stem && !has_json(names, stem));
        free(stem);
    }
    return leftover;
}

void lima_wsl2_snapshot_files(const lima_strv *names, lima_strv *ret_json, lima_strv *ret_leftovers)
{
    for (size_t i = 0; i < names->len; i++) {
        const char *name = names->items[i];
        if (!lima_str_has_prefix(name, WSL2_SNAPSHOT_PREFIX))
            continue;
        char *stem = stem_of(name, json_end);
        if (stem && ret_json->len < WSL2_SNAPSHOTS_MAX)
            lima_strv_add(ret_json, name);
        else if (!stem && is_leftover(names, name))
            lima_strv_add(ret_leftovers, name);
        free(stem);
    }
}

static int compare(const void *a, const void *b)
{
    const lima_snapshot *first = a, *second = b;
    if (first->created != second->created)
        return first->created < second->created ? -1 : 1;
    return strcmp(first->tag, second->tag);
}

void lima_wsl2_snapshot_sort(lima_snapshot_list *list)
{
    if (list->len > 1)
        qsort(list->items, list->len, sizeof *list->items, compare);
}
