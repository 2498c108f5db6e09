/* hcssim-agent.exe: what VM workers do on Windows and the back end cannot do from Linux. One per Wine prefix;
 * it ends with the back end. Orders: `hold`, `hold-read`, `release`, `free` (front_held.h) and `pipe`, a COM
 * port (agent_pipe.c). */
#include "agent.h"

#include <stdlib.h>
#include <string.h>

#include "front_held.h"

static const char *next_field(const char *at, const char *end)
{
    at += strlen(at) + 1;
    return at < end ? at : NULL;
}

/* "do=VERB", then its fields. */
static bool carry_out(const char *order, const char *end)
{
    const char *what = order + 3, *fields = next_field(order, end);
    const char *value = fields && strchr(fields, '=') ? strchr(fields, '=') + 1 : "";
    if (strcmp(what, "hold") == 0)
        return held_hold(value);
    if (strcmp(what, "hold-read") == 0)
        return held_hold_read(value);
    if (strcmp(what, "free") == 0)
        return held_is_free(value);
    if (strcmp(what, "release") == 0)
        held_let_go(value, false);
    if (strcmp(what, "pipe") == 0) {
        const char *port = next_field(fields, end);
        return port && agent_pipe(value, (uint16_t)atoi(strchr(port, '=') + 1));
    }
    return true;
}

void plat_hello(front_text *hello)
{
    front_field(hello, "system", "windows");
    win_hello_environment(hello);
}

int main(void)
{
    char kind;
    char *order = malloc(FRONT_FRAME_MAX + 1);
    uint32_t len;
    front_kind = "agent";
    if (!order || !front_connect())
        return 1;
    while (front_receive(&kind, order, &len)) {
        order[len] = '\0';
        const char *answer = carry_out(order, order + len) ? "+" : "-";
        if (!front_send('R', answer, 1))
            break;
    }
    ExitProcess(0);
}
