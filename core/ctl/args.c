/* Reading a command line against the table.
 *
 * One pass from left to right. Flags of the program are known from the start, those of the command as soon as
 * its name was seen. What the user asked help for is found before anything is judged, so that --help helps in
 * the middle of a wrong line too. Values are checked and converted here, once: commands never see a malformed
 * number. No abbreviations of flags, no clusters of letters: a script that uses them would break when a flag
 * is added. */
#include "args.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static const char *const TRUTHS[] = {"true", "1", "yes", "false", "0", "no"};

static bool parse_truth(const char *text, uint64_t *ret, lima_err *err)
{
    for (size_t i = 0; i < 6; i++) {
        if (lima_str_eq(text, TRUTHS[i])) {
            *ret = i < 3;
            return true;
        }
    }
    return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'%s' is neither true nor false", text);
}

static bool parse_duration(const char *text, uint64_t *ret, lima_err *err)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    char *number = lima_mem_strdup(text);
    uint64_t factor = 1000, value = 0;
    for (size_t i = 0; i < 4; i++) {
        if (lima_str_has_suffix(number, units[i].unit)) {
            number[strlen(number) - strlen(units[i].unit)] = '\0';
            factor = units[i].ms;
            break;
        }
    }
    bool ok = lima_parse_u64(number, &value, NULL) && value <= (uint64_t)INT64_MAX / factor;
    free(number);
    if (!ok)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'%s' is not a time; write 30s, 5m or 250ms",
                            text);
    *ret = value * factor;
    return true;
}

static bool check_choice(const lima_ctl_flag *flag, const char *text, lima_err *err)
{
    lima_strv all = {0};
    bool ok = false;
    for (const char *const *choice = flag->choices; *choice; choice++) {
        ok = ok || lima_str_eq(*choice, text);
        lima_strv_add(&all, *choice);
    }
    char *names = lima_strv_join(&all, ", ");
    if (!ok)
        lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'%s' is not one of %s", text, names);
    free(names);
    lima_strv_free(&all);
    return ok;
}

static bool parse_value(const lima_ctl_flag *flag, const char *text, uint64_t *ret, lima_err *err)
{
    switch (flag->type) {
    case LIMA_CTL_BOOL:
        return parse_truth(text, ret, err);
    case LIMA_CTL_NUMBER:
        return lima_parse_u64(text, ret, err);
    case LIMA_CTL_SIZE:
        return lima_parse_size(text, ret, err);
    case LIMA_CTL_DURATION:
        return parse_duration(text, ret, err);
    case LIMA_CTL_CHOICE:
        return check_choice(flag, text, err);
    case LIMA_CTL_TEXT:
        break;
    }
    return true;
}

static void add_flags(lima_ctl_args *args, const lima_ctl_flag *flags)
{
    for (; flags && flags->name; flags++) {
        assert(args->count < LIMA_CTL_FLAGS_MAX);
        struct lima_ctl_value *value = &args->values[args->count++];
        *value = (struct lima_ctl_value){.flag = flags, .text = flags->dflt};
        bool ok = !flags->dflt || parse_value(flags, flags->dflt, &value->number, NULL);
        assert(ok);
        (void)ok;
    }
}

const lima_ctl_command *lima_ctl_find_command(const lima_ctl_program *program, const char *name)
{
    for (const lima_ctl_command *command = program->commands; command->name; command++)
        if (lima_str_eq(command->name, name))
            return command;
    return NULL;
}

static struct lima_ctl_value *find_value(lima_ctl_args *args, const char *name, size_t len)
{
    for (size_t i = 0; i < args->count; i++) {
        const lima_ctl_flag *flag = args->values[i].flag;
        bool letter = len == 2 && name[0] == '-' && name[1] == flag->letter && flag->letter;
        bool word = len > 2 && strncmp(name, "--", 2) == 0 && strlen(flag->name) == len - 2
                    && memcmp(name + 2, flag->name, len - 2) == 0;
        if (letter || word)
            return &args->values[i];
    }
    return NULL;
}

/* argv[*at] begins with '-'. */
static bool take_flag(lima_ctl_args *args, int argc, char *const *argv, int *at, lima_err *err)
{
    const char *word = argv[*at], *equals = strchr(word, '=');
    size_t len = equals ? (size_t)(equals - word) : strlen(word);
    struct lima_ctl_value *value = find_value(args, word, len);
    if (!value) {
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "unknown flag '%.*s'%s", (int)len, word,
                            args->command ? "" : "; flags of a command stand after its name");
    }
    const char *text = equals ? equals + 1 : "true";
    if (!equals && value->flag->type != LIMA_CTL_BOOL) {
        if (*at + 1 >= argc)
            return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "flag '%s' needs a value %s", word,
                                value->flag->value);
        text = argv[++*at];
    }
    if (!parse_value(value->flag, text, &value->number, err))
        return lima_err_wrap(err, "flag '%.*s'", (int)len, word);
    value->text = text;
    value->given = true;
    return true;
}

static bool take_command(lima_ctl_args *args, const char *name, lima_err *err)
{
    args->command = lima_ctl_find_command(args->program, name);
    if (!args->command) {
        lima_strv names = {0};
        for (const lima_ctl_command *command = args->program->commands; command->name; command++)
            lima_strv_add(&names, command->name);
        char *all = lima_strv_join(&names, ", ");
        lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "unknown command '%s'; there are: %s", name, all);
        free(all);
        lima_strv_free(&names);
        return false;
    }
    add_flags(args, args->command->flags);
    return true;
}

static bool take_words(lima_ctl_args *args, int argc, char *const *argv, lima_err *err)
{
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (lima_str_eq(word, "--") && args->command) {
            while (++i < argc)
                lima_strv_add(args->command->rest ? &args->rest : &args->operands, argv[i]);
        } else if (!args->command && lima_str_eq(word, "--version")) {
            if (!take_command(args, "version", err))
                return false;
        } else if (word[0] == '-' && word[1]) {
            if (!take_flag(args, argc, argv, &i, err))
                return false;
        } else if (!args->command) {
            if (!take_command(args, word, err))
                return false;
        } else {
            lima_strv_add(&args->operands, word);
        }
    }
    return true;
}

static bool check_operands(const lima_ctl_args *args, lima_err *err)
{
    const lima_ctl_operand *operand = args->command->operands;
    size_t most = 0;
    for (; operand && operand->name; operand++, most++)
        if (!operand->optional && most >= args->operands.len)
            return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "%s is missing: %s", operand->name,
                                operand->help);
    if (args->operands.len > most) {
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'%s' is one argument too many%s",
                            args->operands.items[most],
                            args->command->rest ? "; a command for the guest stands after --" : "");
    }
    return true;
}

/* The first word that is neither a flag nor a flag's value, nor the word "help" itself; NULL: none. */
static const char *first_word(lima_ctl_args *args, int argc, char *const *argv)
{
    for (int i = 1; i < argc && !lima_str_eq(argv[i], "--"); i++) {
        if (argv[i][0] != '-' && !(i == 1 && lima_str_eq(argv[i], "help")))
            return argv[i];
        const struct lima_ctl_value *value = find_value(args, argv[i], strlen(argv[i]));
        if (value && value->flag->type != LIMA_CTL_BOOL)
            i++;
    }
    return NULL;
}

static bool asks_help(int argc, char *const *argv)
{
    bool help = argc < 2 || lima_str_eq(argv[1], "help");
    for (int i = 1; i < argc && !lima_str_eq(argv[i], "--"); i++)
        help = help || lima_str_eq(argv[i], "-h") || lima_str_eq(argv[i], "--help");
    return help;
}

/* Help wins over every mistake in the line but an unknown command. */
static bool take_help(lima_ctl_args *args, int argc, char *const *argv, lima_err *err)
{
    const char *word = first_word(args, argc, argv);
    args->help = true;
    return !word || take_command(args, word, err);
}

/* The form of lima_ctl_misuse, which a command line without a readable command cannot use. */
static void add_who_and_help(const lima_ctl_args *args, lima_err *err)
{
    if (!err)
        return;
    lima_err mistake = *err;
    const char *program = args->program->name, *gap = args->command ? " " : "",
               *command = args->command ? args->command->name : "";
    lima_err_set(err, mistake.code, "%s%s%s: error: %s\nSee '%s%s%s --help'.", program, gap, command,
                 mistake.text, program, gap, command);
}

bool lima_ctl_parse(const lima_ctl_program *program, int argc, char *const *argv, lima_wake *wake,
                    lima_ctl_args **ret, lima_err *err)
{
    lima_ctl_args *args = lima_mem_zalloc(1, sizeof *args);
    args->program = program;
    args->wake = wake;
    add_flags(args, program->flags);
    bool ok = asks_help(argc, argv) ? take_help(args, argc, argv, err) : take_words(args, argc, argv, err);
    if (ok && !args->help)
        ok = args->command ? check_operands(args, err)
                           : lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "no command given");
    if (!ok) {
        add_who_and_help(args, err);
        lima_ctl_args_free(args);
        return false;
    }
    *ret = args;
    return true;
}

void lima_ctl_args_free(lima_ctl_args *args)
{
    if (!args)
        return;
    lima_strv_free(&args->operands);
    lima_strv_free(&args->rest);
    free(args);
}

const lima_ctl_program *lima_ctl_args_program(const lima_ctl_args *args)
{
    return args->program;
}

const lima_ctl_command *lima_ctl_args_command(const lima_ctl_args *args)
{
    return args->command;
}

bool lima_ctl_wants_help(const lima_ctl_args *args)
{
    return args->help;
}

static const struct lima_ctl_value *value_of(const lima_ctl_args *args, const char *flag)
{
    for (size_t i = 0; i < args->count; i++)
        if (lima_str_eq(args->values[i].flag->name, flag))
            return &args->values[i];
    assert(!"a flag that the table does not have");
    abort();
}

bool lima_ctl_bool(const lima_ctl_args *args, const char *flag)
{
    const struct lima_ctl_value *value = value_of(args, flag);
    assert(value->flag->type == LIMA_CTL_BOOL);
    return value->number;
}

const char *lima_ctl_str(const lima_ctl_args *args, const char *flag)
{
    const struct lima_ctl_value *value = value_of(args, flag);
    assert(value->flag->type == LIMA_CTL_TEXT || value->flag->type == LIMA_CTL_CHOICE);
    return value->text;
}

uint64_t lima_ctl_number(const lima_ctl_args *args, const char *flag)
{
    const struct lima_ctl_value *value = value_of(args, flag);
    assert(value->flag->type == LIMA_CTL_NUMBER || value->flag->type == LIMA_CTL_SIZE
           || value->flag->type == LIMA_CTL_DURATION);
    return value->number;
}

bool lima_ctl_given(const lima_ctl_args *args, const char *flag)
{
    return value_of(args, flag)->given;
}

const char *lima_ctl_operand_at(const lima_ctl_args *args, size_t index)
{
    return index < args->operands.len ? args->operands.items[index] : NULL;
}

const lima_strv *lima_ctl_rest(const lima_ctl_args *args)
{
    return &args->rest;
}

lima_wake *lima_ctl_wake(const lima_ctl_args *args)
{
    return args->wake;
}
