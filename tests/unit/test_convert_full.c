/* Conversions that run out of space: wherever that happens, the reason is told and nothing is left. */
#include "disk_case.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/path.h"
#include "image/convert.h"
#include "os/file.h"

enum { MIB = 1024 * 1024, SIZE = 3 * MIB, WHOLE = 7 * MIB /* of the VHDX */ };

static bool is_there(const char *path)
{
    lima_file_info info = {0};

    return lima_file_stat(path, false, &info, NULL) && info.kind != LIMA_FILE_NONE;
}

/* 0: as it should be; else which thing is not. */
static int try_in(const char *folder)
{
    char *target = lima_path_join(folder, "disk.vhdx"), *temporary = lima_path_join(folder, "disk.vhdx.new");
    const lima_convert_desc desc = {.from = image_path, .format = LIMA_DISK_RAW, .to = target};
    lima_err err = {0};
    int wrong = 0;

    if (lima_convert(&desc, &err))
        wrong = 1;
    else if (err.code != LIMA_CODE_RESOURCE_EXHAUSTED)
        wrong = 2;
    else if (!strstr(err.text, image_path) || !strstr(err.text, temporary))
        wrong = 3;
    else if (is_there(target) || is_there(temporary))
        wrong = 4;
    free(target);
    free(temporary);
    return wrong;
}

static void convert__over_the_size_limit__leaves_nothing(void **state)
{
    static const rlim_t limits[] = {0, 65536, 3 * MIB + 8, 4 * MIB + 1000, 5 * MIB, WHOLE - 1};
    struct rlimit before, now;

    (void)state;
    put_pattern(0, SIZE, 1);
    write_image();
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        now = (struct rlimit){.rlim_cur = limits[i], .rlim_max = before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
        int wrong = try_in(image_folder);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(wrong, 0);
    }
}

static void convert__as_large_as_the_limit__is_made(void **state)
{
    struct rlimit before, now;

    (void)state;
    put_pattern(0, SIZE, 1);
    write_image();
    char *target = lima_path_join(image_folder, "disk.vhdx");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    now = (struct rlimit){.rlim_cur = WHOLE, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
    bool ok = lima_convert(&(lima_convert_desc){.from = image_path, .to = target}, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(ok);
    free(target);
}

#ifdef __linux__
static int on_full_disk(const char *folder)
{
    if (unshare(CLONE_NEWNS) || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL)
        || mount("lima-test", folder, "tmpfs", 0, "size=2m"))
        return 77;
    return try_in(folder);
}

static void convert__disk_full__leaves_nothing(void **state)
{
    int status = -1;

    (void)state;
    put_pattern(0, SIZE, 1);
    write_image();
    char *folder = lima_path_join(image_folder, "full");
    assert_true(lima_dir_make(folder, LIMA_FILE_PRIVATE, NULL));
    pid_t pid = fork();
    if (!pid)
        _exit(on_full_disk(folder));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    free(folder);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        lima_skip("needs the right to mount (root)");
    assert_int_equal(status, 0);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        DISK_TEST(convert__over_the_size_limit__leaves_nothing),
        DISK_TEST(convert__as_large_as_the_limit__is_made),
#ifdef __linux__
        DISK_TEST(convert__disk_full__leaves_nothing),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
