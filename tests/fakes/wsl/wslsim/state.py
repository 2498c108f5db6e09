"""The state folder (facts 10.2): what the registry holds, and who runs.

    lxss/DefaultDistribution …          values of the key Lxss, one file each: type in the first line, content after it
    lxss/{guid}/State …                 one folder per distribution
    registry/HKLM/SOFTWARE/…            all other keys a program may read, in the same form
    run/{guid}/started                  present while the distribution runs
    vm                                  JSON: id, booted, attached; absent = the VM is off
    processes                           IMAGE <tab> PID <tab> COMMAND LINE per line: wslhost.exe and the like (facts 10.3, 35)
    rootfs/{guid}/root                  the tree of a distribution's disk while the VM has it (disk.py)
    c/                                  stands for C:\\ on Linux
    wslconfig                           the user's .wslconfig, plus a section [standin]
    agent                               present once an agent serves a Wine prefix
    hanging                             present once a grandchild or wslhost.exe waits for the end
    lock, daemon, daemon.log, calls.log

Everything is written to a temporary name first, so no reader meets half a value; half-written *keys* it does meet.
"""
import configparser
import contextlib
import json
import os
import shutil
import time
import uuid

INSTALLED, INSTALLING, UNINSTALLING = 1, 3, 4
DWORDS = {"State", "Version", "Flags", "DefaultUid", "Modern", "RunOOBE", "DefaultVersion", "OOBEComplete"}
MULTI = {"DefaultEnvironment"}
WSL2_FLAG = 8
DEFAULTS = {
    "wsl2": {"networkingMode": "nat", "vmIdleTimeout": "60000", "localhostForwarding": "true", "distributionStartTimeout": "60000",
             "defaultVhdSize": str(1 << 40)},
    "general": {"instanceIdleTimeout": "15000"},
    "standin": {"bootDelay": "0", "relayInterval": "200", "grace": "2000", "unregisterRetry": "10000", "shutdownWait": "30000",
                "keyWait": "60000", "shortcuts": "true", "wslhost": "true"},
}
ENVIRONMENT = ["HOSTTYPE=x86_64", "LANG=en_US.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm-256color"]


class State:
    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        self.settings_parser, self.settings_stamp = read_settings(os.devnull), None
        for name in ("lxss", "registry", "run", "rootfs", "tmp", "c", "vsock", "host"):
            os.makedirs(self.path(name), mode=0o700, exist_ok=True)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, target, text):
        temporary = self.path("tmp", uuid.uuid4().hex)
        with open(temporary, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(text)
        os.replace(temporary, target)

    # Values of a key.

    def set_value(self, folder, name, value):
        if isinstance(value, list):
            text = "MULTI_SZ\n" + "\n".join(value)
        elif isinstance(value, int):
            text = f"DWORD\n{value}"
        else:
            text = f"SZ\n{value}"
        self.write(os.path.join(folder, name), text)

    @staticmethod
    def get_value(folder, name, default=None):
        try:
            with open(os.path.join(folder, name), encoding="utf-8", errors="surrogateescape", newline="") as file:
                kind, _, content = file.read().partition("\n")
        except OSError:
            return default
        if kind == "DWORD":
            return int(content)
        return content.split("\n") if kind == "MULTI_SZ" else content

    def get(self, name, default=None):
        return self.get_value(self.path("lxss"), name, default)

    def set(self, name, value):
        if value is None:
            try:
                os.unlink(self.path("lxss", name))
            except FileNotFoundError:
                pass
            return
        self.set_value(self.path("lxss"), name, value)

    # Distributions.

    def distros(self):
        """All keys that are distributions, the order of the registry: by name of the key."""
        names = sorted(name for name in os.listdir(self.path("lxss")) if name.startswith("{"))
        return [Distro(self, name) for name in names]

    def find(self, name):
        return next((one for one in self.distros() if (one.name or "").lower() == name.lower()), None)

    def find_guid(self, guid):
        guid = "{" + guid.strip("{}").lower() + "}"
        return next((one for one in self.distros() if one.guid == guid), None)

    def default(self):
        guid = self.get("DefaultDistribution")
        return self.find_guid(guid) if guid else None

    def elect_default(self):
        """After the default one has gone: the first that is installed."""
        if self.default() is None:
            first = next((one for one in self.distros() if one.state == INSTALLED), None)
            self.set("DefaultDistribution", first.guid if first else None)

    def new_distro(self):
        guid = "{" + str(uuid.uuid4()) + "}"
        os.mkdir(self.path("lxss", guid), 0o700)
        return Distro(self, guid)

    def odd_subkey(self, name):
        """A key below Lxss that is no distribution, as real ones have."""
        os.makedirs(self.path("lxss", name), exist_ok=True)

    # The VM and the user's settings.

    def set_vm(self, content):
        if content is None:
            try:
                os.unlink(self.path("vm"))
            except FileNotFoundError:
                pass
        else:
            self.write(self.path("vm"), json.dumps(content))

    def setting(self, section, key):
        """From the file wslconfig as it is now."""
        try:
            at = os.stat(self.path("wslconfig"))
            stamp = at.st_mtime_ns, at.st_size, at.st_ino
        except OSError:
            stamp = None
        if stamp != self.settings_stamp:
            self.settings_parser, self.settings_stamp = read_settings(self.path("wslconfig")), stamp
        return self.settings_parser.get(section, key, fallback=DEFAULTS[section][key])

    def milliseconds(self, section, key):
        """A time in seconds; None for never."""
        value = int(self.setting(section, key))
        return None if value < 0 else value / 1000


def read_settings(path):
    """A file with mistakes says nothing, as the real one's are ignored."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        pass
    return parser


class Distro:
    """One registered distribution; its attributes live in files, so that outsiders may change them."""

    def __init__(self, state, guid):
        self.home = state
        self.guid = guid
        self.folder = state.path("lxss", guid)

    def get(self, name, default=None):
        return self.home.get_value(self.folder, name, default)

    def set(self, **values):
        for name, value in values.items():
            self.home.set_value(self.folder, name, value)

    @property
    def name(self):
        return self.get("DistributionName")

    @property
    def state(self):
        return self.get("State", 0)

    @property
    def wsl2(self):
        return bool(self.get("Flags", 0) & WSL2_FLAG)

    @property
    def disk_name(self):
        return self.get("VhdFileName", "ext4.vhdx")

    def exists(self):
        return os.path.isdir(self.folder)

    def remove_key(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.run_folder(), ignore_errors=True)
        with contextlib.suppress(OSError):
            os.unlink(self.home.path("host", self.guid))

    def run_folder(self):
        return self.home.path("run", self.guid)

    def mark_running(self, pid):
        os.makedirs(self.run_folder(), exist_ok=True)
        self.home.write(os.path.join(self.run_folder(), "started"), json.dumps({"pid": pid, "at": time.time()}))

    def mark_stopped(self):
        shutil.rmtree(self.run_folder(), ignore_errors=True)
