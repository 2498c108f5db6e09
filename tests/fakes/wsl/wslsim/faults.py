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
import random
import shlex
import threading
import time

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


def read_rules(path):
    """[(line, conditions, actions)]; a line that is not understood is a mistake of the test."""
    rules = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            words = shlex.split(line, comments=True)
            if not words:
                continue
            if ":" not in words:
                raise ValueError(f"{path}: no ' : ' in: {line}")
            at = words.index(":")
            conditions = dict(word.split("=", 1) for word in words[:at])
            unknown = [name for name in conditions if name not in CONDITIONS]
            if unknown:
                raise ValueError(f"{path}: unknown condition {unknown[0]}")
            rules.append((line, conditions, dict(action(word) for word in words[at + 1:])))
    return rules


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
    for line, conditions, actions in read_rules(path) if path else []:
        if fits(call, (path, line), conditions, verb, name):
            found = {**actions, **found}
    return found


def fits(call, key, conditions, verb, name):
    if conditions.get("verb", verb) != verb or conditions.get("arg", "") not in call.raw:
        return False
    if "distro" in conditions and not fnmatch.fnmatchcase((name or "").lower(), conditions["distro"].lower()):
        return False
    with call.service.fault_lock:
        count = call.service.fault_counts[key] = call.service.fault_counts.get(key, 0) + 1
        return in_range(count, conditions.get("call")) and chance(call.service.fault_dice, key, conditions)


def in_range(count, words):
    if not words:
        return True
    if words.endswith("+"):
        return count >= int(words[:-1])
    first, _, last = words.partition("-")
    return int(first) <= count <= int(last or first)


def chance(dice, key, conditions):
    if "prob" not in conditions:
        return True
    if key not in dice:
        dice[key] = random.Random(int(conditions.get("seed", "0")))
    return dice[key].random() < float(conditions["prob"])


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


def later(milliseconds, work):
    timer = threading.Timer(milliseconds / 1000, work)
    timer.daemon = True
    timer.start()
