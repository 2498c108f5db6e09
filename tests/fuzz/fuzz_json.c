/* JSON as limactl, QMP or qemu-img might send it. Beyond not crashing: what was parsed prints to a text
 * that parses again and prints the same, compact and indented; a first value is found wherever a whole one
 * is; paths made of the input are safe. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
    if (!condition)
        abort();
}

static void check_round_trip(const char *text, const char *expected)
{
    lima_json *json = NULL;
    check(lima_json_parse(text, strlen(text), &json, NULL));
    char *again = lima_json_print(json);
    check(strcmp(again, expected) == 0);
    free(again);
    lima_json_free(json);
}

static void check_value(const lima_json *json)
{
    char *compact = lima_json_print(json), *indented = lima_json_print_indented(json);
    check_round_trip(compact, compact);
    check_round_trip(indented, compact);
    free(compact);
    free(indented);
}

static void use_as_path(lima_json *json, const char *text)
{
    lima_json_str(json, NULL, "%s", text);
    lima_json_int(json, 0, "a[%d].%s", 1, text);
    lima_json_expect(json, LIMA_JSON_INTEGER, NULL, "%s", text);
    lima_json *made = lima_json_new_object();
    lima_json_set_str(made, text, "a.\"%s\"[0]", text);
    check(lima_json_get_kind(made, "a.\"%s\"[0]", text) == LIMA_JSON_STRING);
    check(lima_json_count(made, "a") == 1);
    check_value(made);
    lima_json_free(made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lima_json *whole = NULL, *first = NULL;
    lima_err err = {0};
    size_t used = 0;
    bool has_first = lima_json_parse_first((const char *)data, size, &first, &used, NULL);
    bool has_whole = lima_json_parse((const char *)data, size, &whole, &err);
    check(has_first || !has_whole);
    check(has_whole || err.code == LIMA_CODE_INVALID_ARGUMENT || err.code == LIMA_CODE_OUT_OF_RANGE);
    check(used <= size);
    if (has_first)
        check_value(first);
    char *text = calloc(size + 1, 1);
    memcpy(text, data, size);
    use_as_path(whole, text);
    free(text);
    lima_json_free(first);
    lima_json_free(whole);
    return 0;
}
