/* Files and folders. A path that does not exist is NOT_FOUND; no right PERMISSION_DENIED; a full disk or
 * quota RESOURCE_EXHAUSTED; any other OS failure UNKNOWN with os_code. Error texts begin with the path in
 * quotes. Thread-safe unless said. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "os/clock.h"

typedef enum lima_file_kind {
    LIMA_FILE_NONE = 0, /* nothing has this name */
    LIMA_FILE_REGULAR,
    LIMA_FILE_DIR,
    LIMA_FILE_LINK, /* only when links are not followed */
    LIMA_FILE_SOCKET,
    LIMA_FILE_OTHER,
} lima_file_kind;

typedef struct lima_file_info {
    lima_file_kind kind;
    bool mine; /* owned by the user this process runs as */
    /* its own permissions let users other than the owner write to it: connect, if it is a socket */
    bool others_write;
    uint64_t size;    /* bytes */
    int64_t mtime_ms; /* since 1970-01-01 UTC */
    uint64_t device;  /* device and id together name one file for as long as it exists */
    uint64_t id;
} lima_file_info;

/* A missing file is not an error here: kind is LIMA_FILE_NONE. `follow`: look behind symbolic links. */
bool lima_file_stat(const char *path, bool follow, lima_file_info *ret, lima_err *err);

/* The whole regular file, added to `into`; longer than its limit: OUT_OF_RANGE. Never blocks on a FIFO or
 * device: those are INVALID_ARGUMENT. */
bool lima_file_read(const char *path, lima_buf *into, lima_err *err);

/* 0600/0700 or 0644/0755, umask applies */
typedef enum lima_file_access { LIMA_FILE_PRIVATE = 0, LIMA_FILE_SHARED = 1 } lima_file_access;

/* Readers see the old content or the new one, never a part, also after a power cut: temporary file beside it,
 * flush, rename. On failure the temporary file is gone and the old content is there. A symbolic link at
 * `path` is replaced, not written through. */
bool lima_file_write(const char *path, const void *bytes, size_t len, lima_file_access access, lima_err *err);

bool lima_file_remove(const char *path, lima_err *err); /* one file or socket; a missing one is fine */
/* replaces a file; content and name are flushed before it returns */
bool lima_file_rename(const char *from, const char *to, lima_err *err);
/* for this user, where `path` (existing) lies */
bool lima_file_free_space(const char *path, uint64_t *ret_bytes, lima_err *err);

/* The real, absolute path of an existing file, links resolved. Owned. */
bool lima_file_real_path(const char *path, char **ret, lima_err *err);
/* A symbolic link to `target`, which need not exist. A name that is taken: ALREADY_EXISTS. Hosts where users
 * may not make links: PERMISSION_DENIED. Where a link leads tells lima_file_real_path. */
bool lima_file_link_make(const char *path, const char *target, lima_err *err);
/* A program by name on PATH (with .exe on Windows), or by path when `name` has a separator; executable.
 * Owned. NOT_FOUND. */
bool lima_file_find_program(const char *name, char **ret, lima_err *err);

/* with parents; an existing folder is fine */
bool lima_dir_make(const char *path, lima_file_access access, lima_err *err);
/* sorted, without . and ..; over max: OUT_OF_RANGE */
bool lima_dir_list(const char *path, size_t max, lima_strv *ret_names, lima_err *err);
/* the whole tree; links are removed, not followed; a missing one is fine; over 64 folders deep:
 * OUT_OF_RANGE */
bool lima_dir_remove(const char *path, lima_err *err);

/* Advisory locks between processes, held by this process until released or until it ends, however it ends.
 * The file is created (private) and stays. Held by someone else until the deadline: UNAVAILABLE. Two locks of
 * one process on one file exclude each other as well. A symbolic link is FAILED_PRECONDITION. Never remove a
 * lock file that others may hold: they would lock different files. */
typedef struct lima_file_lock lima_file_lock;
bool lima_file_lock_take(const char *path, lima_deadline deadline, lima_file_lock **ret, lima_err *err);
void lima_file_lock_release(lima_file_lock *lock);

/* Random access, for disk images and large files. One handle may be used by several threads at different
 * offsets. */
typedef struct lima_file lima_file;
typedef enum lima_file_mode {
    LIMA_FILE_READ = 0,
    LIMA_FILE_WRITE,  /* existing, read and write */
    LIMA_FILE_CREATE, /* must not exist; private; read and write */
} lima_file_mode;
bool lima_file_open(const char *path, lima_file_mode mode, lima_file **ret, lima_err *err);
/* Reads up to len bytes; fewer only at the end of the file. */
bool lima_file_read_at(lima_file *file, uint64_t offset, void *into, size_t len, size_t *ret_len,
                       lima_err *err);
/* The first bytes from `offset` (within the file) on that the file really holds: from *ret_begin up to
 * *ret_end. What is before them is a hole and reads as zeros. No more of them: both are the file's size. A host
 * or file system that does not tell has no holes. */
bool lima_file_next_data(lima_file *file, uint64_t offset, uint64_t *ret_begin, uint64_t *ret_end,
                         lima_err *err);
/* all or an error */
bool lima_file_write_at(lima_file *file, uint64_t offset, const void *bytes, size_t len, lima_err *err);
bool lima_file_resize(lima_file *file, uint64_t size, lima_err *err); /* grows with a hole */
void lima_file_close(lima_file *file);
