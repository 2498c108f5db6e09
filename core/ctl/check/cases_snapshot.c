/* Snapshots: of a stopped VM where possible, since that needs a disk only. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "ctl/check/cases.h"

enum { SNAPSHOT_MS = 180000, LONG_TAG = 300 };

static bool by_tag(lima_check *check, const char *method, const char *tag, lima_err *err)
{
    lima_json *request = lima_json_new_object();
    lima_json_set_str(request, tag, "tag");
    bool ok = lima_check_call_within(check, method, request, SNAPSHOT_MS, NULL, err);
    lima_json_free(request);
    return ok;
}

static bool list(lima_check *check, lima_json **ret, lima_err *err)
{
    return lima_check_call_within(check, "ListSnapshots", NULL, SNAPSHOT_MS, ret, err);
}

/* Without snapshots the case is skipped: *ret_there false. */
static bool supported(lima_check *check, bool *ret_there, lima_err *err)
{
    lima_err got = {0};
    if (by_tag(check, "DeleteSnapshot", "no-such-tag", &got) || got.code != LIMA_CODE_UNIMPLEMENTED)
        *ret_there = lima_check_that(got.code != LIMA_CODE_UNAVAILABLE, err,
                                     "DeleteSnapshot broke the connection: %s", got.text);
    else
        return lima_check_skip(check, "the driver has no snapshots");
    return *ret_there;
}

static bool prepared(lima_check *check, bool *ret_there, lima_err *err)
{
    *ret_there = false;
    return lima_check_vm_prepare(check, err) && supported(check, ret_there, err);
}

static bool all_or_none(lima_check *check, lima_err *err)
{
    static const char *const methods[] = {"CreateSnapshot", "ApplySnapshot", "DeleteSnapshot"};
    lima_err got = {0};
    size_t missing = 0;
    if (!lima_check_serve_configured(check, err))
        return false;
    for (size_t i = 0; i < 3; i++) {
        bool ok = by_tag(check, methods[i], "-", &got);
        missing += !ok && got.code == LIMA_CODE_UNIMPLEMENTED;
    }
    missing += !list(check, NULL, &got) && got.code == LIMA_CODE_UNIMPLEMENTED;
    return lima_check_that(missing == 0 || missing == 4, err,
                           "%zu of the four snapshot methods are not implemented", missing);
}

/* ---- tags ---- */

static bool tag_refused(lima_check *check, const char *tag, const char *what, lima_err *err)
{
    bool there;
    lima_err got = {0};
    if (!prepared(check, &there, err) || !there)
        return !there && lima_check_skipped(check);
    bool ok = by_tag(check, "CreateSnapshot", tag, &got);
    return lima_check_refused(ok, &got, what, err) && lima_check_alive(check, err);
}

static bool empty_tag(lima_check *check, lima_err *err)
{
    return tag_refused(check, "", "an empty tag", err);
}

static bool dash_tag(lima_check *check, lima_err *err)
{
    return tag_refused(check, "-h", "a tag that looks like an option, '-h'", err);
}

static bool quote_tag(lima_check *check, lima_err *err)
{
    return tag_refused(check, "a\" b\n", "a tag with quote, space and line end", err);
}

static bool long_tag(lima_check *check, lima_err *err)
{
    char tag[LONG_TAG + 1];
    memset(tag, 't', LONG_TAG);
    tag[LONG_TAG] = '\0';
    return tag_refused(check, tag, "a tag of 300 bytes", err);
}

static bool unknown_tag(lima_check *check, lima_err *err)
{
    bool there;
    lima_err got = {0};
    if (!prepared(check, &there, err) || !there)
        return !there && lima_check_skipped(check);
    return lima_check_refused(by_tag(check, "ApplySnapshot", "no-such-tag", &got), &got,
                              "ApplySnapshot of an unknown tag", err)
           && lima_check_refused(by_tag(check, "DeleteSnapshot", "no-such-tag", &got), &got,
                                 "DeleteSnapshot of an unknown tag", err);
}

/* ---- the list, read as `limactl snapshot list --quiet` reads it ---- */

static const char *second_word(char *line)
{
    char *word = line + strcspn(line, " \t");
    word += strspn(word, " \t");
    word[strcspn(word, " \t\r")] = '\0';
    return word;
}

static bool read_list(const char *text, const char *tag, bool *ret_has, lima_err *err)
{
    lima_strv lines = {0};
    bool ok = true;
    *ret_has = false;
    lima_str_split(text, '\n', &lines);
    for (size_t i = 0; ok && i < lines.len; i++) {
        lima_str_trim(lines.items[i]);
        if (!*lines.items[i])
            continue;
        const char *word = second_word(lines.items[i]);
        if (i == 0)
            ok = lima_check_that(strcmp(word, "TAG") == 0, err,
                                 "the second word of the list's first line is '%s', not TAG", word);
        else
            ok = lima_check_that(*word, err, "line %zu of the list has a single word, which crashes limactl",
                                 i + 1);
        *ret_has |= i > 0 && strcmp(word, tag) == 0;
    }
    lima_strv_free(&lines);
    return ok;
}

static bool listed(lima_check *check, const char *tag, bool want, lima_err *err)
{
    lima_json *answer = NULL;
    bool has;
    if (!list(check, &answer, err))
        return false;
    bool ok = read_list(lima_json_str(answer, "", "snapshots"), tag, &has, err)
              && lima_check_that(has == want, err, "snapshot '%s' is %s", tag,
                                 want ? "not listed" : "still listed");
    lima_json_free(answer);
    return ok;
}

/* Of a VM that has its snapshot t1. */
static bool round_trip(lima_check *check, lima_err *err)
{
    return by_tag(check, "CreateSnapshot", "t2", err) && listed(check, "t1", true, err)
           && listed(check, "t2", true, err) && by_tag(check, "ApplySnapshot", "t1", err)
           && by_tag(check, "DeleteSnapshot", "t1", err) && listed(check, "t1", false, err)
           && listed(check, "t2", true, err);
}

static bool of_stopped(lima_check *check, lima_err *err)
{
    bool there;
    if (!prepared(check, &there, err) || !there)
        return !there && lima_check_skipped(check);
    return listed(check, "t1", false, err) && by_tag(check, "CreateSnapshot", "t1", err)
           && round_trip(check, err);
}

static bool still_runs(lima_check *check, lima_err *err)
{
    bool running;
    return lima_check_status(check, &running, err) && lima_check_that(running, err, "the VM no longer runs");
}

/* Some hypervisors can only copy the disk of a stopped VM. To say so is right, if it is the whole effect. */
static bool running_refused(lima_check *check, lima_err *err)
{
    return listed(check, "t1", false, err) && still_runs(check, err)
           && lima_check_skip(check, "the driver takes no snapshots of a VM that runs, and says so");
}

static bool of_running(lima_check *check, lima_err *err)
{
    lima_start_stream *stream;
    bool there = false;
    if (!lima_check_vm_start(check, NULL, &stream, err) || !lima_check_vm_running(check, err))
        return false;
    lima_json_set_str(lima_check_instance(check), "Running", "status");
    if (!lima_check_configure(check, NULL, err) || !supported(check, &there, err) || !there)
        return !there && lima_check_skipped(check);
    if (by_tag(check, "CreateSnapshot", "t1", err))
        return round_trip(check, err) && still_runs(check, err);
    return err->code == LIMA_CODE_FAILED_PRECONDITION && running_refused(check, err);
}

const lima_check_case lima_check_snapshot_cases[] = {
    {"snapshots/all-or-none", "a user who can create a snapshot wants it back", "3.3",
     "implement all four methods, or answer UNIMPLEMENTED to all", 0, all_or_none},
    {"snapshots/empty-tag-is-refused", "an unnamed snapshot can neither be applied nor deleted", "6.1.9",
     "check tags before use; INVALID_ARGUMENT", LIMA_CHECK_GUEST, empty_tag},
    {"snapshots/option-like-tag-is-refused", "a tag that begins with a dash becomes an option of some tool",
     "6.1.9", "check tags before use; INVALID_ARGUMENT", LIMA_CHECK_GUEST, dash_tag},
    {"snapshots/quoted-tag-is-refused",
     "quotes and line ends in a tag become another command of a monitor, and break the list", "6.1.9",
     "check tags before use; INVALID_ARGUMENT", LIMA_CHECK_GUEST, quote_tag},
    {"snapshots/long-tag-is-refused", "image formats cut long names without a word", "6.1.9",
     "check tags before use; INVALID_ARGUMENT", LIMA_CHECK_GUEST, long_tag},
    {"snapshots/unknown-tag-is-an-error",
     "success for a snapshot that does not exist tells the user that data is safe", "3.3", "answer NOT_FOUND",
     LIMA_CHECK_GUEST, unknown_tag},
    {"snapshots/of-a-stopped-vm",
     "limactl snapshot works on stopped instances; list --quiet reads the second word of each line under a "
     "header with TAG",
     "3.5", "print a header and at least two words per line", LIMA_CHECK_GUEST, of_stopped},
    {"snapshots/of-a-running-vm", "on a running instance the calls go to the live server", "3.4, 3.5",
     "ask the hypervisor, not the image file; where it cannot, FAILED_PRECONDITION and nothing done",
     LIMA_CHECK_GUEST, of_running},
    {0},
};
