/* qemu-img prints one JSON object. Keys differ a little between QEMU 4 and 10; what is read here has been the
 * same all along, except for "children" (since 8.1), which lists every file an image opens. Snapshots come
 * from the same object. */
#include "qemu/image_info.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "data/json.h"
#include "qemu/snapshot_json.h"

const char *const *lima_qemu_image_formats(void)
{
    static const char *const formats[] = {"qcow2", "raw", "vmdk", "vhdx", NULL};
    return formats;
}

static bool check_kinds(const lima_json *doc, lima_err *err)
{
    static const struct {
        const char *path;
        lima_json_kind kind;
    } known[] = {
        {"", LIMA_JSON_OBJECT},
        {"format", LIMA_JSON_STRING},
        {"virtual-size", LIMA_JSON_INTEGER},
        {"encrypted", LIMA_JSON_BOOL},
        {"backing-filename", LIMA_JSON_STRING},
        {"full-backing-filename", LIMA_JSON_STRING},
        {"children", LIMA_JSON_ARRAY},
        {"format-specific", LIMA_JSON_OBJECT},
        {"format-specific.data", LIMA_JSON_OBJECT},
        {"format-specific.data.corrupt", LIMA_JSON_BOOL},
        {"format-specific.data.data-file", LIMA_JSON_STRING},
        {"format-specific.data.extents", LIMA_JSON_ARRAY},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (!lima_json_expect(doc, known[i].kind, err, "%s", known[i].path))
            return false;
    if (lima_json_get_kind(doc, "%s", "") != LIMA_JSON_OBJECT)
        return lima_err_set(err, LIMA_CODE_UNKNOWN, "not a JSON object");
    if (lima_json_int(doc, -1, "virtual-size") < 0)
        return lima_err_set(err, LIMA_CODE_UNKNOWN, "virtual-size is missing or negative");
    return true;
}

static bool is_this_file(const lima_json *doc, const char *path, const char *name)
{
    return lima_str_eq(name, path) || lima_str_eq(name, lima_json_str(doc, NULL, "filename"));
}

/* An extent (vmdk) that is another file. A single-file image lists itself. */
static const char *foreign_extent(const lima_json *doc, const char *path)
{
    size_t count = lima_json_count(doc, "format-specific.data.extents");
    for (size_t i = 0; i < count; i++) {
        const char *name =
            lima_json_str(doc, "(unnamed extent)", "format-specific.data.extents[%zu].filename", i);
        if (!is_this_file(doc, path, name))
            return name;
    }
    return NULL;
}

/* A child that is not just the image's own file. */
static const char *foreign_child(const lima_json *doc, const char *path)
{
    size_t count = lima_json_count(doc, "children");
    for (size_t i = 0; i < count; i++) {
        const char *name = lima_json_str(doc, "(unnamed child)", "children[%zu].info.filename", i);
        bool nested = lima_json_count(doc, "children[%zu].info.children", i) > 0;
        if (i > 0 || nested || !is_this_file(doc, path, name))
            return name;
    }
    return NULL;
}

static void fill(const lima_json *doc, const char *path, qemu_image_info *made)
{
    const char *backing = lima_json_str(doc, NULL, "full-backing-filename");
    const char *extent = foreign_extent(doc, path);
    made->format = lima_mem_strdup(lima_json_str(doc, "", "format"));
    made->backing_file = lima_mem_strdup(lima_json_str(doc, backing, "backing-filename"));
    made->data_file = lima_mem_strdup(lima_json_str(doc, NULL, "format-specific.data.data-file"));
    made->foreign_extent = lima_mem_strdup(extent ? extent : foreign_child(doc, path));
    made->encrypted = lima_json_bool(doc, false, "encrypted")
                      || lima_json_get_kind(doc, "format-specific.data.encrypt") == LIMA_JSON_OBJECT;
    made->corrupt = lima_json_bool(doc, false, "format-specific.data.corrupt");
}

bool lima_qemu_image_info_parse(const char *json, size_t len, const char *path, qemu_image_info *ret,
                                lima_err *err)
{
    lima_err cause = {0};
    lima_json *doc = NULL;
    qemu_image_info made = {0};
    bool ok = len <= QEMU_IMAGE_INFO_BYTES_MAX
              || lima_err_set(&cause, LIMA_CODE_UNKNOWN, "%zu bytes are too many", len);
    ok = ok && lima_json_parse(json, len, &doc, &cause) && check_kinds(doc, &cause)
         && lima_qemu_snapshots_from_json(doc, &made.snapshots, &cause);
    if (ok) {
        fill(doc, path, &made);
        *ret = made;
    } else {
        lima_err_set(err, LIMA_CODE_UNKNOWN, "qemu-img's description of image '%s' cannot be read: %s", path,
                     cause.text);
    }
    lima_json_free(doc);
    return ok;
}

static bool known_format(const char *format)
{
    for (const char *const *known = lima_qemu_image_formats(); *known; known++)
        if (lima_str_eq(*known, format))
            return true;
    return false;
}

static bool refuse(const char *path, lima_err *err, const char *problem, const char *name)
{
    return lima_err_set(
        err, LIMA_CODE_INVALID_ARGUMENT,
        "image '%s' %s%s%.300s%s; make it stand alone with: qemu-img convert -O qcow2 IMAGE NEW", path,
        problem, *name ? " '" : "", name, *name ? "'" : "");
}

bool lima_qemu_image_info_check(const qemu_image_info *info, const char *path, lima_err *err)
{
    if (!known_format(info->format))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "image '%s' has format '%.60s'; possible are qcow2, raw, vmdk and vhdx", path,
                            info->format);
    if (info->backing_file)
        return refuse(path, err, "has the backing file", info->backing_file);
    if (info->data_file)
        return refuse(path, err, "keeps its data in another file,", info->data_file);
    if (info->foreign_extent)
        return refuse(path, err, "consists of several files, one is", info->foreign_extent);
    if (info->encrypted)
        return refuse(path, err, "is encrypted", "");
    if (info->corrupt)
        return lima_err_set(
            err, LIMA_CODE_DATA_LOSS,
            "image '%s' is marked corrupt; try: qemu-img check -r all IMAGE, after making a copy", path);
    return true;
}

void lima_qemu_image_info_free(qemu_image_info *info)
{
    free(info->format);
    free(info->backing_file);
    free(info->data_file);
    free(info->foreign_extent);
    lima_snapshot_list_free(&info->snapshots);
    *info = (qemu_image_info){0};
}
