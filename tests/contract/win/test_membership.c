/* membership.h: who is whom, the group where Windows has it, and the notes. Nobody is put into a group of
 * this computer. */
#include <windows.h>

#include <stdlib.h>
#include <string.h>

#include "handles.h"
#include "membership.h"
#include "support.h"
#include "wine.h"

static void find__this_user__has_name_and_sid(void **state)
{
    lima_account me = {0}, again = {0};

    (void)state;
    assert_ok(lima_account_find(NULL, &me, err));
    assert_int_equal(strncmp(me.sid, "S-1-5-", 6), 0);
    assert_ok(lima_account_find(me.name, &again, err));
    assert_string_equal(again.sid, me.sid);
    assert_string_equal(again.name, me.name);
    lima_account_free(&me);
    lima_account_free(&again);
    lima_account_free(&again);
}

static void find__no_user__not_found(void **state)
{
    lima_account none = {0};

    (void)state;
    assert_fails(LIMA_CODE_NOT_FOUND, lima_account_find("lima-no-such-user", &none, err));
    assert_fails(LIMA_CODE_NOT_FOUND, lima_account_find("Administrators", &none, err)); /* a group */
    assert_null(none.sid);
}

static void membership__without_the_group__every_call_says_so(void **state)
{
    bool member = true;

    (void)state;
    if (!on_wine())
        lima_skip("this Windows has the group");
    assert_fails(LIMA_CODE_FAILED_PRECONDITION, lima_membership_look("S-1-5-21-1-2-3-1001", &member, err));
    assert_fails(LIMA_CODE_FAILED_PRECONDITION, lima_membership_add("S-1-5-21-1-2-3-1001", err));
    assert_fails(LIMA_CODE_FAILED_PRECONDITION, lima_membership_remove("S-1-5-21-1-2-3-1001", err));
    assert_true(member);
}

static void membership__no_sid__is_refused(void **state)
{
    bool member = true;

    (void)state;
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_membership_look("me", &member, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_membership_add("", err));
}

static void membership__of_this_user__can_be_looked_up(void **state)
{
    lima_account me = {0};
    bool member = false;

    (void)state;
    if (on_wine())
        lima_skip("Wine has no group Hyper-V Administrators");
    assert_ok(lima_account_find(NULL, &me, err));
    assert_ok(lima_membership_look(me.sid, &member, err));
    print_message("%s: %s\n", me.name, member ? "member" : "no member");
    lima_account_free(&me);
}

/* ---- notes: on Wine only, whose registry is the tests' own ---- */

#define ONLY_ON_WINE()                                                                                       \
    if (!on_wine())                                                                                          \
    lima_skip("the registry of this Windows is not to be written to")

static size_t count_notes(void)
{
    lima_accounts noted = {0};

    assert_ok(lima_membership_noted(&noted, err));
    size_t count = noted.len;
    lima_accounts_free(&noted);
    return count;
}

static bool key_is_there(void)
{
    HKEY key;

    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\Lima-drivers", 0, KEY_READ | KEY_WOW64_64KEY, &key))
        return false;
    RegCloseKey(key);
    return true;
}

static void notes__written__are_read_and_forgotten_with_their_keys(void **state)
{
    lima_account one = {.name = (char *)"PC\\Änne", .sid = (char *)"S-1-5-21-1-2-3-1001"};
    lima_account two = {.name = (char *)"PC\\bob", .sid = (char *)"S-1-5-21-1-2-3-1002"};
    lima_accounts noted = {0};

    (void)state;
    ONLY_ON_WINE();
    assert_int_equal(count_notes(), 0);
    assert_ok(lima_membership_note(&one, err));
    assert_ok(lima_membership_note(&two, err));
    assert_ok(lima_membership_note(&one, err));
    assert_ok(lima_membership_noted(&noted, err));
    assert_int_equal(noted.len, 2);
    bool first = !strcmp(noted.items[0].sid, one.sid);
    assert_string_equal(noted.items[!first].name, one.name);
    assert_string_equal(noted.items[first].sid, two.sid);
    lima_accounts_free(&noted);
    assert_ok(lima_membership_forget(one.sid, err));
    assert_int_equal(count_notes(), 1);
    assert_ok(lima_membership_forget(one.sid, err));
    assert_ok(lima_membership_forget(two.sid, err));
    assert_int_equal(count_notes(), 0);
    assert_false(key_is_there());
    assert_ok(lima_membership_forget(two.sid, err));
}

static void notes__what_others_keep_there__stays(void **state)
{
    lima_account one = {.name = (char *)"PC\\one", .sid = (char *)"S-1-5-21-1-2-3-1001"};
    HKEY key;

    (void)state;
    ONLY_ON_WINE();
    assert_ok(lima_membership_note(&one, err));
    assert_int_equal(RegCreateKeyExW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\Lima-drivers", 0, NULL, 0,
                                     KEY_SET_VALUE | KEY_WOW64_64KEY, NULL, &key, NULL),
                     0);
    assert_int_equal(RegSetValueExW(key, L"kept", 0, REG_SZ, (const BYTE *)L"x", 4), 0);
    assert_ok(lima_membership_forget(one.sid, err));
    assert_true(key_is_there());
    assert_int_equal(RegDeleteValueW(key, L"kept"), 0);
    RegCloseKey(key);
    assert_ok(lima_membership_note(&one, err));
    assert_ok(lima_membership_forget(one.sid, err));
    assert_false(key_is_there());
}

static void do_all(void *unused)
{
    lima_account me = {0};
    bool member;

    (void)unused;
    assert_ok(lima_account_find(NULL, &me, err));
    lima_membership_look(me.sid, &member, NULL);
    if (on_wine()) {
        assert_ok(lima_membership_note(&me, err));
        count_notes();
        assert_ok(lima_membership_forget(me.sid, err));
    }
    lima_account_free(&me);
}

static void everything__many_times__leaves_no_handle(void **state)
{
    (void)state;
    assert_no_growth(do_all, NULL, 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(find__this_user__has_name_and_sid),
        cmocka_unit_test(find__no_user__not_found),
        cmocka_unit_test(membership__without_the_group__every_call_says_so),
        cmocka_unit_test(membership__no_sid__is_refused),
        cmocka_unit_test(membership__of_this_user__can_be_looked_up),
        cmocka_unit_test(notes__written__are_read_and_forgotten_with_their_keys),
        cmocka_unit_test(notes__what_others_keep_there__stays),
        cmocka_unit_test(everything__many_times__leaves_no_handle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
