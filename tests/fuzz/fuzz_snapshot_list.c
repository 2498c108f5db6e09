/* Tables of snapshots, and the same bytes as QEMU's last words and as an HMP answer. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "qemu/image_info.h"
#include "qemu/snapshot_text.h"
#include "qemu/stderr_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    lima_snapshot_list list = {0};
    lima_err err = {0};
    qemu_death death = {.program = "q", .exit_text = "exit status 1"};
    if (!lima_qemu_snapshots_parse(text, size, &list, &err))
        assert(err.code == LIMA_CODE_UNKNOWN && !list.items);
    assert(list.len <= QEMU_SNAPSHOTS_MAX);
    for (size_t i = 0; i < list.len; i++)
        assert(list.items[i].tag && *list.items[i].tag);
    lima_snapshot_list_free(&list);
    lima_qemu_hmp_check(text, size, "what", &err);
    lima_qemu_stderr_explain(text, size, &death, &err);
    assert(strlen(err.text) < LIMA_ERR_TEXT_MAX);
    char *words = lima_qemu_stderr_last_words(text, size, 100);
    assert(strlen(words) <= 100);
    free(words);
    return 0;
}
