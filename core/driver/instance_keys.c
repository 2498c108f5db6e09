/* A table, so that a wrong type anywhere limactl's own decoder would refuse it is refused here as well, by
 * name. Elements of lists are checked for being objects only; what is in them is read by whoever needs it. */
#include "driver/instance_keys.h"

typedef struct key_kind {
    lima_json_kind kind;
    const char *paths[32]; /* NULL-terminated */
} key_kind;

static const key_kind table[] = {
    {LIMA_JSON_STRING,
     {"name",
      "hostname",
      "status",
      "dir",
      "vmType",
      "arch",
      "message",
      "sshConfigFile",
      "sshAddress",
      "limaVersion",
      "config.vmType",
      "config.os",
      "config.arch",
      "config.memory",
      "config.disk",
      "config.mountType",
      "config.audio.device",
      "config.audio.interface",
      "config.video.display",
      "config.video.vnc.display",
      "config.minimumLimaVersion",
      "config.timezone",
      "config.user.name",
      "config.user.home",
      "config.user.shell",
      "config.guestInstallPrefix"}},
    {LIMA_JSON_INTEGER,
     {"cpus", "memory", "disk", "sshLocalPort", "hostAgentPID", "driverPID", "config.cpus",
      "config.ssh.localPort", "config.user.uid"}},
    {LIMA_JSON_BOOL,
     {"protected", "config.plain", "config.tpm", "config.mountInotify", "config.firmware.legacyBIOS",
      "config.nestedVirtualization", "config.hostResolver.enabled", "config.hostResolver.ipv6",
      "config.ssh.loadDotSSHPubKeys", "config.ssh.forwardAgent", "config.ssh.overVsock",
      "config.propagateProxyEnv", "config.rosetta.enabled", "config.rosetta.binfmt",
      "config.containerd.system", "config.containerd.user"}},
    {LIMA_JSON_ARRAY,
     {"errors", "additionalDisks", "network", "config.images", "config.mounts", "config.networks",
      "config.additionalDisks", "config.provision", "config.probes", "config.portForwards",
      "config.copyToHost", "config.dns", "config.mountTypesUnsupported", "config.firmware.images"}},
    {LIMA_JSON_OBJECT,
     {"config", "param", "config.vmOpts", "config.vmOpts.qemu", "config.vmOpts.vz", "config.osOpts",
      "config.cpuType", "config.ssh", "config.firmware", "config.audio", "config.video", "config.video.vnc",
      "config.containerd", "config.env", "config.param", "config.hostResolver", "config.user",
      "config.rosetta", "config.caCerts"}},
};

static const char *const object_lists[] = {"config.images", "config.mounts", "config.networks",
                                           "config.additionalDisks"};

static bool check_elements(const lima_json *doc, const char *list, lima_err *err)
{
    size_t count = lima_json_count(doc, "%s", list);
    for (size_t i = 0; i < count; i++)
        if (!lima_json_expect(doc, LIMA_JSON_OBJECT, err, "%s[%zu]", list, i))
            return false;
    return true;
}

bool lima_instance_check_keys(const lima_json *doc, lima_err *err)
{
    bool ok = true;
    /* Outermost first: an object must be one before its keys are looked at. */
    for (size_t i = sizeof table / sizeof *table; ok && i-- > 0;)
        for (const char *const *path = table[i].paths; ok && *path; path++)
            ok = lima_json_expect(doc, table[i].kind, err, "%s", *path);
    for (size_t i = 0; ok && i < sizeof object_lists / sizeof *object_lists; i++)
        ok = check_elements(doc, object_lists[i], err);
    return ok || lima_err_wrap(err, "instance document");
}
