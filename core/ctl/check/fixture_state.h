/* The inside of a fixture, for fixture.c, talk.c and guest.c only. */
#pragma once

#include "ctl/check/fixture.h"

enum { LIMA_CHECK_PROCESSES_MAX = 8, LIMA_CHECK_STARTS_MAX = 8 };

struct lima_check {
    const lima_check_config *config;
    const lima_check_abilities *can;
    lima_deadline deadline;
    char *name, *root, *dir, *log;
    lima_json *instance;
    lima_launched server;
    lima_process *processes[LIMA_CHECK_PROCESSES_MAX];
    size_t process_count;
    lima_client *clients[LIMA_CHECK_OWNED_MAX];
    size_t client_count;
    lima_stream *streams[LIMA_CHECK_OWNED_MAX];
    size_t stream_count;
    lima_start_stream *starts[LIMA_CHECK_STARTS_MAX];
    size_t start_count;
    bool old;        /* serve as for limactl 2.0 and 2.1 */
    bool vm;         /* a VM may run */
    bool disk;       /* CreateDisk was called */
    uint32_t vm_pid; /* as the driver's status or pid file said last; 0 unknown */
    const char *skip;
};

void lima_check_begin_host_agent(lima_check *check); /* guest.c */
