/* The lock decides; the socket only tells whether the holder serves. A holder whose socket file limactl has
 * removed notices that within LIMA_LIFECYCLE_CHECK_MS and leaves, so the newcomer tries again and again. The
 * lock file's name ends neither in .pid nor .sock nor .tmp: limactl removes those on `stop -f`. */
#include "rpc/place.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "os/process.h"
#include "os/stream.h"

enum { TRY_MS = 100, PROBE_MS = 1000, PID_TEXT_MAX = 32 };

static char *path_in(const char *dir, const char *name, const char *ending)
{
    char *file = lima_mem_printf("%s%s", name, ending), *path = lima_path_join(dir, file);
    free(file);
    return path;
}

static bool accepts(const char *socket_path)
{
    lima_stream *stream = NULL;
    if (!lima_stream_connect(socket_path, lima_clock_in(PROBE_MS), &stream, NULL))
        return false;
    lima_stream_close(stream);
    return true;
}

static bool take_lock(lima_place *place, bool *ret_other, lima_err *err)
{
    lima_file_lock *lock = NULL;
    lima_deadline until = lima_clock_in(LIMA_PLACE_WAIT_MS);
    do {
        if (lima_file_lock_take(place->lock_path, lima_clock_in(TRY_MS), &lock, err)) {
            atomic_store(&place->lock, lock);
            return true;
        }
        if (!err || err->code != LIMA_CODE_UNAVAILABLE)
            return lima_err_wrap(err, "the instance folder must be writable for its driver");
        *ret_other = accepts(place->socket_path);
    } while (!*ret_other && lima_clock_now() < until);
    return *ret_other
           || lima_err_set(err, LIMA_CODE_UNAVAILABLE,
                           "another driver process holds '%s' but does not accept connections; if it hangs, "
                           "end it and try again",
                           place->lock_path);
}

bool lima_place_take(const char *dir, const char *name, lima_place *ret, bool *ret_other, lima_err *err)
{
    lima_process_id own = {0};
    lima_process_find(0, &own);
    lima_place place = {.dir = lima_mem_strdup(dir), .pid = own.pid};
    bool other = false;
    place.lock_path = path_in(dir, name, ".drv.lock");
    place.socket_path = path_in(dir, name, ".drv.sock");
    place.pid_path = path_in(dir, name, ".drv.pid");
    if (!take_lock(&place, &other, err)) {
        lima_place_leave(&place);
        return false;
    }
    *ret = place;
    *ret_other = other;
    return true;
}

bool lima_place_folder_gone(const lima_place *place)
{
    lima_file_info info = {0};
    return lima_file_stat(place->dir, true, &info, NULL) && info.kind != LIMA_FILE_DIR;
}

bool lima_place_pid_lost(lima_place *place)
{
    lima_buf text = LIMA_BUF(PID_TEXT_MAX);
    uint32_t pid = 0;
    if (lima_file_read(place->pid_path, &text, NULL) && text.len) {
        lima_str_trim(text.data);
        lima_parse_u32(text.data, &pid, NULL);
    }
    lima_buf_free(&text);
    place->pid_seen |= pid == place->pid;
    return place->pid_seen && pid != place->pid;
}

void lima_place_unlock(lima_place *place)
{
    lima_file_lock *lock = atomic_exchange(&place->lock, NULL);
    if (lock)
        lima_file_remove(place->lock_path, NULL); /* while it is still ours */
    lima_file_lock_release(lock);
}

void lima_place_leave(lima_place *place)
{
    lima_place_unlock(place);
    free(place->dir);
    free(place->lock_path);
    free(place->socket_path);
    free(place->pid_path);
    *place = (lima_place){0};
}
