#include "qcow2_case.h"

void qcow2_make(void)
{
    put_bytes(0, "QFI\xfb", 4);
    put_big(VERSION, 3, 4);
    put_big(CLUSTER_BITS, 9, 4);
    put_big(DISK_SIZE, SIZE, 8);
    put_big(L1_ENTRIES, 1, 4);
    put_big(L1_OFFSET, L1, 8);
    put_big(96, 4, 4);
    put_big(100, 112, 4);
    put_big(L1, COPIED | L2, 8);
    put_big(L2 + 8 * 2, COPIED | DATA, 8);
    put_pattern(DATA, CLUSTER, 1);
}

void qcow2_entry(unsigned cluster, uint64_t value)
{
    put_big(L2 + 8 * cluster, value, 8);
}

void qcow2_add_third_table(void)
{
    put_big(DISK_SIZE, 3 * ENTRIES * CLUSTER, 8);
    put_big(L1_ENTRIES, 3, 4);
    put_big(L1 + 16, COPIED | (6 * CLUSTER), 8);
    put_big(6 * CLUSTER + 8 * (ENTRIES - 1), 7 * CLUSTER, 8);
    put_pattern(7 * CLUSTER, CLUSTER, 2);
}
