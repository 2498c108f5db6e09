/* The table: everything limadrv says about itself. */
#include "command.h"
#include "values.h"

static const char *const LEVELS[] = {"error", "warn", "info", "debug", NULL};
static const char *const FORMATS[] = {"tap", "junit", "json", NULL};
static const char *const IMAGE_FORMATS[] = {"raw", "qcow2", "vmdk", "vhd", "vhdx", NULL};
static const char *const SECTORS[] = {"512", "4096", NULL};
static const char *const MODES[] = {"auto", "inst-dir", "announce", "stdio", NULL};

static const lima_ctl_flag PROGRAM_FLAGS[] = {
    {.name = "log-level",
     .type = LIMA_CTL_CHOICE,
     .value = "LEVEL",
     .choices = LEVELS,
     .help = "How much limadrv itself logs on stderr"},
    {.name = "debug", .help = "The same as --log-level debug"},
    {.name = "tty",
     .dflt = "true",
     .help = "Use the terminal where there is one: colour, moving lines, a shell"},
    {0},
};

#define JSON_FLAG                                                                                            \
    {                                                                                                        \
        .name = "json", .help = "Print JSON"                                                                 \
    }
#define TIMEOUT_FLAG(standard, text)                                                                         \
    {                                                                                                        \
        .name = "timeout", .type = LIMA_CTL_DURATION, .value = "TIME", .dflt = (standard), .help = (text)    \
    }
#define DRIVER_OPERAND                                                                                       \
    {                                                                                                        \
        .name = "DRIVER", .complete = LIMA_CTL_DRIVERS,                                                      \
        .help = "A driver's name, as limadrv list shows it, or the path of its program"                      \
    }
#define INSTANCE_OPERAND                                                                                     \
    {                                                                                                        \
        .name = "INSTANCE", .complete = LIMA_CTL_INSTANCES,                                                  \
        .help = "An instance's name in LIMA_HOME, or the path of its folder"                                 \
    }

static const lima_ctl_operand ONE_DRIVER[] = {DRIVER_OPERAND, {0}};
static const lima_ctl_operand ONE_INSTANCE[] = {INSTANCE_OPERAND, {0}};

static const lima_ctl_flag LIST_FLAGS[] = {
    JSON_FLAG,
    {.name = "quiet", .letter = 'q', .help = "Print only the names that limactl would take"},
    {.name = "probe",
     .dflt = "true",
     .help = "Run each driver to learn its version and the Lima releases it serves"},
    TIMEOUT_FLAG("5s", "Longest wait for one answer of a driver"),
    {0},
};

static const lima_ctl_flag INFO_FLAGS[] = {
    JSON_FLAG,
    TIMEOUT_FLAG("10s", "Longest wait for the driver"),
    {0},
};

static const lima_ctl_flag STATUS_FLAGS[] = {
    JSON_FLAG,
    {.name = "driver",
     .type = LIMA_CTL_TEXT,
     .value = "DRIVER",
     .complete = LIMA_CTL_DRIVERS,
     .help = "Ask this driver instead of the one that lima.yaml names"},
    TIMEOUT_FLAG("10s", "Longest wait for the driver"),
    {0},
};

static const lima_ctl_operand CALL_OPERANDS[] = {
    {.name = "DRIVER",
     .complete = LIMA_CTL_DRIVERS,
     .help = "A driver's name or path; with --socket an instance or a socket"},
    {.name = "METHOD",
     .complete = LIMA_CTL_METHODS,
     .help = "A method of the service, such as Info or Start"},
    {.name = "JSON", .optional = true, .help = "The request, or - to read it from standard input"},
    {0},
};

static const lima_ctl_flag CALL_FLAGS[] = {
    {.name = "socket",
     .help = "DRIVER is a running instance, or the path of a socket: call the driver that serves it"},
    {.name = "dir",
     .type = LIMA_CTL_TEXT,
     .value = "FOLDER",
     .complete = LIMA_CTL_FOLDERS,
     .help =
         "Instance folder of the driver that is started; its lima.yaml is sent by Configure before the call"},
    {.name = "mode",
     .type = LIMA_CTL_CHOICE,
     .value = "MODE",
     .choices = MODES,
     .dflt = "auto",
     .help = "How the driver is started: as Lima 2.2 does, as Lima 2.0 does, over its standard streams"},
    TIMEOUT_FLAG("10m", "Longest wait for the answer; Start has none"),
    {0},
};

static const lima_ctl_flag LOGS_FLAGS[] = {
    {.name = "follow", .letter = 'f', .help = "Go on printing what is added, until Ctrl-C"},
    {.name = "lines",
     .letter = 'n',
     .type = LIMA_CTL_NUMBER,
     .value = "NUMBER",
     .help = "Only the last lines of each log; 0: all"},
    {.name = "driver", .help = "The driver's log (driver.stderr.log)"},
    {.name = "serial", .help = "The guest's consoles (serial*.log)"},
    {.name = "hostagent", .help = "The host agent's log (ha.stderr.log)"},
    {0},
};

static const lima_ctl_operand RUN_OPERANDS[] = {
    {.name = "IMAGE",
     .optional = true,
     .complete = LIMA_CTL_FILES,
     .help = "A disk image, or a folder with disk.qcow2 and, when the kernel is to be booted directly, "
             "vmlinuz and initrd. May be left "
             "out when the machine of --name exists"},
    {0},
};

static const lima_ctl_flag RUN_FLAGS[] = {
    {.name = "driver",
     .type = LIMA_CTL_TEXT,
     .value = "DRIVER",
     .complete = LIMA_CTL_DRIVERS,
     .dflt = "qemu",
     .help = "The driver to use"},
    {.name = "arch",
     .type = LIMA_CTL_TEXT,
     .value = "ARCH",
     .help = "The guest's architecture, such as aarch64; else this machine's"},
    {.name = "cpus",
     .type = LIMA_CTL_NUMBER,
     .value = "NUMBER",
     .dflt = "2",
     .help = "Processors of the guest"},
    {.name = "memory", .type = LIMA_CTL_SIZE, .value = "SIZE", .dflt = "1GiB", .help = "Memory of the guest"},
    {.name = "disk",
     .type = LIMA_CTL_SIZE,
     .value = "SIZE",
     .help = "Grow the guest's disk to this size; else as the image"},
    {.name = "cmdline",
     .type = LIMA_CTL_TEXT,
     .value = "TEXT",
     .help = "Kernel command line, when the folder has a vmlinuz"},
    {.name = "legacy-bios", .help = "Boot the image with BIOS instead of UEFI"},
    {.name = "user",
     .type = LIMA_CTL_TEXT,
     .value = "NAME",
     .dflt = "lima",
     .help = "The user made in the guest"},
    {.name = "ssh-port",
     .type = LIMA_CTL_NUMBER,
     .value = "PORT",
     .help = "TCP port on 127.0.0.1 for SSH; else a free one"},
    {.name = "name",
     .type = LIMA_CTL_TEXT,
     .value = "NAME",
     .help = "Keep the machine under this name and go on with it next time"},
    {.name = "keep", .help = "Leave the temporary folder for a look at it afterwards"},
    TIMEOUT_FLAG("10m", "Longest wait for SSH in the guest"),
    {0},
};

static const lima_ctl_operand CHECK_OPERANDS[] = {
    {.name = "DRIVER",
     .optional = true,
     .complete = LIMA_CTL_DRIVERS,
     .help = "A driver's name, as limadrv list shows it, or the path of its program. May be left out with "
             "--list"},
    {0},
};

static const lima_ctl_flag CHECK_FLAGS[] = {
    {.name = "format",
     .type = LIMA_CTL_CHOICE,
     .value = "FORMAT",
     .choices = FORMATS,
     .dflt = "tap",
     .help = "Form of the report"},
    {.name = "list", .help = "Only list the cases, as text or, with --format json, JSON; needs no DRIVER"},
    {.name = "only",
     .type = LIMA_CTL_TEXT,
     .value = "PATTERN",
     .help = "Only cases whose name fits; * stands for any text"},
    {.name = "skip-file",
     .type = LIMA_CTL_TEXT,
     .value = "FILE",
     .complete = LIMA_CTL_FILES,
     .help = "Cases not to run: lines of a name or pattern and the reason"},
    {.name = "vm",
     .type = LIMA_CTL_TEXT,
     .value = "FOLDER",
     .complete = LIMA_CTL_FOLDERS,
     .help = "A bootable guest (see run), for the cases that need one"},
    {.name = "output",
     .type = LIMA_CTL_TEXT,
     .value = "FILE",
     .complete = LIMA_CTL_FILES,
     .help = "Write the report there"},
    TIMEOUT_FLAG(NULL, "Longest time of one case; else 60s, with a guest 5m"),
    {0},
};

static const lima_ctl_operand IMAGE_OPERANDS[] = {
    {.name = "ACTION", .complete = LIMA_CTL_ACTIONS, .help = "convert, info or check"},
    {.name = "FILE", .complete = LIMA_CTL_FILES, .help = "A disk image"},
    {.name = "TO",
     .optional = true,
     .complete = LIMA_CTL_FILES,
     .help = "convert: the VHDX file to make; it must not exist"},
    {0},
};

static const lima_ctl_flag IMAGE_FLAGS[] = {
    JSON_FLAG,
    {.name = "format",
     .type = LIMA_CTL_CHOICE,
     .value = "FORMAT",
     .choices = IMAGE_FORMATS,
     .help = "What FILE is; else its content tells. Say raw of a raw disk that a guest has written to"},
    {.name = "size", .type = LIMA_CTL_SIZE, .value = "SIZE", .help = "convert: grow the disk to this size"},
    {.name = "sector",
     .type = LIMA_CTL_CHOICE,
     .value = "BYTES",
     .choices = SECTORS,
     .dflt = "512",
     .help = "convert: the new disk's logical sector"},
    {.name = "threads",
     .type = LIMA_CTL_NUMBER,
     .value = "NUMBER",
     .help = "Threads; else one per processor"},
    {0},
};

static const lima_ctl_flag PREP_FLAGS[] = {
    JSON_FLAG,
    {.name = "status", .help = "Change nothing; show what there is, and the next step"},
    {.name = "undo", .help = "Take back what prep has done, for all users"},
    {.name = "user",
     .type = LIMA_CTL_TEXT,
     .value = "NAME",
     .help = "Prepare this user (COMPUTER\\name, DOMAIN\\name); else the one who runs limadrv"},
    TIMEOUT_FLAG("1m", "Longest wait for the driver"),
    {0},
};

static const lima_ctl_flag BENCH_FLAGS[] = {
    JSON_FLAG,
    {.name = "vs",
     .type = LIMA_CTL_TEXT,
     .value = "DRIVER",
     .complete = LIMA_CTL_DRIVERS,
     .help = "Measure this driver too, in turns"},
    {.name = "repeat", .type = LIMA_CTL_NUMBER, .value = "NUMBER", .dflt = "3", .help = "Rounds"},
    {0},
};

static const lima_ctl_operand COMPLETION_OPERANDS[] = {
    {.name = "SHELL", .optional = true, .complete = LIMA_CTL_SHELLS, .help = "bash, zsh, fish or powershell"},
    {0},
};

static const lima_ctl_flag COMPLETION_FLAGS[] = {
    {.name = "for",
     .type = LIMA_CTL_TEXT,
     .value = "WORD",
     .help = "Print what a shell should offer for WORD after the words behind --; the scripts use this"},
    {0},
};

static const lima_ctl_command COMMANDS[] = {
    {
        .name = "list",
        .summary = "list the drivers that limactl would find, and those it ignores",
        .text = "Looks where limactl looks: in LIMA_DRIVERS_PATH, then in libexec/lima and lib/lima beside "
                "limactl's own folder; and in the same "
                "places, and the folder itself, around limadrv.\n\nA stock limactl has drivers of its own "
                "and ignores programs with their "
                "names: qemu, on macOS vz, on Windows wsl2. Such drivers are shown with a name that works.",
        .examples =
            "limadrv list # Which drivers are there, and which Lima releases do they serve?\n"
            "LIMA_DRIVERS_PATH=build/dev/bin limadrv list --json # Drivers of a build folder, for a script",
        .flags = LIST_FLAGS,
        .run = lima_ctl_list,
    },
    {
        .name = "info",
        .summary = "show what a driver says about itself",
        .text = "Starts the driver in a folder of its own, asks for Info, and ends it.",
        .examples = "limadrv info qemu # Features and ports of a driver\n"
                    "limadrv info ./build/dev/bin/lima-driver-qemu --json # The reply as it came",
        .operands = ONE_DRIVER,
        .flags = INFO_FLAGS,
        .run = lima_ctl_info,
    },
    {
        .name = "status",
        .summary = "show what is true of an instance: VM, driver, host agent",
        .text = "Reads the instance's lima.yaml, asks its driver for the state of the VM, and looks at the "
                "driver's server and at the host agent. "
                "Where they disagree it says what to do. Nothing is changed.",
        .examples = "limadrv status default # Why does limactl call it Broken?\n"
                    "limadrv status ~/.lima/default --json # By folder, for a script",
        .operands = ONE_INSTANCE,
        .flags = STATUS_FLAGS,
        .run = lima_ctl_status,
    },
    {
        .name = "call",
        .summary = "call a method of a driver, JSON in and out",
        .text = "Starts the driver, calls one method, prints the reply, and ends the driver; with --socket "
                "the call goes to the driver that "
                "serves a running instance. Start prints one line for each message until the stream ends or "
                "Ctrl-C cancels it: to the "
                "driver the client has gone, so it shuts the VM down.",
        .examples = "limadrv call qemu Info # The same as limadrv info --json\n"
                    "limadrv call --socket default ListSnapshots # Ask the driver of a running instance\n"
                    "limadrv call qemu Configure - <instance.json # Send a document",
        .operands = CALL_OPERANDS,
        .flags = CALL_FLAGS,
        .run = lima_ctl_call,
    },
    {
        .name = "logs",
        .summary = "print the logs of an instance",
        .text = "Prints the driver's log, the guest's serial consoles and the host agent's log; with flags "
                "only those named.",
        .examples = "limadrv logs default -f # Watch everything\n"
                    "limadrv logs default --serial -n 20 # The last words of a guest that does not boot",
        .operands = ONE_INSTANCE,
        .flags = LOGS_FLAGS,
        .run = lima_ctl_logs,
    },
    {
        .name = "run",
        .summary = "boot a VM without limactl, and open a shell in it or run one command",
        .text = "Copies the image, makes a user and an SSH key, and boots through the same driver program "
                "and calls that limactl uses. Leaving the "
                "shell stops the VM and removes everything; Ctrl-C does the same at any point. With --name "
                "the machine is kept, and the next "
                "run goes on with its disk.\n\nThe guest must read a cidata volume: images with cloud-init "
                "do. Needed on PATH: ssh and "
                "ssh-keygen, and what the driver needs.",
        .examples =
            "limadrv run guest/ # A shell in a new VM\n"
            "limadrv run debian-12-genericcloud-amd64.qcow2 -- uname -a # One command, and its exit status\n"
            "limadrv run guest/ --name dev --memory 4GiB # A machine to come back to\n"
            "limadrv run --name dev # Back to it",
        .exits = "0 the shell or command ended well\nN the status of the command in the guest\n1 the VM "
                 "failed; the reason is on stderr\n"
                 "2 wrong usage\n130 interrupted\n255 the connection to the guest was lost",
        .operands = RUN_OPERANDS,
        .rest = "COMMAND",
        .flags = RUN_FLAGS,
        .run = lima_ctl_run,
    },
    {
        .name = "check",
        .summary = "check a driver, in any language, against what limactl expects",
        .text = "A black-box conformance kit: every case runs the program as limactl of one generation or "
                "the other does. Cases that need a "
                "bootable guest are skipped without --vm. The exit code is 1 when a case failed.",
        .examples = "limadrv check ./lima-driver-mine # All cases that need no guest\n"
                    "limadrv check qemu --vm guest/ --format junit --output report.xml # Everything, for a "
                    "CI system\n"
                    "limadrv check qemu --only 'start/*' # Some cases",
        .operands = CHECK_OPERANDS,
        .flags = CHECK_FLAGS,
        .run = lima_ctl_check,
    },
    {
        .name = "image",
        .summary = "convert disk images to VHDX, look into them, check them",
        .text =
            "Reads raw, qcow2 (also compressed by zlib or zstd), VMDK (monolithicSparse, streamOptimized), "
            "VHD and VHDX (fixed, "
            "dynamic). Images that consist of several files, are encrypted or marked as corrupt are refused, "
            "with the reason.\n\n"
            "convert writes a dynamic VHDX as Hyper-V takes it: zeros are left out, and TO is there only "
            "when "
            "it is whole. check reads "
            "everything that FILE holds and exits with 1 if something cannot be read.",
        .examples = "limadrv image info disk.qcow2 # Format and size\n"
                    "limadrv image convert disk.qcow2 disk.vhdx --size 100GiB # A disk for Hyper-V\n"
                    "limadrv image check disk.vhdx # Is it whole?",
        .operands = IMAGE_OPERANDS,
        .flags = IMAGE_FLAGS,
        .run = lima_ctl_image,
    },
    {
        .name = "prep",
        .summary = "prepare this computer for a driver, once, as an administrator",
        .text =
            "hyperv: makes a user a member of the group Hyper-V Administrators, so that VMs run without an "
            "elevated terminal; it counts when the "
            "user has logged on again. Run it from a terminal that was started with 'Run as administrator'. "
            "Other "
            "drivers need nothing.\n\n"
            "--status works for everybody and tells what there is and what is missing, in the order in "
            "which it has to be mended. --undo "
            "takes back what prep has done, and leaves members alone whom somebody else has made.",
        .examples = "limadrv prep hyperv --status # Can I run VMs, and if not, what helps?\n"
                    "limadrv prep hyperv # Elevated, once: for this user\n"
                    "limadrv prep hyperv --user 'PC\\anna' # … for another one\n"
                    "limadrv prep hyperv --undo # Elevated: as it was before",
        .exits = "0 done; --status: this user can run VMs\n1 it failed; --status: something is missing\n2 "
                 "wrong usage",
        .operands = ONE_DRIVER,
        .flags = PREP_FLAGS,
        .run = lima_ctl_prep,
    },
    {
        .name = "bench",
        .summary = "measure a driver: start, calls, size; alone or against another",
        .text = "Measures the time from start to the first accepted connection, --inspect-status, Info calls "
                "of one client and of sixteen at once, "
                "and the size of the program. Rounds of both drivers alternate. ./dev bench adds what needs "
                "a VM.",
        .examples = "limadrv bench qemu # One driver\n"
                    "limadrv bench ./lima-driver-mine --vs qemu --json # Two, for a script",
        .operands = ONE_DRIVER,
        .flags = BENCH_FLAGS,
        .run = lima_ctl_bench,
    },
    {
        .name = "completion",
        .summary = "print a completion script for a shell",
        .text = "bash: eval \"$(limadrv completion bash)\" in ~/.bashrc. zsh: write it to a file _limadrv in "
                "a folder of fpath. fish: limadrv "
                "completion fish | source. PowerShell: limadrv completion powershell | Out-String | "
                "Invoke-Expression.",
        .examples = "eval \"$(limadrv completion bash)\" # Completion in this shell",
        .operands = COMPLETION_OPERANDS,
        .rest = "WORD",
        .flags = COMPLETION_FLAGS,
        .run = lima_ctl_completion,
    },
    {
        .name = "man",
        .summary = "print the manual page",
        .text = "The page is mdoc source; man -l reads it.",
        .examples = "limadrv man >limadrv.1 # Make the page\nlimadrv man | man -l - # Read it",
        .run = lima_ctl_man,
    },
    {
        .name = "version",
        .summary = "print the version",
        .text = "Prints name, version, system and architecture.",
        .run = lima_ctl_version,
    },
    {0},
};

const lima_ctl_program lima_ctl_limadrv = {
    .name = "limadrv",
    .summary = "lists, inspects, calls, checks and runs Lima VM drivers",
    .text = "A companion of limactl for drivers: separate programs lima-driver-NAME on which limactl runs "
            "its virtual machines. It works with "
            "every driver, in any language, and needs no limactl.",
    .version = LIMA_VERSION,
    .date = "November 21, 2026",
    .flags = PROGRAM_FLAGS,
    .commands = COMMANDS,
    .environment = "LIMA_HOME where limactl keeps instances (default ~/.lima)\n"
                   "LIMA_DRIVERS_PATH folders and programs that limactl and limadrv search first\n"
                   "LIMADRV_HOME where limadrv run --name keeps machines (default ~/.limadrv)\n"
                   "NO_COLOR when set, output has no colour\n"
                   "TMPDIR where temporary machines live; a short path, because socket names are limited",
    .values = lima_ctl_values,
};
