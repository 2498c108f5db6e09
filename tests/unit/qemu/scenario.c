#include "scenario.h"

#include "qemu_test.h"

#include "qemu/networks.h"

static const char strange[] = "strange, \"quo'te\" ü=1\nline";

const scenario scenarios[] = {
    {.name = "x86_64-tcg-kernel", .config = "{}", .kernel = true, .real = true},
    {.name = "x86_64-kvm-uefi-9p",
     .config = "{'mountType':'9p','mounts':[{'location':'~','mountPoint':'/home/u'},{'location':'/a,b/"
               "ü','mountPoint':'/w','writable':true,"
               "'9p':{'securityModel':'mapped-xattr'}}]}",
     .accel = "kvm",
     .cpu = "host",
     .firmware = "/usr/share/OVMF/OVMF_CODE.fd",
     .generation = LIMA_GENERATION_2_2},
    {.name = "x86_64-tcg-uefi", .config = "{}", .firmware = "/usr/share/OVMF/OVMF_CODE.fd", .real = true},
    {.name = "x86_64-virtiofs-2.1",
     .config = "{'mountType':'virtiofs','mounts':[{'location':'/srv','mountPoint':'/srv'},{'location':'/"
               "b','mountPoint':'/b','writable':true,"
               "'virtiofs':{'queueSize':512}}]}",
     .generation = LIMA_GENERATION_2_1},
    {.name = "x86_64-virtiofs-no-mounts",
     .config = "{'mountType':'virtiofs'}",
     .generation = LIMA_GENERATION_2_2,
     .real = true},
    {.name = "x86_64-9p-2.0",
     .config = "{'mountType':'9p','mounts':[{'location':'/','mountPoint':'/mnt'}]}",
     .real = true},
    {.name = "x86_64-iso", .config = "{}", .iso = true, .real = true},
    {.name = "x86_64-iso-only",
     .config = "{}",
     .iso = true,
     .no_disk = true,
     .no_cidata = true,
     .real = true},
    {.name = "x86_64-diskless", .config = "{}", .no_disk = true, .no_cidata = true, .kernel = true},
    {.name = "x86_64-raw-extra-disks",
     .config = "{}",
     .format = "raw",
     .extra_disks = {"one", strange, "three"},
     .real = true},
    {.name = "x86_64-user-v2-stream",
     .config = "{'networks':[{'lima':'user-v2','macAddress':'52:55:55:00:00:01'},{'socket':'/run/"
               "s,1','macAddress':'52:55:55:00:00:02'}]}",
     .version = {9, 2, 0}},
    {.name = "x86_64-socket-stream-8",
     .config = "{'networks':[{'socket':'/s','macAddress':'52:55:55:00:00:02'}]}",
     .version = {8, 0, 4}},
    {.name = "x86_64-socket-fd",
     .config = "{'networks':[{'socket':'/s','macAddress':'52:55:55:00:00:02'},{'socket':'/"
               "t','macAddress':'52:55:55:00:00:03'}]}",
     .version = {6, 2, 0},
     .netdevs = "user socket"},
    {.name = "x86_64-vnc-audio-tpm",
     .config = "{'video':{'display':'vnc','vnc':{'display':'127.0.0.1:0,to=9'}},'audio':{'device':'default'},"
               "'tpm':true}"},
    {.name = "x86_64-vnc", .config = "{'video':{'display':'vnc'},'audio':{'device':'wav'}}", .real = true},
    {.name = "x86_64-gtk-virtio-sound",
     .config = "{'video':{'display':'gtk'},'audio':{'device':'pipewire','interface':'virtio'}}",
     .version = {8, 2, 0}},
    {.name = "x86_64-words",
     .config = "{}",
     .kernel = true,
     .words = "/opt/q -m 512M --cpu qemu64 -M pc,accel=tcg -smp 1 -display none -kernel /k -append x -initrd "
              "/i -boot d",
     .real = false},
    {.name = "x86_64-words-accel",
     .config = "{'mountType':'virtiofs','mounts':[{'location':'/b'}]}",
     .words = "q -accel tcg -numa node,memdev=x"},
    {.name = "x86_64-words-enable-kvm", .config = "{}", .words = "q -enable-kvm -machine"},
    {.name = "aarch64-words-bios",
     .config = "{}",
     .arch = "aarch64",
     .firmware = "/fw",
     .words = "q -bios /mine.fd -serial -m"},
    {.name = "aarch64-tcg-uefi",
     .config = "{}",
     .arch = "aarch64",
     .firmware = "/usr/share/AAVMF/AAVMF_CODE.fd",
     .real = true},
    {.name = "aarch64-tcg-padded-firmware",
     .config = "{}",
     .arch = "aarch64",
     .firmware = "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd",
     .iso = true,
     .real = true},
    {.name = "aarch64-kernel-9p-disks",
     .config = "{'mountType':'9p','mounts':[{'location':'/'}]}",
     .arch = "aarch64",
     .kernel = true,
     .extra_disks = {"one"},
     .real = true},
    {.name = "aarch64-hvf-display-tpm",
     .config = "{'video':{'display':'cocoa'},'audio':{'device':'default'},'tpm':true}",
     .arch = "aarch64",
     .host = {"darwin", "aarch64", false},
     .accel = "hvf",
     .cpu = "host",
     .version = {10, 0, 0},
     .firmware = "/opt/homebrew/share/qemu/edk2-aarch64-code.fd"},
    {.name = "x86_64-windows-host",
     .config = "{'audio':{'device':'default'}}",
     .host = {"windows", "x86_64", false},
     .accel = "whpx",
     .cpu = "qemu64",
     .version = {11, 0, 0}},
    {0},
};

/* What the caller of scenario_settings finds out, with what it lives in. */
typedef struct setup {
    lima_strv words, user_v2;
    qemu_features features;
    qemu_choice choice;
    qemu_disk disks[4];
    char *files[5];
} setup;

static char *in_dir(setup *made, size_t slot, const char *dir, const char *name, bool wanted)
{
    if (wanted)
        made->files[slot] = lima_path_join(dir, name);
    return made->files[slot];
}

static void prepare(const scenario *s, const qemu_host *host, setup *made)
{
    static const lima_version debian = {7, 2, 22};
    const char *variable = s->words;
    assert_ok(lima_qemu_program_words(s->arch ? s->arch : "x86_64", variable, &made->words, &err));
    assert_ok(lima_qemu_user_v2_names("", 0, &made->user_v2, &err));
    lima_str_split(s->netdevs ? s->netdevs : "user stream socket", ' ', &made->features.netdevs);
    made->features.version = s->version.major ? s->version : debian;
    made->choice.accel = s->accel ? s->accel : "tcg";
    snprintf(made->choice.cpu, sizeof made->choice.cpu, "%s", s->cpu ? s->cpu : "max");
    assert_non_null(host->os);
}

static size_t prepare_disks(const scenario *s, const char *dir, setup *made)
{
    size_t count = 0;
    for (; count < 4 && s->extra_disks[count]; count++)
        made->disks[count] =
            (qemu_disk){lima_path_join(dir, s->extra_disks[count]), lima_mem_strdup(count ? "raw" : "qcow2")};
    return count;
}

static void clear(setup *made)
{
    for (size_t i = 0; i < 5; i++)
        free(made->files[i]);
    for (size_t i = 0; i < 4; i++) {
        free(made->disks[i].path);
        free(made->disks[i].format);
    }
    lima_strv_free(&made->words);
    lima_strv_free(&made->user_v2);
    lima_qemu_features_free(&made->features);
}

void scenario_settings(const scenario *s, const char *dir, const char *program, qemu_settings *ret)
{
    static const qemu_host linux_host = {"linux", "x86_64", false};
    const qemu_host *host = s->host.os ? &s->host : &linux_host;
    lima_instance *inst = make_instance_in(dir, s->arch ? s->arch : "x86_64", s->config);
    setup made = {0};
    prepare(s, host, &made);
    qemu_inputs inputs = {
        .host = host,
        .machine_id = "machine",
        .home = "/home/u",
        .program_words = &made.words,
        .features = &made.features,
        .choice = &made.choice,
        .user_v2 = &made.user_v2,
        .firmware = s->firmware,
        .disk = in_dir(&made, 0, dir, "disk", !s->no_disk),
        .disk_format = s->format ? s->format : "qcow2",
        .iso = in_dir(&made, 1, dir, "iso", s->iso),
        .kernel = in_dir(&made, 2, dir, "kernel", s->kernel),
        .initrd = in_dir(&made, 3, dir, "initrd", s->kernel),
        .cidata = in_dir(&made, 4, dir, "cidata.iso", !s->no_cidata),
        .cmdline = s->kernel ? " root=/dev/vda rw console=ttyS0, quiet\n" : NULL,
        .extra_disks = made.disks,
        .extra_disk_count = prepare_disks(s, dir, &made),
    };
    assert_ok(lima_qemu_settings_from_instance(inst, s->generation, &inputs, ret, &err));
    if (program) {
        free(ret->program_words.items[0]);
        ret->program_words.items[0] = lima_mem_strdup(program);
    }
    clear(&made);
    lima_instance_free(inst);
}
