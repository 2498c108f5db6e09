/* Paths as text; nothing here looks at the file system (os/file.h does). UTF-8. Results are owned strings.
 *
 * A path that begins with a drive ("C:") or two backslashes is a Windows path: both separators count there,
 * and results use '\'. Any other path knows only '/'. So these functions give the same answers on every host
 * and are tested on all of them. */
#pragma once

#include <stdbool.h>

/* exactly one separator between; an absolute `name` wins; "" is no folder */
char *lima_path_join(const char *dir, const char *name);
char *lima_path_dir(const char *path); /* "a/b" -> "a", "b" -> ".", "/" -> "/" */
/* last component, trailing separators ignored; "/" -> "/" */
char *lima_path_base(const char *path);
bool lima_path_is_absolute(const char *path);

/* \\?\C:\x -> C:\x, \\?\UNC\s\x -> \\s\x, '/' -> '\', no trailing separator (but "C:\"). Owned. On paths that
 * begin with '/' (hosts in tests) separators stay. */
char *lima_path_clean(const char *path);
/* After cleaning; without case for Windows paths. Looks at no file system: pass real paths if links matter.
 */
bool lima_path_same(const char *a, const char *b);
