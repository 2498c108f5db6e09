/* The stand-in's front end: sends what it was called with, then carries out frames until one names the
 * exit code. It knows nothing of wsl: all behaviour is the back end's. Standard input is read when the
 * back end asks, no sooner: the real wsl.exe leaves it alone in verbs that do not need it. */
#include "front.h"

#include <stdlib.h>
#include <string.h>

/* The one other thread; after the hello only it sends. */
static void forward_input(void)
{
    static char bytes[1 << 16];
    for (;;) {
        long len = plat_read_input(bytes, sizeof bytes);
        if (len <= 0)
            break;
        if (!front_send('I', bytes, (size_t)len))
            return;
    }
    front_send('E', NULL, 0);
}

static bool carry_out(char kind, const unsigned char *bytes, uint32_t len)
{
    switch (kind) {
    case 'O':
    case 'X':
        return plat_write(kind == 'O' ? 1 : 2, bytes, len);
    case 'N':
        return plat_thread(forward_input);
    case 'G':
        plat_grandchild();
        return true;
    case 'A':
        plat_start_agent();
        return front_send('R', NULL, 0);
    default:
        return false;
    }
}

uint32_t front_call(void)
{
    char kind;
    uint32_t len;
    unsigned char *bytes = malloc(FRONT_FRAME_MAX);
    if (!bytes)
        front_mistake("wslsim: no memory\n");
    front_connect();
    while (front_receive(&kind, bytes, &len)) {
        if (kind == 'C' && len == 4)
            return front_number(bytes);
        if (!carry_out(kind, bytes, len))
            break;
    }
    /* the back end was ended while the call ran: as if the service had crashed */
    return UINT32_MAX;
}

void front_hang(void)
{
    unsigned char byte;
    front_kind = "hang";
    front_connect();
    plat_receive(&byte, 1);
}
