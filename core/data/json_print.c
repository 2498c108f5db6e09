/* jansson prints; then the marks of json_value.h are taken out of the text, which only gets shorter: a
 * marked number loses its quotes, a marked string its mark. Keys are never marked; they are known by the
 * ':' after them. */
#include <string.h>

#include "base/mem.h"
#include "json_value.h"

/* `text` is at an opening quote; gives the place after the closing one. */
static const char *string_end(const char *text)
{
    for (text++; *text != '"'; text++)
        if (*text == '\\')
            text++;
    return text + 1;
}

static char *append(char *out, const char *text, const char *end)
{
    memmove(out, text, (size_t)(end - text));
    return out + (end - text);
}

static char *append_string(char *out, const char *text, const char *end)
{
    static const char HEAD[] = "\"" LIMA_JSON_MARK_ESCAPED;
    size_t head = sizeof HEAD - 1;
    if (*end == ':' || strncmp(text, HEAD, head) != 0)
        return append(out, text, end);
    if (text[head] == LIMA_JSON_MARK_NUMBER)
        return append(out, text + head + 1, end - 1);
    *out++ = '"';
    return append(out, text + head + 1, end);
}

static void take_marks_out(char *text)
{
    char *out = text;
    while (*text) {
        const char *end = *text == '"' ? string_end(text) : text + 1;
        out = *text == '"' ? append_string(out, text, end) : append(out, text, end);
        text += end - text;
    }
    *out = '\0';
}

static char *print(const lima_json *json, size_t flags)
{
    char *text = json_dumps(json->root, flags | JSON_ENCODE_ANY);
    if (!text)
        abort(); /* out of memory: our values are always printable */
    take_marks_out(text);
    return text;
}

char *lima_json_print(const lima_json *json)
{
    return print(json, JSON_COMPACT);
}

char *lima_json_print_indented(const lima_json *json)
{
    return print(json, JSON_INDENT(2));
}
