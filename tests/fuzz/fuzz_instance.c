/* The Instance document as Configure gets it: parse, copy, refresh, print; and the same bytes as a bare
 * configuration. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "driver/instance.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void as_instance(const char *text, size_t len)
{
    lima_instance *inst = NULL, *again = NULL;
    lima_err err = {0};
    if (!lima_instance_parse(text, len, &inst, &err))
        return;
    lima_instance *copy = lima_instance_copy(inst);
    char *printed = lima_json_print(copy->doc);
    if (!lima_instance_parse(printed, strlen(printed), &again, &err) || again->memory != inst->memory
        || strcmp(again->dir, inst->dir) != 0)
        abort(); /* what was taken once is taken again, and says the same */
    free(printed);
    lima_instance_free(again);
    lima_instance_free(copy);
    lima_instance_free(inst);
}

static void as_config(const char *text, size_t len)
{
    lima_instance *inst = NULL;
    lima_json *config = NULL;
    if (lima_json_parse(text, len, &config, NULL)
        && lima_instance_from_config(config, "/l/dev/lima.yaml", &inst, NULL))
        lima_instance_free(inst);
    lima_json_free(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_instance((const char *)data, size);
    as_config((const char *)data, size);
    return 0;
}
