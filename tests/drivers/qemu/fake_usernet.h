/* A user-v2 daemon as far as the driver sees it: the HTTP socket and the one for frames, in a thread of the
 * test. */
#ifndef FAKE_USERNET_H
#define FAKE_USERNET_H

#include <pthread.h>
#include <stdbool.h>

typedef struct fake_usernet {
    char *folder;
    int http, frames, stop[2];
    pthread_t thread;
    pthread_mutex_t mutex;
    char seen[16 * 1024]; /* request lines and bodies, one after the other */
    const char *leases;   /* the answer to the question for them */
    const char *refuse;   /* a part of a request line that is answered with status 500 */
} fake_usernet;

void fake_usernet_begin(fake_usernet *net, const char *home, const char *leases);
void fake_usernet_end(fake_usernet *net);
bool fake_usernet_saw(fake_usernet *net, const char *text);
void fake_usernet_await(fake_usernet *net, const char *text); /* fails the test after 20 s */

#endif
