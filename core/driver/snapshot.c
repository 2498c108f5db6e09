/* The text form is read by limactl (--quiet prints the second word of each line), so no column may be
 * empty. */
#include "driver/snapshot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "driver/control.h"

enum { LIST_TEXT_MAX = 4 * 1024 * 1024 };

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool lima_snapshot_check_tag(const char *tag, lima_err *err)
{
    size_t len = strlen(tag);
    bool ok = len > 0 && len <= LIMA_CONTROL_TAG_MAX && is_alnum(tag[0]);
    for (size_t i = 0; ok && i < len; i++)
        ok = is_alnum(tag[i]) || strchr("._-", tag[i]);
    if (ok)
        return true;
    return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                        "snapshot tag '%.140s' is not usable: 1 to %d letters, digits, '.', '_' or '-', the "
                        "first a letter or digit",
                        tag, LIMA_CONTROL_TAG_MAX);
}

char *lima_snapshot_file_stem(const char *tag)
{
    uint8_t digest[LIMA_SHA256_LEN];
    lima_sha256((const void *const[]){tag}, (const size_t[]){strlen(tag)}, 1, digest);
    char *stem = lima_mem_printf("%s-%02x%02x%02x%02x", tag, digest[0], digest[1], digest[2], digest[3]);
    for (char *c = stem; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + ('a' - 'A'));
    return stem;
}

void lima_snapshot_list_add(lima_snapshot_list *list, const lima_snapshot *item)
{
    list->items = lima_mem_resize(list->items, list->len + 1, sizeof *list->items);
    lima_snapshot *own = &list->items[list->len++];
    *own = *item;
    own->id = lima_mem_strdup(item->id ? item->id : "");
    own->tag = lima_mem_strdup(item->tag ? item->tag : "");
    own->parent = lima_mem_strdup(item->parent);
    own->kind = lima_mem_strdup(item->kind);
}

void lima_snapshot_list_free(lima_snapshot_list *list)
{
    for (size_t i = 0; i < list->len; i++) {
        free(list->items[i].id);
        free(list->items[i].tag);
        free(list->items[i].parent);
        free(list->items[i].kind);
    }
    free(list->items);
    *list = (lima_snapshot_list){0};
}

static void add_size(lima_buf *text, uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    double amount = (double)bytes;
    for (; amount >= 1024 && unit + 1 < sizeof units / sizeof *units; unit++)
        amount /= 1024;
    char room[32];
    snprintf(room, sizeof room, "%.*f%s", unit ? 1 : 0, amount, units[unit]);
    lima_buf_addf(text, "  %10s", room);
}

/* UTC, so that the list reads the same wherever it is printed; by hand, as the C library's gmtime is not for
 * threads. Years are counted from March, which puts the leap day last; an era has 400 of them. */
static void add_time(lima_buf *text, int64_t seconds)
{
    enum { DAY = 86400, ERA_DAYS = 146097, MARCH_0000_TO_1970 = 719468 };
    if (seconds <= 0) {
        lima_buf_addf(text, "  %-20s", "-");
        return;
    }
    int64_t days = seconds / DAY + MARCH_0000_TO_1970, era = days / ERA_DAYS, in_era = days % ERA_DAYS;
    int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * in_year + 2) / 153, day = in_year - (153 * month + 2) / 5 + 1;
    int64_t s = seconds % DAY;
    lima_buf_addf(text, "  %04d-%02d-%02dT%02d:%02d:%02dZ", (int)(year + era * 400 + (month >= 10)),
                  (int)(month < 10 ? month + 3 : month - 9), (int)day, (int)(s / 3600), (int)(s / 60 % 60),
                  (int)(s % 60));
}

static bool is_tree(const lima_snapshot_list *list)
{
    for (size_t i = 0; i < list->len; i++)
        if (list->items[i].kind)
            return true;
    return false;
}

static void add_place(lima_buf *text, const lima_snapshot *item)
{
    lima_buf_addf(text, "  %-4s", item->kind ? item->kind : "-");
    add_size(text, item->disk_size);
    lima_buf_addf(text, "  %s", item->parent && *item->parent ? item->parent : "-");
}

char *lima_snapshot_list_text(const lima_snapshot_list *list)
{
    lima_buf text = LIMA_BUF(LIST_TEXT_MAX);
    bool tree = is_tree(list);
    lima_buf_addf(&text, "%-4s  %-24s  %10s  %-20s  VM-CLOCK", "ID", "TAG", "VM-SIZE", "CREATED");
    lima_buf_add_str(&text, tree ? "      KIND   DISK-SIZE  PARENT\n" : "\n");
    for (size_t i = 0; i < list->len; i++) {
        const lima_snapshot *item = &list->items[i];
        uint64_t s = item->vm_clock_ms / 1000;
        lima_buf_addf(&text, "%-4s  %-24s", *item->id ? item->id : "-", *item->tag ? item->tag : "-");
        add_size(&text, item->vm_size);
        add_time(&text, item->created);
        lima_buf_addf(&text, "  %02" PRIu64 ":%02" PRIu64 ":%02" PRIu64 ".%03" PRIu64, s / 3600, s / 60 % 60,
                      s % 60, item->vm_clock_ms % 1000);
        if (tree)
            add_place(&text, item);
        lima_buf_add_str(&text, "\n");
    }
    return lima_buf_take(&text);
}
