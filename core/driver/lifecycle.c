/* Two deliberate limits. A lost socket file does not end a session: the host agent's connection still works,
 * and `limactl stop` goes through it. A lost pid file ends nothing that is in use: when two limactl processes
 * start a server at once, the one whose server has left removes or overwrites the other's pid file (facts:
 * lima-driver-contract 2.7). */
#include "driver/lifecycle.h"

static bool passed(const lima_lifecycle *facts, uint64_t since, uint64_t ms)
{
    return facts->now >= since && facts->now - since >= ms;
}

static lima_lifecycle_end decide_unused(const lima_lifecycle *facts)
{
    if (facts->socket_lost)
        return LIMA_LIFECYCLE_SOCKET_LOST;
    if (facts->connections)
        return LIMA_LIFECYCLE_STAY;
    if (facts->pid_file_lost)
        return LIMA_LIFECYCLE_PID_FILE_LOST;
    uint64_t since = facts->connected ? facts->connected : facts->started;
    if (facts->mode == LIMA_LIFECYCLE_INST_DIR)
        return passed(facts, since, facts->idle_ms ? facts->idle_ms : LIMA_LIFECYCLE_IDLE_MS)
                   ? LIMA_LIFECYCLE_IDLE
                   : LIMA_LIFECYCLE_STAY;
    if (!facts->connected)
        return passed(facts, since, LIMA_LIFECYCLE_FIRST_MS) ? LIMA_LIFECYCLE_NEVER_CONNECTED
                                                             : LIMA_LIFECYCLE_STAY;
    bool was_idle =
        facts->connected > facts->called && facts->connected - facts->called >= LIMA_LIFECYCLE_QUIET_MS;
    return passed(facts, since, was_idle ? LIMA_LIFECYCLE_IDLE_CHANNEL_MS : LIMA_LIFECYCLE_LAST_MS)
               ? LIMA_LIFECYCLE_CLIENT_GONE
               : LIMA_LIFECYCLE_STAY;
}

lima_lifecycle_end lima_lifecycle_decide(const lima_lifecycle *facts)
{
    if (facts->deleted && facts->mode == LIMA_LIFECYCLE_INST_DIR)
        return LIMA_LIFECYCLE_DELETED;
    if (facts->stop_requested)
        return LIMA_LIFECYCLE_STOP_REQUESTED;
    if (facts->input_ended
        && !facts->sessions) /* a session is putting its VM down: its client has gone as well */
        return LIMA_LIFECYCLE_INPUT_ENDED;
    if (facts->folder_gone)
        return LIMA_LIFECYCLE_FOLDER_GONE;
    if (facts->sessions || facts->mode == LIMA_LIFECYCLE_STDIO)
        return LIMA_LIFECYCLE_STAY;
    return decide_unused(facts);
}

const char *lima_lifecycle_reason(lima_lifecycle_end end)
{
    static const char *const reasons[] = {
        [LIMA_LIFECYCLE_STAY] = "nothing asks for it",
        [LIMA_LIFECYCLE_STOP_REQUESTED] = "told to end",
        [LIMA_LIFECYCLE_INPUT_ENDED] = "standard input has ended",
        [LIMA_LIFECYCLE_FOLDER_GONE] = "the instance folder has gone",
        [LIMA_LIFECYCLE_DELETED] = "the instance was deleted",
        [LIMA_LIFECYCLE_SOCKET_LOST] = "the socket file has gone, or is another process's",
        [LIMA_LIFECYCLE_PID_FILE_LOST] =
            "the pid file has gone, or names another process, and nobody is connected",
        [LIMA_LIFECYCLE_NEVER_CONNECTED] = "nobody has connected",
        [LIMA_LIFECYCLE_CLIENT_GONE] = "the client has gone",
        [LIMA_LIFECYCLE_IDLE] = "nobody has been connected for a long time and no VM runs",
    };
    return reasons[end];
}
