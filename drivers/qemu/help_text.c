/* QEMU prints its lists for humans: a headline, then one entry per line, perhaps followed by another headline
 * with other things. Only the first word of an entry counts. Nothing here runs QEMU. */
#include "qemu/help_text.h"

#include <string.h>

#include "qemu/text.h"

static const qemu_probe probes_q35[] = {
    {{"--version"}, lima_qemu_parse_version},
    {{"-M", "none", "-accel", "help"}, lima_qemu_parse_accels},
    {{"-M", "none", "-netdev", "help"}, lima_qemu_parse_netdevs},
    {{"-cpu", "help", "-machine", "q35"}, lima_qemu_parse_cpus},
    {{NULL}, NULL},
};

static const qemu_probe probes_virt[] = {
    {{"--version"}, lima_qemu_parse_version},
    {{"-M", "none", "-accel", "help"}, lima_qemu_parse_accels},
    {{"-M", "none", "-netdev", "help"}, lima_qemu_parse_netdevs},
    {{"-cpu", "help", "-machine", "virt"}, lima_qemu_parse_cpus},
    {{NULL}, NULL},
};

const qemu_probe *lima_qemu_probes(const char *guest_arch)
{
    return lima_str_eq(guest_arch, "x86_64") ? probes_q35 : probes_virt;
}

static size_t bounded_len(const char *text)
{
    const char *end = memchr(text, '\0', QEMU_HELP_BYTES_MAX);
    return end ? (size_t)(end - text) : QEMU_HELP_BYTES_MAX;
}

/* The index of the first line with `headline` in it; the number of lines when there is none. */
static size_t find_headline(const lima_strv *lines, const char *headline)
{
    size_t i = 0;
    while (i < lines->len && !strstr(lines->items[i], headline))
        i++;
    return i;
}

/* Before QEMU 9 the x86 program puts "x86" before each model. */
static void add_entry(const char *line, lima_strv *ret)
{
    lima_strv words = {0};
    lima_qemu_words(line, &words);
    lima_strv_add(ret, words.len > 1 && lima_str_eq(words.items[0], "x86") ? words.items[1] : words.items[0]);
    lima_strv_free(&words);
}

static bool parse_list(const char *text, const char *headline, const char *what, lima_strv *ret,
                       lima_err *err)
{
    lima_strv lines = {0}, entries = {0};
    lima_qemu_lines(text, bounded_len(text), &lines);
    size_t first = find_headline(&lines, headline) + 1;
    for (size_t i = first; i < lines.len && entries.len < QEMU_HELP_WORDS_MAX; i++) {
        if (lima_str_has_suffix(lines.items[i], ":"))
            break;
        add_entry(lines.items[i], &entries);
    }
    bool ok = entries.len > 0;
    if (ok) {
        lima_strv_free(ret);
        *ret = entries;
    } else {
        lima_err_set(err, LIMA_CODE_UNKNOWN, "QEMU's list of %s cannot be read; it begins with '%.200s'",
                     what, lines.len ? lines.items[0] : "");
        lima_strv_free(&entries);
    }
    lima_strv_free(&lines);
    return ok;
}

bool lima_qemu_parse_version(const char *text, qemu_features *features, lima_err *err)
{
    static const char marker[] = "QEMU emulator version ";
    bool ok = false;
    lima_strv lines = {0};
    lima_qemu_lines(text, bounded_len(text), &lines);
    size_t at = find_headline(&lines, marker);
    if (at < lines.len)
        ok = lima_parse_version(strstr(lines.items[at], marker) + sizeof marker - 1, &features->version, err);
    else
        lima_err_set(err, LIMA_CODE_UNKNOWN, "QEMU's version cannot be read from '%.200s'",
                     lines.len ? lines.items[0] : "");
    lima_strv_free(&lines);
    return ok;
}

bool lima_qemu_parse_accels(const char *text, qemu_features *features, lima_err *err)
{
    return parse_list(text, "ccelerators", "accelerators", &features->accels, err);
}

bool lima_qemu_parse_netdevs(const char *text, qemu_features *features, lima_err *err)
{
    return parse_list(text, "netdev backend", "network backends", &features->netdevs, err);
}

bool lima_qemu_parse_cpus(const char *text, qemu_features *features, lima_err *err)
{
    return parse_list(text, "Available CPUs", "CPU models", &features->cpus, err);
}

void lima_qemu_features_free(qemu_features *features)
{
    lima_strv_free(&features->accels);
    lima_strv_free(&features->netdevs);
    lima_strv_free(&features->cpus);
    *features = (qemu_features){0};
}
