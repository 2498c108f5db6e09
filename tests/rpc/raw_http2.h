/* HTTP/2 by hand, for peers that no gRPC library would be. */
#pragma once

#include <stdint.h>

#include "base/buf.h"

enum { RAW_BYTES_MAX = 4 * 1024 * 1024 };

void raw_add_preface(lima_buf *to); /* with an empty SETTINGS frame */
void raw_add_frame(lima_buf *to, uint8_t type, uint8_t flags, uint32_t stream, const void *bytes, size_t len);
void raw_add_headers(lima_buf *to, uint32_t stream, const char *path);
void raw_add_message(lima_buf *to, uint32_t stream, const void *message,
                     size_t len); /* DATA that ends the stream */
void raw_add_call(lima_buf *to, uint32_t stream, const char *path, const void *message,
                  size_t len); /* both */
