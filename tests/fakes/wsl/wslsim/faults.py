"""What is to go wrong: rules from the file WSLSIM_FAULTS, one per line, `conditions : actions` (facts 10.4).

    verb=terminate distro=lima-a call=2 : delay=500 fail=ERROR_SHARING_VIOLATION,Service
    verb=list arg=--running : hang
    prob=0.2 seed=7 : exit=1

Conditions (all must hold; none at all: every call): verb (long form without dashes; `run` for commands), distro
(pattern), arg (text in the command line), call (the N-th call that the other conditions fit: N, N-M or N+), prob with
seed. Actions of all rules that fit are combined; of two alike the first counts. Values with blanks stand in quotes.
Actions: the keys of ACTIONS.
"""
import fnmatch
import time

from standin.rules import later, read_rules

from .errors import Failure

NUMBER, WORDS, FLAG = int, str, None
ACTIONS = {
    "delay": NUMBER, "delay-after": NUMBER, "hang": FLAG, "hang-children": FLAG, "hold-lock": NUMBER, "exit": NUMBER, "fail": WORDS,
    "nocode": FLAG, "text-only": WORDS, "garbage": NUMBER, "truncate": NUMBER, "encoding": WORDS, "warn": WORDS, "warn-utf8": WORDS,
    "stdout-noise": WORDS, "stub-missing": FLAG, "no-vmp": FLAG, "no-hyperv": FLAG, "no-kernel": FLAG, "policy": FLAG,
    "boot-timeout": FLAG, "uid-clash": FLAG, "vhd-missing": FLAG, "vhd-corrupt": FLAG, "vhd-locked": FLAG, "terminate-noop": FLAG,
    "terminate-slow": NUMBER, "vm-crash": NUMBER, "external-shutdown": NUMBER, "state-word": WORDS, "half-key": FLAG, "odd-subkey": FLAG,
    "import-abort": NUMBER, "disk-full": FLAG, "relay-off": FLAG, "relay-delay": NUMBER, "relay-wrong-server": FLAG, "no-wslinfo": FLAG,
}
CONDITIONS = ("verb", "distro", "arg", "call", "prob", "seed")
ENCODINGS = ("utf16", "utf16bom", "utf8", "cp437", "crcrlf")
BOOT = {"no-vmp": ("WSL_E_VIRTUAL_MACHINE_PLATFORM_REQUIRED",), "no-hyperv": ("HCS_E_HYPERV_NOT_INSTALLED", "HCS"),
        "no-kernel": ("WSL_E_CUSTOM_KERNEL_NOT_FOUND",), "policy": ("ERROR_ACCESS_DISABLED_BY_POLICY",)}
DISK = {"vhd-missing": ("ERROR_FILE_NOT_FOUND", "MountDisk", "HCS"), "vhd-corrupt": ("WSL_E_DISK_CORRUPTED",),
        "vhd-locked": ("ERROR_SHARING_VIOLATION", "MountDisk", "HCS")}


def action(word):
    name, equals, value = word.partition("=")
    if name == "access-denied":
        raise ValueError("access-denied: a program that answers cannot be one that cannot be run; make one by `wslsimd alias PATH`")
    if name not in ACTIONS:
        raise ValueError(f"unknown action {name}")
    kind = ACTIONS[name]
    if name == "encoding" and value not in ENCODINGS:
        raise ValueError(f"unknown encoding {value}")
    if kind is FLAG:
        if equals:
            raise ValueError(f"action {name} takes no value")
        return name, True
    return name, kind(value) if equals else "" if kind is str else 0


def wanted(call, verb, name):
    """The combined actions for this call."""
    path = call.env.get("WSLSIM_FAULTS")
    found = {}
    for line, conditions, actions in read_rules(path, CONDITIONS, action) if path else []:
        if fits(call, (path, line), conditions, verb, name):
            found = {**actions, **found}
    return found


def fits(call, key, conditions, verb, name):
    if conditions.get("verb", verb) != verb or conditions.get("arg", "") not in call.raw:
        return False
    if "distro" in conditions and not fnmatch.fnmatchcase((name or "").lower(), conditions["distro"].lower()):
        return False
    return call.service.fault_counts.admits(key, conditions)


# Asked by the service, in the middle of its work.

def boot(rules, contexts, timeout):
    for name, (symbol, *inner) in BOOT.items():
        if rules.get(name):
            raise Failure(symbol, *contexts, "CreateVm", *inner)
    if rules.get("boot-timeout"):
        time.sleep(timeout)
        raise Failure("HCS_E_CONNECTION_TIMEOUT", *contexts, "CreateVm")


def attach(rules, contexts):
    for name, (symbol, *inner) in DISK.items():
        if rules.get(name):
            raise Failure(symbol, *contexts, *inner)


def command_began(service, rules):
    """Troubles that come a while after a command has started."""
    if "vm-crash" in rules:
        later(rules["vm-crash"], service.crash)
    if "external-shutdown" in rules:
        later(rules["external-shutdown"], service.shutdown)
