/* The text below holds what does not depend on the machine. Every optional part is there, since drivers
 * written in Go read through pointers that limactl always fills; mountType alone is missing, since filling
 * it is the driver's work. */
#include "ctl/check/document.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/str.h"
#include "os/host.h"

static const char template[] = "{\"status\":\"Stopped\",\"cpus\":1,\"memory\":1073741824,\"disk\":4294967296,"
                               "\"sshAddress\":\"127.0.0.1\",\"protected\":false,"
                               "\"limaVersion\":\"2.2.0\",\"config\":{\"vmOpts\":{},\"os\":\"Linux\","
                               "\"cpus\":1,\"memory\":\"1GiB\",\"disk\":\"4GiB\",\"mountInotify\":false,"
                               "\"ssh\":{\"localPort\":0,\"loadDotSSHPubKeys\":false,\"forwardAgent\":false,"
                               "\"forwardX11\":false,\"forwardX11Trusted\":false},"
                               "\"firmware\":{\"legacyBIOS\":false},\"audio\":{\"device\":\"\",\"interface\":"
                               "\"\"},\"video\":{\"display\":\"none\",\"vnc\":{}},"
                               "\"upgradePackages\":false,\"containerd\":{\"system\":false,\"user\":false},"
                               "\"guestInstallPrefix\":\"/usr/local\","
                               "\"hostResolver\":{\"enabled\":true,\"ipv6\":false,\"hosts\":{}},"
                               "\"propagateProxyEnv\":true,\"caCerts\":{\"removeDefaults\":false},"
                               "\"rosetta\":{\"enabled\":false,\"binfmt\":false},\"plain\":false,"
                               "\"timezone\":\"UTC\",\"nestedVirtualization\":false,"
                               "\"user\":{\"name\":\"dev\",\"comment\":\"\",\"home\":\"/home/"
                               "dev\",\"shell\":\"/bin/bash\",\"uid\":1234,\"passwordlessSudo\":true},"
                               "\"tpm\":false,\"osOpts\":{},\"env\":{},\"param\":{}}}";

lima_json *lima_check_document(const char *dir, const char *driver_name)
{
    lima_json *doc = NULL;
    lima_json_parse(template, strlen(template), &doc, NULL);
    char *name = lima_path_base(dir);
    char *ssh_config = lima_path_join(dir, "ssh.config");
    char *image = lima_path_join(dir, "image");
    const char *arch = lima_host_get()->arch;
    lima_json_set_str(doc, name, "name");
    lima_json_set_str(doc, "lima-check", "hostname");
    lima_json_set_str(doc, dir, "dir");
    lima_json_set_str(doc, driver_name, "vmType");
    lima_json_set_str(doc, arch, "arch");
    lima_json_set_str(doc, ssh_config, "sshConfigFile");
    lima_json_set_str(doc, driver_name, "config.vmType");
    lima_json_set_str(doc, arch, "config.arch");
    lima_json_set_str(doc, image, "config.images[0].location");
    lima_json_set_str(doc, arch, "config.images[0].arch");
    /* boots a guest's kernel at once; others may rightly refuse a BIOS that they do not have */
    lima_json_set_bool(doc, lima_str_eq(driver_name, "qemu"), "config.firmware.legacyBIOS");
    free(image);
    free(ssh_config);
    free(name);
    return doc;
}
