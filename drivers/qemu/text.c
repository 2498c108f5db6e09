#include "qemu/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/utf.h"

static bool printable(char c)
{
    return (unsigned char)c >= ' ' && c != 0x7f;
}

/* Of a line with bad UTF-8 only ASCII is kept: it is going to be shown, or compared with ASCII. */
static char *clean_line(const char *line, size_t len)
{
    bool utf8 = lima_utf8_valid(line, len);
    char *clean = lima_mem_zalloc(len + 1, 1);
    size_t used = 0;
    for (size_t i = 0; i < len; i++) {
        if (line[i] == '\t')
            clean[used++] = ' ';
        else if (printable(line[i]))
            clean[used++] = !utf8 && (unsigned char)line[i] >= 0x80 ? '?' : line[i];
    }
    return clean;
}

void lima_qemu_lines(const char *text, size_t len, lima_strv *ret)
{
    const char *end = text + len;
    while (text < end && ret->len < QEMU_LINES_MAX) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline ? newline : end;
        char *line = clean_line(text, (size_t)(stop - text));
        if (line[strspn(line, " ")])
            lima_strv_add(ret, line);
        free(line);
        text = newline ? newline + 1 : end;
    }
}

void lima_qemu_words(const char *line, lima_strv *ret)
{
    for (line += strspn(line, " \t"); *line && ret->len < QEMU_LINE_WORDS_MAX; line += strspn(line, " \t")) {
        size_t len = strcspn(line, " \t");
        char *word = lima_mem_strndup(line, len);
        lima_strv_add(ret, word);
        free(word);
        line += len;
    }
}

char *lima_qemu_expand_home(const char *path, const char *home)
{
    if (lima_str_eq(path, "~"))
        return lima_mem_strdup(home);
    if (lima_str_has_prefix(path, "~/"))
        return lima_path_join(home, path + 2);
    return lima_mem_strdup(path);
}
