/* The connection of a front end: framing and the hello. */
#include "front_link.h"

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
        front_mistake("front end: arguments and environment do not fit into one frame\n");
    if (text->len + len > text->room) {
        text->room = (text->len + len) * 2;
        text->at = realloc(text->at, text->room);
        if (!text->at)
            front_mistake("front end: no memory\n");
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

uint32_t front_number(const unsigned char *from)
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
        front_mistake("no back end: " FRONT_STATE " must name the folder of one; run `" FRONT_DAEMON
                      " start FOLDER` first\n");
    if (port > 65535 || !plat_connect((uint16_t)port))
        front_mistake("the back end of " FRONT_STATE " does not answer; it has ended\n");
    front_text hello = {0};
    front_field(&hello, "token", token);
    front_field(&hello, "kind", front_kind);
    plat_hello(&hello);
    if (!front_send('H', hello.at, hello.len))
        front_mistake("front end: the back end has closed the connection\n");
    free(hello.at);
    return true;
}

bool front_receive(char *ret_kind, void *into, uint32_t *ret_len)
{
    unsigned char head[5];
    if (!plat_receive(head, sizeof head))
        return false;
    *ret_kind = (char)head[0];
    *ret_len = front_number(head + 1);
    return *ret_len <= FRONT_FRAME_MAX && plat_receive(into, *ret_len);
}
