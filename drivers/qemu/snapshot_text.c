/* The table is made for eyes: columns move with long entries, their headings differ between releases, the size has two units' styles, the
 * last column may be missing. So a row is read from its right end, where the clock has an unmistakable form:
 *     ID  TAG  SIZE UNIT  DATE TIME  CLOCK  [ICOUNT]
 * Up to QEMU 8 a long tag and a size of full width have no blank between them; the number then begins where its only possible forms allow.
 * What is not read: the partial snapshots that follow under a heading of their own. */
#include "qemu/snapshot_text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/str.h"
#include "qemu/image_info.h"
#include "qemu/text.h"

/* Reads `fmt` against the whole text: 'd' one or more digits, stored in order; any other byte is itself. */
static bool match_numbers(const char *text, const char *fmt, long long *ret)
{
    for (; *fmt; fmt++) {
        if (*fmt != 'd') {
            if (*text++ != *fmt)
                return false;
            continue;
        }
        size_t len = strspn(text, "0123456789");
        if (len == 0 || len > 9)
            return false;
        *ret++ = strtoll(text, NULL, 10);
        text += len;
    }
    return !*text;
}

static bool parse_clock(const char *word, uint64_t *ret_ms)
{
    long long n[4];
    if (!match_numbers(word, "d:d:d.d", n))
        return false;
    *ret_ms = (((uint64_t)n[0] * 60 + (uint64_t)n[1]) * 60 + (uint64_t)n[2]) * 1000 + (uint64_t)n[3];
    return true;
}

static bool parse_date(const char *date, const char *clock, int64_t *ret)
{
    long long d[3], c[3];
    if (!match_numbers(date, "d-d-d", d) || !match_numbers(clock, "d:d:d", c))
        return false;
    if (d[0] < 1970 || d[0] > 9999 || d[1] < 1 || d[1] > 12 || d[2] < 1 || d[2] > 31 || c[0] > 23 || c[1] > 59
        || c[2] > 60)
        return false;
    struct tm tm = {.tm_year = (int)d[0] - 1900,
                    .tm_mon = (int)d[1] - 1,
                    .tm_mday = (int)d[2],
                    .tm_hour = (int)c[0],
                    .tm_min = (int)c[1],
                    .tm_sec = (int)c[2],
                    .tm_isdst = -1};
    *ret = (int64_t)mktime(&tm);
    return true;
}

/* "B", "KiB", "MiB", …, or one letter: the factor; 0 for no unit. */
static double unit_factor(const char *unit)
{
    static const char letters[] = "BKMGTPE";
    const char *at = *unit ? strchr(letters, *unit) : NULL;
    bool form = at && (!unit[1] || (lima_str_eq(unit + 1, "iB") && *unit != 'B'));
    return form ? (double)(1ULL << (10 * (at - letters))) : 0;
}

/* Where the number at the end of the text begins; the text's length when there is none. */
static size_t number_start(const char *text, size_t len)
{
    size_t start = len;
    while (start > 0 && strchr("0123456789.e+", text[start - 1]))
        start--;
    return start;
}

static bool parse_size(const char *number, const char *unit, uint64_t *ret)
{
    char *end = NULL;
    double factor = unit_factor(unit);
    if (factor == 0 || number_start(number, strlen(number)) != 0)
        return false;
    double value = strtod(number, &end);
    if (*end || end == number || !(value >= 0 && value * factor < 9e18))
        return false;
    *ret = (uint64_t)(value * factor);
    return true;
}

/* "longtag54.9" → "longtag", "54.9". A number without exponent is four bytes long when it touches the tag: shorter ones are padded. */
static size_t glued_number(const char *text)
{
    size_t len = strlen(text);
    const char *exponent = strstr(text, "e+0");
    if (exponent && len >= 5 && exponent + 4 == text + len) {
        size_t mantissa = (size_t)(exponent - text);
        while (mantissa > 0 && (size_t)(exponent - text) - mantissa < 4
               && strchr("0123456789.", text[mantissa - 1]))
            mantissa--;
        return mantissa;
    }
    return len > 4 ? len - 4 : len;
}

/* The size that ends before words[end], where end is at least 3; *ret_tag_end is the word after the tag's last. A number that touches the tag is cut off it. */
static bool read_size(char **words, size_t end, size_t *ret_tag_end, uint64_t *ret_size)
{
    char *last = words[end - 1];
    if (parse_size(words[end - 2], last, ret_size)) {
        *ret_tag_end = end - 2;
        return true;
    }
    size_t digits = strspn(last, "0123456789.");
    if (digits) { /* "54M", before QEMU 5 */
        char *number = lima_mem_strndup(last, digits);
        bool ok = parse_size(number, last[digits] ? last + digits : "B", ret_size);
        free(number);
        *ret_tag_end = end - 1;
        return ok;
    }
    char *glued = words[end - 2];
    size_t start = glued_number(glued);
    if (!parse_size(glued + start, last, ret_size))
        return false;
    glued[start] = '\0';
    *ret_tag_end = end - 1;
    return true;
}

static char *join_words(char **words, size_t first, size_t end)
{
    lima_strv tag = {0};
    for (size_t i = first; i < end; i++)
        lima_strv_add(&tag, words[i]);
    char *joined = lima_strv_join(&tag, " ");
    lima_strv_free(&tag);
    return joined;
}

/* words: ID TAG… SIZE [UNIT] DATE TIME CLOCK [ICOUNT] */
static bool read_row(lima_strv *words, lima_snapshot_list *ret)
{
    lima_snapshot row = {0};
    size_t clock = words->len - 1;
    if (words->len < 6)
        return false;
    if (!parse_clock(words->items[clock], &row.vm_clock_ms)
        && !parse_clock(words->items[--clock], &row.vm_clock_ms))
        return false;
    size_t date = clock - 2, tag_end = 0;
    if (date < 3 || !parse_date(words->items[date], words->items[date + 1], &row.created)
        || !read_size(words->items, date, &tag_end, &row.vm_size) || tag_end < 2)
        return false;
    row.id = lima_str_eq(words->items[0], "--") ? lima_mem_strdup("") : lima_mem_strdup(words->items[0]);
    row.tag = join_words(words->items, 1, tag_end);
    lima_snapshot_list_add(ret, &row);
    free(row.id);
    free(row.tag);
    return true;
}

typedef enum line_kind { LINE_ROW, LINE_SKIP, LINE_END } line_kind;

static line_kind classify(const char *line)
{
    if (lima_str_has_prefix(line, "List of partial"))
        return LINE_END;
    bool head = lima_str_has_prefix(line, "ID ") && strstr(line, "TAG");
    bool title = lima_str_has_prefix(line, "List of snapshots") || lima_str_has_prefix(line, "Snapshot list:")
                 || lima_str_has_prefix(line, "There is no") || lima_str_eq(line, "None");
    return head || title ? LINE_SKIP : LINE_ROW;
}

static bool parse_lines(const lima_strv *lines, lima_snapshot_list *ret, lima_err *err)
{
    for (size_t i = 0; i < lines->len; i++) {
        line_kind kind = classify(lines->items[i]);
        if (kind == LINE_END)
            break;
        if (kind == LINE_SKIP)
            continue;
        lima_strv words = {0};
        lima_qemu_words(lines->items[i], &words);
        bool ok = ret->len < QEMU_SNAPSHOTS_MAX && read_row(&words, ret);
        lima_strv_free(&words);
        if (!ok)
            return lima_err_set(err, LIMA_CODE_UNKNOWN, "QEMU's list of snapshots cannot be read at '%.200s'",
                                lines->items[i]);
    }
    return true;
}

bool lima_qemu_snapshots_parse(const char *text, size_t len, lima_snapshot_list *ret, lima_err *err)
{
    lima_strv lines = {0};
    lima_snapshot_list made = {0};
    lima_qemu_lines(text, len, &lines);
    bool ok = parse_lines(&lines, &made, err);
    if (ok)
        *ret = made;
    else
        lima_snapshot_list_free(&made);
    lima_strv_free(&lines);
    return ok;
}

static bool row_from_json(const lima_json *image, size_t i, lima_snapshot_list *ret)
{
    const char *tag = lima_json_str(image, NULL, "snapshots[%zu].name", i);
    const char *id = lima_json_str(image, NULL, "snapshots[%zu].id", i);
    int64_t size = lima_json_int(image, -1, "snapshots[%zu].vm-state-size", i);
    int64_t seconds = lima_json_int(image, -1, "snapshots[%zu].vm-clock-sec", i);
    int64_t nanoseconds = lima_json_int(image, 0, "snapshots[%zu].vm-clock-nsec", i);
    if (!tag || !id || size < 0 || seconds < 0 || seconds > INT64_MAX / 2000 || nanoseconds < 0)
        return false;
    lima_snapshot row = {.created = lima_json_int(image, 0, "snapshots[%zu].date-sec", i),
                         .vm_size = (uint64_t)size};
    row.vm_clock_ms = (uint64_t)seconds * 1000 + (uint64_t)nanoseconds / 1000000;
    row.tag = lima_mem_strdup(tag);
    row.id = lima_mem_strdup(id);
    lima_snapshot_list_add(ret, &row);
    free(row.tag);
    free(row.id);
    return true;
}

bool lima_qemu_snapshots_from_json(const lima_json *image, lima_snapshot_list *ret, lima_err *err)
{
    if (!lima_json_expect(image, LIMA_JSON_ARRAY, err, "snapshots"))
        return false;
    lima_snapshot_list made = {0};
    size_t count = lima_json_count(image, "snapshots");
    bool ok = count <= QEMU_SNAPSHOTS_MAX;
    for (size_t i = 0; ok && i < count; i++)
        ok = row_from_json(image, i, &made);
    if (ok) {
        *ret = made;
        return true;
    }
    lima_snapshot_list_free(&made);
    return lima_err_set(err, LIMA_CODE_UNKNOWN,
                        "QEMU's description of an image has an incomplete list of %zu snapshots", count);
}

static lima_code code_of(const char *text)
{
    static const struct {
        const char *words;
        lima_code code;
    } known[] = {
        {"does not exist", LIMA_CODE_NOT_FOUND},
        {"not found", LIMA_CODE_NOT_FOUND},
        {"No such file or directory", LIMA_CODE_NOT_FOUND},
        {"already exists", LIMA_CODE_ALREADY_EXISTS},
        {"No space left", LIMA_CODE_RESOURCE_EXHAUSTED},
        {"quota", LIMA_CODE_RESOURCE_EXHAUSTED},
        {"does not support snapshots", LIMA_CODE_FAILED_PRECONDITION},
        {"can't be migrated", LIMA_CODE_FAILED_PRECONDITION},
        {"does not support live migration", LIMA_CODE_FAILED_PRECONDITION},
        {"disk-only snapshot", LIMA_CODE_FAILED_PRECONDITION},
        {"blocked", LIMA_CODE_FAILED_PRECONDITION},
        {"non-migratable", LIMA_CODE_FAILED_PRECONDITION},
        {"Migration is disabled", LIMA_CODE_FAILED_PRECONDITION},
        {"Operation not supported", LIMA_CODE_FAILED_PRECONDITION},
        {"Failed to get \"write\" lock", LIMA_CODE_FAILED_PRECONDITION},
        {"Permission denied", LIMA_CODE_PERMISSION_DENIED},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strstr(text, known[i].words))
            return known[i].code;
    return LIMA_CODE_UNKNOWN;
}

static const char *hint_of(lima_code code)
{
    if (code == LIMA_CODE_NOT_FOUND)
        return "; see the tags with: limactl snapshot list";
    if (code == LIMA_CODE_RESOURCE_EXHAUSTED)
        return "; free space on the disk that holds the instance";
    return "";
}

/* All that was said, on one line. */
static char *one_line(const char *text, size_t len)
{
    lima_strv lines = {0};
    lima_qemu_lines(text, len, &lines);
    for (size_t i = 0; i < lines.len; i++)
        if (lima_str_has_prefix(lines.items[i], "Error: "))
            memmove(lines.items[i], lines.items[i] + 7, strlen(lines.items[i]) - 6);
    char *joined = lima_strv_join(&lines, "; ");
    lima_strv_free(&lines);
    return joined;
}

bool lima_qemu_hmp_check(const char *answer, size_t len, const char *what, lima_err *err)
{
    char *text = one_line(answer, len);
    bool ok = !*text;
    if (!ok)
        lima_err_set(err, code_of(text), "%s: QEMU says: %.1000s%s", what, text, hint_of(code_of(text)));
    free(text);
    return ok;
}

bool lima_qemu_img_failed(const char *stderr_text, size_t len, const char *what, const char *exit_text,
                          lima_err *err)
{
    char *text = one_line(stderr_text, len);
    if (*text)
        lima_err_set(err, code_of(text), "%s: %.1000s%s", what, text, hint_of(code_of(text)));
    else
        lima_err_set(err, LIMA_CODE_UNKNOWN, "%s: qemu-img failed without a word (%s)", what, exit_text);
    free(text);
    return false;
}
