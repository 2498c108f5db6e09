/* Values of the registry as plain C: parsed from bytes, looked up, freed. Nothing of Windows is used, so it
 * is tested, and linked by the tests' own registry, on every host. */
#include "registry_value.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/utf.h"

enum { REG_TYPE_SZ = 1, REG_TYPE_EXPAND_SZ = 2, REG_TYPE_DWORD = 4, REG_TYPE_MULTI_SZ = 7 };

/* The unit at `index` of bytes that need not be aligned. */
static uint16_t unit_at(const unsigned char *bytes, size_t index)
{
    return (uint16_t)(bytes[index * 2] | bytes[index * 2 + 1] << 8);
}

/* The text that begins at unit `from`, up to a NUL or the end. Its length in units comes back, SIZE_MAX if it
 * is no UTF-16. Owned. */
static size_t text_at(const unsigned char *bytes, size_t from, size_t count, char **ret)
{
    size_t len = 0, text_len;

    while (from + len < count && unit_at(bytes, from + len))
        len++;
    uint16_t *units = lima_mem_zalloc(len + 1, sizeof *units);
    for (size_t i = 0; i < len; i++)
        units[i] = unit_at(bytes, from + i);
    bool ok = lima_utf16_to_utf8(units, len, ret, &text_len, NULL);
    free(units);
    return ok ? len : SIZE_MAX;
}

static void parse_text(const unsigned char *bytes, size_t count, lima_registry_value *value)
{
    if (text_at(bytes, 0, count, &value->text) != SIZE_MAX)
        value->kind = LIMA_REGISTRY_TEXT;
}

/* Texts one behind the other; an empty one is the end. */
static void parse_list(const unsigned char *bytes, size_t count, lima_registry_value *value)
{
    for (size_t from = 0; from < count && unit_at(bytes, from);) {
        char *text = NULL;
        size_t len = text_at(bytes, from, count, &text);
        if (len == SIZE_MAX) {
            lima_strv_free(&value->list);
            return;
        }
        lima_strv_add(&value->list, text);
        free(text);
        from += len + 1;
    }
    value->kind = LIMA_REGISTRY_LIST;
}

void lima_win_registry_parse(uint32_t type, const void *content, size_t len, lima_registry_value *value)
{
    const unsigned char *bytes = content;

    value->kind = LIMA_REGISTRY_OTHER;
    if (type == REG_TYPE_DWORD && len == 4) {
        value->kind = LIMA_REGISTRY_NUMBER;
        value->number = (uint32_t)unit_at(bytes, 1) << 16 | unit_at(bytes, 0);
    } else if ((type == REG_TYPE_SZ || type == REG_TYPE_EXPAND_SZ) && len % 2 == 0) {
        parse_text(bytes, len / 2, value);
    } else if (type == REG_TYPE_MULTI_SZ && len % 2 == 0) {
        parse_list(bytes, len / 2, value);
    }
}

static const lima_registry_value *find(const lima_registry_key *key, const char *name,
                                       lima_registry_kind kind)
{
    for (size_t i = 0; i < key->count; i++)
        if (key->values[i].kind == kind && lima_str_eq_nocase(key->values[i].name, name))
            return &key->values[i];
    return NULL;
}

const char *lima_registry_text(const lima_registry_key *key, const char *name)
{
    const lima_registry_value *value = find(key, name, LIMA_REGISTRY_TEXT);

    return value ? value->text : NULL;
}

bool lima_registry_number(const lima_registry_key *key, const char *name, uint32_t *ret)
{
    const lima_registry_value *value = find(key, name, LIMA_REGISTRY_NUMBER);

    if (value)
        *ret = value->number;
    return value != NULL;
}

const lima_strv *lima_registry_list(const lima_registry_key *key, const char *name)
{
    const lima_registry_value *value = find(key, name, LIMA_REGISTRY_LIST);

    return value ? &value->list : NULL;
}

void lima_registry_free(lima_registry_key *key)
{
    if (!key)
        return;
    for (size_t i = 0; i < key->count; i++) {
        free(key->values[i].name);
        free(key->values[i].text);
        lima_strv_free(&key->values[i].list);
    }
    free(key->values);
    lima_strv_free(&key->subkeys);
    *key = (lima_registry_key){0};
}
