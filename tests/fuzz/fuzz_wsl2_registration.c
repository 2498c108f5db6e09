/* Values of one subkey of the registry, from lines: subkey, name, path, disk, then a letter each for state
 * and flags. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "wsl2/network.h"
#include "base/path.h"
#include "wsl2/registration.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *line(const lima_strv *lines, size_t i)
{
    return i < lines->len ? lines->items[i] : NULL;
}

static void check_kinship(const wsl2_registration *found)
{
    wsl2_kin_facts facts = {found, "C:\\lh\\dev", NULL, true, false};
    wsl2_kinship kin = lima_wsl2_kinship(&facts);
    lima_err err = {0};
    bool ok = lima_wsl2_kinship_check(kin, &facts, "lima-dev", &err);
    assert(ok == (kin == WSL2_KIN_OURS) && (ok || err.text[0]));
    assert(kin != WSL2_KIN_OURS || (found->base_path && found->vhd_path));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = lima_mem_strndup((const char *)data, size);
    lima_strv lines = {0};
    lima_str_split(text, '\n', &lines);
    const char *state = line(&lines, 4), *flags = line(&lines, 5);
    wsl2_registry_values values = {.subkey = line(&lines, 0) ? line(&lines, 0) : "",
                                   .distribution_name = line(&lines, 1),
                                   .base_path = line(&lines, 2),
                                   .vhd_file_name = line(&lines, 3),
                                   .has_state = state,
                                   .state = state ? (uint32_t)(state[0] - '0') : 0,
                                   .has_flags = flags,
                                   .flags = flags ? (uint32_t)(unsigned char)flags[0] : 0};
    wsl2_registration made = {0};
    wsl2_subkey kind = lima_wsl2_registration_read(&values, &made);
    if (kind != WSL2_SUBKEY_OTHER) {
        assert(strlen(made.guid) == LIMA_GUID_LEN && (kind == WSL2_SUBKEY_NAMELESS) == !made.name);
        check_kinship(&made);
        lima_wsl2_registration_free(&made);
    }
    assert(lima_path_same(text, text));
    uint16_t port = lima_wsl2_ssh_port(text, (unsigned)size);
    assert(port >= WSL2_SSH_PORT_MIN && port <= WSL2_SSH_PORT_MAX);
    lima_strv_free(&lines);
    free(text);
    return 0;
}
