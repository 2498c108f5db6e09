#include "harness.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "folder.h"

lima_client *connect_client(const harness *h)
{
    lima_client *client = NULL;
    lima_err err = {0};
    must(lima_client_connect(h->socket, patience(), &client, &err), &err);
    return client;
}

static void count_let_go(void *count)
{
    atomic_fetch_add((atomic_uint *)count, 1);
}

int harness_setup(void **state)
{
    lima_err err = {0};
    harness *h = lima_mem_zalloc(1, sizeof *h);
    lima_log_set_level(LIMA_LOG_ERROR);
    scripted_reset();
    h->folder = test_folder_make();
    h->socket = lima_path_join(h->folder, "scripted.drv.sock");
    h->controls = lima_controls_new(&scripted_driver, "scripted", "1.2.3", h->folder);
    h->last = lima_wake_new();
    lima_server_config config = {
        .controls = h->controls, .last = h->last, .let_go = count_let_go, .let_go_arg = &h->let_go};
    must(lima_listener_open(h->socket, &h->listener, &err), &err);
    must(lima_server_new(&config, &h->server, &err), &err);
    must(lima_server_listen(h->server, h->listener, &err), &err);
    h->client = connect_client(h);
    *state = h;
    return 0;
}

int harness_stop(harness *h, uint32_t grace_ms)
{
    bool ok = lima_server_stop(h->server, grace_ms);
    h->server = NULL;
    return ok ? 0 : -1;
}

/* What a server that does not stop still uses is not freed. */
int harness_teardown(void **state)
{
    harness *h = *state;
    lima_client_close(h->client);
    if (harness_stop(h, SCRIPTED_PATIENCE_MS)) {
        test_folder_remove(h->folder);
        return -1;
    }
    lima_listener_close(h->listener);
    lima_controls_free(h->controls);
    lima_wake_free(h->last);
    test_folder_remove(h->folder);
    free(h->socket);
    free(h);
    assert_string_equal(scripted_violation(), "");
    return 0;
}

void configure(lima_client *client, const harness *h)
{
    char *text =
        lima_mem_printf("{\"name\":\"dev\",\"dir\":\"%s\",\"sshLocalPort\":2222,\"config\":{}}", h->folder);
    call_expect(client, "Configure", text, LIMA_CODE_OK, NULL);
    free(text);
}
