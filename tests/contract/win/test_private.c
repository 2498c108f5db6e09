/* Who may use what: the descriptors of private things, and what is read from others'. Events stand for files:
 * their descriptors are kept as they are everywhere, those of files not under Wine. */
#include <windows.h>
#include <sddl.h>

#include <stdlib.h>
#include <string.h>

#include "support.h"

#include "base/mem.h"
#include "private.h"
#include "wide.h"
#include "wine.h"

static char *user_text(void)
{
    wchar_t *wide = NULL;
    char *text = NULL;

    assert_non_null(lima_win_user_sid());
    assert_true(ConvertSidToStringSidW(lima_win_user_sid(), &wide));
    assert_ok(lima_wide_to_utf8(wide, &text, err));
    LocalFree(wide);
    return text;
}

static char *sddl_of(PSECURITY_DESCRIPTOR descriptor)
{
    wchar_t *wide = NULL;
    char *text = NULL;

    assert_true(ConvertSecurityDescriptorToStringSecurityDescriptorW(
        descriptor, SDDL_REVISION_1, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &wide, NULL));
    assert_ok(lima_wide_to_utf8(wide, &text, err));
    LocalFree(wide);
    return text;
}

static void private__file_and_folder__admit_the_user_and_system_alone(void **state)
{
    char *user = user_text();

    (void)state;
    for (int folder = 0; folder < 2; folder++) {
        SECURITY_ATTRIBUTES made;
        assert_ok(lima_win_private(folder, &made, err));
        assert_false(made.bInheritHandle);
        char *text = sddl_of(made.lpSecurityDescriptor);
        char *wanted = lima_mem_printf("O:%sD:P(A;%s;FA;;;%s)(A;%s;FA;;;SY)", user, folder ? "OICI" : "",
                                       user, folder ? "OICI" : "");
        assert_string_equal(text, wanted);
        free(wanted);
        free(text);
    }
    free(user);
}

/* `sddl` may hold %s for the user. */
static void check_access(const char *sddl, bool mine, bool others_write)
{
    char *user = user_text(), *text = lima_mem_printf(sddl, user, user);
    wchar_t *wide = NULL;
    SECURITY_ATTRIBUTES how = {.nLength = sizeof how};
    bool found_mine = !mine, found_others = !others_write;

    assert_ok(lima_wide_from_utf8(text, &wide, err));
    assert_true(ConvertStringSecurityDescriptorToSecurityDescriptorW(wide, SDDL_REVISION_1,
                                                                     &how.lpSecurityDescriptor, NULL));
    HANDLE event = CreateEventW(&how, TRUE, FALSE, NULL);
    assert_non_null(event);
    lima_win_access_of(event, &found_mine, &found_others);
    if (found_mine != mine || found_others != others_write)
        fail_msg("%s: mine %d, others write %d", text, found_mine, found_others);
    CloseHandle(event);
    LocalFree(how.lpSecurityDescriptor);
    free(wide);
    free(text);
    free(user);
}

static void access_of__who_may_write__is_told_from_the_list(void **state)
{
    static const struct {
        const char *sddl;
        bool mine, others_write;
    } table[] = {
        {"O:%sD:P(A;;FA;;;%s)(A;;FA;;;SY)", true, false},
        {"O:%sD:(A;;FA;;;BA)(A;;FA;;;SY)(A;;FA;;;CO)(A;;FA;;;OW)(A;;FA;;;%s)", true, false},
        {"O:%sD:(A;;FR;;;WD)(A;;FRFX;;;BU)(A;;FA;;;%s)", true, false}, /* reading is no writing */
        {"O:%sD:(A;;FA;;;WD)(A;;FA;;;%s)", true, true},                /* everybody */
        {"O:%sD:(A;;0x2;;;BU)(A;;FA;;;%s)", true, true},               /* writes data */
        {"O:%sD:(A;;0x4;;;AU)(A;;FA;;;%s)", true, true},               /* appends */
        {"O:%sD:(A;;SD;;;AU)(A;;FA;;;%s)", true, true},                /* deletes */
        {"O:%sD:(A;;WD;;;AU)(A;;FA;;;%s)", true, true},                /* changes this list */
        {"O:%sD:(A;;WO;;;AU)(A;;FA;;;%s)", true, true},                /* takes it over */
        {"O:%sD:(A;OICIIO;FA;;;WD)(A;;FA;;;%s)", true, false},         /* only for what is inside */
        {"O:%sD:(D;;FA;;;WD)(A;;FA;;;%s)", true, false},               /* denying allows nobody */
        {"O:%sD:NO_ACCESS_CONTROL", true, true},
        {"O:%sD:", true, false}, /* a list that admits nobody */
        {"O:S-1-5-21-1-2-3-1001D:(A;;FA;;;%s)", false, false},
        {"O:S-1-5-21-1-2-3-1001D:(A;;FA;;;S-1-5-21-1-2-3-1002)(A;;FA;;;%s)", false, true},
        {"O:SYD:(A;;FA;;;SY)(A;;FA;;;S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464)", false,
         false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (on_wine() && (!strstr(table[i].sddl, "O:%s") || strstr(table[i].sddl, "NO_ACCESS_CONTROL")))
            continue; /* it lets nobody give things away, and keeps no missing list */
        check_access(table[i].sddl, table[i].mine, table[i].others_write);
    }
}

static void access_of__no_right_to_look__counts_as_open_and_foreign(void **state)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL), less = NULL;
    bool mine = true, others_write = false;

    (void)state;
    assert_true(
        DuplicateHandle(GetCurrentProcess(), event, GetCurrentProcess(), &less, SYNCHRONIZE, FALSE, 0));
    lima_win_access_of(less, &mine, &others_write);
    assert_false(mine);
    assert_true(others_write);
    CloseHandle(less);
    CloseHandle(event);
}

static void made_private__file_folder_and_what_is_inside__is_mine_and_closed_to_others(void **state)
{
    char *file = in_folder(state, "f"), *dir = in_folder(state, "dir"), *lock = in_folder(state, "lock"),
         *inner = in_folder(state, "dir\\inner"), *image = in_folder(state, "image");
    lima_file_lock *taken = NULL;
    lima_file *opened = NULL;

    put_file(file, "");
    assert_ok(lima_dir_make(dir, LIMA_FILE_PRIVATE, err));
    assert_ok(lima_file_write(inner, "", 0, LIMA_FILE_SHARED, err)); /* as the folder says */
    assert_ok(lima_file_lock_take(lock, 0, &taken, err));
    assert_ok(lima_file_open(image, LIMA_FILE_CREATE, &opened, err));
    const char *paths[] = {*state, file, dir, inner, lock, image};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_true(look(paths[i]).mine);
        assert_false(look(paths[i]).others_write);
    }
    lima_file_close(opened);
    lima_file_lock_release(taken);
    free(image);
    free(inner);
    free(lock);
    free(dir);
    free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(private__file_and_folder__admit_the_user_and_system_alone),
        cmocka_unit_test(access_of__who_may_write__is_told_from_the_list),
        cmocka_unit_test(access_of__no_right_to_look__counts_as_open_and_foreign),
        IN_FOLDER(made_private__file_folder_and_what_is_inside__is_mine_and_closed_to_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
