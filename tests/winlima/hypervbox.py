"""A WineBox with the hyperv driver on the double for the Host Compute Service, whose VMs QEMU runs: the guest is real, so is its SSH.

The driver is its build for tests: it takes the service's DLLs from LIMA_HCS_DLLS and hvsockets from the double's broker.
"""
import json
import os
import shutil
import subprocess

from winebox import TESTS, WineBox, find_guest, skip, windows

FAKE = TESTS / "fakes" / "hcs"
SHELLS = ("cmd", "powershell", "pwsh")
DEFAULT_SWITCH = "c08cb7b8-9b3c-408e-8e30-5e16a3aeb444"
CMDLINE = "root=/dev/sda rw console=ttyS0 quiet mitigations=off random.trust_cpu=on"


class HypervBox(WineBox):
    """`machine`: qemu, or stub for what needs no guest."""

    def __init__(self, generation, machine="qemu", env=None):
        self.machine = machine
        self.guest = find_guest("full") if machine == "qemu" else None
        for tool in ("qemu-system-x86_64", "qemu-img", "setpriv"):
            if machine == "qemu" and not shutil.which(tool):
                skip(f"no {tool}")
        if machine == "qemu" and os.geteuid() != 0:
            skip("needs root: guests answer at port 22 of 127.x.y.z")
        super().__init__(generation, "lima-driver-hyperv", "hypervx", env=env)
        for name in ("disk.qcow2", "vmlinuz", "initrd") if self.guest else ():
            os.symlink(self.guest / name, self.images / name)
        self._lay_tripwires()

    def _lay_tripwires(self):
        """In the place of all shells is a program that tells the relay."""
        windows_folder = self.prefix.drive_c / "windows"
        for shell in [path for name in SHELLS for path in windows_folder.rglob(f"{name}.exe")]:
            shell.unlink()      # a link to the template's
            shutil.copy(self.testbin / "relay.exe", shell)
        # Wine has its own shells outside of the prefix, and would take those.
        self.prefix.env["WINEDLLOVERRIDES"] += ";" + ",".join(f"{name}.exe" for name in SHELLS) + "=n"

    def shells_started(self):
        return self.relay.tools & set(SHELLS)

    def _program(self, driver):
        return self.testbin / f"{driver}.exe"

    def _start_peers(self):
        self.env.update(HCSSIM_STATE=str(self.state), LIMA_HCS_DLLS=windows(self.testbin / "hcs"))
        self.state.mkdir()
        self.settings()
        subprocess.run([FAKE / "hcssimd", "start", self.state], check=True, stdin=subprocess.DEVNULL)
        self.open.callback(subprocess.run, [FAKE / "hcssimd", "stop", self.state], check=False, stdin=subprocess.DEVNULL)

    def _join_peers(self):
        self.prefix.start(self.testbin / "hcs" / "hcssim-agent.exe")

    def settings(self, **values):
        """Of the computer; what is not named is as it was made."""
        both = {"machine": self.machine, "addresses": "loopback" if self.machine == "qemu" else "real", **values}
        (self.state / "settings").write_text("[standin]\n" + "".join(f"{name} = {value}\n" for name, value in both.items()), encoding="utf-8")

    def faults(self, *rules):
        (self.state / "faults").write_text("".join(rule + "\n" for rule in rules), encoding="utf-8")

    def create(self, name, **more):
        image = {"location": r"C:\img\disk.qcow2", "arch": "x86_64", "kernel": {"location": r"C:\img\vmlinuz", "cmdline": CMDLINE},
                 "initrd": {"location": r"C:\img\initrd"}}
        self.limactl("create", "--name", name, self.config("disk.qcow2", **{"images": [image], "memory": "512MiB", "disk": "4GiB", **more}))

    def start(self, name):
        done = self.limactl("start", name, timeout=900)
        assert self.is_ready(name, done), done.stderr

    def report(self):
        return json.loads(subprocess.run([FAKE / "hcssimd", "tell", self.state, "report"], check=True, stdin=subprocess.DEVNULL,
                                         stdout=subprocess.PIPE, text=True).stdout)

    def systems(self):
        return list(self.report()["systems"])

    def nothing_left(self, networks=0):
        found = self.report()
        assert found["systems"] == {} and found["endpoints"] == [] and found["handles"] == 0, found
        assert len([one for one in found["networks"] if one != DEFAULT_SWITCH]) == networks, found

    def processes(self, *words):
        return [(pid, line) for pid, line in super().processes(*words) if "hcssim-agent" not in line]

    def logs(self):
        text = super().logs()
        for log in [self.state / "misuse.log", *self.state.glob("vms/*/qemu.log"), *self.lima_home.glob("*/serial.log")]:
            if log.exists():
                text += f"--- {log}\n" + log.read_text(errors="replace")[-3000:]
        return text
