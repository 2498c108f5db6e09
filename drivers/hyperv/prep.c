/* How it works: the one thing that an administrator can give for good is membership in Hyper-V
 * Administrators. The note that we did it is written before, and for nobody who is in the group already; so
 * whenever this is broken off, undo takes back what was done and no more.
 *
 * Deliberately not here: the Windows feature, the firmware, disabled services, which change the whole
 * computer: they are told, with their command. Networks of Windows cannot be prepared: ours is gone with each
 * restart, and since Windows 11 22H2 each call needs elevation (facts: hyperv-hcs 1.2, 5.3). */
#include "hyperv/prep.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "hyperv/rights.h"
#include "win/membership.h"

/* ---- what there is ---- */

static void add_fact(lima_json *into, const char *name, const char *value)
{
    size_t at = lima_json_count(into, "facts");

    lima_json_set_str(into, name, "facts[%zu].name", at);
    lima_json_set_str(into, value, "facts[%zu].value", at);
}

static const char *member_word(lima_rights_member member)
{
    static const char *const words[] = {[LIMA_RIGHTS_NOT_MEMBER] = "not a member",
                                        [LIMA_RIGHTS_MEMBER] = "member",
                                        [LIMA_RIGHTS_FILTERED] = "member, when elevated",
                                        [LIMA_RIGHTS_NEXT_LOGON] = "member from the next log-on"};
    return words[member];
}

static const char *service_word(lima_rights_service service)
{
    static const char *const words[] = {[LIMA_RIGHTS_NO_SERVICE] = "not installed",
                                        [LIMA_RIGHTS_SERVICE_DISABLED] = "disabled",
                                        [LIMA_RIGHTS_SERVICE_STOPPED] = "starts when needed",
                                        [LIMA_RIGHTS_SERVICE_RUNS] = "runs",
                                        [LIMA_RIGHTS_SERVICE_UNKNOWN] = "not known"};
    return words[service];
}

static const char *hypervisor_word(const lima_rights *rights)
{
    if (rights->hypervisor)
        return "runs";
    return rights->firmware ? "does not run, the firmware is ready for it"
                            : "does not run, virtualization is off in the firmware";
}

static void add_facts_of_user(lima_json *into, const lima_rights *rights)
{
    bool named = !lima_str_empty(rights->hyperv_group);
    char *group = lima_mem_printf("%s%s%s", member_word(rights->hyperv), named ? " of " : "",
                                  named ? rights->hyperv_group : "");

    add_fact(into, "User", lima_str_empty(rights->user) ? rights->user_sid : rights->user);
    add_fact(into, "Elevated", rights->elevated ? "yes" : "no");
    add_fact(into, "Administrators", member_word(rights->administrators));
    add_fact(into, "Hyper-V Administrators", named ? group : "no such group in this Windows");
    free(group);
}

static void add_facts_of_computer(lima_json *into, const lima_rights *rights)
{
    char *build = lima_mem_printf("build %u", (unsigned)rights->build);

    add_fact(into, "Windows", build);
    add_fact(into, "Hypervisor", hypervisor_word(rights));
    add_fact(into, "computecore.dll", rights->computecore ? "there" : "missing");
    add_fact(into, "computenetwork.dll", rights->computenetwork ? "there" : "missing");
    add_fact(into, "virtdisk.dll", rights->virtdisk ? "there" : "missing");
    add_fact(into, "Service vmcompute", service_word(rights->vmcompute));
    add_fact(into, "Service hns", service_word(rights->hns));
    free(build);
}

/* What prep has done before. A note that cannot be read is a fact, too. */
static void add_facts_of_notes(lima_json *into)
{
    lima_accounts noted = {0};
    lima_err why = {0};

    if (!lima_membership_noted(&noted, &why))
        add_fact(into, "Prepared", why.text);
    for (size_t i = 0; i < noted.len; i++)
        add_fact(into, "Prepared", noted.items[i].name);
    lima_accounts_free(&noted);
}

/* Without networks of Windows there is the one in user space, so they stand in nobody's way. */
static void add_facts_of_both(lima_json *into, hyperv_lack vms, hyperv_lack networks)
{
    bool windows = networks == HYPERV_LACK_NOTHING;
    char *reason = lima_mem_printf("in user space only: %s", lima_hyperv_lack_cause(networks));

    add_fact(into, "VMs", lima_hyperv_lack_cause(vms));
    add_fact(into, "Networks", windows ? lima_hyperv_lack_cause(networks) : reason);
    free(reason);
}

static bool look(lima_json *into, lima_err *err)
{
    lima_rights rights = {0};

    if (!lima_rights_look(&rights, err))
        return false;
    hyperv_lack lack = lima_hyperv_lack(&rights);
    char *help = lima_hyperv_lack_next(lack, &rights);
    char *next = lima_mem_printf("%s; %s", lima_hyperv_lack_cause(lack), help);
    lima_json_set_bool(into, lack == HYPERV_LACK_NOTHING, "ready");
    lima_json_set_str(into, lack == HYPERV_LACK_NOTHING ? "" : next, "next");
    add_facts_of_user(into, &rights);
    add_facts_of_computer(into, &rights);
    add_facts_of_both(into, lack, lima_hyperv_network_lack(&rights));
    add_facts_of_notes(into);
    free(next);
    free(help);
    lima_rights_free(&rights);
    return true;
}

/* ---- what is done ---- */

static void add_done(lima_json *into, const char *fmt, const lima_account *account)
{
    char *text = lima_mem_printf("%s %s", lima_str_empty(account->name) ? account->sid : account->name, fmt);

    lima_json_set_str(into, text, "done[%zu]", lima_json_count(into, "done"));
    free(text);
}

static bool check_elevated(lima_err *err)
{
    lima_rights rights = {0};

    if (!lima_rights_look(&rights, err))
        return false;
    bool elevated = rights.elevated || rights.administrators == LIMA_RIGHTS_MEMBER;
    lima_rights_free(&rights);
    return elevated
           || lima_err_set(
               err, LIMA_CODE_PERMISSION_DENIED,
               "only an administrator can change who is in Hyper-V Administrators; run it from a terminal "
               "that was started with 'Run as administrator'");
}

/* Nobody is in the group for a moment without a note. */
static bool join(const lima_account *account, lima_json *into, lima_err *err)
{
    lima_err why = {0};

    if (!lima_membership_note(account, err))
        return false;
    if (lima_membership_add(account->sid, &why)) {
        add_done(into, "is in Hyper-V Administrators now; it counts from the next log-on", account);
        return true;
    }
    lima_membership_forget(account->sid, NULL);
    return why.code == LIMA_CODE_ALREADY_EXISTS || lima_err_set(err, why.code, "%s", why.text);
}

static bool prepare(const char *user, lima_json *into, lima_err *err)
{
    lima_account account = {0};
    bool member = false;

    if (!check_elevated(err) || !lima_account_find(user, &account, err))
        return false;
    bool ok = lima_membership_look(account.sid, &member, err) && (member || join(&account, into, err));
    lima_account_free(&account);
    return ok;
}

static bool leave(const lima_account *account, lima_json *into, lima_err *err)
{
    lima_err why = {0};
    bool removed = lima_membership_remove(account->sid, &why);

    if (!removed && why.code != LIMA_CODE_NOT_FOUND)
        return lima_err_set(err, why.code, "%s", why.text);
    if (removed)
        add_done(into, "is not in Hyper-V Administrators any more", account);
    return lima_membership_forget(account->sid, err);
}

static bool undo(lima_json *into, lima_err *err)
{
    lima_accounts noted = {0};

    if (!check_elevated(err) || !lima_membership_noted(&noted, err))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < noted.len; i++)
        ok = leave(&noted.items[i], into, err);
    lima_accounts_free(&noted);
    return ok;
}

const lima_driver_preparation lima_hyperv_preparation = {.look = look, .prepare = prepare, .undo = undo};
