"""The state folder.

    settings            INI, section [standin]; DEFAULTS lists the keys. Read when needed: no restart
    faults              rules of what is to go wrong (faults.py), read anew by each call
    systems/ID.json     one per compute system: state, document, owner, handles
    networks/GUID.json  endpoints/GUID.json
    vms/ID/             what a running VM has: serial.log, and of QEMU its arguments, log and pid
    pipes/NAME          on Linux: local sockets that play named pipes
    guest/ID/PORT       local sockets on which a test plays the guest of a stub VM (hvsocket.py)
    hvsocket            port and token of the hvsocket broker
    calls.log           a line of JSON per call: time, process, call, arguments, code
    misuse.log          what a program did wrong with the API (front/misuse.c): it was ended
    leaks.log           handles a program had open at its end
    daemon, daemon.log  (standin/daemon.py)

Written to a temporary name first, so no reader meets half a file.
"""
import configparser
import contextlib
import json
import os
import shutil
import threading
import uuid

DEFAULTS = {
    "machine": "stub",              # or qemu
    "accel": "tcg", "cpu": "max",   # of QEMU
    "schema": "2.7",                # the newest the service knows
    "build": "22631",
    "elevated": "true",             # false: HCN refuses
    "member": "true",               # of Hyper-V Administrators; false and not elevated: HCS refuses
    "service": "running",           # of vmcompute: running, stopped
    "hns": "running",               # or stopped
    "feature": "on",                # off: creating a VM is refused
    "hypervisor": "on",             # off: starting one is
    "ics": "on",                    # off: disabled by policy
    "refusals": "operation",        # or call: whether a refusal comes from the call itself
    "processors": "64", "memory": "65536",      # of the host; MB
    "nested": "true",
    "default-switch": "true",
    "addresses": "real",            # or loopback: endpoints get 127.x.y.z for a.x.y.z, where QEMU's guest answers on port 22
    "start-delay": "0", "network-delay": "0", "save-delay": "0",        # ms
    "shutdown": "50",               # ms the stub's guest takes to shut down; never, or refuse: nobody listens in it
    "shutdown-wait": "5000",        # ms until a call for shutdown that no guest answers fails
    "console": "stub guest: booted\\r\\n",      # what the stub's guest says on COM1
    "chain": "true",                # virtual disks may have parents
}


class State:
    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        self.lock = threading.Lock()
        self.settings, self.settings_stamp = {}, None
        for name in ("systems", "networks", "endpoints", "vms", "pipes", "guest", "tmp"):
            os.makedirs(self.path(name), mode=0o700, exist_ok=True)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, target, text):
        temporary = self.path("tmp", uuid.uuid4().hex)
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, target)

    def show(self, kind, name, content):
        """The file of a system, network or endpoint as it is now; None: it has gone."""
        target = self.path(kind, name.replace("/", "_") + ".json")
        if content is None:
            try:
                os.unlink(target)
            except FileNotFoundError:
                pass
        else:
            self.write(target, json.dumps(content, indent=1))

    def forget(self):
        """What was before: of a back end that was killed, or of another test."""
        for kind in ("systems", "networks", "endpoints", "vms", "pipes", "guest"):
            shutil.rmtree(self.path(kind))
            os.mkdir(self.path(kind), 0o700)
        for name in ("calls.log", "grants.log", "misuse.log", "leaks.log"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path(name))

    def log(self, name, entry):
        with self.lock, open(self.path(name), "a", encoding="utf-8", errors="surrogateescape") as file:
            file.write(json.dumps(entry) + "\n")

    def setting(self, key):
        try:
            at = os.stat(self.path("settings"))
            stamp = at.st_mtime_ns, at.st_size, at.st_ino
        except OSError:
            stamp = None
        if stamp != self.settings_stamp:
            self.settings, self.settings_stamp = read_settings(self.path("settings")), stamp
        return self.settings.get(key, DEFAULTS[key])

    def is_on(self, key):
        return self.setting(key) in ("true", "on", "running")

    def seconds(self, key):
        return int(self.setting(key)) / 1000


def read_settings(path):
    """{key: value}; none that is not known."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str
    parser.read(path, encoding="utf-8")
    found = dict(parser["standin"]) if parser.has_section("standin") else {}
    unknown = [name for name in found if name not in DEFAULTS]
    if unknown:
        raise ValueError(f"settings: unknown key {unknown[0]}")
    return found
