"""A WineBox with the wsl2 driver, the stand-in for wsl.exe, and the guest that reaches READY."""
import shutil
import subprocess
import tempfile

from make_guest import guest
from winebox import LXSS, TESTS, WineBox, skip, windows

WSL = TESTS / "fakes" / "wsl"

# Older than the version from which wslinfo tells the VM's id: Wine has no hvsockets, so the guest agent's way is the relay in the guest.
PROFILE = "2.5.7"
KEEPER = "Keeps the distribution alive"      # what its script begins with
VM_OURS = ("wslhost.exe", "conhost.exe")     # the VM's own, until it has been idle for a while


class WslBox(WineBox):
    def __init__(self, generation, env=None):
        super().__init__(generation, "lima-driver-wsl2", "wsl2x", env=env)
        self.faults_file = self.base / "faults"
        self.faults_file.touch()
        self.prefix.env["WSLSIM_FAULTS"] = str(self.faults_file)
        # Else the VM keeps disks for a minute after the last distribution, and each snapshot waits for that.
        (self.state / "wslconfig").write_text("[wsl2]\nvmIdleTimeout=3000\n", encoding="utf-8")
        shutil.copy(guest(), self.images / "rootfs.tar")

    def _start_peers(self):
        front = self.testbin / "wsl.exe"
        if not front.exists():
            skip(f"{front} is not built")
        self.env["WINEPATH"] += ";" + windows(self.testbin)     # where Lima's own driver looks for it
        self.env.update(WSLSIM_STATE=str(self.state), WSLSIM_PROFILE=PROFILE, LIMA_WSL_EXE=windows(front))
        subprocess.run([WSL / "wslsimd", "start", self.state], check=True, stdin=subprocess.DEVNULL)
        self.open.callback(subprocess.run, [WSL / "wslsimd", "stop", self.state], check=False, stdin=subprocess.DEVNULL)

    def create(self, name, **more):
        self.limactl("create", "--name", name, self.config("rootfs.tar", **more))

    def start(self, name):
        done = self.limactl("start", name)
        assert self.is_ready(name, done), done.stderr

    def faults(self, *rules):
        self.faults_file.write_text("".join(rule + "\n" for rule in rules), encoding="utf-8")

    def wsl(self, *words):
        """What wsl.exe itself says, without our driver and without faults."""
        with tempfile.TemporaryFile("w+") as out:
            self.prefix.run(self.testbin / "wsl.exe", *words, out=out, env={"WSL_UTF8": "1", "WSLSIM_FAULTS": "/dev/null"})
            out.seek(0)
            return out.read()

    def running(self):
        return self.wsl("--list", "--running", "--quiet").split()

    def registered(self):
        return self.wsl("--list", "--quiet", "--all").split()

    def registry_keys(self):
        with tempfile.TemporaryFile("w+", errors="replace") as out:
            self.prefix.run("reg", "query", LXSS, "/s", out=out)
            out.seek(0)
            return sorted(line.strip() for line in out if line.startswith("HKEY"))

    def processes(self, *words):
        return [(pid, line) for pid, line in super().processes(*words) if not line.startswith(VM_OURS)]

    def keepers(self):
        return self.processes(KEEPER)

    def kill_process(self, pid):
        subprocess.run(["kill", "-KILL", str(pid)], check=False)
