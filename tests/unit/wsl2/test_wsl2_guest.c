#include "wsl2_test.h"

#include "wsl2/guest.h"

static wsl2_guest parsed(const char *text)
{
    wsl2_guest guest;
    lima_wsl2_guest_parse(text, strlen(text), &guest);
    return guest;
}

static void parse__whole_answer(void **state)
{
    (void)state;
    wsl2_guest guest =
        parsed("Welcome to the guest\nlima systemd runs\nlima systemd installed\nlima has sshd\n"
               "lima has tar\r\nlima has sudo\nlima arch x86_64\nlima os alpine\nlima network nat\n"
               "lima vm 12345678-9ABC-DEF0-1234-56789ABCDEF0\nlima drive /mnt/c/\n"
               "lima address 172.20.1.2\nlima gateway 172.20.0.1\nlima uid-owner bob\nlima user-uid "
               "1001\nlima listen 1F90\n"
               "lima listen 0016\nlima listen 1F90\nlima end\n");
    assert_true(guest.answered && guest.systemd_runs && guest.has_systemd);
    assert_true(guest.has_sshd && guest.has_tar && guest.has_sudo && !guest.has_bash);
    assert_int_equal(guest.network, WSL2_NETWORK_NAT);
    assert_string_equal(guest.vm_id, "12345678-9abc-def0-1234-56789abcdef0");
    assert_string_equal(guest.address, "172.20.1.2");
    assert_string_equal(guest.gateway, "172.20.0.1");
    assert_string_equal(guest.arch, "x86_64");
    assert_string_equal(guest.os_id, "alpine");
    assert_string_equal(guest.drive_root, "/mnt/c");
    assert_string_equal(guest.uid_owner, "bob");
    assert_true(guest.has_user && guest.user_uid == 1001);
    assert_int_equal(guest.port_count, 2);
    assert_true(lima_wsl2_guest_port_used(&guest, 8080) && lima_wsl2_guest_port_used(&guest, 22));
    assert_false(lima_wsl2_guest_port_used(&guest, 8081));
}

static void parse__broken_off__is_not_answered(void **state)
{
    (void)state;
    assert_false(parsed("").answered);
    assert_false(parsed("lima has sshd\nlima en").answered);
    assert_false(parsed("lima end of the world\n").answered);
    assert_true(parsed("lima end").answered);
}

static void parse__nonsense__is_skipped(void **state)
{
    (void)state;
    wsl2_guest guest =
        parsed("lima\nlima \nlimas has tar\n lima has tar\nlima hastar\nlima network magic\n"
               "lima vm wsl1\nlima address fe80::1\nlima drive relative\nlima drive \nlima listen 16\n"
               "lima listen XYZW\nlima listen 00160\nlima user-uid -1\nlima user-uid 99999999999\n");
    wsl2_guest nothing = {0};
    assert_memory_equal(&guest, &nothing, sizeof guest);
}

static void parse__first_value_counts(void **state)
{
    (void)state;
    wsl2_guest guest =
        parsed("lima network mirrored\nlima network none\nlima address 1.2.3.4\nlima address 4.3.2.1\n"
               "lima os a\nlima os b\nlima user-uid 0\nlima user-uid 7\nlima drive /\n");
    assert_int_equal(guest.network, WSL2_NETWORK_MIRRORED);
    assert_string_equal(guest.address, "1.2.3.4");
    assert_string_equal(guest.os_id, "a");
    assert_true(guest.has_user && guest.user_uid == 0);
    assert_string_equal(guest.drive_root, "/");
}

static void parse__many_ports__are_bounded(void **state)
{
    (void)state;
    lima_buf text = LIMA_BUF(1024 * 1024);
    for (unsigned port = 1; port <= WSL2_GUEST_PORTS_MAX + 100; port++)
        lima_buf_addf(&text, "lima listen %04X\n", port);
    wsl2_guest guest = parsed(lima_buf_str(&text));
    assert_int_equal(guest.port_count, WSL2_GUEST_PORTS_MAX);
    lima_buf_free(&text);
}

static void parse__control_bytes__become_question_marks(void **state)
{
    (void)state;
    wsl2_guest guest = parsed("lima os a\x1b[2Jb\x7f\n");
    assert_string_equal(guest.os_id, "a?[2Jb?");
    guest = parsed("lima os \xff\xfe\n");
    assert_string_equal(guest.os_id, "??");
    guest = parsed("lima os \xc3\xa4\n");
    assert_string_equal(guest.os_id, "\xc3\xa4");
}

static void line__words(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        wsl2_word word;
        uint32_t number;
        const char *text;
    } table[] = {
        {"lima keeper 42", WSL2_WORD_KEEPER, 42, "42"},
        {"lima sshd ready", WSL2_WORD_SSHD_READY, 0, ""},
        {"lima sshd ready\r", WSL2_WORD_SSHD_READY, 0, ""},
        {"lima sshd failed Bind to port 22 failed ", WSL2_WORD_SSHD_FAILED, 0, "Bind to port 22 failed"},
        {"lima sshd failed", WSL2_WORD_SSHD_FAILED, 0, ""},
        {"lima pong 7", WSL2_WORD_PONG, 7, "7"},
        {"lima stopped", WSL2_WORD_STOPPED, 0, ""},
        {"lima boot 0", WSL2_WORD_BOOT, 0, "0"},
        {"lima boot 127", WSL2_WORD_BOOT, 127, "127"},
        {"lima log + apt-get\tinstall", WSL2_WORD_LOG, 0, "+ apt-get?install"},
        {"lima limit cpu failed x", WSL2_WORD_LIMIT, 0, "cpu failed x"},
        {"lima boot", WSL2_WORD_NOISE, 0, ""},
        {"lima boot x", WSL2_WORD_NOISE, 0, ""},
        {"lima keeper", WSL2_WORD_NOISE, 0, ""},
        {"lima sshd", WSL2_WORD_NOISE, 0, ""},
        {"lima stopped now", WSL2_WORD_NOISE, 0, ""},
        {"lima keepers 4", WSL2_WORD_NOISE, 0, ""},
        {"lima", WSL2_WORD_NOISE, 0, ""},
        {"", WSL2_WORD_NOISE, 0, ""},
        {"stopped", WSL2_WORD_NOISE, 0, ""},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        wsl2_line line;
        lima_wsl2_guest_line(table[i].line, strlen(table[i].line), &line);
        if (line.word != table[i].word || line.number != table[i].number)
            fail_msg("'%s': word %d, number %u", table[i].line, line.word, line.number);
        assert_string_equal(line.text, table[i].text);
    }
}

static void line__very_long__is_cut(void **state)
{
    (void)state;
    char text[4096] = "lima log ";
    memset(text + 9, 'x', sizeof text - 10);
    wsl2_line line;
    lima_wsl2_guest_line(text, strlen(text), &line);
    assert_int_equal(strlen(line.text), sizeof line.text - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__whole_answer),
        cmocka_unit_test(parse__broken_off__is_not_answered),
        cmocka_unit_test(parse__nonsense__is_skipped),
        cmocka_unit_test(parse__first_value_counts),
        cmocka_unit_test(parse__many_ports__are_bounded),
        cmocka_unit_test(parse__control_bytes__become_question_marks),
        cmocka_unit_test(line__words),
        cmocka_unit_test(line__very_long__is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
