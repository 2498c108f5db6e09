#include "hyperv_test.h"

#include "documents.h"

static const hyperv_nic nics[] = {{ENDPOINT, "52:55:55:12:ab:0f"},
                                  {"5f1c0c52-5f0c-4a55-9d0b-6f5b7f1b2a10", "52-55-55-FF-00-01"}};
static const uint32_t ports[] = {22, 50000}, mount_ports[] = {2222, 564};
static const hyperv_share shares[] = {{"home", "C:\\Users\\me", 50002, true},
                                      {"src", "D:\\src", 50002, false}};
static const hyperv_share mounts[] = {{"lima-0011223344556677", "C:\\Users\\J\xc3\xb6rg M", 564, true},
                                      {"lima-8899aabbccddeeff", "D:\\", 564, false}};
static const char *const extra[] = {"C:\\lima\\_disks\\a\\a.vhdx", "C:\\lima\\_disks\\b\\b.vhdx"};

const scenario scenarios[] = {
    {"disk",
     UP_TO_2_6,
     {.cpus = 4,
      .memory_mib = 4097,
      .overcommit = true,
      .disk = DIR "disk.vhdx",
      .cidata = DIR "cidata.iso",
      .guest_state = DIR "hyperv.vmgs",
      .run_state = DIR "hyperv.vmrs",
      .console_pipe = "\\\\.\\pipe\\lima-x-com1",
      .nics = nics,
      .nic_count = 1,
      .owner_sid = SID,
      .ports = ports,
      .port_count = 2,
      .survives = true,
      .process_suffix = "lima-dev"},
     0},
    {"disk-1809",
     UP_TO_2_1,
     {.cpus = 1,
      .memory_mib = 512,
      .overcommit = true,
      .disk = DIR "disk.vhdx",
      .console_pipe = "\\\\.\\pipe\\c",
      .owner_sid = SID,
      .process_suffix = "lima-dev"},
     2},
    {"disk-least", UP_TO_2_5, {.cpus = 1, .memory_mib = 512, .disk = DIR "disk.vhdx"}, 0},
    {"disk-secure-linux",
     UP_TO_2_3,
     {.cpus = 2, .memory_mib = 1024, .disk = DIR "disk.vhdx", .secure_boot = HYPERV_SECURE_BOOT_LINUX},
     1},
    {"disk-secure-windows",
     UP_TO_2_3,
     {.cpus = 2, .memory_mib = 1024, .disk = DIR "disk.vhdx", .secure_boot = HYPERV_SECURE_BOOT_WINDOWS},
     1},
    {"disk-tpm-nested",
     UP_TO_2_6 | ONLY_2_7,
     {.cpus = 2,
      .memory_mib = 2048,
      .disk = DIR "disk.vhdx",
      .tpm = true,
      .nested = true,
      .guest_state = DIR "hyperv.vmgs"},
     0},
    {"disk-extra-nics",
     UP_TO_2_5,
     {.cpus = 2,
      .memory_mib = 2048,
      .disk = DIR "disk.vhdx",
      .extra_disks = extra,
      .extra_disk_count = 2,
      .cidata = DIR "cidata.iso",
      .nics = nics,
      .nic_count = 2},
     0},
    {"disk-plan9",
     UP_TO_2_5,
     {.cpus = 2, .memory_mib = 2048, .disk = DIR "disk.vhdx", .shares = shares, .share_count = 2},
     0},
    {"disk-mounts",
     UP_TO_2_1,
     {.cpus = 2,
      .memory_mib = 2048,
      .disk = DIR "disk.vhdx",
      .owner_sid = SID,
      .ports = mount_ports,
      .port_count = 2,
      .shares = mounts,
      .share_count = 2},
     1},
    {"disk-plan9-later",
     UP_TO_2_5,
     {.cpus = 2, .memory_mib = 2048, .disk = DIR "disk.vhdx", .plan9 = true},
     0},
    {"disk-restore",
     UP_TO_2_5,
     {.cpus = 2,
      .memory_mib = 2048,
      .disk = DIR "disk.vhdx",
      .run_state = DIR "hyperv.vmrs",
      .restore = DIR "hyperv.snapshot.a.vmrs"},
     0},
    {"iso",
     UP_TO_2_5,
     {.boot = HYPERV_BOOT_ISO,
      .cpus = 2,
      .memory_mib = 2048,
      .disk = DIR "disk.vhdx",
      .iso = DIR "iso",
      .cidata = DIR "cidata.iso"},
     0},
    {"iso-diskless",
     UP_TO_2_2,
     {.boot = HYPERV_BOOT_ISO, .cpus = 2, .memory_mib = 2048, .iso = DIR "iso"},
     1},
    {"kernel",
     UP_TO_2_5,
     {.boot = HYPERV_BOOT_KERNEL,
      .cpus = 2,
      .memory_mib = 512,
      .overcommit = true,
      .kernel = DIR "kernel",
      .initrd = DIR "initrd",
      .cmdline = "console=ttyS0,115200 panic=-1 root=/dev/sda",
      .disk = DIR "disk.vhdx",
      .stop_on_reset = true},
     0},
    {"kernel-1903",
     UP_TO_2_2,
     {.boot = HYPERV_BOOT_KERNEL, .cpus = 1, .memory_mib = 256, .kernel = DIR "kernel"},
     1},
    {"newest-only", ONLY_2_7, {.cpus = 1, .memory_mib = 512, .disk = DIR "disk.vhdx"}, 0},
    {0},
};

const hyperv_host able = {.schemas = UP_TO_2_6, .nesting = HYPERV_NESTING_YES, .tpm = true};

const scenario *scenario_named(const char *name)
{
    const scenario *s = scenarios;
    while (s->name && strcmp(s->name, name) != 0)
        s++;
    if (!s->name)
        fail_msg("no scenario %s", name);
    return s;
}

char *scenario_document(const scenario *s)
{
    hyperv_host host = able;
    lima_strv left_out = {0};
    char *text = NULL;
    lima_err err = {0};
    host.schemas = s->schemas;
    if (!lima_hyperv_document(&s->vm, &host, &text, &left_out, &err))
        fail_msg("%s: %s", s->name, err.text);
    if (left_out.len != s->left_out)
        fail_msg("%s: %zu wishes left out", s->name, left_out.len);
    lima_strv_free(&left_out);
    return text;
}
