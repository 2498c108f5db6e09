/* limactl gives exactly one form of each; a person may give the others that Go's flag package would take. */
#include "rpc/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "data/json.h"
#include "rpc/launch.h"

typedef struct parser {
    int argc;
    char *const *argv;
    int at;
    bool mode_set;
    const char *mode_name;
    lima_options options;
} parser;

static bool set_mode(parser *p, lima_options_mode mode, const char *name, lima_err *err)
{
    if (p->mode_set && p->options.mode != mode)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'%s' and '%s' do not go together; see --help",
                            p->mode_name, name);
    p->mode_set = true;
    p->mode_name = name;
    p->options.mode = mode;
    return true;
}

/* "--inst-dir=X", or the next argument. */
static bool take_inst_dir(parser *p, const char *after, lima_err *err)
{
    const char *value = NULL;
    if (*after == '=')
        value = after + 1;
    else if (p->at + 1 < p->argc)
        value = p->argv[++p->at];
    if (lima_str_empty(value))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "'--inst-dir' needs the instance folder; see --help");
    p->options.inst_dir = value;
    return true;
}

static bool take_mode(parser *p, const char *text, lima_err *err)
{
    static const struct {
        const char *name;
        lima_options_mode mode;
    } modes[] = {
        {"stdio", LIMA_MODE_STDIO},
        {"pre-driver-action", LIMA_MODE_PRE_DRIVER_ACTION},
        {"inspect-status", LIMA_MODE_INSPECT_STATUS},
        {"prep", LIMA_MODE_PREP},
        {"help", LIMA_MODE_HELP},
        {"h", LIMA_MODE_HELP},
        {"version", LIMA_MODE_VERSION},
    };
    const char *bare = text + strspn(text, "-");
    for (size_t i = 0; bare != text && i < sizeof modes / sizeof *modes; i++)
        if (strcmp(bare, modes[i].name) == 0)
            return set_mode(p, modes[i].mode, text, err);
    return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "unknown argument '%s'; see --help", text);
}

static bool take_argument(parser *p, lima_err *err)
{
    static const char inst_dir[] = "inst-dir";
    const char *text = p->argv[p->at], *bare = text + strspn(text, "-");
    const char *after = lima_str_has_prefix(bare, inst_dir) ? bare + strlen(inst_dir) : NULL;
    if (bare - text > 2)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "unknown argument '%s'; see --help", text);
    if (bare != text && after && (*after == '\0' || *after == '='))
        return take_inst_dir(p, after, err);
    if (strcmp(text, "--json") == 0)
        return p->options.json = true;
    return take_mode(p, text, err);
}

static bool check(parser *p, lima_err *err)
{
    lima_options *options = &p->options;
    if (options->inst_dir && !p->mode_set)
        options->mode = LIMA_MODE_INST_DIR;
    if (options->inst_dir && options->mode != LIMA_MODE_INST_DIR && options->mode != LIMA_MODE_STDIO)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'--inst-dir' does not go with '%s'; see --help",
                            p->mode_name);
    if (options->json && options->mode != LIMA_MODE_VERSION)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "'--json' goes with '--version' only; see --help");
    return true;
}

bool lima_options_parse(int argc, char *const *argv, lima_options *ret, lima_err *err)
{
    parser p = {.argc = argc, .argv = argv};
    for (p.at = 1; p.at < argc; p.at++)
        if (!take_argument(&p, err))
            return false;
    if (!check(&p, err))
        return false;
    *ret = p.options;
    return true;
}

char *lima_options_name(const char *program, const lima_driver *driver)
{
    char *base = lima_path_base(program);
    bool prefixed = lima_str_has_prefix(base, "lima-driver-");
    free(base);
    char *name = prefixed ? lima_launch_driver_name(program) : NULL;
    if (!lima_str_empty(name))
        return name;
    free(name);
    return lima_mem_strdup(driver->name);
}

const char *lima_options_version_text(const lima_driver *driver)
{
    return driver->version ? driver->version : LIMA_VERSION;
}

char *lima_options_help(const char *name, const lima_driver *driver)
{
    return lima_mem_printf(
        "lima-driver-%s: %s\n"
        "\n"
        "An external VM driver for Lima 2.0 and newer. limactl runs it; there is nothing to do by hand. "
        "limactl finds it in the\n"
        "folders of LIMA_DRIVERS_PATH and in libexec/lima and lib/lima beside its own bin folder, under the "
        "name %s:\n"
        "the file name without 'lima-driver-'. Use it with:  limactl create --vm-type=%s\n"
        "A name that limactl has compiled in (qemu, vz, wsl2) is not looked for: give the file another "
        "name.\n"
        "\n"
        "Modes\n"
        "  --inst-dir DIR        serve one instance on DIR/%s.drv.sock (limactl 2.2 and newer)\n"
        "  (no arguments)        serve on a socket of our own, told as one JSON line on stdout (limactl 2.0, "
        "2.1)\n"
        "  --stdio               serve on standard input and output; --inst-dir DIR restricts it to one "
        "instance\n"
        "  --inspect-status      put the VM's status into an instance: base64 of its JSON, as a JSON string, "
        "in and out\n"
        "  --pre-driver-action   fill defaults into a configuration: JSON in and out (limactl 2.0, 2.1)\n"
        "  --prep                what users need once, before their first VM (limadrv prep): JSON in and "
        "out\n"
        "  --version [--json]    print the version\n"
        "  -h, --help            print this\n"
        "\n"
        "A server ends by itself: after Delete; when its instance folder or its socket has gone; when nobody "
        "has been connected\n"
        "for a while and no VM runs; on SIGTERM. Ctrl-C and a closed terminal do not end it.\n"
        "\n"
        "Environment\n"
        "  LIMA_DRIVER_LOG           error, warn, info (default) or debug; the log is standard error, for "
        "limactl INSTANCE/driver.stderr.log\n"
        "  LIMA_DRIVER_IDLE_SECONDS  with --inst-dir: end after so many seconds without a connection and a "
        "VM (default 600)\n"
        "\n"
        "Exit status: 0 done, or another server serves this instance already; 1 failed; 2 wrong arguments.\n",
        name, driver->summary, name, name, name);
}

char *lima_options_version(const char *name, const lima_driver *driver, bool json)
{
    if (!json)
        return lima_mem_printf("lima-driver-%s %s\n", name, lima_options_version_text(driver));
    lima_json *doc = lima_json_new_object();
    lima_json_set_str(doc, name, "name");
    lima_json_set_str(doc, lima_options_version_text(driver), "version");
    char *text = lima_json_print(doc), *line = lima_mem_printf("%s\n", text);
    free(text);
    lima_json_free(doc);
    return line;
}
