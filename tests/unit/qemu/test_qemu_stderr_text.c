/* The texts are what QEMU 7.2 prints, but where a release is named. */
#include "qemu_test.h"

#include "qemu/stderr_text.h"

static const struct {
    const char *text;
    lima_code code;
    const char *cause, *next;
} known[] = {
    {"qemu-system-x86_64: -netdev user,id=n,hostfwd=tcp:127.0.0.1:45454-:22: Could not set up host "
     "forwarding rule 'tcp:127.0.0.1:45454-:22'\n",
     LIMA_CODE_UNAVAILABLE, "the port of the SSH forward '127.0.0.1:45454' is taken", "ssh.localPort"},
    {"q: Could not set up host forwarding rule 'odd'\n", LIMA_CODE_UNAVAILABLE, "'odd' is taken",
     "start again"},
    {"q: Could not set up host forwarding rule\n", LIMA_CODE_UNAVAILABLE,
     "the port of the SSH forward  is taken", "start again"},
    {"qemu-system-x86_64: -vnc 127.0.0.1:5: Failed to find an available port: Address already in use\n",
     LIMA_CODE_UNAVAILABLE, "VNC", "video.vnc.display"},
    {"Could not access KVM kernel module: Permission denied\nqemu-system-x86_64: -accel kvm: failed to "
     "initialize kvm: Permission denied\n",
     LIMA_CODE_PERMISSION_DENIED, "/dev/kvm", "group kvm"},
    {"qemu-system-x86_64: failed to initialize kvm: Device or resource busy\n", LIMA_CODE_FAILED_PRECONDITION,
     "KVM", "hypervisor"},
    {"Could not access KVM kernel module: Permission denied\n", LIMA_CODE_PERMISSION_DENIED, "/dev/kvm",
     "group kvm"},
    {"Could not access KVM kernel module: No such file or directory\n", LIMA_CODE_FAILED_PRECONDITION,
     "not available", "kvm_intel"},
    {"qemu-system-x86_64: -drive file=d,x: Failed to get \"write\" lock\nIs another process using the image "
     "[/i/d,x]?\n",
     LIMA_CODE_FAILED_PRECONDITION, "image '/i/d,x' is in use", "stop the other QEMU"},
    {"qemu-system-x86_64: Failed to get shared \"write\" lock\n", LIMA_CODE_FAILED_PRECONDITION,
     "in use by another", "stop the other QEMU"},
    {"qemu-system-x86_64: cannot create PID file: Cannot lock pid file: Resource temporarily unavailable\n",
     LIMA_CODE_FAILED_PRECONDITION, "pid file", "still runs"},
    {"qemu-system-x86_64: -drive if=none,file=/nope: Could not open '/nope ü': No such file or directory\n",
     LIMA_CODE_NOT_FOUND, "file '/nope ü' is missing", "start the instance"},
    {"qemu-system-x86_64: -drive x: Could not open '/p': Permission denied\n", LIMA_CODE_PERMISSION_DENIED,
     "'/p'", "owner"},
    {"qemu: could not open kernel file '/nope': No such file or directory\n", LIMA_CODE_NOT_FOUND,
     "kernel '/nope'", "start the instance"},
    {"qemu: invalid kernel header\n", LIMA_CODE_INVALID_ARGUMENT, "the kernel", "images[].kernel"},
    {"qemu: could not load initrd '/i'\n", LIMA_CODE_INVALID_ARGUMENT, "initrd '/i'", "start the instance"},
    {"qemu: could not load PC BIOS '/nope'\n", LIMA_CODE_NOT_FOUND, "firmware '/nope'", "seabios"},
    {"qemu-system-aarch64: Could not find ROM image '/nope'\n", LIMA_CODE_NOT_FOUND, "'/nope'",
     "firmware package"},
    {"qemu-system-x86_64: -device virtio-vga: failed to find romfile \"efi-virtio.rom\"\n",
     LIMA_CODE_NOT_FOUND, "'efi-virtio.rom'", "data files"},
    {"qemu-system-x86_64: system firmware block device pflash0 has invalid size 2048\nqemu-system-x86_64: "
     "info: its size must be\n",
     LIMA_CODE_INVALID_ARGUMENT, "firmware file does not fit", "firmware.images"},
    {"qemu-system-x86_64: unable to find CPU model 'nosuch'\n", LIMA_CODE_INVALID_ARGUMENT, "'nosuch'",
     "cpuType"},
    {"qemu-system-x86_64: CPU model 'host' requires KVM or HVF\n", LIMA_CODE_INVALID_ARGUMENT, "'host'",
     "cpuType"},
    {"qemu-system-x86_64: cannot set up guest memory 'pc.ram': Cannot allocate memory\n",
     LIMA_CODE_RESOURCE_EXHAUSTED, "too little memory", "set memory"},
    {"qemu-system-x86_64: unable to map backing store for guest RAM: Cannot allocate memory\n",
     LIMA_CODE_RESOURCE_EXHAUSTED, "too little memory", "set memory"},
    {"qemu-system-x86_64: write failed: No space left on device\n", LIMA_CODE_RESOURCE_EXHAUSTED, "full",
     "free space"},
    {"qemu-system-x86_64: -chardev x: UNIX socket path '/tmp/long' is too long\nPath must be less than 108 "
     "bytes\n",
     LIMA_CODE_INVALID_ARGUMENT, "'/tmp/long'", "LIMA_HOME"},
    {"qemu-system-x86_64: -chardev socket,path=/s: Failed to connect to '/s': No such file or directory\n",
     LIMA_CODE_UNAVAILABLE, "'/s'", "runs"},
    {"qemu-system-x86_64: qcow2: Image is corrupt; cannot be opened read/write\n", LIMA_CODE_DATA_LOSS,
     "corrupt", "qemu-img check"},
    {"qemu-system-x86_64: -netdev user,id=x: Parameter 'type' does not accept value 'user'\n",
     LIMA_CODE_FAILED_PRECONDITION, "network", "slirp"},
    {"qemu-system-x86_64: -display bogus: Parameter 'type' does not accept value 'bogus'\n",
     LIMA_CODE_FAILED_PRECONDITION, "display 'bogus'", "video.display"},
    {"qemu-system-x86_64: -audiodev bogus,id=snd0: Parameter 'driver' does not accept value 'bogus'\n",
     LIMA_CODE_FAILED_PRECONDITION, "audio driver 'bogus'", "audio.device"},
    {"qemu-system-x86_64: There is no option group 'fsdev'\n", LIMA_CODE_FAILED_PRECONDITION, "without 9p",
     "reverse-sshfs"},
    {"qemu-system-x86_64: There is no option group 'fsdev'\nqemu-system-x86_64: fsdev support is disabled\n",
     LIMA_CODE_FAILED_PRECONDITION, "without 9p", "reverse-sshfs"},
    {"qemu-system-x86_64: -device x: 'virtio-9p-pci' is not a valid device model name\n",
     LIMA_CODE_FAILED_PRECONDITION, "without 9p", "reverse-sshfs"},
    {"qemu-system-x86_64: -device x: 'vhost-user-fs-pci' is not a valid device model name\n",
     LIMA_CODE_FAILED_PRECONDITION, "without virtiofs", "reverse-sshfs"},
    {"qemu-system-x86_64: -device x: 'virtio-vga' is not a valid device model name\n",
     LIMA_CODE_FAILED_PRECONDITION, "lacks a device", "modules"},
    {"qemu-system-x86_64: -device x: PCI: no slot/function available for virtio-9p-pci, all in use or "
     "reserved\n",
     LIMA_CODE_INVALID_ARGUMENT, "more devices", "fewer mounts"},
    {"qemu-system-x86_64: unsupported machine type\nUse -machine help to list supported machines\n",
     LIMA_CODE_FAILED_PRECONDITION, "machine", "another QEMU"},
    {"qemu: module ui-ui-gtk not found, do you want to install qemu-system-gui package?\nqemu-system-x86_64: "
     "Display 'gtk' is not available.\n",
     LIMA_CODE_FAILED_PRECONDITION, "display 'gtk'", "video.display"},
    {"audio: Unknown audio driver `pa'\n", LIMA_CODE_FAILED_PRECONDITION, "audio driver 'pa'",
     "audio.device"},
    {"gtk initialization failed\n", LIMA_CODE_FAILED_PRECONDITION, "graphical session", "video.display"},
    {"qemu-system-x86_64: -nosuch: invalid option\n", LIMA_CODE_FAILED_PRECONDITION, "does not know",
     "QEMU_SYSTEM_"},
};

static void explain__known_cause__names_object_and_next_step(void **state)
{
    (void)state;
    qemu_death death = {.program = "qemu-system-x86_64", .exit_text = "exit status 1"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_err(lima_qemu_stderr_explain(known[i].text, strlen(known[i].text), &death, &err),
                   known[i].code, known[i].cause, known[i].next, "qemu-system-x86_64: ", "it says: ");
}

static void explain__unknown_cause__passes_the_last_words_on(void **state)
{
    (void)state;
    static const char text[] =
        "one\ntwo\nthree\nqemu-system-x86_64: warning: old\nfour\nqemu-system-x86_64: five\033[1m: end\n";
    qemu_death death = {
        .program = "/usr/bin/q", .exit_text = "killed by signal 11", .log_file = "/l/qemu.log"};
    assert_err(lima_qemu_stderr_explain(text, sizeof text - 1, &death, &err), LIMA_CODE_UNKNOWN,
               "/usr/bin/q: two; three; four; five[1m: end (killed by signal 11); all of its output is in "
               "/l/qemu.log");
}

static void explain__silence__says_how_it_ended(void **state)
{
    (void)state;
    qemu_death death = {.exit_text = "exit status 1"}, hangs = {.log_file = "/l"};
    assert_err(lima_qemu_stderr_explain("", 0, &death, &err), LIMA_CODE_UNKNOWN,
               "QEMU: exit status 1, without a word");
    assert_err(lima_qemu_stderr_explain("\n \n", 3, &hangs, &err), LIMA_CODE_UNKNOWN,
               "it does not answer, without a word", "/l");
    assert_err(lima_qemu_stderr_explain("strange", 7, &hangs, &err), LIMA_CODE_UNKNOWN,
               "strange (it does not answer)");
}

/* A warning that looks like a known cause is not one. */
static void explain__warning__is_no_cause(void **state)
{
    (void)state;
    static const char text[] =
        "qemu-system-x86_64: warning: No space left on device\nqemu-system-x86_64: real reason\n";
    qemu_death death = {.exit_text = "exit status 1"};
    assert_err(lima_qemu_stderr_explain(text, sizeof text - 1, &death, &err), LIMA_CODE_UNKNOWN,
               "real reason");
}

static void last_words__only_warnings__are_taken(void **state)
{
    (void)state;
    static const char text[] = "qemu-system-x86_64: warning: a\nqemu-system-x86_64: info: b";
    char *words = lima_qemu_stderr_last_words(text, sizeof text - 1, 100);
    assert_string_equal(words, "warning: a; info: b");
    free(words);
}

static void last_words__too_long__are_cut_between_characters(void **state)
{
    (void)state;
    char *words = lima_qemu_stderr_last_words("aü", 3, 2);
    assert_string_equal(words, "a");
    free(words);
}

static void last_words__of_a_flood__are_its_end(void **state)
{
    (void)state;
    size_t len = 3u << 20;
    char *text = lima_mem_zalloc(len + 1, 1);
    memset(text, '\n', len);
    for (size_t i = 0; i < len; i += 8)
        memcpy(text + i, "x flood", 7);
    memcpy(text + len - 9, "\nthe end\n", 9);
    char *words = lima_qemu_stderr_last_words(text, len, 100);
    assert_true(lima_str_has_suffix(words, "; the end"));
    free(words);
    free(text);
}

static void last_words__bad_bytes__become_question_marks(void **state)
{
    (void)state;
    char *words = lima_qemu_stderr_last_words("a\xff\x01\tb\r\n", 7, 100);
    assert_string_equal(words, "a? b");
    free(words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explain__known_cause__names_object_and_next_step),
        cmocka_unit_test(explain__unknown_cause__passes_the_last_words_on),
        cmocka_unit_test(explain__silence__says_how_it_ended),
        cmocka_unit_test(explain__warning__is_no_cause),
        cmocka_unit_test(last_words__only_warnings__are_taken),
        cmocka_unit_test(last_words__too_long__are_cut_between_characters),
        cmocka_unit_test(last_words__of_a_flood__are_its_end),
        cmocka_unit_test(last_words__bad_bytes__become_question_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
