/* The man page, in mdoc(7), from the table. */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "text.h"

/* Text of one line as roff input: no character with a meaning of its own is left. */
static void add_text(lima_buf *into, const char *text, bool line_start)
{
    if (line_start && (*text == '.' || *text == '\''))
        lima_buf_add_str(into, "\\&");
    for (; *text; text++) {
        if (*text == '\\')
            lima_buf_add_str(into, "\\e");
        else if (*text == '-')
            lima_buf_add_str(into, "\\-");
        else
            lima_buf_add(into, text, 1);
    }
}

/* Text as lines of input: short ones, a new one for each sentence, as mdoc wants it. */
static void add_line(lima_buf *into, const char *text)
{
    enum { LINE = 68 }; /* before escaping */
    size_t at = 0;
    for (const char *word = text + strspn(text, " \n"); *word; word += strspn(word, " \n")) {
        size_t len = strcspn(word, " \n");
        if (at + len > LINE && at) {
            lima_buf_add_str(into, "\n");
            at = 0;
        }
        char *piece = lima_mem_strndup(word, len);
        lima_buf_add_str(into, at ? " " : "");
        add_text(into, piece, at == 0);
        free(piece);
        at += len + 1;
        word += len;
        if (strchr(".?!", word[-1]) && *word) {
            lima_buf_add_str(into, "\n");
            at = 0;
        }
    }
    lima_buf_add_str(into, "\n");
}

/* As a macro argument: quoted, so that no word in it is taken for a macro. */
static void add_quoted(lima_buf *into, const char *before, const char *text, const char *after)
{
    lima_buf_addf(into, "%s\"", before);
    add_text(into, text, false);
    lima_buf_addf(into, "\"%s", after);
}

static void add_paragraphs(lima_buf *into, const char *text)
{
    lima_strv paragraphs = {0};
    lima_text_paragraphs(text, &paragraphs);
    for (size_t i = 0; i < paragraphs.len; i++) {
        lima_buf_add_str(into, ".Pp\n");
        add_line(into, paragraphs.items[i]);
    }
    lima_strv_free(&paragraphs);
}

static void add_flags(lima_buf *into, const lima_ctl_flag *flags)
{
    if (!flags || !flags->name)
        return;
    lima_buf_add_str(into, ".Bl -tag -width Ds\n");
    for (; flags->name; flags++) {
        lima_buf_add_str(into, ".It ");
        if (flags->letter)
            lima_buf_addf(into, "Fl %c , ", flags->letter);
        lima_buf_addf(into, "Fl \\-%s", flags->name);
        if (flags->value)
            lima_buf_addf(into, " Ar %s", flags->value);
        lima_buf_add_str(into, "\n");
        lima_buf line = LIMA_BUF(4096);
        lima_buf_add_str(&line, flags->help);
        lima_text_add_choices(&line, flags);
        lima_buf_add_str(&line, ".");
        add_line(into, lima_buf_str(&line));
        lima_buf_free(&line);
        if (flags->dflt) {
            add_quoted(into, "The default is\n.Li ", flags->dflt, " .\n");
        }
    }
    lima_buf_add_str(into, ".El\n");
}

/* Lines "LEFT text" as a list. */
static void add_list(lima_buf *into, const char *lines)
{
    lima_strv rows = {0};
    lima_str_split(lines, '\n', &rows);
    lima_buf_add_str(into, ".Bl -tag -width Ds\n");
    for (size_t i = 0; i < rows.len; i++) {
        char *space = strchr(rows.items[i], ' ');
        if (!space)
            continue;
        *space = '\0';
        add_quoted(into, ".It ", rows.items[i], "\n");
        add_line(into, space + 1);
    }
    lima_buf_add_str(into, ".El\n");
    lima_strv_free(&rows);
}

static void add_operands(lima_buf *into, const lima_ctl_operand *operands)
{
    if (!operands || !operands->name)
        return;
    lima_buf_add_str(into, ".Bl -tag -width Ds\n");
    for (; operands->name; operands++) {
        lima_buf_addf(into, ".It Ar %s\n", operands->name);
        add_line(into, operands->help);
    }
    lima_buf_add_str(into, ".El\n");
}

static void add_synopsis(lima_buf *into, const lima_ctl_program *program, const lima_ctl_command *command)
{
    lima_buf_addf(into, ".Nm %s\n.Cm %s\n", program->name, command->name);
    for (const lima_ctl_operand *operand = command->operands; operand && operand->name; operand++)
        lima_buf_addf(into, operand->optional ? ".Op Ar %s\n" : ".Ar %s\n", operand->name);
    lima_buf_add_str(into, ".Op Ar FLAGS\n");
    if (command->rest)
        lima_buf_addf(into, ".Op Fl \\- Ar %s ...\n", command->rest);
}

static void add_command(lima_buf *into, const lima_ctl_program *program, const lima_ctl_command *command)
{
    lima_buf_addf(into, ".Ss %s %s\n", program->name, command->name);
    add_line(into, command->summary);
    add_paragraphs(into, command->text);
    add_operands(into, command->operands);
    add_flags(into, command->flags);
    if (command->exits) {
        lima_buf_add_str(into, ".Pp\nExit codes:\n");
        add_list(into, command->exits);
    }
}

static void add_examples(lima_buf *into, const lima_ctl_program *program)
{
    bool first = true;
    lima_buf_add_str(into, ".Sh EXAMPLES\n");
    for (const lima_ctl_command *command = program->commands; command->name; command++) {
        lima_strv rows = {0};
        lima_str_split(command->examples ? command->examples : "", '\n', &rows);
        for (size_t i = 0; i < rows.len; i++) {
            char *line = NULL, *comment = NULL;
            if (!lima_text_example(rows.items[i], &line, &comment))
                continue;
            lima_buf_add_str(into, first ? "" : ".Pp\n");
            first = false;
            add_text(into, comment, true);
            add_quoted(into, ":\n.Dl ", line, "\n");
            free(line);
            free(comment);
        }
        lima_strv_free(&rows);
    }
}

void lima_ctl_add_man(const lima_ctl_program *program, lima_buf *into)
{
    lima_buf_addf(into, ".\\\" Made by \"%s man\" from its command table.\n.Dd %s\n.Dt ", program->name,
                  program->date);
    for (const char *at = program->name; *at; at++)
        lima_buf_addf(into, "%c", *at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);
    lima_buf_addf(into, " 1\n.Os\n.Sh NAME\n.Nm %s\n.Nd %s\n.Sh SYNOPSIS\n", program->name, program->summary);
    for (const lima_ctl_command *command = program->commands; command->name; command++)
        add_synopsis(into, program, command);
    lima_buf_add_str(into, ".Sh DESCRIPTION\n");
    lima_strv paragraphs = {0};
    lima_text_paragraphs(program->text, &paragraphs);
    for (size_t i = 0; i < paragraphs.len; i++) {
        lima_buf_add_str(into, i ? ".Pp\n" : "");
        add_line(into, paragraphs.items[i]);
    }
    lima_strv_free(&paragraphs);
    lima_buf_add_str(into, ".Pp\nThese flags belong to every command:\n");
    add_flags(into, program->flags);
    for (const lima_ctl_command *command = program->commands; command->name; command++)
        add_command(into, program, command);
    lima_buf_add_str(into, ".Sh ENVIRONMENT\n");
    add_list(into, program->environment);
    lima_buf_add_str(into, ".Sh EXIT STATUS\n");
    add_list(into, lima_text_exits);
    add_examples(into, program);
}

int lima_ctl_man(const lima_ctl_args *args)
{
    lima_buf text = LIMA_BUF(256 * 1024);
    lima_ctl_add_man(lima_ctl_args_program(args), &text);
    fputs(lima_buf_str(&text), stdout);
    lima_buf_free(&text);
    return LIMA_CTL_OK;
}
