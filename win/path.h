/* Windows paths as text: what a path of this project (UTF-8) means to Windows, checked. Pure; nothing here
 * looks at the file system, so it is tested on every host.
 *
 * Taken are paths on a drive ("C:\a", "C:/a"), on a server ("\\server\share\a"), both also behind "\\?\", and
 * relative ones. INVALID_ARGUMENT, saying why, is what Windows would understand as something else than a file
 * of that name: drive-relative ("C:a") and rooted ("\a", "/a") paths, whose place depends on a hidden current
 * drive; devices ("\\.\…", "\\?\Volume{…}", pipes and mail slots of a server, con, nul, com1 … in any folder
 * and with any extension); components that end in a dot or a space, which Windows drops; the characters < > :
 * " | ? * and control characters (so no alternate data streams); a component over 255 or a path over 32000
 * UTF-16 units; bytes that are not UTF-8; nothing at all. */
#pragma once

#include "base/err.h"

enum {
    LIMA_WIN_PATH_MAX = 32000, /* UTF-16 units; Windows itself ends at 32767 */
    LIMA_WIN_NAME_MAX = 255,   /* UTF-16 units of one component */
};

/* The path with "\\?\" before it ("\\?\C:\a", "\\?\UNC\server\share\a"), "." and ".." resolved by text, only
 * backslashes, none at the end but behind a drive. `here` is what a relative path begins at: an absolute
 * path, used only then. Owned. */
bool lima_win_path(const char *path, const char *here, char **ret, lima_err *err);
/* Without "\\?\", as people write it: "C:\a", "\\server\share\a". Any other text comes back as it is. Owned.
 */
char *lima_win_path_plain(const char *path);
