/* What the tests of the qemu driver share: instances from a piece of configuration, private folders,
 * expectations on errors. */
#ifndef QEMU_TEST_H
#define QEMU_TEST_H

#include "lima_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "driver/instance.h"
#include "os/file.h"
#include "os/host.h"
#include "os/process.h"

/* JSON with ' for ". Owned. */
static inline lima_json *parse_text(const char *text)
{
    char *copy = lima_mem_strdup(text);
    lima_json *json = NULL;
    lima_err err = {0};
    for (char *c = copy; *c; c++)
        if (*c == '\'')
            *c = '"';
    if (!lima_json_parse(copy, strlen(copy), &json, &err))
        fail_msg("test text: %s", err.text);
    free(copy);
    return json;
}

/* Compares with a file of the test's folder; LIMA_GOLDEN_UPDATE=1 writes it anew: read the difference before
 * committing it. */
static inline void compare_golden(const char *file, const char *text)
{
    lima_buf golden = LIMA_BUF(1 << 20);
    lima_err err = {0};
    char *update = lima_env_get("LIMA_GOLDEN_UPDATE");
    if (update)
        assert_true(lima_file_write(file, text, strlen(text), LIMA_FILE_SHARED, NULL));
    if (!lima_file_read(file, &golden, &err))
        fail_msg("%s", err.text);
    if (strcmp(lima_buf_str(&golden), text) != 0)
        fail_msg("%s differs; now it is:\n%s", file, text);
    free(update);
    lima_buf_free(&golden);
}

/* An x86_64 instance "dev" in `dir` whose configuration is `config` (JSON with ' for "). */
static inline lima_instance *make_instance_in(const char *dir, const char *arch, const char *config)
{
    lima_json *doc = lima_json_new_object();
    lima_json *conf = parse_text(config);
    lima_instance *inst = NULL;
    lima_err err = {0};
    lima_json_set_str(doc, "dev", "name");
    lima_json_set_str(doc, dir, "dir");
    lima_json_set_str(doc, "qemu", "vmType");
    lima_json_set_str(doc, arch, "arch");
    lima_json_set_int(doc, 2, "cpus");
    lima_json_set_int(doc, 1024LL * 1024 * 1024, "memory");
    lima_json_set_int(doc, 60022, "sshLocalPort");
    lima_json_set_str(doc, "127.0.0.1", "sshAddress");
    lima_json_set_copy(doc, conf, "config");
    char *whole = lima_json_print(doc);
    if (!lima_instance_parse(whole, strlen(whole), &inst, &err))
        fail_msg("test instance: %s", err.text);
    free(whole);
    lima_json_free(conf);
    lima_json_free(doc);
    return inst;
}

static inline lima_instance *make_instance(const char *config)
{
    return make_instance_in("/lh/dev", "x86_64", config);
}

/* A new folder of this test program. Owned path; remove with lima_dir_remove. */
static inline char *make_folder(const char *name)
{
    lima_process_id self = {0};
    lima_err err = {0};
    lima_process_find(0, &self);
    char *path = lima_mem_printf("%s/lq-%u-%s", lima_host_get()->temp, self.pid, name);
    if (!lima_dir_remove(path, &err) || !lima_dir_make(path, LIMA_FILE_PRIVATE, &err))
        fail_msg("%s", err.text);
    return path;
}

static inline void write_file(const char *dir, const char *name, const char *text)
{
    lima_err err = {0};
    char *path = lima_path_join(dir, name);
    char *folder = lima_path_dir(path);
    if (!lima_dir_make(folder, LIMA_FILE_PRIVATE, &err)
        || !lima_file_write(path, text, strlen(text), LIMA_FILE_PRIVATE, &err))
        fail_msg("%s", err.text);
    free(folder);
    free(path);
}

/* A failure with this code whose text has all of these words (NULL-terminated). */
#define assert_err(call, wanted_code, ...)                                                                   \
    do {                                                                                                     \
        lima_err err = {0};                                                                                  \
        const char *words_[] = {__VA_ARGS__, NULL};                                                          \
        assert_false(call);                                                                                  \
        if (err.code != (wanted_code))                                                                       \
            fail_msg("code %s, wanted %s: %s", lima_code_name(err.code), lima_code_name(wanted_code),        \
                     err.text);                                                                              \
        for (size_t w_ = 0; words_[w_]; w_++)                                                                \
            if (!strstr(err.text, words_[w_]))                                                               \
                fail_msg("'%s' is not in: %s", words_[w_], err.text);                                        \
    } while (0)

#define assert_ok(call)                                                                                      \
    do {                                                                                                     \
        lima_err err = {0};                                                                                  \
        if (!(call))                                                                                         \
            fail_msg("%s", err.text);                                                                        \
    } while (0)

#endif
