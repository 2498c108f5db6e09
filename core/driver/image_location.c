#include "driver/image_location.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

bool lima_image_location_ends(const char *location, const char *const ends[])
{
    static const char *const packed[] = {".gz", ".xz", ".bz2", ".zst", ".zstd"};
    char *name = lima_mem_strndup(location, strcspn(location, "?#"));
    bool found = false;

    for (size_t i = 0; i < sizeof packed / sizeof packed[0]; i++)
        if (lima_str_has_suffix(name, packed[i]))
            name[strlen(name) - strlen(packed[i])] = '\0';
    for (size_t i = 0; ends[i]; i++)
        found = found || lima_str_has_suffix(name, ends[i]);
    free(name);
    return found;
}
