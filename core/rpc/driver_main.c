/* lima_driver_main: what the command line asks for, and the exit code.
 *
 * Roles are set first, before any thread exists: a server leaves the terminal of the limactl that started it.
 * Standard output belongs to the protocols: it is taken away from the C library, so that a stray printf of a
 * driver goes to the log. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "driver/controls.h"
#include "os/file.h"
#include "os/process.h"
#include "rpc/serve.h"
#include "rpc/tool.h"

enum { EXIT_USAGE = 2, INPUT_MS = 60000, OUTPUT_MS = 60000 };

static bool read_all(lima_stream *in, lima_buf *into, lima_wake *stop, lima_err *err)
{
    char bytes[16 * 1024];
    lima_deadline until = lima_clock_in(INPUT_MS);
    for (;;) {
        size_t len = 0;
        if (!lima_stream_read(in, bytes, sizeof bytes, until, stop, &len, err))
            return lima_err_wrap(err, "read standard input");
        if (!len)
            return true;
        if (!lima_buf_add(into, bytes, len))
            return lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "standard input is longer than %zu bytes",
                                into->limit);
    }
}

static bool run_tool_mode(const lima_serve *serve, const char *input, size_t len, char **ret, bool *ret_stuck,
                          lima_err *err)
{
    if (serve->options->mode == LIMA_MODE_INSPECT_STATUS)
        return lima_tool_inspect(serve->driver, input, len, ret, ret_stuck, err);
    if (serve->options->mode == LIMA_MODE_PREP)
        return lima_tool_prep(serve->driver, input, len, ret, err);
    return lima_tool_configure(serve->driver, serve->name, input, len, ret, err);
}

static bool run_tool(const lima_serve *serve, bool *ret_stuck, lima_err *err)
{
    lima_buf input = LIMA_BUF(LIMA_JSON_BYTES_MAX);
    lima_err lost = {0};
    char *output = NULL;
    bool ok = read_all(serve->in, &input, serve->stop, err);
    ok = ok && run_tool_mode(serve, lima_buf_str(&input), input.len, &output, ret_stuck, err);
    if (output
        && !lima_stream_write(serve->out, output, strlen(output), lima_clock_in(OUTPUT_MS), serve->stop,
                              &lost)
        && ok)
        ok = lima_err_set(err, lost.code, "write standard output: %s", lost.text);
    free(output);
    lima_buf_free(&input);
    return ok;
}

static bool run_mode(const lima_serve *serve, bool *ret_stuck, lima_err *err)
{
    switch (serve->options->mode) {
    case LIMA_MODE_ANNOUNCE:
        return lima_serve_announce(serve, ret_stuck, err);
    case LIMA_MODE_INST_DIR:
        return lima_serve_inst_dir(serve, ret_stuck, err);
    case LIMA_MODE_STDIO:
        return lima_serve_stdio(serve, ret_stuck, err);
    case LIMA_MODE_PRE_DRIVER_ACTION:
    case LIMA_MODE_INSPECT_STATUS:
    case LIMA_MODE_PREP:
        return run_tool(serve, ret_stuck, err);
    case LIMA_MODE_HELP:
    case LIMA_MODE_VERSION:
        break;
    }
    return true; /* done by print_text */
}

static bool print_text(const lima_serve *serve)
{
    const lima_options *options = serve->options;
    bool help = options->mode == LIMA_MODE_HELP;
    if (!help && options->mode != LIMA_MODE_VERSION)
        return false;
    char *text = help ? lima_options_help(serve->name, serve->driver)
                      : lima_options_version(serve->name, serve->driver, options->json);
    fputs(text, stdout);
    free(text);
    return true;
}

static bool is_tool(const lima_serve *serve)
{
    return serve->options->mode == LIMA_MODE_INSPECT_STATUS || serve->options->mode == LIMA_MODE_PREP
           || serve->options->mode == LIMA_MODE_PRE_DRIVER_ACTION;
}

/* A server's standard errors may be gone by now (os/process.h): its last words go where its log goes. */
static void complain(const lima_serve *serve, const lima_err *err)
{
    if (is_tool(serve))
        fprintf(stderr, "lima-driver-%s: %s\n", serve->name, err->text);
    else
        lima_log_error("lima-driver-%s: %s", serve->name, err->text);
}

/* Before the role is taken: a server leaves the folder that a relative path starts from. */
static bool find_folder(const lima_options *options, char **ret_dir, lima_err *err)
{
    return !options->inst_dir
           || (lima_controls_check_folder(options->inst_dir, err)
               && (lima_file_real_path(options->inst_dir, ret_dir, err)
                   || lima_err_wrap(err, "instance folder")));
}

static bool run_with_std(lima_serve *serve, bool *ret_stuck, lima_err *err)
{
    if (!lima_process_set_role(is_tool(serve) ? LIMA_PROCESS_TOOL : LIMA_PROCESS_SERVER, serve->stop, err)
        || !lima_stream_take_std(&serve->in, &serve->out, err))
        return false;
    bool ok = run_mode(serve, ret_stuck, err);
    lima_stream_close(serve->in);
    lima_stream_close(serve->out);
    return ok;
}

static int run_driver(lima_serve *serve)
{
    lima_err err = {0};
    bool stuck = false;
    char *dir = NULL;
    serve->stop = lima_wake_new();
    bool ok = find_folder(serve->options, &dir, &err);
    serve->inst_dir = dir;
    ok = ok && run_with_std(serve, &stuck, &err);
    if (!ok)
        complain(serve, &err);
    free(dir);
    if (stuck)
        _Exit(ok ? EXIT_SUCCESS
                 : EXIT_FAILURE); /* exit() would tear the library down under a thread that still runs */
    return ok ? EXIT_SUCCESS : EXIT_FAILURE; /* the wake stays: SIGTERM may still come */
}

int lima_driver_main(int argc, char **argv, const lima_driver *driver)
{
    lima_options options = {0};
    lima_err err = {0};
    char *name = lima_options_name(argc > 0 ? argv[0] : "", driver);
    lima_serve serve = {.driver = driver, .name = name, .options = &options};
    int code = EXIT_USAGE;
    if (!lima_options_parse(argc, argv, &options, &err))
        fprintf(stderr, "lima-driver-%s: %s\n", name, err.text);
    else
        code = print_text(&serve) ? EXIT_SUCCESS : run_driver(&serve);
    free(name);
    return code;
}
