/* The machine, from the outside in: words of the user, processor and memory, firmware and boot, disks,
 * network, the rest.
 *
 * -nodefaults: every device is one we name, so that the guest's disk names are ours to give: all disks are
 * virtio-blk in list order (vda is the boot disk), CD-ROMs are elsewhere (cidata on a SCSI bus). Each image
 * has its format said, so that a guest cannot make QEMU read another one by writing a header into a raw disk.
 * Network cards have no boot ROM: nobody boots a Lima guest from the network, and the search costs seconds.
 *
 * Not here: whether files exist, or whether QEMU knows the options. */
#include "qemu/argv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

typedef struct builder {
    const qemu_settings *set;
    lima_strv *out;        /* the list */
    lima_strv *overridden; /* our options that the user's words replace */
} builder;

/* A file name inside an option of comma-separated parts. Owned. */
static char *escape(const char *path)
{
    char *escaped = lima_mem_zalloc(2 * strlen(path) + 1, 1);
    char *to = escaped;
    for (; *path; path++) {
        if (*path == ',')
            *to++ = ',';
        *to++ = *path;
    }
    return escaped;
}

LIMA_PRINTF(3, 4) static void add(builder *b, const char *option, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    size_t len = (size_t)vsnprintf(NULL, 0, fmt, args);
    char *value = lima_mem_zalloc(len + 1, 1);
    vsnprintf(value, len + 1, fmt, again);
    va_end(again);
    va_end(args);
    lima_strv_add(b->out, option);
    lima_strv_add(b->out, value);
    free(value);
}

static bool is_option(const char *word, const char *name)
{
    if (*word != '-')
        return false;
    word += word[1] == '-' ? 2 : 1;
    return lima_str_eq(word, name) || (lima_str_eq(name, "machine") && lima_str_eq(word, "M"));
}

/* The index of the user's word that is this option; 0 (the program) when there is none. */
static size_t user_option(const builder *b, const char *name)
{
    for (size_t i = 1; i < b->set->program_words.len; i++)
        if (is_option(b->set->program_words.items[i], name))
            return i;
    return 0;
}

/* For options that may stand only once: false, and noted, when the user gives them. */
static bool ours(builder *b, const char *option)
{
    if (!user_option(b, option + 1))
        return true;
    lima_strv_add(b->overridden, option);
    return false;
}

static bool is_x86(const builder *b)
{
    return lima_str_eq(b->set->arch, "x86_64");
}

/* QEMU refuses -accel beside a -machine that names an accelerator. */
static bool user_accel(const builder *b)
{
    size_t at = user_option(b, "machine");
    const char *machine = at && at + 1 < b->set->program_words.len ? b->set->program_words.items[at + 1] : "";
    return user_option(b, "enable-kvm") || strstr(machine, "accel=");
}

static void add_accel(builder *b)
{
    if (user_accel(b))
        lima_strv_add(b->overridden, "-accel");
    else if (ours(b, "-accel"))
        add(b, "-accel", "%s%s", b->set->accel, lima_str_eq(b->set->accel, "tcg") ? ",thread=multi" : "");
}

static void add_machine(builder *b)
{
    if (ours(b, "-machine")) {
        add(b, "-machine", "%s", is_x86(b) ? "q35,vmport=off" : "virt");
        /* A guest that suspends itself could not be woken by anyone. */
        if (is_x86(b)) {
            add(b, "-global", "ICH9-LPC.disable_s3=1");
            add(b, "-global", "ICH9-LPC.disable_s4=1");
        }
    }
    add_accel(b);
    if (ours(b, "-cpu"))
        add(b, "-cpu", "%s", b->set->cpu);
    if (ours(b, "-smp"))
        add(b, "-smp", "%u,sockets=1,cores=%u,threads=1", b->set->cpus, b->set->cpus);
}

static void add_memory(builder *b)
{
    unsigned long long mib = b->set->memory_mib;
    if (ours(b, "-m"))
        add(b, "-m", "%lluM", mib);
    /* virtiofsd maps the guest's memory. */
    if (b->set->mounts.kind == QEMU_MOUNT_VIRTIOFS && b->set->mounts.len && ours(b, "-numa")) {
        add(b, "-object", "memory-backend-memfd,id=memory,size=%lluM,share=on", mib);
        add(b, "-numa", "node,memdev=memory");
    }
}

/* On aarch64 a flash image must have exactly the flash's size, which not all distributions' files have; -bios
 * takes any. */
static void add_firmware(builder *b)
{
    if (!b->set->firmware)
        return;
    if (is_x86(b)) {
        char *file = escape(b->set->firmware);
        add(b, "-drive", "if=pflash,unit=0,format=raw,readonly=on,file=%s", file);
        free(file);
    } else if (ours(b, "-bios")) {
        add(b, "-bios", "%s", b->set->firmware);
    }
}

static void add_kernel(builder *b)
{
    if (b->set->kernel && ours(b, "-kernel"))
        add(b, "-kernel", "%s", b->set->kernel);
    if (b->set->cmdline && ours(b, "-append"))
        add(b, "-append", "%s", b->set->cmdline);
    if (b->set->initrd && ours(b, "-initrd"))
        add(b, "-initrd", "%s", b->set->initrd);
}

/* One disk image as "-drive" with the given id; `more` are further options of it. */
static void add_drive(builder *b, const char *id, const char *path, const char *format, const char *more)
{
    char *file = escape(path);
    add(b, "-drive", "if=none,id=%s,format=%s%s,file=%s", id, format, more, file);
    free(file);
}

/* A Lima ISO is a live system that keeps its data on the disk: it boots first. */
static void add_disks(builder *b)
{
    const qemu_settings *set = b->set;
    if (set->disk.path) {
        add_drive(b, "disk", set->disk.path, set->disk.format, ",discard=unmap");
        add(b, "-device", "virtio-blk-pci,drive=disk,bootindex=1");
    }
    for (size_t i = 0; i < set->extra_disk_count; i++) {
        char *id = lima_mem_printf("disk%zu", i + 1);
        add_drive(b, id, set->extra_disks[i].path, set->extra_disks[i].format, ",discard=unmap");
        add(b, "-device", "virtio-blk-pci,drive=%s", id);
        free(id);
    }
}

static void add_cdroms(builder *b)
{
    const qemu_settings *set = b->set;
    if (set->cidata || set->iso)
        add(b, "-device", "virtio-scsi-pci,id=scsi0");
    if (set->iso) {
        add_drive(b, "iso", set->iso, "raw", ",readonly=on");
        add(b, "-device", "%s,drive=iso,bootindex=0", is_x86(b) ? "ide-cd,bus=ide.0" : "scsi-cd,bus=scsi0.0");
    }
    if (set->cidata) {
        add_drive(b, "cidata", set->cidata, "raw", ",readonly=on");
        add(b, "-device", "scsi-cd,bus=scsi0.0,drive=cidata");
    }
}

static void add_netdev(builder *b, size_t i)
{
    const qemu_nic *nic = &b->set->nics.items[i];
    char *socket = escape(nic->socket ? nic->socket : "");
    if (nic->kind == QEMU_NIC_USER)
        add(b, "-netdev", "user,id=net%zu,net=192.168.5.0/24,dhcpstart=192.168.5.15,hostfwd=tcp:%s:%u-:22", i,
            nic->address, nic->ssh_port);
    else if (nic->kind == QEMU_NIC_STREAM)
        add(b, "-netdev", "stream,id=net%zu,server=off,addr.type=unix,addr.path=%s%s", i, socket,
            b->set->reconnect);
    else
        add(b, "-netdev", "socket,id=net%zu,fd=%d", i, nic->fd);
    free(socket);
}

static void add_network(builder *b)
{
    for (size_t i = 0; i < b->set->nics.len; i++) {
        add_netdev(b, i);
        add(b, "-device", "virtio-net-pci,netdev=net%zu,mac=%s,romfile=", i, b->set->nics.items[i].mac);
    }
}

static void add_mounts(builder *b)
{
    const qemu_mounts *mounts = &b->set->mounts;
    for (size_t i = 0; i < mounts->len; i++) {
        const qemu_mount *mount = &mounts->items[i];
        char *file = escape(mounts->kind == QEMU_MOUNT_9P ? mount->location : mount->socket);
        if (mounts->kind == QEMU_MOUNT_9P) {
            add(b, "-fsdev", "local,id=mount%zu,security_model=%s%s,path=%s", i, mount->security_model,
                mount->writable ? "" : ",readonly=on", file);
            add(b, "-device", "virtio-9p-pci,fsdev=mount%zu,mount_tag=%s", i, mount->tag);
        } else {
            add(b, "-chardev", "socket,id=mount%zu,path=%s", i, file);
            add(b, "-device", "vhost-user-fs-pci,chardev=mount%zu,tag=%s,queue-size=%u", i, mount->tag,
                mount->queue_size);
        }
        free(file);
    }
}

/* Serial line NAME: a socket to talk to it, a log to read what it said. */
static void add_serial_chardev(builder *b, const char *name)
{
    char *dir = escape(b->set->serial_dir);
    add(b, "-chardev", "socket,id=%s,path=%s/%s.sock,server=on,wait=off,logfile=%s/%s.log", name, dir, name,
        dir, name);
    free(dir);
}

static void add_serials(builder *b)
{
    add_serial_chardev(b, "serial");
    add(b, "-serial", "chardev:serial");
    if (!is_x86(b)) {
        add_serial_chardev(b, "serialp");
        add(b, "-device", "pci-serial,chardev=serialp");
    }
    add_serial_chardev(b, "serialv");
    add(b, "-device", "virtio-serial-pci,id=vserial");
    add(b, "-device", "virtconsole,bus=vserial.0,chardev=serialv");
}

static void add_display(builder *b)
{
    const qemu_settings *set = b->set;
    char *vnc = set->vnc ? lima_mem_printf("vnc=%s,password=on", set->vnc) : NULL;
    if (ours(b, "-display"))
        add(b, "-display", "%s", vnc ? vnc : set->display);
    free(vnc);
    if (lima_str_eq(set->display, "none"))
        return;
    add(b, "-device", "%s", is_x86(b) ? "virtio-vga" : "virtio-gpu-pci");
    add(b, "-device", "qemu-xhci,id=usb");
    add(b, "-device", "virtio-keyboard-pci");
    add(b, "-device", "virtio-tablet-pci");
}

static void add_audio(builder *b)
{
    const qemu_settings *set = b->set;
    if (!set->audio_device)
        return;
    add(b, "-audiodev", "%s,id=snd0", set->audio_device);
    if (lima_str_eq(set->audio_interface, "virtio")) {
        add(b, "-device", "virtio-sound-pci,audiodev=snd0");
    } else {
        add(b, "-device", "ich9-intel-hda");
        add(b, "-device", "hda-output,audiodev=snd0");
    }
}

static void add_tpm(builder *b)
{
    if (!b->set->tpm_socket)
        return;
    char *socket = escape(b->set->tpm_socket);
    add(b, "-chardev", "socket,id=tpm,path=%s", socket);
    add(b, "-tpmdev", "emulator,id=tpm0,chardev=tpm");
    add(b, "-device", "%s,tpmdev=tpm0", is_x86(b) ? "tpm-crb" : "tpm-tis-device");
    free(socket);
}

static void add_agent_port(builder *b)
{
    if (!b->set->agent_socket)
        return;
    char *socket = escape(b->set->agent_socket);
    add(b, "-chardev", "socket,id=agent,path=%s,server=on,wait=off", socket);
    add(b, "-device", "virtserialport,bus=vserial.0,chardev=agent,name=io.lima-vm.guest_agent.0");
    free(socket);
}

static void add_control(builder *b)
{
    char *socket = escape(b->set->qmp_socket);
    char *name = escape(b->set->name);
    add(b, "-chardev", "socket,id=qmp,path=%s,server=on,wait=off", socket);
    add(b, "-mon", "chardev=qmp,mode=control");
    add(b, "-name", "%s", name);
    add(b, "-pidfile", "%s", b->set->pid_file);
    free(name);
    free(socket);
}

static void build(builder *b)
{
    lima_strv_add_all(b->out, &b->set->program_words);
    lima_strv_add(b->out, "-nodefaults");
    add_machine(b);
    add_memory(b);
    add_firmware(b);
    /* No waiting for a key, on firmware that would by default. */
    if (ours(b, "-boot"))
        add(b, "-boot", "menu=on,splash-time=0");
    add_kernel(b);
    add_disks(b);
    add_cdroms(b);
    add_network(b);
    add_mounts(b);
    add_serials(b);
    add_agent_port(b);
    add_display(b);
    add_audio(b);
    add_tpm(b);
    add(b, "-device", "virtio-rng-pci");
    add_control(b);
}

static void build_both(const qemu_settings *settings, lima_strv *ret_argv, lima_strv *ret_overridden)
{
    lima_strv argv = {0}, overridden = {0};
    builder b = {settings, ret_argv ? ret_argv : &argv, ret_overridden ? ret_overridden : &overridden};
    build(&b);
    lima_strv_free(&argv);
    lima_strv_free(&overridden);
}

void lima_qemu_argv(const qemu_settings *settings, lima_strv *ret)
{
    build_both(settings, ret, NULL);
}

void lima_qemu_argv_overridden(const qemu_settings *settings, lima_strv *ret)
{
    build_both(settings, NULL, ret);
}
