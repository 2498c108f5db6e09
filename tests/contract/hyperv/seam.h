/* What the suites of win/'s headers for Hyper-V do beside the headers: the other end of a pipe, marks on
 * files. Windows' own calls (seam_win.c), or what the double has in their place (seam_linux.c). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Before a test: the world it runs in; `dir` is its own. */
void seam_begin(const char *dir);

/* A name that no other test has; owned. */
char *seam_pipe_name(void);

/* As the worker process of a VM: a client. */
typedef struct seam_client seam_client;
seam_client *seam_connect(const char *name); /* NULL: nobody serves it, or it has its client */
void seam_write(seam_client *client, const char *text);
size_t seam_read(seam_client *client, char *into, size_t len); /* 0: the end */
void seam_close(seam_client *client);

/* "read-only", "sparse", "compressed", "encrypted"; false: files here cannot be it. */
bool seam_mark(const char *path, const char *mark);

/* This computer has exactly these; false: it has what it has. */
bool seam_routes(const char *words);
bool seam_resolvers(const char *words);
