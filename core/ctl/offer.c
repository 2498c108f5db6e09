/* What a shell should offer after a half-written line. The scripts in completion.c only carry words to and
 * fro. */
#include "args.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

struct place {
    const lima_ctl_program *program;
    const lima_ctl_command *command;
    const lima_ctl_flag *flag; /* its value is due; NULL: none */
    size_t operands;           /* written so far */
    bool rest;                 /* behind "--" */
};

static const lima_ctl_flag *find_in(const lima_ctl_flag *flags, const char *word, size_t len)
{
    for (; flags && flags->name; flags++) {
        bool letter = len == 2 && word[0] == '-' && flags->letter && word[1] == flags->letter;
        bool name = len > 2 && strlen(flags->name) == len - 2 && strncmp(word + 2, flags->name, len - 2) == 0;
        if (letter || name)
            return flags;
    }
    return NULL;
}

static const lima_ctl_flag *find_flag(const struct place *place, const char *word, size_t len)
{
    const lima_ctl_flag *flag = place->command ? find_in(place->command->flags, word, len) : NULL;
    return flag ? flag : find_in(place->program->flags, word, len);
}

static void walk(struct place *place, const lima_strv *words)
{
    for (size_t i = 0; i < words->len && !place->rest; i++) {
        const char *word = words->items[i];
        if (place->flag && lima_str_eq(word, "="))
            continue; /* bash cuts words at '=' */
        if (place->flag) {
            place->flag = NULL;
        } else if (lima_str_eq(word, "--")) {
            place->rest = true;
        } else if (word[0] == '-') {
            const lima_ctl_flag *flag = find_flag(place, word, strlen(word));
            place->flag = flag && flag->type != LIMA_CTL_BOOL ? flag : NULL;
        } else if (!place->command) {
            if (!lima_str_eq(word, "help"))
                place->command = lima_ctl_find_command(place->program, word);
        } else {
            place->operands++;
        }
    }
}

static void offer(lima_buf *into, const char *current, const char *before, const char *word, const char *help)
{
    char *whole = lima_mem_printf("%s%s", before, word);
    if (lima_str_has_prefix(whole, current))
        lima_buf_addf(into, "%s%s%s\n", whole, help ? "\t" : "", help ? help : "");
    free(whole);
}

static void offer_list(lima_buf *into, const char *current, const char *before, const char *const *words)
{
    for (; *words; words++)
        offer(into, current, before, *words, NULL);
}

static void offer_commands(const struct place *place, const char *current, lima_buf *into)
{
    for (const lima_ctl_command *command = place->program->commands; command->name; command++)
        offer(into, current, "", command->name, command->summary);
    offer(into, current, "", "help", "explains a command");
}

static void offer_kind(const struct place *place, lima_ctl_complete kind, const char *current,
                       const char *before, lima_buf *into)
{
    lima_strv words = {0};
    if (kind == LIMA_CTL_COMMANDS)
        offer_commands(place, current, into);
    else if (kind == LIMA_CTL_SHELLS)
        offer_list(into, current, before, lima_ctl_shells());
    else if (kind == LIMA_CTL_ACTIONS)
        offer_list(into, current, before, lima_ctl_image_actions());
    else if (kind != LIMA_CTL_ANY && place->program->values)
        place->program->values(kind, &words);
    offer_list(into, current, before, lima_strv_items(&words));
    lima_strv_free(&words);
    if (kind == LIMA_CTL_FOLDERS || kind == LIMA_CTL_INSTANCES)
        lima_buf_add_str(into, ":folders\n");
    else if (kind == LIMA_CTL_FILES || kind == LIMA_CTL_DRIVERS)
        lima_buf_add_str(into, ":files\n");
}

static void offer_value(const struct place *place, const lima_ctl_flag *flag, const char *current,
                        const char *before, lima_buf *into)
{
    static const char *const truths[] = {"true", "false", NULL};
    if (flag->type == LIMA_CTL_CHOICE)
        offer_list(into, current, before, flag->choices);
    else if (flag->type == LIMA_CTL_BOOL)
        offer_list(into, current, before, truths);
    else
        offer_kind(place, flag->complete, current, before, into);
}

static void offer_flags(const lima_ctl_flag *flags, const char *current, lima_buf *into)
{
    for (; flags && flags->name; flags++)
        offer(into, current, "--", flags->name, flags->help);
}

static void offer_operand(const struct place *place, const char *current, lima_buf *into)
{
    const lima_ctl_operand *operand = place->command->operands;
    size_t at = 0;
    for (; operand && operand->name && at < place->operands; operand++)
        at++;
    if (operand && operand->name)
        offer_kind(place, operand->complete, current, "", into);
}

void lima_ctl_offer(const lima_ctl_program *program, const lima_strv *words, const char *current,
                    lima_buf *into)
{
    struct place place = {.program = program};
    walk(&place, words);
    const char *equals = current[0] == '-' ? strchr(current, '=') : NULL;
    const lima_ctl_flag *named = equals ? find_flag(&place, current, (size_t)(equals - current)) : NULL;
    if (place.rest)
        return;
    if (place.flag) {
        offer_value(&place, place.flag, lima_str_eq(current, "=") ? "" : current, "", into);
    } else if (named) {
        char *before = lima_mem_strndup(current, (size_t)(equals - current) + 1);
        offer_value(&place, named, current, before, into);
        free(before);
    } else if (current[0] == '-') {
        offer_flags(place.command ? place.command->flags : NULL, current, into);
        offer_flags(program->flags, current, into);
        offer(into, current, "--", "help", "explains the command");
    } else if (!place.command) {
        offer_commands(&place, current, into);
    } else {
        offer_operand(&place, current, into);
    }
}
