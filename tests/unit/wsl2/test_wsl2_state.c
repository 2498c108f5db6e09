#include "wsl2_test.h"

#include "wsl2/state.h"

enum { KINSHIPS = WSL2_KIN_GOING + 1, ANSWERS = WSL2_RUNNING_UNKNOWN + 1 };

/* What is due, from the rules of facts wsl.md 2.4 alone. */
static lima_vm_state due_state(const wsl2_state_facts *facts)
{
    if (facts->unreadable)
        return LIMA_VM_BROKEN;
    if (facts->kin == WSL2_KIN_NONE)
        return LIMA_VM_UNINITIALIZED;
    if (facts->kin != WSL2_KIN_OURS && facts->kin != WSL2_KIN_NOT_WSL2)
        return LIMA_VM_BROKEN;
    if (facts->keeper_alive || facts->running == WSL2_RUNNING_YES)
        return LIMA_VM_RUNNING;
    return facts->running == WSL2_RUNNING_NO ? LIMA_VM_STOPPED : LIMA_VM_BROKEN;
}

static void check(const wsl2_state_facts *facts)
{
    lima_vm_status status = {.pid = 7, .ssh_port = 22, .ssh_address = "x", .text = "before"};
    lima_wsl2_state_decide(facts, &status);
    assert_int_equal(status.state, due_state(facts));
    assert_int_equal(status.pid, 7);
    assert_int_equal(status.ssh_port, 22);
    assert_string_equal(status.ssh_address, "x");
    assert_true((status.state == LIMA_VM_BROKEN) == (*status.text != '\0'));
    if (lima_wsl2_state_needs_list(facts))
        assert_false(facts->unreadable || facts->keeper_alive);
    else if (facts->running == WSL2_RUNNING_NOT_ASKED && status.state == LIMA_VM_BROKEN)
        assert_true(facts->unreadable || (facts->kin != WSL2_KIN_OURS && facts->kin != WSL2_KIN_NOT_WSL2));
}

static void decide__every_combination(void **state)
{
    (void)state;
    char name[] = "lima-dev", path[] = "C:\\x", disk[] = "C:\\x\\ext4.vhdx";
    wsl2_registration registration = {.name = name, .base_path = path, .vhd_path = disk};
    for (unsigned bits = 0; bits < 4; bits++)
        for (int kin = 0; kin < KINSHIPS; kin++)
            for (int running = 0; running < ANSWERS; running++) {
                wsl2_state_facts facts = {
                    .distro = "lima-dev",
                    .inst_dir = "C:\\lh\\dev",
                    .kin = (wsl2_kinship)kin,
                    .registration = kin == WSL2_KIN_NONE || kin == WSL2_KIN_NO_RECORD ? NULL : &registration,
                    .keeper_alive = bits & 1,
                    .unreadable = bits & 2,
                    .running = (wsl2_running)running,
                    .why = "list: Wsl/Service/E_FAIL"};
                check(&facts);
            }
}

static void decide__list_failed__says_why_and_never_stopped(void **state)
{
    (void)state;
    wsl2_state_facts facts = {.distro = "lima-dev",
                              .inst_dir = "C:\\lh\\dev",
                              .kin = WSL2_KIN_OURS,
                              .running = WSL2_RUNNING_UNKNOWN,
                              .why = "wsl.exe did not answer within 15 s"};
    lima_vm_status status = {0};
    assert_true(lima_wsl2_state_needs_list(&facts));
    lima_wsl2_state_decide(&facts, &status);
    assert_int_equal(status.state, LIMA_VM_BROKEN);
    assert_non_null(strstr(status.text, "did not answer within 15 s"));
    facts.why = NULL;
    lima_wsl2_state_decide(&facts, &status);
    assert_string_equal(status.text, "whether it runs cannot be told");
}

static void decide__long_reason__is_cut_at_a_character(void **state)
{
    (void)state;
    char why[1000] = "";
    for (int i = 0; i < 400; i++)
        strcat(why, "\xc3\xa4");
    wsl2_state_facts facts = {.distro = "lima-dev", .inst_dir = "", .unreadable = true, .why = why};
    lima_vm_status status = {0};
    lima_wsl2_state_decide(&facts, &status);
    assert_true(strlen(status.text) < sizeof status.text);
    assert_true(lima_utf8_valid(status.text, strlen(status.text)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decide__every_combination),
        cmocka_unit_test(decide__list_failed__says_why_and_never_stopped),
        cmocka_unit_test(decide__long_reason__is_cut_at_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
