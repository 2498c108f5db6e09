/* Files, as only POSIX calls can see or spoil them. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

#include "base/mem.h"

enum { STRANGER = 65533, REMOVALS = 40 };

static mode_t mode_of(const char *path)
{
    struct stat at;

    assert_int_equal(lstat(path, &at), 0);
    return at.st_mode & 07777;
}

static void write_and_make__access__sets_modes_under_the_umask(void **state)
{
    char *private = in_folder(state, "private"), *shared = in_folder(state, "shared");
    char *folder = in_folder(state, "folder"), *open_folder = in_folder(state, "open"),
         *lock = in_folder(state, "lock");
    lima_file_lock *taken = NULL;
    mode_t before = umask(022);

    assert_ok(lima_file_write(private, "", 0, LIMA_FILE_PRIVATE, err));
    assert_ok(lima_file_write(shared, "", 0, LIMA_FILE_SHARED, err));
    assert_ok(lima_dir_make(folder, LIMA_FILE_PRIVATE, err));
    assert_ok(lima_dir_make(open_folder, LIMA_FILE_SHARED, err));
    assert_ok(lima_file_lock_take(lock, 0, &taken, err));
    umask(before);
    assert_int_equal(mode_of(private), 0600);
    assert_int_equal(mode_of(shared), 0644);
    assert_int_equal(mode_of(folder), 0700);
    assert_int_equal(mode_of(open_folder), 0755);
    assert_int_equal(mode_of(lock), 0600);
    lima_file_lock_release(taken);
    free(private);
    free(shared);
    free(folder);
    free(open_folder);
    free(lock);
}

static void stat__permissions__tell_whether_others_may_write(void **state)
{
    static const mode_t closed[] = {0600, 0644, 0755}, open_to_some[] = {0620, 0602, 0666};
    char *path = in_folder(state, "f");
    lima_file_info at;

    put_file(path, "");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(chmod(path, closed[i]), 0);
        assert_ok(lima_file_stat(path, true, &at, err));
        assert_false(at.others_write);
        assert_int_equal(chmod(path, open_to_some[i]), 0);
        assert_ok(lima_file_stat(path, true, &at, err));
        assert_true(at.others_write);
    }
    free(path);
}

static void read_and_open__fifo_and_device__are_refused_without_blocking(void **state)
{
    char *fifo = in_folder(state, "fifo");
    lima_buf text = LIMA_BUF(10);
    lima_file *file = NULL;
    lima_file_lock *lock = NULL;

    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_file_read(fifo, &text, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_file_read("/dev/zero", &text, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_file_open(fifo, LIMA_FILE_READ, &file, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_file_lock_take(fifo, 0, &lock, err));
    free(fifo);
}

static void write__through_a_link__replaces_the_link(void **state)
{
    char *target = in_folder(state, "target"), *link = in_folder(state, "link");

    put_file(target, "untouched");
    assert_int_equal(symlink(target, link), 0);
    put_file(link, "new");
    assert_file(target, "untouched");
    assert_file(link, "new");
    assert_int_equal(mode_of(link), 0600); /* a link has 0777 */
    free(target);
    free(link);
}

static void lock__link__is_refused_and_creates_nothing(void **state)
{
    char *target = in_folder(state, "target"), *link = in_folder(state, "link");
    lima_file_lock *lock = NULL;

    assert_int_equal(symlink(target, link), 0);
    assert_fails(LIMA_CODE_FAILED_PRECONDITION, lima_file_lock_take(link, 0, &lock, err));
    assert_int_equal(access(target, F_OK), -1);
    free(target);
    free(link);
}

/* Someone removes the lock file and locks a new one: the old lock must not count, and the new one must. */
static void lock__file_removed_while_held__the_new_file_decides(void **state)
{
    char *path = in_folder(state, "lock");
    lima_file_lock *old = NULL, *new = NULL, *more = NULL;

    assert_ok(lima_file_lock_take(path, 0, &old, err));
    assert_int_equal(unlink(path), 0);
    assert_ok(lima_file_lock_take(path, 0, &new, err));
    assert_fails(LIMA_CODE_UNAVAILABLE, lima_file_lock_take(path, 0, &more, err));
    lima_file_lock_release(old);
    assert_fails(LIMA_CODE_UNAVAILABLE, lima_file_lock_take(path, 0, &more, err));
    lima_file_lock_release(new);
    free(path);
}

typedef struct contest {
    const char *path;
    atomic_uint holders, clashes, taken;
} contest;

static void take_and_remove(void *arg)
{
    contest *all = arg;

    for (int i = 0; i < REMOVALS; i++) {
        lima_file_lock *lock;
        while (!lima_file_lock_take(all->path, 0, &lock,
                                    NULL)) /* without pauses, to meet the moment between open and lock */
            ;
        all->taken++;
        if (all->holders++ > 0)
            all->clashes++;
        sched_yield();
        all->holders--;
        unlink(all->path);
        lima_file_lock_release(lock);
    }
}

/* Not what anyone should do, but what people do by hand. */
static void lock__every_holder_removes_the_file__there_are_never_two(void **state)
{
    char *path = in_folder(state, "lock");
    contest all = {.path = path};
    lima_thread *threads[4];

    for (int i = 0; i < 4; i++)
        assert_ok(lima_thread_start("holder", take_and_remove, &all, &threads[i], err));
    for (int i = 0; i < 4; i++)
        lima_thread_join(threads[i]);
    assert_int_equal(all.taken, 4 * REMOVALS);
    assert_int_equal(all.clashes, 0);
    free(path);
}

static void dir_remove__links_inside__are_removed_and_not_followed(void **state)
{
    char *top = in_folder(state, "top"), *kept = in_folder(state, "kept"), *file = in_folder(state, "kept/f");
    char *link = in_folder(state, "top/link"), *self = in_folder(state, "self");
    struct stat at;

    assert_ok(lima_dir_make(top, LIMA_FILE_PRIVATE, err));
    assert_ok(lima_dir_make(kept, LIMA_FILE_PRIVATE, err));
    put_file(file, "kept");
    assert_int_equal(symlink(kept, link), 0);
    assert_ok(lima_dir_remove(top, err));
    assert_file(file, "kept");
    assert_int_equal(symlink(kept, self), 0);
    assert_ok(lima_dir_remove(self, err));
    assert_int_equal(lstat(self, &at), -1);
    assert_file(file, "kept");
    free(top);
    free(kept);
    free(file);
    free(link);
    free(self);
}

static void dir_remove__deeper_than_the_limit__fails_and_keeps_descriptors(void **state)
{
    char *top = in_folder(state, "top"), *path = lima_mem_strdup(top);

    for (int i = 0; i < 70; i++) {
        char *deeper = lima_mem_printf("%s/d", path);
        free(path);
        path = deeper;
    }
    assert_ok(lima_dir_make(path, LIMA_FILE_PRIVATE, err));
    int before = dup(0);
    close(before);
    assert_fails(LIMA_CODE_OUT_OF_RANGE, lima_dir_remove(top, err));
    int after = dup(0);
    close(after);
    assert_int_equal(before, after);
    char *half = lima_mem_printf("%s/d/d/d/d/d/d/d/d/d/d", top);
    assert_ok(lima_dir_remove(half, err));
    free(half);
    free(path);
    free(top);
}

/* Every step of a child of the test; its exit status is the verdict, so that limits and mounts stay its
 * own. */
static int in_child(void (*run)(const char *path), const char *path)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        run(path);
        _exit(99);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void find_in_closed_folder(const char *path)
{
    char *found;
    lima_err err = {0};

    if ((geteuid() == 0 && setuid(STRANGER)) || setenv("PATH", path, 1))
        _exit(98);
    _exit(lima_file_find_program("lima-test-no-such-program", &found, &err) ? 97 : (int)err.code);
}

static void find_program__folder_of_path_is_closed_to_us__is_not_found(void **state)
{
    char *path = in_folder(state, "closed");

    assert_int_equal(mkdir(path, 0), 0);
    assert_int_equal(in_child(find_in_closed_folder, path), LIMA_CODE_NOT_FOUND);
    assert_int_equal(chmod(path, 0700), 0); /* or nobody could clear up */
    free(path);
}

static int write_verdict(const char *path)
{
    static char large[256 * 1024];
    lima_err err;
    char *dir = lima_mem_strdup(path);

    *strrchr(dir, '/') = '\0';
    if (!lima_file_write(path, "old", 3, LIMA_FILE_PRIVATE, &err))
        return 1;
    if (lima_file_write(path, large, sizeof large, LIMA_FILE_PRIVATE, &err))
        return 2;
    if (err.code != LIMA_CODE_RESOURCE_EXHAUSTED)
        return 3;
    lima_buf text = LIMA_BUF(100);
    if (!lima_file_read(path, &text, &err) || strcmp(lima_buf_str(&text), "old"))
        return 4;
    lima_strv names = {0};
    if (!lima_dir_list(dir, 100, &names, &err) || names.len != 1)
        return 5;
    lima_buf_free(&text);
    lima_strv_free(&names);
    free(dir);
    return 0;
}

static void write_over_limit(const char *path)
{
    struct rlimit limit = {.rlim_cur = 4096, .rlim_max = 4096};

    signal(SIGXFSZ, SIG_IGN);
    _exit(setrlimit(RLIMIT_FSIZE, &limit) ? 77 : write_verdict(path));
}

static void write__over_the_size_limit__keeps_the_old_content_and_no_temporary_file(void **state)
{
    char *path = in_folder(state, "f");

    assert_int_equal(in_child(write_over_limit, path), 0);
    free(path);
}

#ifdef __linux__
#include <sys/mount.h>

static void write_on_full_disk(const char *path)
{
    char *dir = lima_mem_strdup(path);

    *strrchr(dir, '/') = '\0';
    if (unshare(CLONE_NEWNS) || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL)
        || mount("lima-test", dir, "tmpfs", 0, "size=65536"))
        _exit(77);
    free(dir);
    _exit(write_verdict(path));
}

static void write__disk_full__keeps_the_old_content_and_no_temporary_file(void **state)
{
    char *path = in_folder(state, "f");
    int verdict = in_child(write_on_full_disk, path);

    free(path);
    if (verdict == 77)
        lima_skip("needs the right to mount (root)");
    assert_int_equal(verdict, 0);
}
#endif

/* The contract lets a host tell of no holes; one whose file takes fewer bytes than it has must. */
static void next_data__hole_that_takes_no_blocks__is_told(void **state)
{
    enum { DATA_AT = 8 * 1024 * 1024 };
    char *path = in_folder(state, "image");
    uint64_t begin = 0, end = 0, begin_last = 0, end_last = 0;
    lima_file *file = NULL;
    struct stat at;

    assert_ok(lima_file_open(path, LIMA_FILE_CREATE, &file, err));
    assert_ok(lima_file_resize(file, DATA_AT, err));
    assert_ok(lima_file_write_at(file, DATA_AT, "data", 4, err));
    assert_int_equal(stat(path, &at), 0);
    bool has_hole = at.st_blocks * 512 < DATA_AT / 2;
    assert_ok(lima_file_next_data(file, 0, &begin, &end, err));
    assert_ok(lima_file_resize(file, 3 * DATA_AT, err));
    assert_ok(lima_file_next_data(file, 2 * DATA_AT, &begin_last, &end_last, err));
    lima_file_close(file);
    free(path);
    if (!has_hole)
        lima_skip("the file system has no holes");
    assert_true(begin > DATA_AT / 2 && begin <= DATA_AT);
    assert_int_equal(end, DATA_AT + 4);
    assert_int_equal(begin_last, 3 * DATA_AT);
    assert_int_equal(end_last, 3 * DATA_AT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(next_data__hole_that_takes_no_blocks__is_told),
        IN_FOLDER(write_and_make__access__sets_modes_under_the_umask),
        IN_FOLDER(stat__permissions__tell_whether_others_may_write),
        IN_FOLDER(read_and_open__fifo_and_device__are_refused_without_blocking),
        IN_FOLDER(write__through_a_link__replaces_the_link),
        IN_FOLDER(lock__link__is_refused_and_creates_nothing),
        IN_FOLDER(lock__file_removed_while_held__the_new_file_decides),
        IN_FOLDER(lock__every_holder_removes_the_file__there_are_never_two),
        IN_FOLDER(dir_remove__links_inside__are_removed_and_not_followed),
        IN_FOLDER(dir_remove__deeper_than_the_limit__fails_and_keeps_descriptors),
        IN_FOLDER(find_program__folder_of_path_is_closed_to_us__is_not_found),
        IN_FOLDER(write__over_the_size_limit__keeps_the_old_content_and_no_temporary_file),
#ifdef __linux__
        IN_FOLDER(write__disk_full__keeps_the_old_content_and_no_temporary_file),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
