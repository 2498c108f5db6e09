/* Headers of a tar archive (POSIX ustar, with a pax record for a name over 255 bytes): for streaming a folder
 * into the guest through standard input. Everything belongs to root, with time 0. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { WSL2_TAR_BLOCK = 512 };

/* Adds the header of one entry. `name` is relative, with '/'; INVALID_ARGUMENT for "", an absolute one, or
 * "..". A file's content (`size` bytes, then lima_wsl2_tar_padding zero bytes) follows from the caller. */
bool lima_wsl2_tar_add_file(lima_buf *into, const char *name, uint64_t size, uint32_t mode, lima_err *err);
bool lima_wsl2_tar_add_dir(lima_buf *into, const char *name, uint32_t mode, lima_err *err);
size_t lima_wsl2_tar_padding(uint64_t size); /* 0 to 511 */
bool lima_wsl2_tar_add_end(lima_buf *into);  /* two empty blocks */
