/* One HTTP request over a local socket: what the network daemon of Lima's user-v2 networks is controlled
 * by. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "os/clock.h"
#include "os/thread.h"

enum { QEMU_HTTP_BYTES_MAX = 1024 * 1024 }; /* of a whole answer */

/* `json` is the body to send, or NULL. The body of the answer is added to `ret_body` (may be NULL). An
 * answer other than 2xx is UNKNOWN with its first line of text; what is no HTTP answer, or a part of one,
 * is DATA_LOSS. */
bool lima_qemu_http(const char *socket, const char *method, const char *target, const char *json,
                    lima_deadline deadline, lima_wake *wake, lima_buf *ret_body, lima_err *err);

/* Pure: status and body of a whole answer. `ret_body` points into `text`. */
bool lima_qemu_http_parse(const char *text, size_t len, unsigned *ret_status, const char **ret_body,
                          size_t *ret_len, lima_err *err);
