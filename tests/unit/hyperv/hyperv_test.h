/* What the tests of the hyperv driver's pure half share, besides what those of the qemu driver have. */
#ifndef HYPERV_TEST_H
#define HYPERV_TEST_H

#include "unit/qemu/qemu_test.h"

/* JSON with ' for ", as JSON. Owned. */
static inline char *json_text(const char *text)
{
    lima_json *json = parse_text(text);
    char *printed = lima_json_print(json);
    lima_json_free(json);
    return printed;
}

#endif
