/* win/routes.h: this computer has the routes and resolvers that LIMA_TEST_ROUTES and LIMA_TEST_RESOLVERS name,
 * separated by spaces. */
#include "win/routes.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "os/host.h"

static void words_of(const char *variable, lima_strv *ret)
{
    char *text = lima_env_get(variable);

    lima_str_split_words(text ? text : "", ret, NULL);
    free(text);
}

bool lima_routes_get(lima_ipv4_net **ret, size_t *ret_count, lima_err *err)
{
    lima_strv words = {0};

    words_of("LIMA_TEST_ROUTES", &words);
    lima_ipv4_net *nets = lima_mem_zalloc(words.len + 1, sizeof *nets);
    bool ok = true;
    for (size_t i = 0; ok && i < words.len; i++)
        ok = lima_ipv4_net_parse(words.items[i], &nets[i])
             || lima_err_set(err, LIMA_CODE_INTERNAL, "LIMA_TEST_ROUTES: '%s'", words.items[i]);
    if (ok) {
        *ret = nets;
        *ret_count = words.len;
    } else {
        free(nets);
    }
    lima_strv_free(&words);
    return ok;
}

bool lima_routes_resolvers(lima_strv *ret, lima_err *err)
{
    (void)err;
    words_of("LIMA_TEST_RESOLVERS", ret);
    return true;
}
