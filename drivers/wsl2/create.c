/* How it works: look, do the one step that brings it nearer, look again. So what a killed process left is
 * just another beginning:
 *
 *   nothing                    import the image           a disk alone               import it in place
 *   import begun, not ended    unregister                 … of a begun import        remove it
 *   registration alone         put back the disk of a broken-off apply; else unregister,
 *                              if this instance has never had one
 *   all, and a former disk     an apply was broken off before it was sure of the new one: put the former back
 *
 * A note in the folder (WSL2_IMPORT_NOTE) says that an import was begun and its end not seen; the lock
 * beside it, that somebody is at it now.
 *
 * Deliberately not here: a distribution of our name in another folder. It belongs to somebody. */
#include "wsl2/create.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "os/file.h"
#include "wsl2/argv.h"
#include "wsl2/files.h"
#include "wsl2/image_file.h"
#include "wsl2/record.h"
#include "wsl2/snapshot_store.h"
#include "wsl2/wsl_exe.h"

#define WSL2_IMPORT_NOTE "wsl2.importing"
#define WSL2_LOCK "wsl2.lock"

enum { ROUNDS_MAX = 5, LOCK_MS = 5000 };

typedef struct work {
    const lima_instance *inst;
    lima_wake *wake;
    char *exe, *note;
    wsl2_look look;
} work;

/* ---- steps ---- */

static char *what_of(const wsl2_look *look, const char *action)
{
    return lima_mem_printf("distribution '%s': %s", look->distro, action);
}

bool lima_wsl2_unregister(const char *exe, const wsl2_look *look, lima_wake *wake, lima_err *err)
{
    lima_strv argv = {0};
    wsl2_said said = {0};
    char *what = what_of(look, "unregister");
    wsl2_run run = {.argv = &argv, .what = what, .limit_ms = WSL2_UNREGISTER_MS, .wake = wake, .retry = true};
    bool ok = lima_wsl2_argv_unregister(exe, look->distro, &argv, err)
              && (lima_wsl2_run(&run, &said, err) || said.trouble == WSL2_TROUBLE_NOT_CREATED);

    lima_wsl2_said_free(&said);
    lima_strv_free(&argv);
    free(what);
    return ok;
}

static void remove_litter(const char *path)
{
    lima_err err = {0};

    if (path && !lima_file_remove(path, &err))
        lima_log_warn("left behind by WSL and not removed: %s", err.text);
}

void lima_wsl2_remove_litter(const wsl2_look *look)
{
    remove_litter(look->registration.shortcut);
    remove_litter(look->registration.terminal_profile);
}

static bool check_space(const work *w, const wsl2_image_file *image, lima_err *err)
{
    uint64_t room = UINT64_MAX;

    return !lima_file_free_space(w->look.dir, &room, NULL) || room >= image->size
           || lima_err_set(err, LIMA_CODE_RESOURCE_EXHAUSTED,
                           "'%s': the disk is too full to import the image; make room", w->look.dir);
}

static bool run_import(work *w, wsl2_image_file *image, lima_err *err)
{
    lima_strv argv = {0};
    char *what = what_of(&w->look, "import");
    wsl2_run run = {.argv = &argv,
                    .what = what,
                    .limit_ms = WSL2_TRANSFER_MS,
                    .wake = w->wake,
                    .feed = lima_wsl2_image_file_feed,
                    .feed_arg = image,
                    /* which grows while the archive is unpacked, also when all of it has been sent */
                    .progress = lima_wsl2_file_size,
                    .progress_arg = w->look.own_disk};
    bool ok = lima_wsl2_argv_import(w->exe, w->look.distro, w->look.dir, "-", false, &argv, err)
              && lima_wsl2_run_quietly(&run, err);

    lima_strv_free(&argv);
    free(what);
    return ok;
}

/* The failed import's registration; the disk goes with it. */
static void take_back(work *w)
{
    wsl2_look look = {0};
    lima_err err = {0};
    bool ok = lima_wsl2_look(w->inst, &look, &err);

    if (ok && (look.kin == WSL2_KIN_UNFINISHED || look.kin == WSL2_KIN_NO_DISK || look.kin == WSL2_KIN_OURS))
        ok = lima_wsl2_unregister(w->exe, &look, NULL, &err);
    ok = ok && lima_file_remove(w->look.own_disk, &err) && lima_file_remove(w->note, &err);
    if (!ok)
        lima_log_warn("after the failed import: %s", err.text);
    lima_wsl2_look_free(&look);
}

static bool import(work *w, lima_err *err)
{
    wsl2_image_file image = {0};
    bool ok = lima_wsl2_image_file_find(w->inst, &image, err) && lima_wsl2_image_file_check(&image, err)
              && check_space(w, &image, err) && lima_file_write(w->note, "", 0, LIMA_FILE_PRIVATE, err);

    if (ok) {
        lima_log_info("distribution '%s': importing '%s'", w->look.distro, image.path);
        ok = run_import(w, &image, err);
        if (!ok)
            take_back(w);
    }
    lima_wsl2_image_file_free(&image);
    return ok;
}

static bool adopt(work *w, lima_err *err)
{
    lima_strv argv = {0};
    char *what = what_of(&w->look, "register the disk that is there");
    wsl2_run run = {
        .argv = &argv, .what = what, .limit_ms = WSL2_UNREGISTER_MS, .wake = w->wake, .retry = true};

    lima_log_info("distribution '%s': '%s' is there without a registration; adopting it", w->look.distro,
                  w->look.own_disk);
    bool ok = lima_wsl2_argv_import_in_place(w->exe, w->look.distro, w->look.own_disk, &argv, err)
              && lima_wsl2_run_quietly(&run, err);
    lima_strv_free(&argv);
    free(what);
    return ok;
}

static bool remove_half_made(work *w, lima_err *err)
{
    lima_log_warn("distribution '%s': removing the disk of an import that was broken off", w->look.distro);
    return lima_file_remove(w->look.own_disk, err);
}

static bool drop(work *w, const char *why, lima_err *err)
{
    lima_log_warn("distribution '%s': %s; unregistering it", w->look.distro, why);
    return lima_wsl2_unregister(w->exe, &w->look, w->wake, err);
}

/* ---- the end ---- */

/* The disk holds the image now. */
static bool retire_image(work *w, lima_err *err)
{
    wsl2_image_file image = {0};
    bool ok = lima_wsl2_image_file_find(w->inst, &image, err)
              && (!image.path || image.spent || lima_wsl2_image_file_retire(&image, err))
              && lima_file_remove(w->note, err);

    lima_wsl2_image_file_free(&image);
    return ok;
}

/* A registration seen for the first time: WSL's litter goes; after an import the image, too. */
static bool finish(work *w, lima_err *err)
{
    bool fresh = lima_wsl2_exists(w->note);
    wsl2_record record;

    lima_wsl2_record_read(w->inst, &record);
    if (!fresh && !strcmp(record.guid, w->look.registration.guid))
        return true;
    lima_wsl2_remove_litter(&w->look);
    if (fresh)
        record = (wsl2_record){.made = true};
    memcpy(record.guid, w->look.registration.guid, sizeof record.guid);
    return lima_wsl2_record_write(w->inst, &record, err) && (!fresh || retire_image(w, err));
}

/* Of an apply that was broken off when both disks were there; nobody has booted the new one since, but its
 * own trial. */
static bool undo_apply(work *w, bool *ret_done, lima_err *err)
{
    wsl2_detach detach = {.exe = w->exe, .known = &w->look.names, .wake = w->wake};

    return lima_wsl2_snapshot_recover(w->inst, &detach, ret_done, err);
}

/* One step; *ret_done: nothing is left to do. */
static bool step(work *w, bool *ret_done, lima_err *err)
{
    bool begun = lima_wsl2_exists(w->note), recovered = false;

    switch (w->look.kin) {
    case WSL2_KIN_OURS:
        if (!undo_apply(w, &recovered, err) || recovered)
            return recovered;
        *ret_done = true;
        return finish(w, err);
    case WSL2_KIN_NONE:
        return import(w, err);
    case WSL2_KIN_NO_RECORD:
        return begun ? remove_half_made(w, err) : adopt(w, err);
    case WSL2_KIN_UNFINISHED:
        return drop(w, "an import of it was broken off", err);
    case WSL2_KIN_NO_DISK:
        if (!lima_wsl2_snapshot_recover(w->inst, NULL, &recovered, err))
            return false;
        if (recovered)
            return true;
        if (begun || !w->look.known_guid)
            return drop(w, "it is registered without a disk, left by an instance that was removed", err);
        break;
    case WSL2_KIN_FOREIGN:
    case WSL2_KIN_NOT_WSL2:
    case WSL2_KIN_GOING:
        break;
    }
    return lima_wsl2_look_check(&w->look, err);
}

static bool look_again(work *w, lima_err *err)
{
    lima_wsl2_look_free(&w->look);
    return lima_wsl2_look(w->inst, &w->look, err);
}

static bool create_locked(work *w, lima_err *err)
{
    bool done = false;

    for (unsigned round = 0; !done; round++) {
        if (round == ROUNDS_MAX)
            return lima_err_set(
                err, LIMA_CODE_ABORTED,
                "distribution '%s' changes while it is being made; does another program use that name?",
                w->look.distro);
        if (!look_again(w, err) || !step(w, &done, err))
            return false;
    }
    return true;
}

bool lima_wsl2_lock(const lima_instance *inst, lima_file_lock **ret, lima_err *err)
{
    char *path = lima_instance_path(inst, WSL2_LOCK);
    bool ok = lima_file_lock_take(path, lima_clock_in(LOCK_MS), ret, err)
              || lima_err_wrap(err, "another process works on this instance's distribution");

    free(path);
    return ok;
}

bool lima_wsl2_create(const lima_instance *inst, lima_wake *wake, lima_err *err)
{
    work w = {.inst = inst, .wake = wake, .note = lima_instance_path(inst, WSL2_IMPORT_NOTE)};
    lima_file_lock *lock = NULL;
    bool ok = lima_wsl2_exe_find(&w.exe, err) && lima_wsl2_lock(inst, &lock, err) && create_locked(&w, err);

    lima_file_lock_release(lock);
    lima_wsl2_look_free(&w.look);
    free(w.note);
    free(w.exe);
    return ok;
}
