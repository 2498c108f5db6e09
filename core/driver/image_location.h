/* What the location of an image says by its name; its content says more. */
#pragma once

#include <stdbool.h>

/* Whether a path or URL ends in one of `ends` (".iso", …; NULL-terminated), packed (.gz, .xz, …) or not.
 * Query and fragment of a URL do not count. */
bool lima_image_location_ends(const char *location, const char *const ends[]);
