/* Threads for work that blocks: made when needed, kept, never more than a bound; what they cannot take yet
 * waits in a bounded queue. */
#pragma once

#include <stdbool.h>

typedef struct lima_pool lima_pool;

lima_pool *lima_pool_new(const char *name, unsigned threads_max, unsigned queue_max);
/* False: threads and queue are full, or no thread can be had. Otherwise `run` is called once. Any thread. */
bool lima_pool_submit(lima_pool *pool, void (*run)(void *arg), void *arg);
void lima_pool_free(lima_pool *pool); /* waits for what was submitted; NULL does nothing */
