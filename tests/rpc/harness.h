/* An in-process server over the scripted driver, with an instance folder, and clients for it. */
#pragma once

#include "lima_test.h"

#include "os/listener.h"
#include "rpc/client.h"
#include "rpc/server.h"
#include "scripted.h"

typedef struct harness {
    char *folder, *socket;
    lima_controls *controls;
    lima_listener *listener;
    lima_server *server;
    lima_wake *deleted;
    lima_client *client; /* connected through the socket */
} harness;

/* CMocka set-up and tear-down: *state is a harness. The tear-down fails when the server does not stop in order, or the scripted driver
 * complains. */
int harness_setup(void **state);
int harness_teardown(void **state);
int harness_stop(harness *h, uint32_t grace_ms); /* earlier than the tear-down; 0: in order */

lima_deadline patience(void);
lima_client *connect_client(const harness *h);
void configure(lima_client *client, const harness *h); /* instance "dev" in the folder, SSH port 2222 */
/* A unary call with JSON: fails the test unless the status is `code`; *ret (may be NULL) is the reply. */
void call_expect(lima_client *client, const char *method, const char *request, lima_code code,
                 lima_json **ret);
void expect_event(lima_start_stream *stream, bool success, const char *error); /* a message */
void expect_end(lima_start_stream *stream, lima_code code);
