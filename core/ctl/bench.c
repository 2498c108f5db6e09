/* limadrv bench: rounds of all rows, the drivers in turns, so that a busy moment of the machine hits both. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "bench_measure.h"
#include "command.h"
#include "find.h"
#include "os/host.h"
#include "out.h"

enum row { ACCEPT, INSPECT, INFO_P50, INFO_RATE, SIZE, ROWS };
enum { SUBJECTS_MAX = 2, ROUNDS_MAX = 1000 };

static const struct {
    const char *key, *title, *unit;
} NAMES[ROWS] = {
    {"exec-to-accept", "exec to accepting socket", "ms"},
    {"inspect-status", "--inspect-status", "ms"},
    {"info-p50", "Info, median", "ms"},
    {"info-rate", "Info from 16 clients", "per second"},
    {"program-size", "program size", "MB"},
};

struct subject {
    char *program;        /* owned */
    double *values[ROWS]; /* owned; one per round */
};

struct bench {
    struct subject subjects[SUBJECTS_MAX];
    size_t count;
    unsigned rounds;
};

static bool measure_round(struct subject *subject, unsigned round, lima_err *err)
{
    double **values = subject->values;
    const char *program = subject->program;
    bool ok = lima_bench_accept(program, &values[ACCEPT][round], err)
              && lima_bench_inspect(program, &values[INSPECT][round], err)
              && lima_bench_info(program, &values[INFO_P50][round], &values[INFO_RATE][round], err)
              && lima_bench_size(program, &values[SIZE][round], err);
    return ok || lima_err_wrap(err, "'%s'", program);
}

static bool measure(const lima_ctl_args *args, struct bench *bench, lima_err *err)
{
    for (unsigned round = 0; round < bench->rounds; round++) {
        for (size_t i = 0; i < bench->count; i++) {
            if (lima_wake_wait(lima_ctl_wake(args), 0))
                return lima_err_set(err, LIMA_CODE_CANCELLED, "interrupted");
            fprintf(stderr, "round %u of %u: %s\n", round + 1, bench->rounds, bench->subjects[i].program);
            if (!measure_round(&bench->subjects[i], round, err))
                return false;
        }
    }
    return true;
}

static bool add_subject(struct bench *bench, const char *driver, lima_err *err)
{
    struct subject *subject = &bench->subjects[bench->count];
    if (!lima_find_driver(driver, &subject->program, err))
        return false;
    for (int row = 0; row < ROWS; row++)
        subject->values[row] = lima_mem_zalloc(bench->rounds, sizeof(double));
    bench->count++;
    return true;
}

static void add_spread(const struct subject *subject, int row, unsigned rounds, lima_strv *cells)
{
    double middle = lima_bench_median(subject->values[row], rounds);
    lima_strv_addf(cells, "%.4g (%.4g-%.4g)", middle, subject->values[row][0],
                   subject->values[row][rounds - 1]);
}

static void print_human(const struct bench *bench)
{
    lima_strv cells = {0};
    size_t columns = bench->count == 2 ? 5 : 3;
    lima_strv_add(&cells, "WHAT");
    lima_strv_add(&cells, "UNIT");
    for (size_t i = 0; i < bench->count; i++)
        lima_strv_add(&cells, bench->subjects[i].program);
    if (bench->count == 2)
        lima_strv_add(&cells, "RATIO");
    for (int row = 0; row < ROWS; row++) {
        lima_strv_add(&cells, NAMES[row].title);
        lima_strv_add(&cells, NAMES[row].unit);
        for (size_t i = 0; i < bench->count; i++)
            add_spread(&bench->subjects[i], row, bench->rounds, &cells);
        if (bench->count == 2)
            lima_strv_addf(&cells, "%.3f",
                           lima_bench_median(bench->subjects[0].values[row], bench->rounds)
                               / lima_bench_median(bench->subjects[1].values[row], bench->rounds));
    }
    lima_out_table(&cells, columns);
    lima_strv_free(&cells);
}

/* A JSON number with its digits; the wrapper writes integers only. */
static void set_number(lima_json *doc, double value, size_t subject, const char *row, unsigned round)
{
    char *text = lima_mem_printf("%.6f", value);
    lima_json *number = NULL;
    if (lima_json_parse(text, strlen(text), &number, NULL))
        lima_json_set_copy(doc, number, "drivers[%zu].rows.\"%s\".values[%u]", subject, row, round);
    lima_json_free(number);
    free(text);
}

static void print_json(const struct bench *bench)
{
    const lima_host *host = lima_host_get();
    lima_json *doc = lima_json_new_object();
    lima_json_set_str(doc, host->os, "machine.os");
    lima_json_set_str(doc, host->arch, "machine.arch");
    lima_json_set_int(doc, host->cpus, "machine.cpus");
    lima_json_set_int(doc, (int64_t)host->memory, "machine.memory");
    for (size_t i = 0; i < bench->count; i++) {
        lima_json_set_str(doc, bench->subjects[i].program, "drivers[%zu].program", i);
        for (int row = 0; row < ROWS; row++) {
            lima_json_set_str(doc, NAMES[row].unit, "drivers[%zu].rows.\"%s\".unit", i, NAMES[row].key);
            for (unsigned round = 0; round < bench->rounds; round++)
                set_number(doc, bench->subjects[i].values[row][round], i, NAMES[row].key, round);
        }
    }
    lima_out_json(doc);
    lima_json_free(doc);
}

static void bench_free(struct bench *bench)
{
    for (size_t i = 0; i < SUBJECTS_MAX; i++) {
        free(bench->subjects[i].program);
        for (int row = 0; row < ROWS; row++)
            free(bench->subjects[i].values[row]);
    }
}

int lima_ctl_bench(const lima_ctl_args *args)
{
    lima_err err = {0};
    struct bench bench = {.rounds = (unsigned)lima_ctl_number(args, "repeat")};
    const char *peer = lima_ctl_str(args, "vs");
    if (lima_ctl_number(args, "repeat") < 1 || lima_ctl_number(args, "repeat") > ROUNDS_MAX)
        return lima_ctl_misuse(args, "--repeat: from 1 to %d", ROUNDS_MAX);
    bool ok = add_subject(&bench, lima_ctl_operand_at(args, 0), &err)
              && (!peer || add_subject(&bench, peer, &err)) && measure(args, &bench, &err);
    if (ok && lima_ctl_bool(args, "json"))
        print_json(&bench);
    else if (ok)
        print_human(&bench);
    bench_free(&bench);
    return ok ? LIMA_CTL_OK : lima_ctl_fail(args, &err);
}
