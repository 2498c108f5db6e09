/* Internal to schema: the properties that documents of this driver may have. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "data/json.h"

/* A property of later Windows whose version Microsoft does not tell: the highest that the service has. */
enum { HYPERV_SCHEMA_NEWEST = 255 };

typedef struct hyperv_property {
    const char *path; /* "*" for any key, "[]" for the elements of an array */
    lima_json_kind kind;
    uint32_t since; /* minor version */
} hyperv_property;

extern const hyperv_property lima_hyperv_properties[];
extern const size_t lima_hyperv_properties_len;
