/* Exits with 0 if the host has AF_UNIX sockets, with 1 if it has none: Windows before 10 1803, and stock
 * Wine. */
#include <winsock2.h>

int main(void)
{
    WSADATA data;
    if (WSAStartup(MAKEWORD(2, 2), &data))
        return 1;
    return socket(AF_UNIX, SOCK_STREAM, 0) == INVALID_SOCKET;
}
