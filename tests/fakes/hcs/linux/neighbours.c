/* win/neighbours.h: LIMA_TEST_NEIGHBOURS has words MAC=ADDRESS, LIMA_TEST_NAMES words NAME=ADDRESS. */
#include "win/neighbours.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "os/host.h"

static bool find(const char *variable, const char *wanted, char ret[LIMA_IPV4_SIZE], lima_err *err)
{
    char *text = lima_env_get(variable);
    lima_strv words = {0};
    size_t len = strlen(wanted);
    bool found = false;

    lima_str_split_words(text ? text : "", &words, NULL);
    for (size_t i = 0; !found && i < words.len; i++) {
        uint32_t address = 0;
        found = lima_str_has_prefix(words.items[i], wanted) && words.items[i][len] == '='
                && lima_ipv4_parse(words.items[i] + len + 1, &address);
        if (found)
            lima_ipv4_print(address, ret);
    }
    lima_strv_free(&words);
    free(text);
    return found || lima_err_set(err, LIMA_CODE_NOT_FOUND, "%s has no '%s'", variable, wanted);
}

bool lima_neighbour_find(const char *mac, char ret[LIMA_IPV4_SIZE], lima_err *err)
{
    return find("LIMA_TEST_NEIGHBOURS", mac, ret, err);
}

bool lima_neighbour_resolve(const char *name, lima_deadline deadline, lima_wake *wake,
                            char ret[LIMA_IPV4_SIZE], lima_err *err)
{
    (void)deadline;
    (void)wake;
    return find("LIMA_TEST_NAMES", name, ret, err);
}
