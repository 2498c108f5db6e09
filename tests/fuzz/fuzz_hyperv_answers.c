/* What Windows answers and reports; the first byte says which. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf.h"
#include "hyperv/exit_reason.h"
#include "hyperv/network_document.h"
#include "hyperv/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_service(const char *text, size_t len)
{
    uint32_t minors = 0;
    lima_err err = {0};
    if (lima_hyperv_schema_parse(text, len, &minors, &err))
        assert(minors && lima_hyperv_schema_highest(minors) <= HYPERV_SCHEMA_MINOR_MAX);
    else
        assert(!minors && err.text[0]);
    lima_hyperv_nesting_parse(text, len);
}

static void try_network(const char *text, size_t len)
{
    lima_strv guids = {0};
    hyperv_network_facts network = {0};
    hyperv_endpoint_facts endpoint = {0};
    if (lima_hyperv_guids_parse(text, len, &guids, NULL))
        assert(guids.len <= HYPERV_GUIDS_MAX);
    lima_hyperv_network_facts_parse(text, len, &network, NULL);
    assert(network.subnet.bits <= 32);
    if (lima_hyperv_endpoint_facts_parse(text, len, &endpoint, NULL)
        && lima_hyperv_endpoint_is_stale(&endpoint, &guids))
        assert(strlen(endpoint.vm) == LIMA_GUID_LEN);
    lima_strv_free(&guids);
}

/* Two documents, with a line break between them. */
static void try_exit(char *text)
{
    hyperv_exit made = {0};
    char *second = strchr(text, '\n');
    if (second)
        *second++ = '\0';
    lima_hyperv_exit_read(text, second, &made);
    assert(made.text[0] && lima_utf8_valid(made.text, strlen(made.text))
           && strlen(made.text) < sizeof made.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    char *text = lima_mem_strndup((const char *)data + 1, size - 1);
    if (data[0] % 3 == 0)
        try_service(text, strlen(text));
    else if (data[0] % 3 == 1)
        try_network(text, strlen(text));
    else
        try_exit(text);
    free(text);
    return 0;
}
