#include "hyperv_test.h"

#include "hyperv/network_document.h"
#include "hyperv/network_plan.h"

#define NET "12345678-9abc-def0-1234-56789abcdef0"
#define VM "22345678-9abc-def0-1234-56789abcdef0"

static void assert_json(char *text, const char *due)
{
    char *wanted = json_text(due);
    assert_string_equal(text, wanted);
    free(wanted);
    free(text);
}

static void network__ics_with_dhcp(void **state)
{
    (void)state;
    assert_json(lima_hyperv_network_document((lima_ipv4_net){0xac1d4000, 24}),
                "{'SchemaVersion':{'Major':2,'Minor':0},'Name':'lima','Type':'ICS','Flags':43,'Ipams':[{'"
                "Type':'Static',"
                "'Subnets':[{'IpAddressPrefix':'172.29.64.0/24','Routes':[{'NextHop':'172.29.64.1',"
                "'DestinationPrefix':'0.0.0.0/0'}]}]}]}");
}

static void endpoint__with_and_without_address(void **state)
{
    (void)state;
    hyperv_endpoint_wish wish = {.network = NET, .vm = VM, .mac = "52:55:55:12:34:5f"};
    char *text = NULL;
    assert_ok(lima_hyperv_endpoint_document(&wish, &text, &err));
    assert_json(text, "{'SchemaVersion':{'Major':2,'Minor':0},'HostComputeNetwork':'" NET "','Name':'lima-" VM
                      "','MacAddress':'52-55-55-12-34-5F','IpConfigurations':[],'Policies':[]}");
    wish.address = 0xac1d400a;
    wish.bits = 24;
    assert_ok(lima_hyperv_endpoint_document(&wish, &text, &err));
    assert_non_null(
        strstr(text, "\"IpConfigurations\":[{\"IpAddress\":\"172.29.64.10\",\"PrefixLength\":24}]"));
    free(text);
    wish.mac = "x";
    text = NULL;
    assert_err(lima_hyperv_endpoint_document(&wish, &text, &err), LIMA_CODE_INVALID_ARGUMENT, "MAC");
    assert_null(text);
}

static void query__filter_is_json_in_a_text(void **state)
{
    (void)state;
    assert_json(lima_hyperv_network_query(NULL), "{'SchemaVersion':{'Major':2,'Minor':0},'Flags':0}");
    char *text = lima_hyperv_network_query("a\"b");
    assert_non_null(strstr(text, "\"Filter\":\"{\\\"Name\\\":\\\"a\\\\\\\"b\\\"}\""));
    free(text);
}

static void guids__only_guids_once(void **state)
{
    (void)state;
    lima_strv found = {0};
    char *text = json_text("['" NET "','{12345678-9ABC-DEF0-1234-56789ABCDEF0}',7,'x','" VM "']");
    assert_ok(lima_hyperv_guids_parse(text, strlen(text), &found, &err));
    assert_int_equal(found.len, 2);
    assert_string_equal(found.items[1], VM);
    lima_strv_free(&found);
    free(text);
    assert_err(lima_hyperv_guids_parse("{}", 2, &found, &err), LIMA_CODE_INVALID_ARGUMENT,
               "Host Compute Network");
    assert_err(lima_hyperv_guids_parse("[", 1, &found, &err), LIMA_CODE_INVALID_ARGUMENT,
               "Host Compute Network");
    assert_int_equal(found.len, 0);
}

static void network_facts__both_dialects(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{'ID':'" NET "','Type':'ICS','Ipams':[{'Subnets':[{'IpAddressPrefix':'172.29.64.0/24'}]}]}",
        "{'Id':'" NET "','Type':'ics','Subnets':[{'AddressPrefix':'172.29.64.0/24'}]}",
    };
    for (size_t i = 0; i < 2; i++) {
        hyperv_network_facts facts = {0};
        char *text = json_text(texts[i]);
        assert_ok(lima_hyperv_network_facts_parse(text, strlen(text), &facts, &err));
        assert_string_equal(facts.id, NET);
        assert_int_equal(facts.subnet.base, 0xac1d4000);
        assert_int_equal(facts.subnet.bits, 24);
        assert_true(facts.ics);
        free(text);
    }
    hyperv_network_facts facts = {.ics = true};
    assert_err(lima_hyperv_network_facts_parse("[]", 2, &facts, &err), LIMA_CODE_INVALID_ARGUMENT, "network");
    assert_true(facts.ics);
    assert_ok(lima_hyperv_network_facts_parse("{\"Type\":3}", 10, &facts, &err));
    assert_false(facts.ics);
    assert_string_equal(facts.id, "");
}

static void endpoint_facts__both_dialects(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{'ID':'" NET "','Name':'lima-" VM "','HostComputeNetwork':'" NET
        "','MacAddress':'52-55-55-12-34-56',"
        "'IpConfigurations':[{'IpAddress':'172.29.64.10','PrefixLength':24}]}",
        "{'Id':'" NET "','Name':'lima-" VM "','VirtualNetwork':'{" NET "}','MacAddress':'52:55:55:12:34:56',"
        "'IPAddress':'172.29.64.10','PrefixLength':24}",
    };
    for (size_t i = 0; i < 2; i++) {
        hyperv_endpoint_facts facts = {0};
        char *text = json_text(texts[i]);
        assert_ok(lima_hyperv_endpoint_facts_parse(text, strlen(text), &facts, &err));
        assert_string_equal(facts.id, NET);
        assert_string_equal(facts.network, NET);
        assert_string_equal(facts.vm, VM);
        assert_string_equal(facts.mac, "52-55-55-12-34-56");
        assert_int_equal(facts.address, 0xac1d400a);
        free(text);
    }
    hyperv_endpoint_facts facts = {0};
    assert_ok(lima_hyperv_endpoint_facts_parse("{\"Name\":\"Ethernet\",\"IpConfigurations\":[]}", 41, &facts,
                                               &err));
    assert_string_equal(facts.vm, "");
    assert_int_equal(facts.address, 0);
    assert_err(lima_hyperv_endpoint_facts_parse("7", 1, &facts, &err), LIMA_CODE_INVALID_ARGUMENT,
               "endpoint");
}

static void stale__only_ours_without_a_vm(void **state)
{
    (void)state;
    hyperv_endpoint_facts endpoint = {.vm = VM};
    lima_strv vms = {0};
    lima_hyperv_network_id(endpoint.network);
    assert_true(lima_hyperv_endpoint_is_stale(&endpoint, &vms));
    lima_strv_add(&vms, VM);
    assert_false(lima_hyperv_endpoint_is_stale(&endpoint, &vms));
    lima_strv_free(&vms);
    hyperv_endpoint_facts foreign = endpoint;
    foreign.vm[0] = '\0';
    assert_false(lima_hyperv_endpoint_is_stale(&foreign, &vms));
    hyperv_endpoint_facts elsewhere = {.vm = VM, .network = NET};
    assert_false(lima_hyperv_endpoint_is_stale(&elsewhere, &vms));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(network__ics_with_dhcp),
        cmocka_unit_test(endpoint__with_and_without_address),
        cmocka_unit_test(query__filter_is_json_in_a_text),
        cmocka_unit_test(guids__only_guids_once),
        cmocka_unit_test(network_facts__both_dialects),
        cmocka_unit_test(endpoint_facts__both_dialects),
        cmocka_unit_test(stale__only_ours_without_a_vm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
