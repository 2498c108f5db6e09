/* Which limactl is calling, from what it says about itself (facts: lima-driver-contract 0, 2.8). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "driver/driver.h"

typedef enum lima_process_contract {
    LIMA_CONTRACT_INST_DIR = 0, /* started with --inst-dir: 2.2 or newer, whatever the user agent */
    LIMA_CONTRACT_ANNOUNCE,     /* started without arguments: 2.0 or 2.1 */
    LIMA_CONTRACT_ANY,          /* --stdio: nothing known */
} lima_process_contract;

/* `user_agent` as in the request header ("grpc-go/1.78.0"), not NUL-terminated; other clients count as the
 * newest. */
bool lima_generation_is_limactl(const char *user_agent, size_t len); /* grpc-go without a name of its own */
lima_generation lima_generation_of(lima_process_contract contract, const char *user_agent, size_t len);
