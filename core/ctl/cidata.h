/* The volume from which a guest learns its user and key: cloud-init's NoCloud files, with Lima's lima.env
 * beside them. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/* Writes DIR/cidata.iso for the public key DIR/user.pub. The machine's name is the base name of `dir`. */
bool lima_cidata_write(const char *dir, const char *user, lima_err *err);
