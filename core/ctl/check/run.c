/* The runner: chooses, skips, runs one case after the other, keeps the results. What the driver cannot do
 * at all is found out once, by probing, and told once, by the cases that are about it; the others are
 * skipped with that reason. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "ctl/check/fixture.h"
#include "os/file.h"

enum { TIMEOUT_MS = 60000, GUEST_TIMEOUT_MS = 300000, SKIP_FILE_MAX = 256 * 1024 };

bool lima_check_matches(const char *pattern, const char *id)
{
    if (!pattern)
        return true;
    for (; *pattern && *pattern != '*'; pattern++, id++)
        if (!*id || (*pattern != '?' && *pattern != *id))
            return false;
    if (!*pattern)
        return !*id;
    for (;; id++) {
        if (lima_check_matches(pattern + 1, id))
            return true;
        if (!*id)
            return false;
    }
}

/* ---- the skip file ---- */

static bool fits_any(const char *pattern)
{
    const lima_check_case *const *cases;
    size_t count = lima_check_cases(&cases);
    for (size_t i = 0; i < count; i++)
        if (lima_check_matches(pattern, cases[i]->id))
            return true;
    return false;
}

static bool read_skip_line(char *line, size_t number, lima_check_config *into, lima_err *err)
{
    lima_str_trim(line);
    if (!*line || *line == '#')
        return true;
    size_t id_len = strcspn(line, " \t");
    char *id = lima_mem_strndup(line, id_len);
    char *reason = lima_mem_strdup(line + id_len);
    lima_str_trim(reason);
    bool ok = true;
    if (!fits_any(id))
        ok = lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "line %zu: no case is called '%s' (see --list)",
                          number, id);
    else if (!*reason)
        ok = lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                          "line %zu: case '%s' needs a reason after its name", number, id);
    if (ok) {
        lima_strv_add(&into->skip_ids, id);
        lima_strv_add(&into->skip_reasons, reason);
    }
    free(id);
    free(reason);
    return ok;
}

bool lima_check_read_skips(const char *path, lima_check_config *into, lima_err *err)
{
    lima_buf text = LIMA_BUF(SKIP_FILE_MAX);
    lima_strv lines = {0};
    bool ok = lima_file_read(path, &text, err);
    if (ok)
        lima_str_split(lima_buf_str(&text), '\n', &lines);
    for (size_t i = 0; ok && i < lines.len; i++)
        ok = read_skip_line(lines.items[i], i + 1, into, err) || lima_err_wrap(err, "skip file '%s'", path);
    lima_strv_free(&lines);
    lima_buf_free(&text);
    return ok;
}

void lima_check_config_free(lima_check_config *config)
{
    lima_strv_free(&config->skip_ids);
    lima_strv_free(&config->skip_reasons);
}

/* ---- one case ---- */

/* Owned: why this case is not run, or NULL. */
static char *skip_reason(const lima_check_config *config, const lima_check_abilities *can,
                         const lima_check_case *of)
{
    for (size_t i = 0; i < config->skip_ids.len; i++)
        if (lima_check_matches(config->skip_ids.items[i], of->id))
            return lima_mem_strdup(config->skip_reasons.items[i]);
    if (config->wake && lima_wake_wait(config->wake, 0))
        return lima_mem_strdup("the run was cancelled");
    if ((of->needs & LIMA_CHECK_GUEST) && !config->guest)
        return lima_mem_strdup("needs a guest: --vm FOLDER");
    if ((of->needs & LIMA_CHECK_INST_DIR) && !can->inst_dir)
        return lima_mem_printf("no server mode of Lima 2.2: %s", can->inst_dir_err.text);
    if ((of->needs & LIMA_CHECK_ANNOUNCE) && !can->announce)
        return lima_mem_printf("no server mode of Lima 2.0 and 2.1: %s", can->announce_err.text);
    if ((of->needs & LIMA_CHECK_TOOL_2_1) && !can->tool_2_1)
        return lima_mem_printf("no --pre-driver-action: %s", can->tool_2_1_err.text);
    return NULL;
}

static void run_case(const lima_check_config *config, const lima_check_abilities *can,
                     lima_check_result *result)
{
    bool guest = result->of->needs & LIMA_CHECK_GUEST;
    uint32_t limit = config->timeout_ms ? config->timeout_ms : guest ? GUEST_TIMEOUT_MS : TIMEOUT_MS;
    lima_check *check = NULL;
    lima_err err = {0};
    bool ok =
        lima_check_setup(config, can, lima_clock_in(limit), &check, &err) && result->of->run(check, &err);
    const char *skipped = ok ? lima_check_skipped(check) : NULL;
    if (skipped) {
        result->outcome = LIMA_CHECK_SKIPPED;
        result->text = lima_mem_strdup(skipped);
    } else if (!ok) {
        result->outcome = LIMA_CHECK_FAILED;
        result->text = lima_mem_strdup(err.text);
    }
    lima_check_teardown(check, ok ? NULL : &result->log);
}

static void run_one(const lima_check_config *config, const lima_check_abilities *can,
                    lima_check_report *report)
{
    lima_check_result *result = &report->results[report->len];
    uint64_t begin = lima_clock_now();
    result->text = skip_reason(config, can, result->of);
    if (result->text)
        result->outcome = LIMA_CHECK_SKIPPED;
    else
        run_case(config, can, result);
    result->ms = lima_clock_now() - begin;
    report->ms += result->ms;
    report->len++;
    report->passed += result->outcome == LIMA_CHECK_PASSED;
    report->failed += result->outcome == LIMA_CHECK_FAILED;
    report->skipped += result->outcome == LIMA_CHECK_SKIPPED;
}

/* ---- all ---- */

bool lima_check_choose(const char *only, const lima_check_case ***ret, size_t *ret_count, lima_err *err)
{
    const lima_check_case *const *cases;
    size_t count = lima_check_cases(&cases), chosen = 0;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): it is an array of pointers */
    const lima_check_case **list = lima_mem_zalloc(count, sizeof *list);
    for (size_t i = 0; i < count; i++)
        if (lima_check_matches(only, cases[i]->id))
            list[chosen++] = cases[i];
    if (!chosen) {
        free(list);
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "no case is called '%s' (see --list)", only);
    }
    *ret = list;
    *ret_count = chosen;
    return true;
}

static bool check_config(const lima_check_config *config, lima_err *err)
{
    lima_file_info info;
    if (!lima_file_stat(config->driver, true, &info, err))
        return false;
    if (info.kind != LIMA_FILE_REGULAR)
        return lima_err_set(err, LIMA_CODE_NOT_FOUND, "'%s' is no program", config->driver);
    if (config->guest && !lima_file_stat(config->guest, true, &info, err))
        return false;
    return !config->guest || info.kind == LIMA_FILE_DIR
           || lima_err_set(err, LIMA_CODE_NOT_FOUND, "'%s' is no folder", config->guest);
}

bool lima_check_run(const lima_check_config *config, void (*each)(void *arg, const lima_check_report *sofar),
                    void *arg, lima_check_report *ret, lima_err *err)
{
    const lima_check_case **chosen;
    lima_check_abilities can = {0};
    size_t count;
    unsigned needs = 0;
    if (!lima_check_choose(config->only, &chosen, &count, err))
        return false;
    if (!check_config(config, err)) {
        free(chosen);
        return false;
    }
    lima_check_report report = {.driver = config->driver,
                                .results = lima_mem_zalloc(count, sizeof *report.results)};
    for (size_t i = 0; i < count; i++)
        needs |= chosen[i]->needs;
    lima_check_probe(config, needs, &can);
    for (size_t i = 0; i < count; i++) {
        report.results[i].of = chosen[i];
        run_one(config, &can, &report);
        if (each)
            each(arg, &report);
    }
    *ret = report;
    free(chosen);
    return true;
}

void lima_check_report_free(lima_check_report *report)
{
    for (size_t i = 0; i < report->len; i++) {
        free(report->results[i].text);
        free(report->results[i].log);
    }
    free(report->results);
    *report = (lima_check_report){0};
}
