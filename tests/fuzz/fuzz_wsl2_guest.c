/* What a guest may print: bounded values, printable text. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "wsl2/guest.h"
#include "wsl2/mounts_script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void assert_clean(const char *text)
{
    for (; *text; text++)
        assert((unsigned char)*text >= 0x20 && *text != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    wsl2_guest guest;
    wsl2_line line;
    lima_wsl2_guest_parse(text, size, &guest);
    assert(guest.port_count <= WSL2_GUEST_PORTS_MAX && strlen(guest.address) < sizeof guest.address);
    assert_clean(guest.os_id);
    assert_clean(guest.uid_owner);
    assert(!*guest.drive_root || *guest.drive_root == '/');
    lima_wsl2_guest_line(text, size, &line);
    assert_clean(line.text);
    char *copy = lima_mem_strndup(text, size);
    size_t index = 0;
    bool ok = false;
    const char *why = NULL;
    if (lima_wsl2_mounts_result(copy, &index, &ok, &why))
        assert(why >= copy || !*why);
    free(copy);
    return 0;
}
