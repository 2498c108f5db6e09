#include "json_value.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/utf.h"

json_t *lima_json_solid(json_t *value)
{
    if (!value)
        abort();
    return value;
}

lima_json *lima_json_wrap(json_t *root)
{
    lima_json *json = lima_mem_zalloc(1, sizeof *json);
    json->root = lima_json_solid(root);
    return json;
}

lima_json *lima_json_new_object(void)
{
    return lima_json_wrap(json_object());
}

lima_json *lima_json_copy(const lima_json *json)
{
    return lima_json_wrap(json_deep_copy(json->root));
}

void lima_json_free(lima_json *json)
{
    if (!json)
        return;
    json_decref(json->root);
    free(json);
}

static void add_clean(lima_buf *out, const char *text, size_t len)
{
    uint32_t character;
    for (size_t pos = 0, step; pos < len; pos += step ? step : 1) {
        step = lima_utf8_char(text + pos, len - pos, &character);
        if (step)
            lima_buf_add(out, text + pos, step);
        else
            lima_buf_add_str(out, "\xEF\xBF\xBD");
    }
}

char *lima_json_clean(const char *text, size_t len)
{
    lima_buf out = LIMA_BUF(SIZE_MAX - 1);
    add_clean(&out, text, len);
    return lima_buf_take(&out);
}

static json_t *new_marked(char mark, const char *text, size_t len)
{
    const char head[LIMA_JSON_MARK_LEN] = {LIMA_JSON_MARK, mark};
    lima_buf out = LIMA_BUF(SIZE_MAX - 1);
    if (mark)
        lima_buf_add(&out, head, sizeof head);
    add_clean(&out, text, len);
    json_t *value = json_stringn(lima_buf_str(&out), out.len);
    lima_buf_free(&out);
    return lima_json_solid(value);
}

json_t *lima_json_string_new(const char *text, size_t len)
{
    bool looks_marked = len && text[0] == LIMA_JSON_MARK;
    return new_marked(looks_marked ? LIMA_JSON_MARK_STRING : '\0', text, len);
}

static bool parse_exact(const char *token, size_t len, int64_t *ret)
{
    char digits[24];
    if (len >= sizeof digits)
        return false;
    memcpy(digits, token, len);
    digits[len] = '\0';
    return strcmp(digits, "-0") != 0 && lima_parse_i64(digits, ret, NULL);
}

bool lima_json_number_is_exact(const char *token, size_t len)
{
    int64_t number;
    return parse_exact(token, len, &number);
}

json_t *lima_json_number_new(const char *token, size_t len)
{
    int64_t number;
    if (parse_exact(token, len, &number))
        return lima_json_solid(json_integer(number));
    return new_marked(LIMA_JSON_MARK_NUMBER, token, len);
}

static bool is_marked(const json_t *value, char mark)
{
    const char *text = json_string_value(value);
    return json_string_length(value) >= LIMA_JSON_MARK_LEN && text[0] == LIMA_JSON_MARK && text[1] == mark;
}

lima_json_kind lima_json_value_kind(const json_t *value)
{
    if (!value)
        return LIMA_JSON_ABSENT;
    if (json_is_string(value))
        return is_marked(value, LIMA_JSON_MARK_NUMBER) ? LIMA_JSON_NUMBER : LIMA_JSON_STRING;
    if (json_is_object(value))
        return LIMA_JSON_OBJECT;
    if (json_is_array(value))
        return LIMA_JSON_ARRAY;
    if (json_is_integer(value))
        return LIMA_JSON_INTEGER;
    return json_is_boolean(value) ? LIMA_JSON_BOOL : LIMA_JSON_NULL;
}

const char *lima_json_value_text(const json_t *value, size_t *ret_len)
{
    bool marked = is_marked(value, LIMA_JSON_MARK_NUMBER) || is_marked(value, LIMA_JSON_MARK_STRING);
    size_t skipped = marked ? LIMA_JSON_MARK_LEN : 0;
    *ret_len = json_string_length(value) - skipped;
    return json_string_value(value) + skipped;
}
