/* TAP 13, JUnit XML and JSON. What a driver said may hold any bytes: each format gets its own escaping,
 * control bytes never pass. */
#include <stdlib.h>
#include <string.h>

#include "ctl/check/check.h"
#include "data/json.h"

static const char *outcome_name(lima_check_outcome outcome)
{
    static const char *const names[] = {"passed", "failed", "skipped"};
    return names[outcome];
}

/* ---- TAP ---- */

/* Comment lines, each indented and marked. */
static void add_comment(lima_buf *into, const char *label, const char *text)
{
    lima_buf_addf(into, "# %s: ", label);
    for (; *text; text++) {
        if (*text == '\n')
            lima_buf_add_str(into, "\n#   ");
        else
            lima_buf_addf(into, "%c", (unsigned char)*text < 0x20 ? '.' : *text);
    }
    lima_buf_add_str(into, "\n");
}

/* One line whatever the text holds. */
static void add_line(lima_buf *into, const char *text)
{
    for (; *text; text++)
        lima_buf_addf(into, "%c", (unsigned char)*text < 0x20 ? ' ' : *text);
}

void lima_check_add_tap_result(const lima_check_report *report, size_t index, lima_buf *into)
{
    const lima_check_result *result = &report->results[index];
    if (index == 0)
        lima_buf_add_str(into, "TAP version 13\n");
    lima_buf_addf(into, "%sok %zu - %s", result->outcome == LIMA_CHECK_FAILED ? "not " : "", index + 1,
                  result->of->id);
    if (result->outcome == LIMA_CHECK_SKIPPED) {
        lima_buf_add_str(into, " # SKIP ");
        add_line(into, result->text);
    }
    lima_buf_add_str(into, "\n");
    if (result->outcome != LIMA_CHECK_FAILED)
        return;
    add_comment(into, "found", result->text);
    lima_buf_addf(into, "# matters: %s (facts %s)\n# next: %s\n", result->of->why, result->of->source,
                  result->of->remedy);
    if (result->log)
        add_comment(into, "the driver's standard error", result->log);
}

void lima_check_add_tap_tail(const lima_check_report *report, lima_buf *into)
{
    lima_buf_addf(into, "1..%zu\n# %zu passed, %zu failed, %zu skipped in %.1f s\n", report->len,
                  report->passed, report->failed, report->skipped, (double)report->ms / 1000);
}

/* ---- JUnit ---- */

/* Attribute values and character data: the five special characters, and no control byte, which XML 1.0
 * cannot hold. */
static void add_xml(lima_buf *into, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            lima_buf_add_str(into, "&amp;");
            break;
        case '<':
            lima_buf_add_str(into, "&lt;");
            break;
        case '>':
            lima_buf_add_str(into, "&gt;");
            break;
        case '"':
            lima_buf_add_str(into, "&quot;");
            break;
        case '\n':
            lima_buf_add_str(into, "&#10;");
            break;
        default:
            lima_buf_addf(into, "%c", (unsigned char)*text < 0x20 ? ' ' : *text);
        }
    }
}

static void add_junit_case(const lima_check_result *result, lima_buf *into)
{
    const char *slash = strchr(result->of->id, '/');
    lima_buf_addf(into, "  <testcase classname=\"%.*s\" name=\"%s\" time=\"%.3f\"",
                  (int)(slash - result->of->id), result->of->id, slash + 1, (double)result->ms / 1000);
    if (result->outcome == LIMA_CHECK_PASSED) {
        lima_buf_add_str(into, "/>\n");
        return;
    }
    lima_buf_addf(into, ">\n    <%s message=\"",
                  result->outcome == LIMA_CHECK_FAILED ? "failure" : "skipped");
    add_xml(into, result->text);
    lima_buf_add_str(into, "\"/>\n");
    if (result->log) {
        lima_buf_add_str(into, "    <system-err>");
        add_xml(into, result->log);
        lima_buf_add_str(into, "</system-err>\n");
    }
    lima_buf_add_str(into, "  </testcase>\n");
}

void lima_check_add_junit(const lima_check_report *report, lima_buf *into)
{
    lima_buf_add_str(into, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"limadrv check ");
    add_xml(into, report->driver);
    lima_buf_addf(into, "\" tests=\"%zu\" failures=\"%zu\" skipped=\"%zu\" time=\"%.3f\">\n", report->len,
                  report->failed, report->skipped, (double)report->ms / 1000);
    for (size_t i = 0; i < report->len; i++)
        add_junit_case(&report->results[i], into);
    lima_buf_add_str(into, "</testsuite>\n");
}

/* ---- JSON ---- */

static void set_meaning(lima_json *doc, size_t index, const lima_check_case *of)
{
    lima_json_set_str(doc, of->why, "cases[%zu].why", index);
    lima_json_set_str(doc, of->source, "cases[%zu].source", index);
    lima_json_set_str(doc, of->remedy, "cases[%zu].remedy", index);
}

/* Takes `doc` over. */
static void add_document(lima_json *doc, lima_buf *into)
{
    char *text = lima_json_print_indented(doc);
    lima_buf_addf(into, "%s\n", text);
    free(text);
    lima_json_free(doc);
}

static void set_result(lima_json *doc, size_t index, const lima_check_result *result)
{
    lima_json_set_str(doc, result->of->id, "cases[%zu].id", index);
    lima_json_set_str(doc, outcome_name(result->outcome), "cases[%zu].outcome", index);
    lima_json_set_int(doc, (int64_t)result->ms, "cases[%zu].ms", index);
    if (result->text)
        lima_json_set_str(doc, result->text, "cases[%zu].text", index);
    if (result->outcome == LIMA_CHECK_FAILED)
        set_meaning(doc, index, result->of);
    if (result->log)
        lima_json_set_str(doc, result->log, "cases[%zu].log", index);
}

void lima_check_add_json(const lima_check_report *report, lima_buf *into)
{
    lima_json *doc = lima_json_new_object();
    lima_json_set_str(doc, report->driver, "driver");
    lima_json_set_int(doc, (int64_t)report->passed, "passed");
    lima_json_set_int(doc, (int64_t)report->failed, "failed");
    lima_json_set_int(doc, (int64_t)report->skipped, "skipped");
    lima_json_set_int(doc, (int64_t)report->ms, "ms");
    lima_json_set_empty_array(doc, "cases");
    for (size_t i = 0; i < report->len; i++)
        set_result(doc, i, &report->results[i]);
    add_document(doc, into);
}

/* ---- the list ---- */

void lima_check_add_list(const lima_check_case *const *cases, size_t count, lima_buf *into)
{
    for (size_t i = 0; i < count; i++)
        lima_buf_addf(into, "%s%s\n    Why: %s (facts %s)\n    If it fails: %s\n", cases[i]->id,
                      cases[i]->needs & LIMA_CHECK_GUEST ? " (needs --vm)" : "", cases[i]->why,
                      cases[i]->source, cases[i]->remedy);
}

static void set_needs(lima_json *doc, size_t index, unsigned needs)
{
    static const struct {
        unsigned need;
        const char *name;
    } names[] = {{LIMA_CHECK_INST_DIR, "inst-dir"},
                 {LIMA_CHECK_ANNOUNCE, "announce"},
                 {LIMA_CHECK_TOOL_2_1, "pre-driver-action"},
                 {LIMA_CHECK_GUEST, "vm"}};
    size_t count = 0;
    lima_json_set_empty_array(doc, "cases[%zu].needs", index);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (needs & names[i].need)
            lima_json_set_str(doc, names[i].name, "cases[%zu].needs[%zu]", index, count++);
}

void lima_check_add_list_json(const lima_check_case *const *cases, size_t count, lima_buf *into)
{
    lima_json *doc = lima_json_new_object();
    lima_json_set_empty_array(doc, "cases");
    for (size_t i = 0; i < count; i++) {
        lima_json_set_str(doc, cases[i]->id, "cases[%zu].id", i);
        set_meaning(doc, i, cases[i]);
        set_needs(doc, i, cases[i]->needs);
    }
    add_document(doc, into);
}
