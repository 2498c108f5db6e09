/* How an input becomes an image. */
#pragma once

#include <stddef.h>
#include <stdint.h>

void fuzz_disk_make(const char *to, const uint8_t *data, size_t size);
