/* user-v2 networks: the guest's address, the forward to its SSH port, names; and other networks by socket. */
#include "drivers/qemu/fake_usernet.h"
#include "drivers/qemu/vm_case.h"

#include "qemu/http.h"
#include "driver/identity.h"
#include "qemu/usernet.h"

#define USER_V2                                                                                              \
    "{'firmware': {'legacyBIOS': true}, 'networks': [{'lima': 'user-v2', 'macAddress': "                     \
    "'52:55:55:01:02:03', 'interface': 'eth0'}],"                                                            \
    " 'hostResolver': {'enabled': true, 'hosts': {'a.internal': '1.2.3.4'}}}"

/* The daemon has an address for the guest. */
static void begin_daemon(vm_case *c, fake_usernet *net)
{
    static char leases[128];
    char mac[LIMA_MAC_SIZE];

    lima_identity_mac(lima_host_get()->machine_id, c->dir, mac);
    snprintf(leases, sizeof leases, "{\"192.168.104.1\":\"5a:94:ef:e4:0c:dd\",\"192.168.104.9\":\"%s\"}",
             mac);
    fake_usernet_begin(net, c->home, leases);
}

static void begin_with_lease(vm_case *c, fake_usernet *net)
{
    case_begin(c, USER_V2);
    begin_daemon(c, net);
}

static char *forward(vm_case *c)
{
    return lima_mem_printf("\"local\":\"127.0.0.1:%u\"", c->port);
}

static void start__lease__ssh_is_exposed_and_names_are_added(void **state)
{
    vm_case c;
    fake_usernet net;
    (void)state;
    begin_with_lease(&c, &net);
    assert_ok(vm_start(&c, &err));
    char *local = forward(&c);
    fake_usernet_await(&net, "POST /services/forwarder/expose");
    fake_usernet_await(&net, local);
    fake_usernet_await(&net, "\"remote\":\"192.168.104.9:22\"");
    fake_usernet_await(&net, "lima-dev");
    restart_driver(&c);
    assert_ok(vm_stop(&c, 60000, &err));
    assert_true(fake_usernet_saw(&net, "POST /services/forwarder/unexpose"));
    free(local);
    fake_usernet_end(&net);
    case_end(&c);
}

/* Otherwise the daemon would refuse the next start's forward from the same port. */
static void wait__vm_ends_by_itself__forward_is_closed(void **state)
{
    vm_case c;
    fake_usernet net;
    (void)state;
    begin_with_lease(&c, &net);
    assert_ok(vm_start(&c, &err));
    fake_usernet_await(&net, "POST /services/forwarder/expose");
    assert_ok(lima_process_end_id(vm_id(&c), true, &err));
    assert_err(vm_wait(&c, &err), LIMA_CODE_UNKNOWN, "ended from outside");
    assert_true(fake_usernet_saw(&net, "POST /services/forwarder/unexpose"));
    fake_usernet_end(&net);
    case_end(&c);
}

static void start__daemon_refuses_forward__wait_tells(void **state)
{
    vm_case c;
    fake_usernet net;
    (void)state;
    begin_with_lease(&c, &net);
    net.refuse = "/expose";
    assert_ok(vm_start(&c, &err));
    assert_err(vm_wait(&c, &err), LIMA_CODE_UNKNOWN, "user-v2", "no such thing", "SSH forward");
    assert_ok(vm_stop(&c, 60000, &err));
    fake_usernet_end(&net);
    case_end(&c);
}

/* The guest never asks for an address: a stop does not wait for the network's setup. */
static void stop__no_lease_yet__does_not_wait_for_it(void **state)
{
    vm_case c;
    fake_usernet net;
    (void)state;
    case_begin(&c, USER_V2);
    fake_usernet_begin(&net, c.home, "{}");
    assert_ok(vm_start(&c, &err));
    fake_usernet_await(&net, "leases");
    assert_ok(vm_stop(&c, 60000, &err));
    assert_false(fake_usernet_saw(&net, "/expose"));
    fake_usernet_end(&net);
    case_end(&c);
}

static void start__no_daemon__is_told(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, USER_V2);
    lima_err err = {0};
    assert_false(vm_start(&c, &err));
    assert_non_null(strstr(err.text, "user-v2_qemu.sock"));
    case_end(&c);
}

/* QEMU before 7.2: the driver connects, and QEMU inherits. */
static void start__qemu_without_stream__inherits_the_connection(void **state)
{
    vm_case c;
    fake_usernet net;
    (void)state;
    case_begin(&c, USER_V2);
    fault("no-stream");
    use_word("no-stream-1");
    begin_daemon(&c, &net);
    assert_ok(vm_start(&c, &err)); /* the fake looks whether descriptor 3 is a socket */
    char *argv = last_argv(&c);
    assert_non_null(strstr(argv, "fd=3"));
    free(argv);
    assert_ok(vm_stop(&c, 60000, &err));
    fake_usernet_end(&net);
    case_end(&c);
}

static void start__no_daemon_to_connect_to__is_told(void **state)
{
    vm_case c;
    (void)state;
    case_begin(&c, USER_V2);
    fault("no-stream");
    use_word("no-stream-2");
    assert_err(vm_start(&c, &err), LIMA_CODE_NOT_FOUND, "network interface 0", "daemon");
    case_end(&c);
}

/* ---- pure ---- */

static void find_lease__by_mac_whatever_case(void **state)
{
    static const char json[] = "{\"10.0.0.2\":\"aa:bb:cc:00:00:01\",\"10.0.0.3\":\"AA:BB:CC:00:00:02\"}";
    char *ip = NULL;
    (void)state;
    assert_ok(lima_qemu_usernet_find_lease(json, strlen(json), "aa:bb:cc:00:00:02", &ip, &err));
    assert_string_equal(ip, "10.0.0.3");
    free(ip);
    assert_ok(lima_qemu_usernet_find_lease(json, strlen(json), "aa:bb:cc:00:00:03", &ip, &err));
    assert_null(ip);
    assert_err(lima_qemu_usernet_find_lease("{", 1, "x", &ip, &err), LIMA_CODE_INVALID_ARGUMENT, "leases");
}

static void gateway__base_plus_two(void **state)
{
    static const char yaml[] = "networks:\n  user-v2: {mode: user-v2, gateway: 10.9.7.1, netmask: "
                               "255.255.252.0}\n  bad: {gateway: 1.2.3}\n";
    (void)state;
    char *own = lima_qemu_usernet_gateway(yaml, strlen(yaml), "user-v2");
    assert_string_equal(own, "10.9.4.2");
    free(own);
    assert_null(lima_qemu_usernet_gateway(yaml, strlen(yaml), "bad"));
    own = lima_qemu_usernet_gateway("", 0, "user-v2");
    assert_string_equal(own, "192.168.104.2");
    free(own);
}

static void zones__one_body_each(void **state)
{
    lima_strv bodies = {0};
    (void)state;
    lima_instance *inst = make_instance(
        "{'hostResolver': {'hosts': {'a.b.test': '1.1.1.1', 'c.test': 'a.b.test', 'plain': '2.2.2.2',"
        " 'loop.test': 'loop.test', 'nowhere.test': 'x', 'six.test': '::1'}}}");
    lima_json_set_str(inst->doc, "lima-dev", "hostname");
    lima_qemu_usernet_zones(inst, "3.3.3.3", "4.4.4.4", &bodies);
    char *all = lima_strv_join(&bodies, "\n");
    assert_int_equal(bodies.len, 3);
    assert_non_null(strstr(all, "{\"Name\":\"test.\",\"Records\":[{\"Name\":\"a.b\",\"IP\":\"1.1.1.1\"},{"
                                "\"Name\":\"c\",\"IP\":\"1.1.1.1\"},"
                                "{\"Name\":\"six\",\"IP\":\"::1\"}]}"));
    assert_non_null(strstr(all, "{\"Name\":\"plain\",\"DefaultIP\":\"2.2.2.2\"}"));
    assert_non_null(strstr(
        all, "{\"Name\":\"host.lima\",\"IP\":\"4.4.4.4\"},{\"Name\":\"lima-dev\",\"IP\":\"3.3.3.3\"}"));
    assert_null(strstr(all, "loop"));
    free(all);
    lima_strv_free(&bodies);
    lima_instance_free(inst);
}

static bool parse(const char *text, unsigned *ret_status, const char **ret_body, size_t *ret_len,
                  lima_err *err)
{
    return lima_qemu_http_parse(text, strlen(text), ret_status, ret_body, ret_len, err);
}

static void http_parse__whole_answers(void **state)
{
    unsigned status;
    const char *body;
    size_t len;
    (void)state;
    assert_ok(parse("HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nabcd", &status, &body, &len, &err));
    assert_int_equal(status, 200);
    assert_int_equal(len, 2);
    assert_memory_equal(body, "ab", 2);
    assert_ok(parse("HTTP/1.1 404 Not Found\r\n\r\n", &status, &body, &len, &err));
    assert_int_equal(status, 404);
    assert_int_equal(len, 0);
}

static void http_parse__broken_answers__data_loss(void **state)
{
    static const char *const texts[] = {"",
                                        "HTTP/1.0 200 OK\r\n",
                                        "HTTP/1.0 2x0 OK\r\n\r\n",
                                        "SSH-2.0-x\r\n\r\n",
                                        "HTTP/1.0\r\n\r\n",
                                        "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nab"};
    unsigned status = 7;
    const char *body;
    size_t len;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_err(parse(texts[i], &status, &body, &len, &err), LIMA_CODE_DATA_LOSS, "answer");
    assert_int_equal(status, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start__lease__ssh_is_exposed_and_names_are_added),
        cmocka_unit_test(wait__vm_ends_by_itself__forward_is_closed),
        cmocka_unit_test(start__daemon_refuses_forward__wait_tells),
        cmocka_unit_test(stop__no_lease_yet__does_not_wait_for_it),
        cmocka_unit_test(start__no_daemon__is_told),
        cmocka_unit_test(start__qemu_without_stream__inherits_the_connection),
        cmocka_unit_test(start__no_daemon_to_connect_to__is_told),
        cmocka_unit_test(find_lease__by_mac_whatever_case),
        cmocka_unit_test(gateway__base_plus_two),
        cmocka_unit_test(zones__one_body_each),
        cmocka_unit_test(http_parse__whole_answers),
        cmocka_unit_test(http_parse__broken_answers__data_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
