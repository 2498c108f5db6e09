/* QEMU explains itself on stderr in free text, after warnings that say little. A few causes that users meet
 * get a text of our own with the next step; everything else is passed on as it is. The needles are fragments
 * that have been the same in QEMU 4 to 10; matching them wrongly costs only a less fitting hint, because
 * QEMU's own words follow in every case. */
#include "qemu/stderr_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/utf.h"
#include "qemu/text.h"

enum { TAIL_BYTES = 64 * 1024, LAST_LINES = 4, WORDS_MAX = 900 };

typedef struct known_death {
    const char *needle; /* in one line */
    const char *second; /* NULL, or must be in the same line too */
    char open, close; /* around the object: what stands between their first two behind the needle; 0: none */
    lima_code code;
    const char *cause; /* %s: the object, or what stands for it */
    const char *hint;
} known_death;

static const known_death known[] = {
    {"Could not set up host forwarding rule", NULL, '\'', '\'', LIMA_CODE_UNAVAILABLE,
     "the port of the SSH forward '%s' is taken",
     "another program has it; start again, or set ssh.localPort"},
    {"Failed to find an available port", NULL, 0, 0, LIMA_CODE_UNAVAILABLE,
     "no TCP port is free for the VNC display", "set video.vnc.display to another range"},
    {"kvm", "failed to initialize kvm: Permission denied", 0, 0, LIMA_CODE_PERMISSION_DENIED,
     "/dev/kvm may not be used", "add yourself to the group kvm and log in again"},
    {"Could not access KVM kernel module", "Permission denied", 0, 0, LIMA_CODE_PERMISSION_DENIED,
     "/dev/kvm may not be used", "add yourself to the group kvm and log in again"},
    {"Could not access KVM kernel module", NULL, 0, 0, LIMA_CODE_FAILED_PRECONDITION, "KVM is not available",
     "load the kernel module kvm_intel or kvm_amd, or enable virtualization in the firmware setup"},
    {"failed to initialize kvm", NULL, 0, 0, LIMA_CODE_FAILED_PRECONDITION, "KVM cannot be used",
     "see whether another hypervisor holds it"},
    {"Is another process using the image", NULL, '[', ']', LIMA_CODE_FAILED_PRECONDITION,
     "image '%s' is in use by another process", "stop the other QEMU or qemu-img first"},
    {"\"write\" lock", NULL, 0, 0, LIMA_CODE_FAILED_PRECONDITION, "a disk image is in use by another process",
     "stop the other QEMU or qemu-img first"},
    {"cannot create PID file", NULL, 0, 0, LIMA_CODE_FAILED_PRECONDITION,
     "the pid file cannot be written or is locked", "see whether the instance's QEMU still runs"},
    {"Could not open", "No such file or directory", '\'', '\'', LIMA_CODE_NOT_FOUND, "file '%s' is missing",
     "start the instance again, or make it anew"},
    {"Could not open", "Permission denied", '\'', '\'', LIMA_CODE_PERMISSION_DENIED,
     "file '%s' may not be opened", "see its owner and mode"},
    {"could not open kernel file", NULL, '\'', '\'', LIMA_CODE_NOT_FOUND, "kernel '%s' cannot be opened",
     "start the instance again"},
    {"could not load kernel", NULL, '\'', '\'', LIMA_CODE_INVALID_ARGUMENT, "kernel '%s' cannot be loaded",
     "see whether it is a kernel for this architecture"},
    {"invalid kernel header", NULL, 0, 0, LIMA_CODE_INVALID_ARGUMENT, "the kernel cannot be loaded",
     "see whether images[].kernel is a kernel for this architecture"},
    {"could not load initrd", NULL, '\'', '\'', LIMA_CODE_INVALID_ARGUMENT, "initrd '%s' cannot be loaded",
     "start the instance again"},
    {"could not load PC BIOS", NULL, '\'', '\'', LIMA_CODE_NOT_FOUND, "firmware '%s' cannot be loaded",
     "install the package seabios, or name a file that exists"},
    {"Could not find ROM image", NULL, '\'', '\'', LIMA_CODE_NOT_FOUND, "firmware '%s' cannot be loaded",
     "install the firmware package of this architecture"},
    {"failed to find romfile", NULL, '"', '"', LIMA_CODE_NOT_FOUND, "QEMU's ROM file '%s' is missing",
     "install QEMU's data files"},
    {"pflash", NULL, 0, 0, LIMA_CODE_INVALID_ARGUMENT, "the UEFI firmware file does not fit",
     "name another one in firmware.images"},
    {"unable to find CPU model", NULL, '\'', '\'', LIMA_CODE_INVALID_ARGUMENT,
     "CPU model '%s' is not known to this QEMU", "change vmOpts.qemu.cpuType"},
    {"CPU model 'host' requires", NULL, 0, 0, LIMA_CODE_INVALID_ARGUMENT,
     "CPU model 'host' needs an accelerator", "remove it from vmOpts.qemu.cpuType"},
    {"doesn't support requested feature", "error", 0, 0, LIMA_CODE_INVALID_ARGUMENT,
     "the host's processor lacks a feature of the CPU model", "change vmOpts.qemu.cpuType"},
    {"cannot set up guest memory", NULL, 0, 0, LIMA_CODE_RESOURCE_EXHAUSTED,
     "the host has too little memory for the guest", "set memory to less"},
    {"Cannot allocate memory", NULL, 0, 0, LIMA_CODE_RESOURCE_EXHAUSTED,
     "the host has too little memory for the guest", "set memory to less"},
    {"No space left on device", NULL, 0, 0, LIMA_CODE_RESOURCE_EXHAUSTED, "a disk of the host is full",
     "free space on it"},
    {"UNIX socket path", "too long", '\'', '\'', LIMA_CODE_INVALID_ARGUMENT, "socket path '%s' is too long",
     "set LIMA_HOME to a shorter folder"},
    {"Failed to connect to", NULL, '\'', '\'', LIMA_CODE_UNAVAILABLE, "nobody listens on socket '%s'",
     "see whether the network or helper that owns it runs"},
    {"Image is corrupt", NULL, 0, 0, LIMA_CODE_DATA_LOSS, "a disk image is marked corrupt",
     "try qemu-img check on a copy"},
    {"-netdev", "Parameter 'type'", 0, 0, LIMA_CODE_FAILED_PRECONDITION,
     "this QEMU lacks a network back end that the instance needs", "install a QEMU built with slirp"},
    {"does not accept value", "-display", '\'', '\'', LIMA_CODE_FAILED_PRECONDITION,
     "this QEMU has no display '%s'", "set video.display to none or vnc"},
    {"does not accept value", "-audiodev", '\'', '\'', LIMA_CODE_FAILED_PRECONDITION,
     "this QEMU has no audio driver '%s'", "change audio.device, or remove it"},
    {"There is no option group 'fsdev'", NULL, 0, 0, LIMA_CODE_FAILED_PRECONDITION,
     "this QEMU was built without 9p", "set mountType to reverse-sshfs"},
    {"'virtio-9p-pci' is not a valid device model name", NULL, 0, 0, LIMA_CODE_FAILED_PRECONDITION,
     "this QEMU was built without 9p", "set mountType to reverse-sshfs"},
    {"'vhost-user-fs-pci' is not a valid device model name", NULL, 0, 0, LIMA_CODE_FAILED_PRECONDITION,
     "this QEMU was built without virtiofs", "set mountType to reverse-sshfs"},
    {"is not a valid device model name", NULL, 0, 0, LIMA_CODE_FAILED_PRECONDITION,
     "this QEMU lacks a device that the instance needs", "install a QEMU with all its modules"},
    {"PCI: no slot", NULL, 0, 0, LIMA_CODE_INVALID_ARGUMENT, "the VM has more devices than places for them",
     "use fewer mounts, networks or additionalDisks"},
    {"unsupported machine type", NULL, 0, 0, LIMA_CODE_FAILED_PRECONDITION,
     "this QEMU does not have the machine the guest needs", "install another QEMU"},
    {"Display '", "is not available", '\'', '\'', LIMA_CODE_FAILED_PRECONDITION,
     "this QEMU has no display '%s'", "set video.display to none or vnc, or install QEMU's display modules"},
    {"Unknown audio driver", NULL, '`', '\'', LIMA_CODE_FAILED_PRECONDITION,
     "this QEMU has no audio driver '%s'", "change audio.device, or install QEMU's audio modules"},
    {"gtk initialization failed", NULL, 0, 0, LIMA_CODE_FAILED_PRECONDITION,
     "no graphical session can be reached", "set video.display to none or vnc"},
    {"Could not initialize SDL", NULL, 0, 0, LIMA_CODE_FAILED_PRECONDITION,
     "no graphical session can be reached", "set video.display to none or vnc"},
    {"invalid option", NULL, 0, 0, LIMA_CODE_FAILED_PRECONDITION, "this QEMU does not know an option",
     "see QEMU_SYSTEM_* in the environment"},
};

/* "qemu-system-x86_64: " before the message says nothing new. */
static const char *without_program(const char *line)
{
    const char *colon = strstr(line, ": ");
    return lima_str_has_prefix(line, "qemu") && colon && !memchr(line, ' ', (size_t)(colon - line))
               ? colon + 2
               : line;
}

static bool is_noise(const char *line)
{
    const char *said = without_program(line);
    return lima_str_has_prefix(said, "warning:") || lima_str_has_prefix(said, "info:")
           || (lima_str_has_prefix(line, "qemu: module ") && strstr(line, "not found"));
}

static void tail_lines(const char *text, size_t len, lima_strv *ret)
{
    size_t skip = len > TAIL_BYTES ? len - TAIL_BYTES : 0;
    lima_qemu_lines(text + skip, len - skip, ret);
}

static size_t count_said(const lima_strv *lines)
{
    size_t said = 0;
    for (size_t i = 0; i < lines->len; i++)
        said += !is_noise(lines->items[i]);
    return said;
}

/* The last lines; noise only when there is nothing else. */
static char *last_words(const lima_strv *lines, size_t max)
{
    lima_strv picked = {0};
    size_t said = count_said(lines), total = said ? said : lines->len, seen = 0;
    for (size_t i = 0; i < lines->len; i++) {
        if (said && is_noise(lines->items[i]))
            continue;
        if (seen++ + LAST_LINES >= total)
            lima_strv_add(&picked, without_program(lines->items[i]));
    }
    char *joined = lima_strv_join(&picked, "; ");
    joined[lima_utf8_cut(joined, strlen(joined), max)] = '\0';
    lima_strv_free(&picked);
    return joined;
}

char *lima_qemu_stderr_last_words(const char *text, size_t len, size_t max)
{
    lima_strv lines = {0};
    tail_lines(text, len, &lines);
    char *words = last_words(&lines, max);
    lima_strv_free(&lines);
    return words;
}

static const char *find_needle(const char *line, const known_death *death)
{
    const char *at = strstr(line, death->needle);
    return at && (!death->second || strstr(line, death->second)) ? at : NULL;
}

/* The line and the known cause it tells, last line first: what is said last is why QEMU ended. */
static const known_death *recognise(const lima_strv *lines, const char **ret_at)
{
    for (size_t i = lines->len; i-- > 0;) {
        for (size_t k = 0; !is_noise(lines->items[i]) && k < sizeof known / sizeof known[0]; k++) {
            *ret_at = find_needle(lines->items[i], &known[k]);
            if (*ret_at)
                return &known[k];
        }
    }
    return NULL;
}

/* What stands between the marks behind `at`; owned, "" when the marks are not there. */
static char *object_of(const known_death *death, const char *at)
{
    const char *start = death->open ? strchr(at, death->open) : NULL;
    const char *end = start ? strchr(start + 1, death->close) : NULL;
    return end ? lima_mem_strndup(start + 1, (size_t)(end - start - 1)) : lima_mem_strdup("");
}

/* "tcp:127.0.0.1:60022-:22" or "tcp::60022-:22" → "127.0.0.1:60022"; other objects stay. */
static void shorten_forward(char *object)
{
    char *guest = strstr(object, "-:");
    if (!lima_str_has_prefix(object, "tcp:") || !guest)
        return;
    *guest = '\0';
    memmove(object, object + 4, strlen(object + 4) + 1);
}

static void put_object(const char *cause, const char *object, char *ret, size_t size)
{
    const char *mark = strstr(cause, "'%s'");
    if (mark)
        snprintf(ret, size, "%.*s%s%.300s%s%s", (int)(mark - cause), cause, *object ? "'" : "", object,
                 *object ? "'" : "", mark + 4);
    else
        snprintf(ret, size, "%s", cause);
}

static void set_known(lima_err *err, const char *program, const known_death *death, const char *at,
                      const char *words)
{
    char cause[512];
    char *object = object_of(death, at);
    shorten_forward(object);
    put_object(death->cause, object, cause, sizeof cause);
    lima_err_set(err, death->code, "%s: %s: %s (it says: %s)", program, cause, death->hint, words);
    free(object);
}

static void set_unknown(lima_err *err, const char *program, const qemu_death *death, const char *words)
{
    const char *ended = death->exit_text ? death->exit_text : "it does not answer";
    const char *see = death->log_file ? "; all of its output is in " : "";
    const char *log = death->log_file ? death->log_file : "";
    if (*words)
        lima_err_set(err, LIMA_CODE_UNKNOWN, "%s: %s (%s)%s%s", program, words, ended, see, log);
    else
        lima_err_set(err, LIMA_CODE_UNKNOWN, "%s: %s, without a word%s%s", program, ended, see, log);
}

bool lima_qemu_stderr_explain(const char *text, size_t len, const qemu_death *death, lima_err *err)
{
    lima_strv lines = {0};
    const char *at = NULL;
    const char *program = death->program ? death->program : "QEMU";
    tail_lines(text, len, &lines);
    char *words = last_words(&lines, WORDS_MAX);
    const known_death *cause = recognise(&lines, &at);
    if (cause)
        set_known(err, program, cause, at, words);
    else
        set_unknown(err, program, death, words);
    free(words);
    lima_strv_free(&lines);
    return false;
}
