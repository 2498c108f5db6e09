/* Users' YAML. Beyond not crashing: what was read is within the limits of a JSON document and survives as
 * one. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lima_json *json = NULL, *again = NULL;
    lima_err err = {0};
    if (!lima_yaml_parse((const char *)data, size, &json, &err)) {
        check(err.code == LIMA_CODE_INVALID_ARGUMENT || err.code == LIMA_CODE_OUT_OF_RANGE);
        check(!json);
        return 0;
    }
    char *text = lima_json_print(json);
    bool parsed = lima_json_parse(text, strlen(text), &again, NULL);
    check(parsed || strlen(text) > LIMA_JSON_BYTES_MAX); /* escapes are longer than what they stand for */
    if (!parsed)
        again = lima_json_copy(json);
    char *second = lima_json_print(again);
    check(strcmp(text, second) == 0);
    free(text);
    free(second);
    lima_json_free(json);
    lima_json_free(again);
    return 0;
}
