/* A user and computer for tests, on any host, in place of win/rights.c: all is allowed, but for what the words of
 * LIMA_TEST_RIGHTS say, separated by spaces:
 *
 *   no-dll  no-feature  no-hypervisor  no-firmware  disabled  no-hns    the computer
 *   user    member      next-logon     filtered                         a user who is not elevated, and what else
 *   windows10                                                           build 19045 instead of 22631
 *
 * A word that is none of these ends the program: a test that means something else should not pass. */
#include "test_rights_of.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strv.h"
#include "base/str.h"
#include "os/host.h"

static void be_user(lima_rights *rights, lima_rights_member administrators, lima_rights_member hyperv)
{
    rights->elevated = false;
    rights->administrators = administrators;
    rights->hyperv = hyperv;
}

static bool apply_to_computer(lima_rights *rights, const char *word)
{
    if (!strcmp(word, "no-dll"))
        rights->computecore = rights->computenetwork = false;
    else if (!strcmp(word, "no-feature"))
        rights->vmcompute = rights->hns = LIMA_RIGHTS_NO_SERVICE;
    else if (!strcmp(word, "no-hypervisor"))
        rights->hypervisor = false;
    else if (!strcmp(word, "no-firmware"))
        rights->hypervisor = rights->firmware = false;
    else if (!strcmp(word, "disabled"))
        rights->vmcompute = LIMA_RIGHTS_SERVICE_DISABLED;
    else if (!strcmp(word, "no-hns"))
        rights->hns = LIMA_RIGHTS_SERVICE_DISABLED;
    else if (!strcmp(word, "windows10"))
        rights->build = 19045;
    else
        return false;
    return true;
}

static void apply(lima_rights *rights, const char *word)
{
    if (apply_to_computer(rights, word) || !*word)
        return;
    if (!strcmp(word, "user")) {
        be_user(rights, LIMA_RIGHTS_NOT_MEMBER, LIMA_RIGHTS_NOT_MEMBER);
    } else if (!strcmp(word, "member")) {
        be_user(rights, LIMA_RIGHTS_NOT_MEMBER, LIMA_RIGHTS_MEMBER);
    } else if (!strcmp(word, "next-logon")) {
        be_user(rights, LIMA_RIGHTS_NOT_MEMBER, LIMA_RIGHTS_NEXT_LOGON);
    } else if (!strcmp(word, "filtered")) {
        be_user(rights, LIMA_RIGHTS_FILTERED, LIMA_RIGHTS_NOT_MEMBER);
    } else {
        fprintf(stderr, "LIMA_TEST_RIGHTS: '%s' is not understood\n", word);
        abort();
    }
}

void test_rights_of(const char *words, lima_rights *ret)
{
    lima_strv list = {0};

    *ret = (lima_rights){.build = 22631,
                         .elevated = true,
                         .administrators = LIMA_RIGHTS_MEMBER,
                         .user = lima_mem_strdup("PC\\tester"),
                         .user_sid = lima_mem_strdup("S-1-5-21-1-2-3-1001"),
                         .hyperv_group = lima_mem_strdup("Hyper-V-Administratoren"),
                         .hypervisor = true,
                         .firmware = true,
                         .computecore = true,
                         .computenetwork = true,
                         .virtdisk = true,
                         .vmcompute = LIMA_RIGHTS_SERVICE_RUNS,
                         .hns = LIMA_RIGHTS_SERVICE_RUNS};
    lima_str_split(words, ' ', &list);
    for (size_t i = 0; i < list.len; i++)
        apply(ret, list.items[i]);
    lima_strv_free(&list);
}

bool lima_rights_look(lima_rights *ret, lima_err *err)
{
    char *words = lima_env_get("LIMA_TEST_RIGHTS");

    (void)err;
    test_rights_of(words ? words : "", ret);
    free(words);
    return true;
}
