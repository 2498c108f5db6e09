/* Copies everything, so that settings outlive the instance and the inputs. Decisions about the host were made
 * before (choose, firmware); what remains is reading keys, building paths in INSTDIR, and refusing what QEMU
 * would refuse with a worse text. */
#include "qemu/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

const char *const *lima_qemu_stale_files(void)
{
    static const char *const files[] = {"qmp.sock",   "serial.sock", "serialp.sock", "serialv.sock",
                                        "serial.log", "serialp.log", "serialv.log",  NULL};
    return files;
}

static bool check_inputs(const lima_instance *inst, const qemu_inputs *inputs, lima_err *err)
{
    if (inst->memory < 1024 * 1024)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "memory is %llu bytes; set it, for instance to 1GiB",
                            (unsigned long long)inst->memory);
    if (inputs->extra_disk_count > QEMU_DISKS_MAX)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "additionalDisks has %zu entries; at most %d are possible",
                            inputs->extra_disk_count, QEMU_DISKS_MAX);
    if (inputs->disk && !inputs->disk_format)
        return lima_err_set(err, LIMA_CODE_INTERNAL, "disk '%s': its format is not known", inputs->disk);
    return true;
}

static void read_machine(const lima_instance *inst, const qemu_inputs *inputs, qemu_settings *made)
{
    made->arch = lima_mem_strdup(inst->arch);
    made->accel = lima_mem_strdup(inputs->choice->accel);
    made->cpu = lima_mem_strdup(inputs->choice->cpu);
    made->memory_mib = inst->memory / (1024 * 1024);
    made->cpus = inst->cpus ? inst->cpus : 1;
    lima_strv_add_all(&made->program_words, inputs->program_words);
}

static char *trimmed(const char *text)
{
    char *copy = lima_mem_strdup(text);
    if (copy)
        lima_str_trim(copy);
    return copy;
}

static void read_boot(const qemu_inputs *inputs, qemu_settings *made)
{
    made->firmware = lima_mem_strdup(inputs->firmware);
    made->kernel = lima_mem_strdup(inputs->kernel);
    made->initrd = lima_mem_strdup(inputs->initrd);
    made->cmdline = trimmed(inputs->cmdline);
    made->iso = lima_mem_strdup(inputs->iso);
    made->cidata = lima_mem_strdup(inputs->cidata);
}

static qemu_disk copy_disk(const char *path, const char *format)
{
    return (qemu_disk){lima_mem_strdup(path), lima_mem_strdup(format)};
}

static void read_disks(const qemu_inputs *inputs, qemu_settings *made)
{
    made->disk = copy_disk(inputs->disk, inputs->disk_format);
    made->extra_disks = lima_mem_zalloc(inputs->extra_disk_count + 1, sizeof *made->extra_disks);
    for (size_t i = 0; i < inputs->extra_disk_count; i++)
        made->extra_disks[i] = copy_disk(inputs->extra_disks[i].path, inputs->extra_disks[i].format);
    made->extra_disk_count = inputs->extra_disk_count;
}

static const char *reconnect_option(lima_version version)
{
    if (lima_version_cmp(version, (lima_version){9, 2, 0}) >= 0)
        return ",reconnect-ms=500";
    return lima_version_cmp(version, (lima_version){8, 0, 0}) >= 0 ? ",reconnect=1" : "";
}

static bool read_nics(const lima_instance *inst, const qemu_inputs *inputs, qemu_settings *made,
                      lima_err *err)
{
    bool stream = lima_strv_has(&inputs->features->netdevs, "stream");
    if (!lima_qemu_nics_read(inst, inputs->machine_id, inputs->user_v2, stream, &made->nics, err))
        return false;
    made->reconnect = reconnect_option(inputs->features->version);
    if (made->nics.items[0].kind == QEMU_NIC_USER && inst->ssh_port == 0)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "sshLocalPort is 0: no port was chosen for SSH on the host; set ssh.localPort");
    return true;
}

static const char *default_audio(const char *host_os)
{
    if (lima_str_eq(host_os, "darwin"))
        return "coreaudio";
    if (lima_str_eq(host_os, "windows"))
        return "dsound";
    return lima_str_eq(host_os, "linux") ? "pa" : "oss";
}

static void read_audio(const lima_instance *inst, const qemu_inputs *inputs, qemu_settings *made)
{
    const char *device = lima_json_str(inst->doc, "", "config.audio.device");
    const char *interface = lima_json_str(inst->doc, "", "config.audio.interface");
    if (!*device || lima_str_eq(device, "none"))
        return;
    bool virtio = lima_str_eq(interface, "virtio");
    if (virtio && lima_version_cmp(inputs->features->version, (lima_version){8, 2, 0}) < 0) {
        lima_log_warn("audio.interface virtio needs QEMU 8.2 or later; hda is used");
        virtio = false;
    }
    made->audio_device =
        lima_mem_strdup(lima_str_eq(device, "default") ? default_audio(inputs->host->os) : device);
    made->audio_interface = lima_mem_strdup(virtio ? "virtio" : "hda");
}

static void read_display(const lima_instance *inst, qemu_settings *made)
{
    const char *display = lima_json_str(inst->doc, "", "config.video.display");
    made->display = lima_mem_strdup(*display ? display : "none");
    if (lima_str_eq(display, "vnc"))
        made->vnc = lima_mem_strdup(lima_json_str(inst->doc, "127.0.0.1:0,to=9", "config.video.vnc.display"));
}

static void read_files(const lima_instance *inst, const qemu_inputs *inputs, qemu_settings *made)
{
    char *pid_name = lima_mem_printf("%s.pid", *inst->vm_type ? inst->vm_type : "qemu");
    made->pid_file = lima_instance_path(inst, pid_name);
    free(pid_name);
    made->qmp_socket = lima_instance_path(inst, "qmp.sock");
    made->serial_dir = lima_mem_strdup(inst->dir);
    made->name = lima_mem_printf("lima-%s", inst->name);
    if (lima_json_bool(inst->doc, false, "config.tpm"))
        made->tpm_socket = lima_instance_path(inst, "swtpm.sock");
    if (lima_str_eq(inputs->host->os, "windows"))
        made->agent_socket = lima_instance_path(inst, "ga.sock");
}

static bool check_socket(const char *path, lima_err *err)
{
    if (!path || strlen(path) <= QEMU_SOCKET_PATH_MAX)
        return true;
    return lima_err_set(
        err, LIMA_CODE_INVALID_ARGUMENT,
        "socket path '%s' is %zu bytes long, at most %d are possible; set LIMA_HOME to a shorter folder",
        path, strlen(path), QEMU_SOCKET_PATH_MAX);
}

static bool check_sockets(const qemu_settings *made, lima_err *err)
{
    char *longest_serial = lima_mem_printf("%s/serialp.sock", made->serial_dir);
    bool ok = check_socket(made->qmp_socket, err) && check_socket(longest_serial, err)
              && check_socket(made->tpm_socket, err);
    free(longest_serial);
    for (size_t i = 0; ok && i < made->nics.len; i++)
        ok = check_socket(made->nics.items[i].socket, err);
    for (size_t i = 0; ok && made->mounts.kind == QEMU_MOUNT_VIRTIOFS && i < made->mounts.len; i++)
        ok = check_socket(made->mounts.items[i].socket, err);
    return ok;
}

bool lima_qemu_settings_from_instance(const lima_instance *inst, lima_generation generation,
                                      const qemu_inputs *inputs, qemu_settings *ret, lima_err *err)
{
    if (!check_inputs(inst, inputs, err))
        return false;
    qemu_settings made = {0};
    read_machine(inst, inputs, &made);
    read_boot(inputs, &made);
    read_disks(inputs, &made);
    read_audio(inst, inputs, &made);
    read_display(inst, &made);
    read_files(inst, inputs, &made);
    bool ok = read_nics(inst, inputs, &made, err)
              && lima_qemu_mounts_read(inst, generation, inputs->home, &made.mounts, err)
              && check_sockets(&made, err);
    if (ok)
        *ret = made;
    else
        lima_qemu_settings_free(&made);
    return ok;
}

static void disk_clear(qemu_disk *disk)
{
    free(disk->path);
    free(disk->format);
}

void lima_qemu_settings_free(qemu_settings *settings)
{
    char *strings[] = {settings->arch,
                       settings->accel,
                       settings->cpu,
                       settings->firmware,
                       settings->kernel,
                       settings->initrd,
                       settings->cmdline,
                       settings->iso,
                       settings->cidata,
                       settings->display,
                       settings->vnc,
                       settings->audio_device,
                       settings->audio_interface,
                       settings->tpm_socket,
                       settings->agent_socket,
                       settings->qmp_socket,
                       settings->pid_file,
                       settings->name,
                       settings->serial_dir};
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++)
        free(strings[i]);
    for (size_t i = 0; i < settings->extra_disk_count; i++)
        disk_clear(&settings->extra_disks[i]);
    free(settings->extra_disks);
    disk_clear(&settings->disk);
    lima_qemu_nics_free(&settings->nics);
    lima_qemu_mounts_free(&settings->mounts);
    lima_strv_free(&settings->program_words);
    *settings = (qemu_settings){0};
}
