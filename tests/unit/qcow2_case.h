/* qcow2 images of clusters of 512 bytes: header, L1 at cluster 1, L2 at cluster 2, data from cluster 3 on. */
#pragma once

#include "disk_case.h"

enum {
    CLUSTER = 512,
    L1 = CLUSTER,
    L2 = 2 * CLUSTER,
    DATA = 3 * CLUSTER,
    PACKED = 4 * CLUSTER,
    ENTRIES = CLUSTER / 8,
    SIZE = 20 * CLUSTER,
    /* of the header */
    VERSION = 4,
    BACKING = 8,
    CLUSTER_BITS = 20,
    DISK_SIZE = 24,
    ENCRYPTION = 32,
    L1_ENTRIES = 36,
    L1_OFFSET = 40,
    FEATURES = 72,
    COMPRESSION = 104,
};
#define COPIED (UINT64_C(1) << 63)
#define IS_PACKED (UINT64_C(1) << 62)

/* The disk's third cluster has the pattern 1; nothing else is there. */
void qcow2_make(void);
void qcow2_entry(unsigned cluster, uint64_t value);
/* The last cluster of a disk of three tables has the pattern 2. The second of them is not there. */
void qcow2_add_third_table(void);
