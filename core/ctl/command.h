/* The command line of limadrv as data: one table from which parsing, help, completion scripts and the man
 * page are made, so that none of them can tell a different story.
 *
 * A subcommand is one row of the table (commands.c) and one function in a file of its own. The function gets
 * its checked arguments, prints results on stdout and everything else on stderr, and returns the exit code: 0
 * done, 1 failed, 2 wrong usage; `run` returns the status of the command in the guest. The parser knows no
 * command by name; tests give it tables of their own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "os/thread.h"

enum {
    LIMA_CTL_OK = 0,
    LIMA_CTL_FAILED = 1,
    LIMA_CTL_USAGE = 2,
    LIMA_CTL_INTERRUPTED = 130,
    LIMA_CTL_UNREAD = 141, /* whoever read the output has gone: what a shell says of tools that die of it */
};

typedef enum lima_ctl_type {
    LIMA_CTL_BOOL = 0, /* --json, --tty=false */
    LIMA_CTL_TEXT,
    LIMA_CTL_NUMBER,   /* decimal, unsigned */
    LIMA_CTL_SIZE,     /* "4GiB": bytes */
    LIMA_CTL_DURATION, /* "30s", "5m", "250ms", plain seconds: milliseconds */
    LIMA_CTL_CHOICE,   /* one of `choices` */
} lima_ctl_type;

/* What the shell offers for a value or operand. */
typedef enum lima_ctl_complete {
    LIMA_CTL_ANY = 0, /* nothing */
    LIMA_CTL_FILES,
    LIMA_CTL_FOLDERS,
    LIMA_CTL_DRIVERS,   /* drivers that `limadrv list` finds, and files */
    LIMA_CTL_INSTANCES, /* instances of LIMA_HOME, and folders */
    LIMA_CTL_METHODS,   /* methods of the driver service */
    LIMA_CTL_COMMANDS,  /* subcommands */
    LIMA_CTL_SHELLS,    /* shells that `limadrv completion` knows */
    LIMA_CTL_ACTIONS,   /* what `limadrv image` can do */
} lima_ctl_complete;

typedef struct lima_ctl_flag {
    const char *name; /* long name without dashes; NULL ends a list */
    char letter;      /* 'f' for -f; 0: none */
    lima_ctl_type type;
    const char *value;          /* the value's name in help, "FILE"; NULL for BOOL */
    const char *dflt;           /* as the user would write it; NULL: not set (BOOL: false, numbers: 0) */
    const char *help;           /* one line, no full stop */
    const char *const *choices; /* CHOICE: NULL-terminated */
    lima_ctl_complete complete;
} lima_ctl_flag;

typedef struct lima_ctl_operand {
    const char *name; /* "DRIVER"; NULL ends a list */
    const char *help;
    bool optional; /* as are all after it */
    lima_ctl_complete complete;
} lima_ctl_operand;

typedef struct lima_ctl_args lima_ctl_args;

typedef struct lima_ctl_command {
    const char *name;     /* NULL ends a table */
    const char *summary;  /* one line, no full stop */
    const char *text;     /* paragraphs, separated by empty lines; wrapped for help and man page */
    const char *examples; /* lines "command # what it does"; NULL: none */
    const char *exits;    /* lines "2 meaning" beyond or instead of the common 0, 1, 2; NULL: none */
    const lima_ctl_operand *operands; /* NULL: none */
    const char *rest;                 /* name of what may follow "--", "COMMAND"; NULL: nothing */
    const lima_ctl_flag *flags;       /* besides those of the program; NULL: none */
    int (*run)(const lima_ctl_args *args);
} lima_ctl_command;

typedef struct lima_ctl_program {
    const char *name, *summary, *text, *version;
    const char *date;           /* of the man page, "November 21, 2026" */
    const lima_ctl_flag *flags; /* of every command; may also stand before the command's name */
    const lima_ctl_command *commands;
    const char *environment; /* lines "NAME meaning" for help and man page */
    /* Words that only the machine knows (DRIVERS, INSTANCES, METHODS), for completion; may be NULL. */
    void (*values)(lima_ctl_complete kind, lima_strv *ret);
} lima_ctl_program;

/* Parses argv (argv[0] is skipped). INVALID_ARGUMENT with all that the user is to see: "limadrv COMMAND:
 * error: what" (without COMMAND while none is known), and a second line that says where help is. `wake` is
 * handed on to the command; may be NULL. -h and --help anywhere before "--", "help [COMMAND]" and no argument
 * at all give *ret with lima_ctl_wants_help. `argv` must outlive *ret. */
bool lima_ctl_parse(const lima_ctl_program *program, int argc, char *const *argv, lima_wake *wake,
                    lima_ctl_args **ret, lima_err *err);
void lima_ctl_args_free(lima_ctl_args *args);

const lima_ctl_program *lima_ctl_args_program(const lima_ctl_args *args);
const lima_ctl_command *lima_ctl_args_command(const lima_ctl_args *args); /* NULL: only help was asked for */
bool lima_ctl_wants_help(const lima_ctl_args *args);

/* Values of flags, given or default. A name that the command does not have, or another type, is a programming
 * mistake (assert). */
bool lima_ctl_bool(const lima_ctl_args *args, const char *flag);
const char *lima_ctl_str(const lima_ctl_args *args, const char *flag); /* TEXT, CHOICE; NULL when not set */
/* NUMBER; SIZE in bytes; DURATION in ms; 0 when not set. */
uint64_t lima_ctl_number(const lima_ctl_args *args, const char *flag);
bool lima_ctl_given(const lima_ctl_args *args, const char *flag);         /* the user wrote it */
const char *lima_ctl_operand_at(const lima_ctl_args *args, size_t index); /* NULL when left out */
const lima_strv *lima_ctl_rest(const lima_ctl_args *args);                /* what followed "--" */
/* Raised by Ctrl-C, a closed terminal, a request to end. */
lima_wake *lima_ctl_wake(const lima_ctl_args *args);

/* "limadrv COMMAND: error: text" on stderr. Returns LIMA_CTL_FAILED; LIMA_CTL_INTERRUPTED when the wake was
 * raised and err says CANCELLED (quietly when it was raised by lima_out_flush, see out.h). */
int lima_ctl_fail(const lima_ctl_args *args, const lima_err *err);
/* The same for a mistake in the command line, with a pointer to --help. Returns LIMA_CTL_USAGE. */
int lima_ctl_misuse(const lima_ctl_args *args, const char *fmt, ...) LIMA_PRINTF(2, 3);

/* Texts made from the table. `command` NULL: the whole program. */
void lima_ctl_add_help(const lima_ctl_program *program, const lima_ctl_command *command, lima_buf *into);
void lima_ctl_add_man(const lima_ctl_program *program, lima_buf *into); /* mdoc, section 1 */
/* A script for "bash", "zsh", "fish", "powershell"; INVALID_ARGUMENT for others. It asks the program itself
 * (completion --for), so it never grows old. */
bool lima_ctl_add_completion(const lima_ctl_program *program, const char *shell, lima_buf *into,
                             lima_err *err);
const char *const *lima_ctl_shells(void); /* those, NULL-terminated */
/* What a shell should offer for the word `current` after `words` (without the program): lines "WORD" or
 * "WORD<tab>help"; a line ":files" or ":folders" asks for names of the file system as well. */
void lima_ctl_offer(const lima_ctl_program *program, const lima_strv *words, const char *current,
                    lima_buf *into);

/* limadrv itself. */
extern const lima_ctl_program lima_ctl_limadrv;

int lima_ctl_list(const lima_ctl_args *args);
int lima_ctl_info(const lima_ctl_args *args);
int lima_ctl_status(const lima_ctl_args *args);
int lima_ctl_call(const lima_ctl_args *args);
int lima_ctl_logs(const lima_ctl_args *args);
int lima_ctl_run(const lima_ctl_args *args);
/* check DRIVER. Flags: format (CHOICE tap, junit, json), list (BOOL), only (TEXT pattern), skip-file (TEXT),
 * vm (TEXT folder), output (TEXT file), timeout (DURATION of one case). In core/ctl/check/. */
int lima_ctl_check(const lima_ctl_args *args);
int lima_ctl_image(const lima_ctl_args *args);
const char *const *lima_ctl_image_actions(void); /* its first operand, NULL-terminated */
int lima_ctl_prep(const lima_ctl_args *args);
int lima_ctl_bench(const lima_ctl_args *args);
int lima_ctl_completion(const lima_ctl_args *args);
int lima_ctl_man(const lima_ctl_args *args);
int lima_ctl_version(const lima_ctl_args *args);
