#include "out.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "os/host.h"

bool lima_out_terminal(const lima_ctl_args *args, unsigned number)
{
    return lima_ctl_bool(args, "tty") && lima_host_get()->terminal[number];
}

bool lima_out_colored(const lima_ctl_args *args, unsigned number)
{
    char *no = lima_env_get("NO_COLOR"), *term = lima_env_get("TERM");
    bool colored =
        lima_out_terminal(args, number) && lima_str_empty(no) && !(term && lima_str_eq(term, "dumb"));
    free(no);
    free(term);
    return colored;
}

char *lima_out_paint(bool colored, lima_color color, const char *text)
{
    if (!colored || color == LIMA_COLOR_NONE)
        return lima_mem_strdup(text);
    return lima_mem_printf("\033[%dm%s\033[0m", (int)color, text);
}

void lima_out_json(const lima_json *json)
{
    char *text = lima_json_print_indented(json);
    puts(text);
    free(text);
}

void lima_out_flush(const lima_ctl_args *args)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        lima_wake_raise(lima_ctl_wake(args));
}

/* The C library forgets why a write has failed, with the bytes: one more byte asks again. Windows says
 * EINVAL. */
static bool reader_has_gone(void)
{
    errno = 0;
    bool written = fputc('\n', stdout) != EOF && fflush(stdout) == 0;
    return !written && (errno == EPIPE || errno == EINVAL);
}

int lima_out_finish(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    bool gone = reader_has_gone();
    if (!gone)
        fprintf(stderr, "limadrv: error: standard output: cannot be written\n");
    if (code != LIMA_CTL_OK && code != LIMA_CTL_INTERRUPTED)
        return code;
    return gone ? LIMA_CTL_UNREAD : LIMA_CTL_FAILED;
}

static size_t columns_of(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

void lima_out_table(const lima_strv *cells, size_t columns)
{
    size_t *widths = lima_mem_zalloc(columns, sizeof *widths);
    for (size_t i = 0; i < cells->len; i++) {
        size_t width = columns_of(cells->items[i]);
        if (width > widths[i % columns])
            widths[i % columns] = width;
    }
    for (size_t i = 0; i < cells->len; i++) {
        bool last = i % columns == columns - 1;
        int pad = last ? 0 : (int)(widths[i % columns] - columns_of(cells->items[i]) + 2);
        printf("%s%*s%s", cells->items[i], pad, "", last ? "\n" : "");
    }
    free(widths);
}

/* "limadrv run: error: text"; the command is missing while it is not known. */
static void complain(const lima_ctl_args *args, const char *text)
{
    char *mark = lima_out_paint(lima_out_colored(args, 2), LIMA_COLOR_RED, "error:");
    fprintf(stderr, "%s %s: %s %s\n", lima_ctl_args_program(args)->name, lima_ctl_args_command(args)->name,
            mark, text);
    free(mark);
}

int lima_ctl_fail(const lima_ctl_args *args, const lima_err *err)
{
    lima_wake *wake = lima_ctl_wake(args);
    fflush(stdout);
    if (err->code == LIMA_CODE_CANCELLED && wake && lima_wake_wait(wake, 0)) {
        if (!ferror(stdout))
            fprintf(stderr, "%s %s: interrupted\n", lima_ctl_args_program(args)->name,
                    lima_ctl_args_command(args)->name);
        return LIMA_CTL_INTERRUPTED;
    }
    complain(args, err->text);
    return LIMA_CTL_FAILED;
}

int lima_ctl_misuse(const lima_ctl_args *args, const char *fmt, ...)
{
    lima_err err = {0};
    va_list list;
    va_start(list, fmt);
    lima_err_vset(&err, LIMA_CODE_INVALID_ARGUMENT, 0, fmt, list);
    va_end(list);
    complain(args, err.text);
    fprintf(stderr, "See '%s %s --help'.\n", lima_ctl_args_program(args)->name,
            lima_ctl_args_command(args)->name);
    return LIMA_CTL_USAGE;
}
