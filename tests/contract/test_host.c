#include "support.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/str.h"
#include "os/host.h"

static bool is_one_of(const char *text, const char *const *allowed)
{
    for (; *allowed; allowed++)
        if (!strcmp(text, *allowed))
            return true;
    return false;
}

static void get__twice__is_the_same_object(void **state)
{
    (void)state;
    assert_non_null(lima_host_get());
    assert_ptr_equal(lima_host_get(), lima_host_get());
}

static void get__machine__has_known_names_and_sane_numbers(void **state)
{
    static const char *const systems[] = {"linux", "darwin", "windows", NULL};
    static const char *const machines[] = {"x86_64",  "aarch64", "armv7l",  "riscv64",
                                           "ppc64le", "s390x",   "unknown", NULL};
    const lima_host *host = lima_host_get();

    (void)state;
    assert_true(is_one_of(host->os, systems));
    assert_true(is_one_of(host->arch, machines));
    assert_true(host->cpus >= 1 && host->cpus < 65536);
    assert_true(host->memory > (64u << 20));
}

static void get__machine_id__is_trimmed_text(void **state)
{
    const char *id = lima_host_get()->machine_id;

    (void)state;
    assert_true(id[0] != '\0');
    assert_false(isspace((unsigned char)id[0]) || isspace((unsigned char)id[strlen(id) - 1]));
}

static void get__program__is_this_program(void **state)
{
    lima_file_info at;
    char *base = lima_path_base(lima_host_get()->program);

    (void)state;
    assert_true(lima_path_is_absolute(lima_host_get()->program));
    assert_true(lima_str_has_prefix(base, "contract_host"));
    assert_ok(lima_file_stat(lima_host_get()->program, false, &at, err));
    assert_int_equal(at.kind, LIMA_FILE_REGULAR);
    free(base);
}

static void get__folders_and_user__can_be_used(void **state)
{
    const lima_host *host = lima_host_get();
    lima_file_info at;

    (void)state;
    assert_true(lima_path_is_absolute(host->home));
    assert_true(host->user[0] != '\0');
    assert_ok(lima_file_stat(host->temp, true, &at, err));
    assert_int_equal(at.kind, LIMA_FILE_DIR);
}

static void env_get__known_and_unknown__gives_value_and_null(void **state)
{
    char *path = lima_env_get("PATH");

    (void)state;
    assert_non_null(path);
    assert_true(path[0] != '\0');
    free(path);
    assert_null(lima_env_get("LIMA_TEST_SURELY_UNSET"));
}

static void free_port__asked__is_a_port(void **state)
{
    uint16_t port = 0;

    (void)state;
    assert_ok(lima_host_free_port(&port, err));
    assert_true(port > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get__twice__is_the_same_object),
        cmocka_unit_test(get__machine__has_known_names_and_sane_numbers),
        cmocka_unit_test(get__machine_id__is_trimmed_text),
        cmocka_unit_test(get__program__is_this_program),
        cmocka_unit_test(get__folders_and_user__can_be_used),
        cmocka_unit_test(env_get__known_and_unknown__gives_value_and_null),
        cmocka_unit_test(free_port__asked__is_a_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
