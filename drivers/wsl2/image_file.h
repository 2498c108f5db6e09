/* The image of an instance as a file: what limactl downloaded, checked, streamed into an import, and let
 * go of afterwards, so that it is not stored twice. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "driver/instance.h"
#include "os/stream.h"
#include "os/thread.h"

/* {0} is empty and freeable. */
typedef struct wsl2_image_file {
    char *path; /* owned; NULL: there is none */
    uint64_t size;
    bool spent; /* imported before: only its place is held */
} wsl2_image_file;

/* "image", else "basedisk", which Lima 2.0 and its own driver write. */
bool lima_wsl2_image_file_find(const lima_instance *inst, wsl2_image_file *ret, lima_err *err);
void lima_wsl2_image_file_free(wsl2_image_file *image);
/* Whether WSL can import it; as lima_wsl2_image_check. NOT_FOUND: none, or spent. */
bool lima_wsl2_image_file_check(const wsl2_image_file *image, lima_err *err);
/* A wsl2_feed (wsl_exe.h) that streams it and logs how far it is; `arg` is the wsl2_image_file. */
bool lima_wsl2_image_file_feed(void *arg, lima_stream *into, lima_wake *wake, lima_err *err);
/* Leaves a line of text in its place: without the file limactl would download it again before every start. */
bool lima_wsl2_image_file_retire(const wsl2_image_file *image, lima_err *err);
