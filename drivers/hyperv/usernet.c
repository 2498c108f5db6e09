/* How it works: one thread accepts, and gives each connection to a link of its own (usernet_link.c), after the one
 * before it was closed: a guest that comes again has forgotten the old one, whether we know that yet or not. A link
 * that has ended is cleared away when the next guest comes, or at the end. */
#include "hyperv/usernet.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "hyperv/usernet_link.h"
#include "os/thread.h"
#include "win/hvsocket.h"

enum { PAUSE_MS = 1000 };

struct hyperv_usernet {
    lima_hvsocket_listener *listener;
    lima_thread *thread;
    lima_wake *stop;
    char *instance; /* owned; for the log */
    hyperv_link *link;
};

static void serve(hyperv_usernet *net, lima_stream *guest)
{
    lima_err err = {0};

    lima_hyperv_link_close(net->link);
    net->link = NULL;
    if (lima_hyperv_link_open(guest, &net->link, &err))
        lima_log_info("instance '%s': its guest is on the network in user space", net->instance);
    else
        lima_log_warn("instance '%s': %s", net->instance, err.text);
}

static void accept_all(void *arg)
{
    hyperv_usernet *net = arg;
    lima_stream *guest = NULL;

    while (!lima_wake_wait(net->stop, 0)) {
        lima_err err = {0};
        if (lima_hvsocket_accept(net->listener, LIMA_DEADLINE_NEVER, net->stop, &guest, &err))
            serve(net, guest);
        else if (err.code != LIMA_CODE_CANCELLED)
            lima_wake_wait(net->stop, lima_clock_in(PAUSE_MS));
    }
    lima_hyperv_link_close(net->link);
}

static void release(hyperv_usernet *net)
{
    lima_hvsocket_close(net->listener);
    lima_wake_free(net->stop);
    free(net->instance);
    free(net);
}

bool lima_hyperv_usernet_open(const char *vm_id, const char *instance, hyperv_usernet **ret, lima_err *err)
{
    hyperv_usernet *net = lima_mem_zalloc(1, sizeof *net);

    *net = (hyperv_usernet){.stop = lima_wake_new(), .instance = lima_mem_strdup(instance)};
    if (!lima_hvsocket_listen(vm_id, HYPERV_USERNET_PORT, &net->listener, err)
        || !lima_thread_start("hyperv-usernet", accept_all, net, &net->thread, err)) {
        release(net);
        return lima_err_wrap(err, "network in user space");
    }
    *ret = net;
    return true;
}

void lima_hyperv_usernet_close(hyperv_usernet *net)
{
    if (!net)
        return;
    lima_wake_raise(net->stop);
    lima_thread_join(net->thread);
    release(net);
}
