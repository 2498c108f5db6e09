/* A snapshot's metadata file: refused, or printed and read again as the same. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/json.h"
#include "wsl2/snapshot_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The name that the tag inside asks for, so that inputs get past that check. Owned. */
static char *name_for(const char *text, size_t size)
{
    lima_json *json = NULL;
    lima_json_parse(text, size, &json, NULL);
    const char *tag = lima_json_str(json, "x", "tag");
    char *name = lima_wsl2_snapshot_json_name(tag);
    lima_json_free(json);
    return name;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    char *name = name_for(text, size);
    wsl2_snapshot first = {0}, second = {0};
    lima_err err = {0};
    if (lima_wsl2_snapshot_parse(text, size, name, &first, &err)) {
        char *printed = lima_wsl2_snapshot_print(&first);
        assert(lima_wsl2_snapshot_parse(printed, strlen(printed), name, &second, &err));
        assert(strcmp(first.tag, second.tag) == 0 && first.size == second.size
               && first.created == second.created);
        free(printed);
    } else {
        assert(err.code != LIMA_CODE_OK && err.text[0] && !first.tag);
    }
    lima_wsl2_snapshot_free(&first);
    lima_wsl2_snapshot_free(&second);
    free(name);
    return 0;
}
