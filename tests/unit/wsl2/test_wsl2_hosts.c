#include "wsl2_test.h"

#include "wsl2/hosts.h"

/* The lines, joined by ';'. Owned. */
static char *lines_of(const char *config, const char *host)
{
    lima_strv lines = {0};
    lima_instance *inst = make_instance(config);
    lima_wsl2_hosts(inst, host, &lines);
    char *joined = lima_strv_join(&lines, ";");
    lima_strv_free(&lines);
    lima_instance_free(inst);
    return joined;
}

static void check(const char *config, const char *host, const char *wanted)
{
    char *lines = lines_of(config, host);
    assert_string_equal(lines, wanted);
    free(lines);
}

static void hosts__own_name_and_those_of_the_config(void **state)
{
    (void)state;
    check("{}", "172.20.0.1", "172.20.0.1 host.lima.internal");
    check("{'hostResolver':{'hosts':{'host.docker.internal':'Host.Lima.Internal','box':'10.1.2.3','a':'b','b'"
          ":'box'}}}",
          "172.20.0.1",
          "172.20.0.1 host.lima.internal;172.20.0.1 host.docker.internal;10.1.2.3 box;10.1.2.3 a;10.1.2.3 b");
}

static void hosts__without_a_host__only_what_needs_none(void **state)
{
    (void)state;
    check("{'hostResolver':{'hosts':{'host.docker.internal':'host.lima.internal','box':'10.1.2.3'}}}", "",
          "10.1.2.3 box");
}

static void hosts__resolver_off__only_the_own_name(void **state)
{
    (void)state;
    check("{'hostResolver':{'enabled':false,'hosts':{'box':'10.1.2.3'}}}", "1.1.1.1",
          "1.1.1.1 host.lima.internal");
}

static void hosts__circles_other_addresses_and_odd_names__left_out(void **state)
{
    (void)state;
    check("{'hostResolver':{'hosts':{'a':'b','b':'a','six':'::1','x "
          "y':'1.2.3.4','':'1.2.3.4','n':7,'gone':'nowhere',"
          "'host.lima.internal':'6.6.6.6'}}}",
          "1.1.1.1", "1.1.1.1 host.lima.internal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts__own_name_and_those_of_the_config),
        cmocka_unit_test(hosts__without_a_host__only_what_needs_none),
        cmocka_unit_test(hosts__resolver_off__only_the_own_name),
        cmocka_unit_test(hosts__circles_other_addresses_and_odd_names__left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
