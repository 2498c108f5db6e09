/* An in-process server over the scripted driver, with an instance folder, and clients for it. */
#pragma once

#include <stdatomic.h>

#include "calls.h"
#include "os/listener.h"
#include "rpc/server.h"

typedef struct harness {
    char *folder, *socket;
    lima_controls *controls;
    lima_listener *listener;
    lima_server *server;
    lima_wake *last;
    atomic_uint let_go;  /* how often it was asked for */
    lima_client *client; /* connected through the socket */
} harness;

/* CMocka set-up and tear-down: *state is a harness. The tear-down fails when the server does not stop in
 * order, or the scripted driver complains. */
int harness_setup(void **state);
int harness_teardown(void **state);
int harness_stop(harness *h, uint32_t grace_ms); /* earlier than the tear-down; 0: in order */

lima_client *connect_client(const harness *h);
void configure(lima_client *client, const harness *h); /* instance "dev" in the folder, SSH port 2222 */
