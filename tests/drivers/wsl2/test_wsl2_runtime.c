/* The parts of the runtime that need no wsl.exe: reading, children as ways, records, images, cidata. */
#include "lima_test.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "driver/instance.h"
#include "folder.h"
#include "os/file.h"
#include "os/host.h"
#include "os/process.h"
#include "os/thread.h"
#include "stream_check.h"
#include "win/tcp.h"
#include "wsl2/child_way.h"
#include "wsl2/cidata.h"
#include "wsl2/file_copy.h"
#include "wsl2/files.h"
#include "wsl2/image_file.h"
#include "wsl2/reader.h"
#include "wsl2/record.h"

enum { PATIENCE_MS = 60000 };

static lima_err err;

#define assert_ok(call)                                                                                      \
    do {                                                                                                     \
        if (!(call))                                                                                         \
            fail_msg("%s: %s", #call, err.text);                                                             \
    } while (0)

static lima_deadline patience(void)
{
    return lima_clock_in(PATIENCE_MS);
}

static int set_up(void **state)
{
    *state = test_folder_make();
    err = (lima_err){0};
    return 0;
}

static int tear_down(void **state)
{
    test_folder_remove(*state);
    return 0;
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static void put_file(const char *dir, const char *name, const char *bytes, size_t len)
{
    char *path = lima_path_join(dir, name), *folder = lima_path_dir(path);

    assert_ok(lima_dir_make(folder, LIMA_FILE_PRIVATE, &err));
    assert_ok(lima_file_write(path, bytes, len, LIMA_FILE_PRIVATE, &err));
    free(folder);
    free(path);
}

static lima_instance *instance_in(const char *dir)
{
    lima_json *doc = lima_json_new_object();
    lima_instance *inst = NULL;

    lima_json_set_str(doc, "dev", "name");
    lima_json_set_str(doc, dir, "dir");
    lima_json_set_str(doc, "x86_64", "arch");
    lima_json_set_str(doc, "Linux", "config.os");
    char *text = lima_json_print(doc);
    assert_ok(lima_instance_parse(text, strlen(text), &inst, &err));
    free(text);
    lima_json_free(doc);
    return inst;
}

/* ---- reader and lines ---- */

static void collect(void *arg, const char *bytes, size_t len)
{
    if (len)
        assert_true(lima_buf_add(arg, bytes, len));
}

static void reader__stream_ends__all_was_given(void **state)
{
    lima_stream *ours, *theirs;
    wsl2_reader *reader;
    lima_buf got = LIMA_BUF(1024);

    (void)state;
    assert_ok(lima_stream_pair(&ours, &theirs, &err));
    assert_ok(lima_wsl2_reader_start(ours, collect, &got, &reader, &err));
    assert_ok(lima_stream_write(theirs, "abc", 3, patience(), NULL, &err));
    lima_stream_close(theirs);
    lima_wsl2_reader_end(reader, patience());
    assert_string_equal(lima_buf_str(&got), "abc");
    lima_stream_close(ours);
    lima_buf_free(&got);
}

static void reader_end__stream_stays_open__returns_at_the_deadline(void **state)
{
    lima_stream *ours, *theirs;
    wsl2_reader *reader;
    lima_buf got = LIMA_BUF(16);

    (void)state;
    assert_ok(lima_stream_pair(&ours, &theirs, &err));
    assert_ok(lima_wsl2_reader_start(ours, collect, &got, &reader, &err));
    lima_wsl2_reader_end(reader, 0);
    lima_stream_close(theirs);
    lima_stream_close(ours);
}

typedef struct said {
    char text[4 * WSL2_LINE_MAX];
    unsigned lines, ends;
} said;

static void one_line(void *arg, const char *line, size_t len)
{
    said *all = arg;

    all->lines++;
    strncat(all->text, line, len);
    strcat(all->text, "|");
}

static void no_more(void *arg)
{
    ((said *)arg)->ends++;
}

static said split(const char *const pieces[])
{
    said all = {0};
    wsl2_lines lines = {.line = one_line, .ended = no_more, .arg = &all};

    for (size_t i = 0; pieces[i]; i++)
        lima_wsl2_lines_got(&lines, pieces[i], strlen(pieces[i]));
    lima_wsl2_lines_got(&lines, NULL, 0);
    return all;
}

static void lines__in_pieces__are_whole(void **state)
{
    said all = split((const char *const[]){"on", "e\r", "\ntwo\n\nthr", "ee", NULL});

    (void)state;
    assert_string_equal(all.text, "one|two||three|");
    assert_int_equal(all.ends, 1);
}

static void lines__without_end__are_cut(void **state)
{
    char *endless = lima_mem_zalloc(2 * WSL2_LINE_MAX + 10, 1);

    (void)state;
    memset(endless, 'x', 2 * WSL2_LINE_MAX + 9);
    said all = split((const char *const[]){endless, NULL});
    assert_int_equal(all.lines, 3);
    free(endless);
}

/* ---- a child as a way into the guest ---- */

static void child_way__a_child__its_standard_handles_are_the_way(void **state)
{
    lima_stream *ours = NULL, *theirs = NULL;
    lima_strv argv = {0};
    lima_way cat = {0};

    (void)state;
    lima_strv_add(&argv, "cat");
    assert_ok(lima_wsl2_child_way(&argv, &cat, &err));
    assert_ok(lima_stream_pair(&ours, &theirs, &err));
    assert_ok(lima_stream_write(ours, "first", 5, patience(), NULL, &err));
    lima_stream_end_write(ours);
    lima_way end = lima_way_of(theirs);
    lima_wake *stop = lima_wake_new();
    lima_way_join(&end, &cat, stop);
    assert_stream_says(ours, "first");
    assert_stream_over(ours);
    lima_way_close(&cat);
    lima_way_close(&end);
    lima_stream_close(ours);
    lima_wake_free(stop);
    lima_strv_free(&argv);
}

static void tcp_listen__port_taken__already_exists(void **state)
{
    lima_tcp_listener *first = NULL, *second = NULL;
    uint16_t port = 0;

    (void)state;
    assert_ok(lima_host_free_port(&port, &err));
    assert_ok(lima_tcp_listen(port, &first, &err));
    assert_false(lima_tcp_listen(port, &second, &err));
    assert_int_equal(err.code, LIMA_CODE_ALREADY_EXISTS);
    lima_tcp_close(first);
}

/* ---- records and files ---- */

static void record__written__is_read_again(void **state)
{
    lima_instance *inst = instance_in(*state);
    wsl2_record record = {.guid = "11111111-2222-3333-4444-555555555555",
                          .user_uid = 2345,
                          .disk_size = UINT64_C(1) << 40,
                          .ssh_port = 23456},
                got;

    assert_ok(lima_wsl2_record_write(inst, &record, &err));
    lima_wsl2_record_read(inst, &got);
    assert_string_equal(got.guid, record.guid);
    assert_int_equal(got.user_uid, 2345);
    assert_true(got.disk_size == record.disk_size);
    assert_int_equal(got.ssh_port, 23456);
    lima_instance_free(inst);
}

static void record__missing_or_damaged__is_empty(void **state)
{
    static const char *const texts[] = {
        "", "{", "[]", "{\"guid\":5}",
        "{\"guid\":\"x\",\"sshPort\":70000,\"userUID\":-1,\"diskSize\":\"9\"}"};
    lima_instance *inst = instance_in(*state);
    wsl2_record got;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (i)
            put_file(*state, WSL2_RECORD_FILE, texts[i], strlen(texts[i]));
        lima_wsl2_record_read(inst, &got);
        assert_true(!*got.guid && !got.user_uid && !got.disk_size && !got.ssh_port);
    }
    lima_instance_free(inst);
}

static void file_copy__whole__and_never_over_a_file(void **state)
{
    char *from = lima_path_join(*state, "a"), *to = lima_path_join(*state, "b");

    put_file(*state, "a", "content", 7);
    assert_ok(lima_wsl2_file_copy(from, to, NULL, &err));
    assert_int_equal(lima_wsl2_file_size(to), 7);
    assert_false(lima_wsl2_file_copy(from, to, NULL, &err));
    assert_int_equal(lima_wsl2_file_size(to), 7);
    free(from);
    free(to);
}

static void file_copy__cancelled__leaves_none(void **state)
{
    char *from = lima_path_join(*state, "a"), *to = lima_path_join(*state, "b");
    lima_wake *wake = lima_wake_new();

    put_file(*state, "a", "content", 7);
    lima_wake_raise(wake);
    assert_false(lima_wsl2_file_copy(from, to, wake, &err));
    assert_int_equal(err.code, LIMA_CODE_CANCELLED);
    assert_false(lima_wsl2_exists(to));
    lima_wake_free(wake);
    free(from);
    free(to);
}

/* ---- images ---- */

static void image__retired__is_spent_and_refused(void **state)
{
    lima_instance *inst = instance_in(*state);
    wsl2_image_file image = {0};

    put_file(*state, "basedisk", "old", 3);
    put_file(*state, "image", "new!", 4);
    assert_ok(lima_wsl2_image_file_find(inst, &image, &err));
    assert_true(image.size == 4 && !image.spent);
    assert_ok(lima_wsl2_image_file_retire(&image, &err));
    lima_wsl2_image_file_free(&image);
    assert_ok(lima_wsl2_image_file_find(inst, &image, &err));
    assert_true(image.spent);
    assert_false(lima_wsl2_image_file_check(&image, &err));
    assert_int_equal(err.code, LIMA_CODE_NOT_FOUND);
    lima_wsl2_image_file_free(&image);
    lima_instance_free(inst);
}

static void image__none__is_said(void **state)
{
    lima_instance *inst = instance_in(*state);
    wsl2_image_file image = {0};

    assert_ok(lima_wsl2_image_file_find(inst, &image, &err));
    assert_null(image.path);
    assert_false(lima_wsl2_image_file_check(&image, &err));
    assert_non_null(strstr(err.text, "images"));
    lima_instance_free(inst);
}

/* ---- cidata ---- */

typedef struct feeding {
    char *dir;
    lima_stream *into;
    bool ok;
    lima_err why;
} feeding;

static void feed(void *arg)
{
    feeding *f = arg;

    f->ok = lima_wsl2_cidata_feed(f->dir, f->into, NULL, &f->why);
    lima_stream_end_write(f->into);
}

/* What came out of the other end. */
static lima_buf fed(char *dir, feeding *ret)
{
    lima_stream *ours, *theirs;
    lima_thread *thread;
    wsl2_reader *reader;
    lima_buf got = LIMA_BUF(16 * 1024 * 1024);

    assert_ok(lima_stream_pair(&ours, &theirs, &err));
    *ret = (feeding){.dir = dir, .into = ours};
    assert_ok(lima_wsl2_reader_start(theirs, collect, &got, &reader, &err));
    assert_ok(lima_thread_start("feed", feed, ret, &thread, &err));
    lima_thread_join(thread);
    lima_wsl2_reader_end(reader, patience());
    lima_stream_close(ours);
    lima_stream_close(theirs);
    return got;
}

static char *unpack(const char *archive, const char *into)
{
    const char *const argv[] = {"tar", "-xvf", archive, "-C", into, NULL};
    lima_buf out = LIMA_BUF(65536);
    lima_process_exit end;

    assert_ok(lima_dir_make(into, LIMA_FILE_PRIVATE, &err));
    assert_ok(lima_process_run(argv, NULL, &out, NULL, patience(), NULL, &end, &err));
    assert_int_equal(end.code, 0);
    return lima_buf_take(&out);
}

static void cidata__folder_with_all_kinds__is_an_archive_that_tar_reads(void **state)
{
    feeding f;
    char *dir = lima_path_join(*state, "cidata"), *into = lima_path_join(*state, "out"),
         *archive = lima_path_join(*state, "archive"), *big = lima_mem_zalloc(3000000, 1);
    lima_buf copy = LIMA_BUF(64);

    memset(big, 'b', 3000000);
    put_file(dir, "boot/02-x.sh", "#!/bin/sh\n", 10);
    put_file(dir, "empty", "", 0);
    put_file(dir, "gro\xc3\x9f", big, 3000000);
    lima_buf got = fed(dir, &f);
    assert_true(f.ok);
    assert_ok(lima_file_write(archive, lima_buf_str(&got), got.len, LIMA_FILE_PRIVATE, &err));
    char *names = unpack(archive, into);
    assert_non_null(strstr(names, "boot/02-x.sh\n"));
    assert_string_equal(names + strlen(names) - strlen(".lima-complete\n"), ".lima-complete\n");
    char *inner = lima_path_join(into, "boot/02-x.sh"), *large = lima_path_join(into, "gro\xc3\x9f");
    assert_ok(lima_file_read(inner, &copy, &err));
    assert_string_equal(lima_buf_str(&copy), "#!/bin/sh\n");
    assert_int_equal(lima_wsl2_file_size(large), 3000000);
    lima_buf_free(&copy);
    lima_buf_free(&got);
    free(large);
    free(inner);
    free(names);
    free(big);
    free(archive);
    free(into);
    free(dir);
}

static void cidata__no_folder_or_a_link_in_it__fails_by_name(void **state)
{
    feeding f;
    char *dir = lima_path_join(*state, "cidata"), *link = lima_path_join(dir, "link");
    lima_buf got = fed(dir, &f);

    assert_false(f.ok);
    assert_int_equal(f.why.code, LIMA_CODE_NOT_FOUND);
    lima_buf_free(&got);
    put_file(dir, "file", "x", 1);
    assert_ok(lima_file_link_make(link, "/etc/passwd", &err));
    got = fed(dir, &f);
    assert_false(f.ok);
    assert_non_null(strstr(f.why.text, "link"));
    lima_buf_free(&got);
    free(link);
    free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reader__stream_ends__all_was_given),
        cmocka_unit_test(reader_end__stream_stays_open__returns_at_the_deadline),
        cmocka_unit_test(lines__in_pieces__are_whole),
        cmocka_unit_test(lines__without_end__are_cut),
        cmocka_unit_test(child_way__a_child__its_standard_handles_are_the_way),
        cmocka_unit_test(tcp_listen__port_taken__already_exists),
        IN_FOLDER(record__written__is_read_again),
        IN_FOLDER(record__missing_or_damaged__is_empty),
        IN_FOLDER(file_copy__whole__and_never_over_a_file),
        IN_FOLDER(file_copy__cancelled__leaves_none),
        IN_FOLDER(image__retired__is_spent_and_refused),
        IN_FOLDER(image__none__is_said),
        IN_FOLDER(cidata__folder_with_all_kinds__is_an_archive_that_tar_reads),
        IN_FOLDER(cidata__no_folder_or_a_link_in_it__fails_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
