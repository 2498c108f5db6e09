/* How it works: a document is walked key by key; the path of each one, with "*" where a name is free, is
 * looked up in the table (schema_table.c). A property that Windows would refuse or, on some builds, silently
 * ignore is so found before anything is sent. Values are not looked at: that is for who makes the
 * document. */
#include "hyperv/schema.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"
#include "hyperv/schema_table.h"

bool lima_hyperv_schema_parse(const char *text, size_t len, uint32_t *ret_minors, lima_err *err)
{
    static const char list[] = "Properties[0].SupportedSchemaVersions";
    lima_json *answer = NULL;
    uint32_t minors = 0;
    bool ok = lima_json_parse(text, len, &answer, err);

    if (ok && lima_json_get_kind(answer, "%s", list) != LIMA_JSON_ARRAY)
        ok = lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "%s is missing", list);
    size_t count = ok ? lima_json_count(answer, "%s", list) : 0;
    for (size_t i = 0; i < count; i++) {
        int64_t minor = lima_json_int(answer, -1, "%s[%zu].Minor", list, i);
        if (lima_json_int(answer, 0, "%s[%zu].Major", list, i) == 2 && minor >= 0
            && minor <= HYPERV_SCHEMA_MINOR_MAX)
            minors |= UINT32_C(1) << minor;
    }
    lima_json_free(answer);
    if (!ok)
        return lima_err_wrap(err, "properties of the Host Compute Service");
    if (!minors)
        return lima_err_set(
            err, LIMA_CODE_UNIMPLEMENTED,
            "the Host Compute Service of this Windows knows no documents of version 2; update "
            "to Windows 10 1809 or later");
    *ret_minors = minors;
    return true;
}

uint32_t lima_hyperv_schema_highest(uint32_t minors)
{
    uint32_t highest = 0;
    for (uint32_t i = 0; i <= HYPERV_SCHEMA_MINOR_MAX; i++)
        if (minors >> i & 1)
            highest = i;
    return highest;
}

const char *lima_hyperv_schema_windows(uint32_t minor)
{
    static const char *const first[] = {"Windows 10 1809", "Windows 10 1809",     "Windows 10 1903",
                                        "Windows 10 2004", "Windows Server 2022", "Windows Server 2022",
                                        "Windows 11 21H2", "Windows 11 22H2"};
    return minor < sizeof first / sizeof first[0] ? first[minor] : "a newer Windows";
}

hyperv_nesting lima_hyperv_nesting_parse(const char *text, size_t len)
{
    static const char list[] = "PropertyResponses.ProcessorCapabilities.Response.ProcessorFeatures";
    lima_json *answer = NULL;
    hyperv_nesting found = HYPERV_NESTING_UNKNOWN;

    if (!lima_json_parse(text, len, &answer, NULL))
        return found;
    if (lima_json_get_kind(answer, "%s", list) == LIMA_JSON_ARRAY)
        found = HYPERV_NESTING_NO;
    size_t count = lima_json_count(answer, "%s", list);
    for (size_t i = 0; i < count; i++)
        if (lima_str_eq(lima_json_str(answer, "", "%s[%zu]", list, i), "NestedVirt"))
            found = HYPERV_NESTING_YES;
    lima_json_free(answer);
    return found;
}

/* What a walk has found so far: the property that needs the highest version. */
typedef struct need {
    uint32_t minor;
    const char *path; /* static; "" for none above 2.0 */
    bool newest;      /* there is one of an unknown later version, too */
} need;

static const hyperv_property *find(const char *path)
{
    for (size_t i = 0; i < lima_hyperv_properties_len; i++)
        if (lima_str_eq(lima_hyperv_properties[i].path, path))
            return &lima_hyperv_properties[i];
    return NULL;
}

/* The row of `key` in the object whose row is `parent` (NULL: the document). */
static const hyperv_property *find_child(const hyperv_property *parent, const char *key)
{
    const char *above = parent ? parent->path : "", *dot = parent ? "." : "";
    char *own = lima_mem_printf("%s%s%s", above, dot, key);
    char *any = lima_mem_printf("%s%s*", above, dot);
    const hyperv_property *row = strchr(key, '*') || strchr(key, '.') ? NULL : find(own);
    if (!row)
        row = find(any);
    free(own);
    free(any);
    return row;
}

static bool take(const lima_json *value, const hyperv_property *row, need *so_far, lima_err *err);

static bool take_members(const lima_json *object, const hyperv_property *parent, need *so_far, lima_err *err)
{
    lima_strv keys = {0};
    bool ok = true;

    lima_json_keys(object, &keys, "%s", "");
    for (size_t i = 0; ok && i < keys.len; i++) {
        const hyperv_property *row = find_child(parent, keys.items[i]);
        lima_json *value = lima_json_get_copy(object, "\"%s\"", keys.items[i]);
        ok = row ? take(value, row, so_far, err)
                 : lima_err_set(err, LIMA_CODE_INTERNAL, "VM document: property %s%s%.100s is not known",
                                parent ? parent->path : "", parent ? "." : "", keys.items[i]);
        lima_json_free(value);
    }
    lima_strv_free(&keys);
    return ok;
}

static bool take_elements(const lima_json *array, const hyperv_property *parent, need *so_far, lima_err *err)
{
    char *path = lima_mem_printf("%s[]", parent->path);
    const hyperv_property *row = find(path);
    size_t count = row ? lima_json_count(array, "%s", "") : 0;
    bool ok = true;

    for (size_t i = 0; ok && i < count; i++) {
        lima_json *value = lima_json_get_copy(array, "[%zu]", i);
        ok = take(value, row, so_far, err);
        lima_json_free(value);
    }
    free(path);
    return ok;
}

static bool take(const lima_json *value, const hyperv_property *row, need *so_far, lima_err *err)
{
    lima_json_kind kind = lima_json_get_kind(value, "%s", "");

    if (kind != row->kind)
        return lima_err_set(err, LIMA_CODE_INTERNAL, "VM document: property %s has another type", row->path);
    so_far->newest = so_far->newest || row->since == HYPERV_SCHEMA_NEWEST;
    if (row->since != HYPERV_SCHEMA_NEWEST && row->since > so_far->minor) {
        so_far->minor = row->since;
        so_far->path = row->path;
    }
    if (kind == LIMA_JSON_OBJECT)
        return take_members(value, row, so_far, err);
    return kind != LIMA_JSON_ARRAY || take_elements(value, row, so_far, err);
}

bool lima_hyperv_schema_choose(const lima_json *document, uint32_t minors, uint32_t *ret_minor, lima_err *err)
{
    need found = {0, "", false};
    uint32_t highest = lima_hyperv_schema_highest(minors);

    if (!lima_json_expect(document, LIMA_JSON_OBJECT, err, "%s", "")
        || !take_members(document, NULL, &found, err))
        return false;
    uint32_t lowest = found.newest && found.minor < highest ? highest : found.minor;
    for (uint32_t minor = lowest; minor <= highest; minor++)
        if (minors >> minor & 1) {
            *ret_minor = minor;
            return true;
        }
    return lima_err_set(err, LIMA_CODE_UNIMPLEMENTED,
                        "VM document: %s needs %s or later (HCS schema 2.%u), this Windows has 2.%u; update "
                        "Windows",
                        found.path, lima_hyperv_schema_windows(found.minor), found.minor, highest);
}
