/* Help texts from the table, wrapped for terminals of 80 columns and more. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "text.h"

enum { WIDTH = 80, COLUMN = 28 };

/* "  left      text", the text wrapped in its column; a long left side gets a line of its own. */
static void add_row(lima_buf *into, const char *left, const char *text)
{
    size_t len = strlen(left);
    lima_buf_addf(into, "  %s", left);
    if (len + 4 > COLUMN)
        lima_buf_addf(into, "\n%*s", COLUMN, "");
    else
        lima_buf_addf(into, "%*s", (int)(COLUMN - 2 - len), "");
    lima_text_wrap(into, text, COLUMN, WIDTH);
}

static void add_flag(lima_buf *into, const lima_ctl_flag *flag)
{
    lima_buf left = LIMA_BUF(256), right = LIMA_BUF(4096);
    if (flag->letter)
        lima_buf_addf(&left, "-%c, --%s", flag->letter, flag->name);
    else
        lima_buf_addf(&left, "    --%s", flag->name);
    if (flag->value)
        lima_buf_addf(&left, " %s", flag->value);
    lima_buf_add_str(&right, flag->help);
    lima_text_add_choices(&right, flag);
    if (flag->dflt)
        lima_buf_addf(&right, " (default %s)", flag->dflt);
    add_row(into, lima_buf_str(&left), lima_buf_str(&right));
    lima_buf_free(&left);
    lima_buf_free(&right);
}

static void add_flags(lima_buf *into, const char *title, const lima_ctl_flag *flags)
{
    if (!flags || !flags->name)
        return;
    lima_buf_addf(into, "\n%s:\n", title);
    for (; flags->name; flags++)
        add_flag(into, flags);
}

/* "LEFT rest of the line" per line, as rows. */
static void add_lines(lima_buf *into, const char *title, const char *lines)
{
    lima_strv rows = {0};
    if (!lines)
        return;
    lima_buf_addf(into, "\n%s:\n", title);
    lima_str_split(lines, '\n', &rows);
    for (size_t i = 0; i < rows.len; i++) {
        char *space = strchr(rows.items[i], ' ');
        if (!space)
            continue;
        *space = '\0';
        add_row(into, rows.items[i], space + 1);
    }
    lima_strv_free(&rows);
}

static void add_examples(lima_buf *into, const char *examples)
{
    lima_strv rows = {0};
    if (!examples)
        return;
    lima_buf_add_str(into, "\nExamples:\n");
    lima_str_split(examples, '\n', &rows);
    for (size_t i = 0; i < rows.len; i++) {
        char *command = NULL, *comment = NULL;
        if (!lima_text_example(rows.items[i], &command, &comment))
            continue;
        lima_buf_addf(into, "  # %s\n  %s\n", comment, command);
        free(command);
        free(comment);
    }
    lima_strv_free(&rows);
}

static void add_paragraphs(lima_buf *into, const char *text)
{
    lima_strv paragraphs = {0};
    lima_text_paragraphs(text, &paragraphs);
    for (size_t i = 0; i < paragraphs.len; i++) {
        lima_buf_add_str(into, "\n");
        lima_text_wrap(into, paragraphs.items[i], 0, WIDTH);
    }
    lima_strv_free(&paragraphs);
}

static void add_command(const lima_ctl_program *program, const lima_ctl_command *command, lima_buf *into)
{
    lima_buf_addf(into, "%s %s - %s\n\nUsage:\n  ", program->name, command->name, command->summary);
    lima_text_add_usage(program, command, into);
    lima_buf_add_str(into, "\n");
    add_paragraphs(into, command->text);
    if (command->operands && command->operands->name) {
        lima_buf_add_str(into, "\nArguments:\n");
        for (const lima_ctl_operand *operand = command->operands; operand->name; operand++)
            add_row(into, operand->name, operand->help);
    }
    add_flags(into, "Flags", command->flags);
    add_flags(into, "Flags of every command", program->flags);
    add_examples(into, command->examples);
    add_lines(into, "Exit codes", command->exits ? command->exits : lima_text_exits);
}

static void add_program(const lima_ctl_program *program, lima_buf *into)
{
    lima_buf_addf(into, "%s - %s\n\nUsage:\n  %s COMMAND [ARGUMENTS] [FLAGS]\n", program->name,
                  program->summary, program->name);
    add_paragraphs(into, program->text);
    lima_buf_add_str(into, "\nCommands:\n");
    for (const lima_ctl_command *command = program->commands; command->name; command++)
        add_row(into, command->name, command->summary);
    add_row(into, "help [COMMAND]", "this text, or that of a command");
    add_flags(into, "Flags of every command", program->flags);
    add_lines(into, "Environment", program->environment);
    add_lines(into, "Exit codes", lima_text_exits);
}

void lima_ctl_add_help(const lima_ctl_program *program, const lima_ctl_command *command, lima_buf *into)
{
    if (command)
        add_command(program, command, into);
    else
        add_program(program, into);
}
