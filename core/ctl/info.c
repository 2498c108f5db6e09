/* limadrv info. */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "connect.h"
#include "find.h"
#include "out.h"

static void print_features(const lima_json *info)
{
    lima_strv keys = {0};
    lima_json_keys(info, &keys, "features");
    for (size_t i = 0; i < keys.len; i++) {
        if (lima_json_get_kind(info, "features.\"%s\"", keys.items[i]) == LIMA_JSON_BOOL)
            printf("  %-22s %s\n", keys.items[i],
                   lima_json_bool(info, false, "features.\"%s\"", keys.items[i]) ? "yes" : "no");
    }
    lima_strv_free(&keys);
}

static void print_formats(const lima_json *info)
{
    size_t count = lima_json_count(info, "features.supportedImageFormats");
    printf("Image formats:  %s", count ? "" : "any");
    for (size_t i = 0; i < count; i++)
        printf("%s%s", i ? ", " : "", lima_json_str(info, "?", "features.supportedImageFormats[%zu]", i));
    printf("\n");
}

static void print_human(const char *path, const lima_json *info)
{
    const char *port = lima_json_str(info, "", "virtioPort");
    int64_t vsock = lima_json_int(info, 0, "vsockPort");
    printf("Name:           %s\nProgram:        %s\n", lima_json_str(info, "?", "name"), path);
    if (vsock)
        printf("Guest agent:    vsock port %lld\n", (long long)vsock);
    else if (*port)
        printf("Guest agent:    virtio port %s\n", port);
    else
        printf("Guest agent:    through SSH\n");
    print_formats(info);
    printf("Features:\n");
    print_features(info);
}

static bool ask(const char *path, uint64_t timeout, lima_wake *wake, lima_json **ret, lima_err *err)
{
    lima_connection connection = {0};
    bool ok = lima_connection_start(path, "auto", NULL, timeout, &connection, err);
    if (ok
        && !lima_client_call(connection.launched.client, "Info", NULL, lima_clock_in(timeout), wake, ret,
                             err))
        ok = lima_err_wrap(err, "driver '%s': Info", path);
    lima_connection_end(&connection);
    return ok;
}

int lima_ctl_info(const lima_ctl_args *args)
{
    lima_err err = {0};
    char *path = NULL;
    lima_json *info = NULL;
    bool ok = lima_find_driver(lima_ctl_operand_at(args, 0), &path, &err)
              && ask(path, lima_ctl_number(args, "timeout"), lima_ctl_wake(args), &info, &err);
    if (ok && lima_ctl_bool(args, "json"))
        lima_out_json(info);
    else if (ok)
        print_human(path, info);
    lima_json_free(info);
    free(path);
    return ok ? LIMA_CTL_OK : lima_ctl_fail(args, &err);
}
