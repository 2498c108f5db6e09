/* The stand-in's front end: sends what it was called with, then carries out frames until one names the
 * exit code. It knows nothing of wsl: all behaviour is the back end's. Standard input is read when the
 * back end asks, no sooner: the real wsl.exe leaves it alone in verbs that do not need it. */
#include "front.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *front_kind = "call";

void front_mistake(const char *words)
{
    plat_complain(words);
    exit(FRONT_MISTAKE);
}

static void add(front_text *text, const char *bytes, size_t len)
{
    if (text->len + len > FRONT_FRAME_MAX)
        front_mistake("wslsim: arguments and environment do not fit into one frame\n");
    if (text->len + len > text->room) {
        text->room = (text->len + len) * 2;
        text->at = realloc(text->at, text->room);
        if (!text->at)
            front_mistake("wslsim: no memory\n");
    }
    memcpy(text->at + text->len, bytes, len);
    text->len += len;
}

void front_field(front_text *text, const char *name, const char *value)
{
    add(text, name, strlen(name));
    add(text, "=", 1);
    add(text, value, strlen(value) + 1);
}

static void number_out(uint32_t value, unsigned char *into)
{
    for (int i = 0; i < 4; i++)
        into[i] = (unsigned char)(value >> (24 - 8 * i));
}

static uint32_t number_in(const unsigned char *from)
{
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

bool front_send(char kind, const void *bytes, size_t len)
{
    unsigned char head[5] = {(unsigned char)kind};
    number_out((uint32_t)len, head + 1);
    return plat_send(head, sizeof head) && (len == 0 || plat_send(bytes, len));
}

bool front_connect(void)
{
    char text[128], token[64];
    unsigned port = 0;
    if (!plat_read_daemon(text, sizeof text) || sscanf(text, "%u %63s", &port, token) != 2)
        front_mistake("no back end: " FRONT_STATE
                      " must name the folder of one; for wsl run `wslsimd start FOLDER` first\n");
    if (port > 65535 || !plat_connect((uint16_t)port))
        front_mistake("the back end of " FRONT_STATE " does not answer; it has ended\n");
    front_text hello = {0};
    front_field(&hello, "token", token);
    front_field(&hello, "kind", front_kind);
    plat_hello(&hello);
    if (!front_send('H', hello.at, hello.len))
        front_mistake("wslsim: the back end has closed the connection\n");
    free(hello.at);
    return true;
}

bool front_receive(char *ret_kind, void *into, uint32_t *ret_len)
{
    unsigned char head[5];
    if (!plat_receive(head, sizeof head))
        return false;
    *ret_kind = (char)head[0];
    *ret_len = number_in(head + 1);
    return *ret_len <= FRONT_FRAME_MAX && plat_receive(into, *ret_len);
}

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
            return number_in(bytes);
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
