#include "hyperv/config_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

enum { VALUE_MAX = 60 };

/* When a key is refused. */
typedef enum test {
    TEST_SET = 0, /* whatever it is */
    TEST_TRUE,
    TEST_OTHER, /* a text that is none of `allowed` */
} test;

static const struct refusal {
    const char *key;
    test test;
    lima_code code;
    const char *allowed; /* "a|b"; "" is always allowed */
    const char *cause, *next;
} refusals[] = {
    {"os", TEST_OTHER, LIMA_CODE_UNIMPLEMENTED, "Linux", "this driver runs Linux guests",
     "set os to Linux, or use vmType qemu"},
    {"mountType", TEST_OTHER, LIMA_CODE_INVALID_ARGUMENT, "default|reverse-sshfs|9p",
     "Windows has no server for it", "set it to reverse-sshfs or 9p, or leave it out"},
    {"firmware.legacyBIOS", TEST_TRUE, LIMA_CODE_UNIMPLEMENTED, "",
     "these VMs have UEFI firmware and no BIOS", "set it to false, or use vmType qemu"},
    {"firmware.images", TEST_SET, LIMA_CODE_UNIMPLEMENTED, "", "their firmware is that of Windows",
     "leave it out, or use vmType qemu"},
    {"video.display", TEST_OTHER, LIMA_CODE_UNIMPLEMENTED, "none|default", "these VMs have no screen",
     "set it to none: the console is in serial.log"},
    {"audio.device", TEST_OTHER, LIMA_CODE_UNIMPLEMENTED, "none|default", "these VMs have no sound",
     "leave it out, or use vmType qemu"},
    {"rosetta.enabled", TEST_TRUE, LIMA_CODE_UNIMPLEMENTED, "", "Rosetta belongs to macOS",
     "set it to false"},
};

static const struct {
    const char *key, *why;
} ignored[] = {
    {"cpuType", "the guest sees the host's CPU"},    {"ssh.overVsock", "SSH goes over the network of the VM"},
    {"vmOpts.qemu", "it belongs to another driver"}, {"vmOpts.vz", "it belongs to another driver"},
    {"video.vnc", "these VMs have no screen"},       {"audio.interface", "these VMs have no sound"},
};

bool lima_hyperv_config_is_set(const lima_json *doc, const char *path)
{
    switch (lima_json_get_kind(doc, "%s", path)) {
    case LIMA_JSON_ABSENT:
    case LIMA_JSON_NULL:
        return false;
    case LIMA_JSON_STRING:
        return *lima_json_str(doc, "?", "%s", path) != '\0';
    case LIMA_JSON_ARRAY:
    case LIMA_JSON_OBJECT:
        return lima_json_count(doc, "%s", path) > 0;
    case LIMA_JSON_BOOL:
    case LIMA_JSON_INTEGER:
    case LIMA_JSON_NUMBER:
        break;
    }
    return true;
}

static bool is_one_of(const char *word, const char *allowed)
{
    lima_strv words = {0};
    lima_str_split(allowed, '|', &words);
    bool found = !*word || lima_strv_has(&words, word);
    lima_strv_free(&words);
    return found;
}

static bool applies(const lima_json *doc, const struct refusal *row)
{
    char *path = lima_mem_printf("config.%s", row->key);
    bool found = false;
    if (row->test == TEST_SET)
        found = lima_hyperv_config_is_set(doc, path);
    else if (row->test == TEST_TRUE)
        found = lima_json_bool(doc, false, "%s", path);
    else
        found = !is_one_of(lima_json_str(doc, "", "%s", path), row->allowed);
    free(path);
    return found;
}

bool lima_hyperv_config_refuse(const lima_instance *inst, lima_err *err)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct refusal *row = &refusals[i];
        if (applies(inst->doc, row))
            return lima_err_set(
                err, row->code, "%s '%.*s' is not possible with Hyper-V: %s; %s", row->key, VALUE_MAX,
                lima_json_str(inst->doc, row->test == TEST_TRUE ? "true" : "…", "config.%s", row->key),
                row->cause, row->next);
    }
    return true;
}

void lima_hyperv_config_warn(const lima_json *written, lima_strv *ret)
{
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        if (lima_hyperv_config_is_set(written, ignored[i].key))
            lima_strv_addf(ret, "%s is ignored by the hyperv driver: %s", ignored[i].key, ignored[i].why);
}
