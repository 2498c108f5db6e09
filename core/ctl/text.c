#include "text.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"

const char *const lima_text_exits =
    "0 done\n1 failed; the reason is on stderr\n2 wrong usage\n130 interrupted\n"
    "141 the reader of the output has gone (limadrv list | head)";

/* Columns that a UTF-8 text takes: bytes that begin a character. Good enough for the texts of the table. */
static unsigned columns(const char *text, size_t len)
{
    unsigned count = 0;
    for (size_t i = 0; i < len; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

void lima_text_wrap(lima_buf *into, const char *text, unsigned indent, unsigned width)
{
    unsigned at = indent;
    for (const char *word = text + strspn(text, " \n"); *word;) {
        size_t len = strcspn(word, " \n");
        unsigned wide = columns(word, len);
        if (at > indent && at + 1 + wide > width) {
            lima_buf_addf(into, "\n%*s", (int)indent, "");
            at = indent;
        } else if (at > indent) {
            lima_buf_add_str(into, " ");
            at++;
        }
        lima_buf_add(into, word, len);
        at += wide;
        word += len;
        word += strspn(word, " \n");
    }
    lima_buf_add_str(into, "\n");
}

void lima_text_add_usage(const lima_ctl_program *program, const lima_ctl_command *command, lima_buf *into)
{
    lima_buf_addf(into, "%s %s", program->name, command->name);
    for (const lima_ctl_operand *operand = command->operands; operand && operand->name; operand++)
        lima_buf_addf(into, operand->optional ? " [%s]" : " %s", operand->name);
    lima_buf_add_str(into, " [FLAGS]");
    if (command->rest)
        lima_buf_addf(into, " [-- %s...]", command->rest);
}

void lima_text_add_choices(lima_buf *into, const lima_ctl_flag *flag)
{
    if (flag->type != LIMA_CTL_CHOICE)
        return;
    for (size_t i = 0; flag->choices[i]; i++) {
        const char *before = i == 0 ? ": " : flag->choices[i + 1] ? ", " : " or ";
        lima_buf_addf(into, "%s%s", before, flag->choices[i]);
    }
}

void lima_text_paragraphs(const char *text, lima_strv *ret)
{
    while (text && *text) {
        const char *end = strstr(text, "\n\n");
        size_t len = end ? (size_t)(end - text) : strlen(text);
        lima_strv_addf(ret, "%.*s", (int)len, text);
        text += len;
        text += strspn(text, "\n");
    }
}

bool lima_text_example(const char *line, char **ret_command, char **ret_comment)
{
    const char *mark = strstr(line, " # ");
    if (!mark)
        return false;
    *ret_command = lima_mem_strndup(line, (size_t)(mark - line));
    *ret_comment = lima_mem_strdup(mark + 3);
    return true;
}
