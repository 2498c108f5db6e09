/* A small command table for the tests of core/ctl: one of everything. */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include "ctl/command.h"

static const char *const TABLE_COLORS[] = {"red", "green", NULL};

static const lima_ctl_flag TABLE_GLOBAL[] = {
    {.name = "tty", .dflt = "true", .help = "Use the terminal"},
    {.name = "level", .type = LIMA_CTL_TEXT, .value = "LEVEL", .help = "How much to say"},
    {0},
};
static const lima_ctl_flag TABLE_FLAGS[] = {
    {.name = "json", .letter = 'j', .help = "Print JSON"},
    {.name = "name",
     .letter = 'n',
     .type = LIMA_CTL_TEXT,
     .value = "NAME",
     .help = "A name",
     .complete = LIMA_CTL_FILES},
    {.name = "count", .type = LIMA_CTL_NUMBER, .value = "NUMBER", .dflt = "3", .help = "A number"},
    {.name = "memory", .type = LIMA_CTL_SIZE, .value = "SIZE", .help = "A size"},
    {.name = "wait", .type = LIMA_CTL_DURATION, .value = "TIME", .dflt = "5s", .help = "A time"},
    {.name = "color",
     .type = LIMA_CTL_CHOICE,
     .value = "COLOR",
     .choices = TABLE_COLORS,
     .dflt = "red",
     .help = "A colour"},
    {0},
};
static const lima_ctl_operand TABLE_OPERANDS[] = {
    {.name = "FIRST", .help = "what comes first", .complete = LIMA_CTL_DRIVERS},
    {.name = "SECOND", .help = "what may follow", .optional = true},
    {0},
};

static int table_run(const lima_ctl_args *args)
{
    (void)args;
    return 0;
}

static const lima_ctl_command TABLE_COMMANDS[] = {
    {.name = "plain", .summary = "does little", .text = "One paragraph.\n\nAnother one.", .run = table_run},
    {
        .name = "full",
        .summary = "has everything",
        .text = "A paragraph that is long enough to be wrapped when it is printed on a terminal of eighty "
                "columns.",
        .examples = "tool full x # Says x",
        .exits = "0 fine\n9 not fine",
        .operands = TABLE_OPERANDS,
        .rest = "COMMAND",
        .flags = TABLE_FLAGS,
        .run = table_run,
    },
    {0},
};

static void table_values(lima_ctl_complete kind, lima_strv *ret)
{
    if (kind == LIMA_CTL_DRIVERS) {
        lima_strv_add(ret, "qemux");
        lima_strv_add(ret, "hyperv");
    }
}

static const lima_ctl_program TABLE = {
    .name = "tool",
    .summary = "is for tests",
    .text = "A tool.",
    .version = "1.2.3",
    .date = "November 21, 2026",
    .flags = TABLE_GLOBAL,
    .commands = TABLE_COMMANDS,
    .environment = "TOOL_HOME where it lives",
    .values = table_values,
};

#endif
