/* Calls of a client that must turn out as said, or the test fails. */
#pragma once

#include "lima_test.h"

#include "rpc/client.h"
#include "scripted.h"

lima_deadline patience(void); /* of waits that must succeed */
void must(bool ok, const lima_err *err);

/* A unary call with JSON (NULL: none) ends with `code`; *ret (may be NULL) is the reply. */
void call_expect(lima_client *client, const char *method, const char *request, lima_code code,
                 lima_json **ret);

lima_start_stream *start(lima_client *client);
void expect_event(lima_start_stream *stream, bool success, const char *error); /* a message */
void expect_end(lima_start_stream *stream, lima_code code);
