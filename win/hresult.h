/* Numbers of the Host Compute Service, of its networks and of virtual disks as errors of this project: symbol,
 * cause, next step.
 *
 * Plain C and pure: the same on every host. Facts: hyperv-hcs.md 1.2, 1.5, 2.5, 5.1, 8.1. The numbers below are
 * those on which callers act; they find them in lima_err.os_code. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define LIMA_HCS_E_TERMINATED_DURING_START 0x80370100u
#define LIMA_HCS_E_HYPERV_NOT_INSTALLED 0x80370102u
#define LIMA_HCS_E_INVALID_STATE 0x80370105u
#define LIMA_HCS_E_INVALID_JSON 0x8037010Du
#define LIMA_HCS_E_SYSTEM_NOT_FOUND 0x8037010Eu
#define LIMA_HCS_E_SYSTEM_ALREADY_EXISTS 0x8037010Fu
#define LIMA_HCS_E_SYSTEM_ALREADY_STOPPED 0x80370110u
#define LIMA_HCS_E_SERVICE_NOT_AVAILABLE 0x80370114u
#define LIMA_HCS_E_OPERATION_PENDING 0x80370117u
#define LIMA_HCS_E_OPERATION_TIMEOUT 0x80370118u
#define LIMA_HCS_E_ACCESS_DENIED 0x8037011Bu
#define LIMA_HCS_E_SERVICE_DISCONNECT 0x8037011Eu

#define LIMA_HCN_E_NETWORK_NOT_FOUND 0x803B0001u
#define LIMA_HCN_E_ENDPOINT_NOT_FOUND 0x803B0002u
#define LIMA_HCN_E_NETWORK_ALREADY_EXISTS 0x803B0010u
#define LIMA_HCN_E_ENDPOINT_ALREADY_ATTACHED 0x803B0014u
#define LIMA_HCN_E_ICS_DISABLED 0x803B002Au
#define LIMA_HCN_E_ENTITY_HAS_REFERENCES 0x803B002Cu
#define LIMA_HCN_E_ADDR_INVALID_OR_RESERVED 0x803B002Fu

#define LIMA_VHD_E_PARENT_NOT_FOUND 0xC03A000Du
#define LIMA_VHD_E_PARENT_ID_MISMATCH 0xC03A000Eu
#define LIMA_VHD_E_PARENT_TIMESTAMP_MISMATCH 0xC03A000Fu
#define LIMA_VHD_E_PARENT_ACCESS_DENIED 0xC03A0016u
#define LIMA_VHD_E_ERROR_IN_PARENT 0xC03A0019u
#define LIMA_VHD_E_SYSTEM_LIMITATION 0xC03A001Au
#define LIMA_VHD_E_INVALID_TYPE 0xC03A001Bu

#define LIMA_HRESULT_ACCESS_DENIED 0x80070005u /* rights on a file, or HCN without elevation */
#define LIMA_HRESULT_SERVICE_DOWN 0x800706BAu  /* vmcompute or hns does not answer */

typedef struct lima_hresult {
    uint32_t number;
    lima_code code;
    const char *symbol; /* "HCS_E_SYSTEM_NOT_FOUND" */
    const char *cause;  /* "no such virtual machine runs" */
    const char *next;   /* what to do about it: a sentence without capital letter and full stop */
} lima_hresult;

/* What is known of a number; NULL: nothing. The numbers of the older DLL (0xC03701..) are those of the newer
 * one, and bare Win32 codes (5, 32 …: virtdisk) those with 0x8007 before them. */
const lima_hresult *lima_hresult_find(uint32_t number);
/* The row of that place, NULL behind the last one. */
const lima_hresult *lima_hresult_at(size_t i);

/* "fmt: cause (SYMBOL 0x…): said; next step" with the code of the row and the number as os_code; an unknown
 * number is LIMA_CODE_UNKNOWN and shows as number and, where it wraps a Win32 code, as that. `said` (may be NULL
 * or empty) are the service's own words, cut when they are long. Always returns false. */
bool lima_hresult_fail(lima_err *err, uint32_t number, const char *said, const char *fmt, ...)
    LIMA_PRINTF(4, 5);
/* The same with another row than the table's, whose number is the error's: where a number has a meaning of its own. */
bool lima_hresult_fail_as(lima_err *err, const lima_hresult *row, const char *said, const char *fmt, ...)
    LIMA_PRINTF(4, 5);
