/* VMs whose documents are compared with golden/NAME.json. */
#pragma once

#include "hyperv/document.h"

enum {
    UP_TO_2_1 = 0x3, /* sets of schema versions */
    UP_TO_2_2 = 0x7,
    UP_TO_2_3 = 0xf,
    UP_TO_2_5 = 0x3f,
    UP_TO_2_6 = 0x7f,
    ONLY_2_7 = 0x80,
};

#define DIR "C:\\Users\\J\xc3\xb6rg M\\.lima\\dev\\"
#define ENDPOINT "3F1C0C52-5f0c-4a55-9d0b-6f5b7f1b2a10"
#define SID "S-1-5-21-1004336348-1177238915-682003330-1001"

typedef struct scenario {
    const char *name;
    uint32_t schemas;
    hyperv_vm vm;
    size_t left_out; /* wishes */
} scenario;

extern const scenario scenarios[]; /* ended by one without a name */
extern const hyperv_host able;

const scenario *scenario_named(const char *name);
/* Owned. Fails the test when there is none. */
char *scenario_document(const scenario *s);
