/* Each release of limactl links one release of grpc-go, whose number is in the user agent. A build with
 * another one is taken for a neighbour, which matters only around 2.0.3. */
#include "rpc/generation.h"

#include <string.h>

enum { GO_1_MINOR_OF_2_0_3 = 78, GO_1_MINOR_OF_2_1 = 79, GO_1_MINOR_OF_2_2 = 82 };

/* The minor version of "grpc-go/1.MINOR…"; -1: another client. */
static int go_minor(const char *user_agent, size_t len)
{
    static const char prefix[] = "grpc-go/1.";
    size_t at = sizeof prefix - 1;
    int minor = 0;
    if (len <= at || memcmp(user_agent, prefix, at) != 0)
        return -1;
    for (; at < len && user_agent[at] >= '0' && user_agent[at] <= '9' && minor < 1000; at++)
        minor = minor * 10 + (user_agent[at] - '0');
    return minor;
}

bool lima_generation_is_limactl(const char *user_agent, size_t len)
{
    return go_minor(user_agent, len) >= 0;
}

lima_generation lima_generation_of(lima_process_contract contract, const char *user_agent, size_t len)
{
    if (contract == LIMA_CONTRACT_INST_DIR)
        return LIMA_GENERATION_2_2;
    int minor = go_minor(user_agent, len);
    if (minor < 0)
        return LIMA_GENERATION_2_2;
    if (minor < GO_1_MINOR_OF_2_0_3)
        return LIMA_GENERATION_2_0_0;
    if (minor < GO_1_MINOR_OF_2_1)
        return LIMA_GENERATION_2_0_3;
    if (minor < GO_1_MINOR_OF_2_2 || contract == LIMA_CONTRACT_ANNOUNCE)
        return LIMA_GENERATION_2_1;
    return LIMA_GENERATION_2_2;
}
